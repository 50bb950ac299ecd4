/**
 * Subscriptions as the pages list them. Subjects, queues and sids are byte
 * strings in a snapshot and UTF-8 on a page.
 */
import { utf8Text } from "../core/ascii.ts";
import { Rows, type WithRows } from "../http/json_pieces.ts";
import { unlessEmpty } from "./fields.ts";
import type { ConnInfo, SubDetail } from "./page_types.ts";
import type { SubscriptionLevel } from "./query.ts";
import type { SubscriptionRowFacts } from "./snapshot.ts";

/** One row; `account` is told where nats-server does. */
export function subscriptionRow(
  subscription: SubscriptionRowFacts,
  connectionId: number,
  account?: string,
): SubDetail {
  const { subject, queue, sid, delivered, max } = subscription;
  return {
    account,
    account_tag: account,
    subject: utf8Text(subject),
    qgroup: unlessEmpty(utf8Text(queue)),
    sid: utf8Text(sid),
    msgs: delivered,
    max: unlessEmpty(max),
    cid: connectionId,
  };
}

/** The one of the two list fields of a connection that the request asks for. */
export function subscriptionFields(
  level: SubscriptionLevel,
  subscriptions: readonly SubscriptionRowFacts[],
  connectionId: number,
  account?: string,
): WithRows<
  Pick<ConnInfo, "subscriptions_list" | "subscriptions_list_detail">
> {
  if (level === "none") return {};
  if (level === "subjects") {
    const subjects = Rows.of(subscriptions, ({ subject }) => utf8Text(subject));
    return { subscriptions_list: unlessEmpty(subjects) };
  }
  const rows = Rows.of(
    subscriptions,
    (facts) => subscriptionRow(facts, connectionId, account),
  );
  return { subscriptions_list_detail: unlessEmpty(rows) };
}
