/**
 * `/subsz`, also called `/subscriptionsz`: counters of the subject look-up and,
 * when asked for, the subscriptions of this server's own clients.
 */
import { utf8ByteString } from "../core/ascii.ts";
import { isLiteralSubject } from "../core/subject.ts";
import { badParam, boolParam, textParam } from "../http/go_params.ts";
import { Rows, type WithRows } from "../http/json_pieces.ts";
import { pageHead, unlessEmpty } from "./fields.ts";
import type { Page } from "./page.ts";
import type { SublistStats, Subsz } from "./page_types.ts";
import { windowParams } from "./query.ts";
import type {
  LookUpFacts,
  ServerSnapshot,
  SubscriptionsRequest,
} from "./snapshot.ts";
import { subscriptionRow } from "./subscription_rows.ts";

interface SubszQuery extends SubscriptionsRequest {
  readonly withList: boolean;
}

type SubszParts = "accounts" | "subscriptions";

export const subsz: Page<SubszQuery, SubszParts, WithRows<Subsz>> = {
  read: (params) => ({
    withList: boolParam(params, "subs"),
    ...windowParams(params),
    subject: testParam(params),
    account: textParam(params, "acc"),
  }),
  wants: ({ withList, ...list }) => ({
    accounts: { name: list.account },
    subscriptions: withList ? list : undefined,
  }),
  show: showSubscriptions,
};

/** A subject as a byte string; empty when every subscription counts. */
function testParam(query: URLSearchParams): string {
  const text = textParam(query, "test");
  const subject = utf8ByteString(text);
  if (text !== "" && !isLiteralSubject(subject)) {
    throw badParam(
      "test",
      `invalid test subject, must be valid publish subject: ${text}`,
    );
  }
  return subject;
}

function showSubscriptions(
  snapshot: ServerSnapshot<SubszParts>,
  { offset, limit }: SubszQuery,
): WithRows<Subsz> {
  const { accounts, subscriptions: { total, rows } } = snapshot;
  const list = Rows.of(
    rows,
    (facts) => subscriptionRow(facts, facts.clientId, facts.account),
  );
  return {
    ...pageHead(snapshot),
    ...sublistFields(accounts.map(({ lookUp }) => lookUp)),
    total,
    offset,
    limit,
    subscriptions_list: unlessEmpty(list),
  };
}

/** The counters of several accounts' look-ups, together. */
export function sublistFields(all: readonly LookUpFacts[]): SublistStats {
  const sum = (name: keyof LookUpFacts): number =>
    all.reduce((total, lookUp) => total + lookUp[name], 0);
  const cached = sum("cacheSize");
  const fanouts = all.reduce(
    (total, { avgFanout, cacheSize }) => total + avgFanout * cacheSize,
    0,
  );
  return {
    num_subscriptions: sum("subscriptions"),
    num_cache: cached,
    num_inserts: sum("inserts"),
    num_removes: sum("removes"),
    num_matches: sum("matches"),
    cache_hit_rate: ratio(sum("cacheHits"), sum("matches")),
    max_fanout: Math.max(0, ...all.map(({ maxFanout }) => maxFanout)),
    avg_fanout: ratio(fanouts, cached),
  };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
