/**
 * Subscriptions as the pages list them. Subjects, queues and sids are byte
 * strings inside the broker and UTF-8 on a page.
 */
import type { SubscriptionFacts } from "../broker/clients/closed_connections.ts";
import { utf8Text } from "../core/ascii.ts";
import { unlessEmpty } from "./answer.ts";
import type { ConnInfo, SubDetail } from "./page_types.ts";
import type { SubscriptionLevel } from "./query.ts";

/** One row; `account` is told where nats-server does. */
export function subscriptionRow(
  subscription: SubscriptionFacts,
  connectionId: number,
  account?: string,
): SubDetail {
  const { subject, queue, sid, delivered, max } = subscription;
  return {
    account,
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
  subscriptions: Iterable<SubscriptionFacts>,
  connectionId: number,
  account?: string,
): Pick<ConnInfo, "subscriptions_list" | "subscriptions_list_detail"> {
  if (level === "none") return {};
  const list = [...subscriptions];
  if (level === "subjects") {
    const subjects = list.map(({ subject }) => utf8Text(subject));
    return { subscriptions_list: unlessEmpty(subjects) };
  }
  const rows = list.map((facts) =>
    subscriptionRow(facts, connectionId, account)
  );
  return { subscriptions_list_detail: unlessEmpty(rows) };
}
