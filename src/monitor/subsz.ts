/**
 * `/subsz`, also called `/subscriptionsz`: counters of the subject look-up and,
 * when asked for, the subscriptions of this server's own clients.
 */
import type { Account } from "../accounts/account.ts";
import type { Broker } from "../broker/broker.ts";
import { subscriptionFacts } from "../broker/clients/closed_connections.ts";
import type { ClientSession } from "../broker/clients/session.ts";
import type { Interest } from "../accounts/subscription.ts";
import { utf8ByteString } from "../core/ascii.ts";
import { isLiteralSubject, subjectMatches } from "../core/subject.ts";
import { unlessEmpty } from "./answer.ts";
import type { SublistStats, Subsz } from "./page_types.ts";
import {
  BadRequest,
  boolParam,
  rowsIn,
  textParam,
  windowParams,
} from "./query.ts";
import { subscriptionRow } from "./subscription_rows.ts";
import { timeText } from "./text.ts";
import type { WatchedServer } from "./watched_server.ts";

export function subsz(
  { broker }: WatchedServer,
  query: URLSearchParams,
): Subsz {
  const withList = boolParam(query, "subs");
  const window = windowParams(query);
  const test = testParam(query);
  const account = textParam(query, "acc");
  const accounts = broker.accounts.filter(({ name }) =>
    account === "" || name === account
  );
  const found = withList ? subscriptionsOf(broker, accounts, test) : [];
  const rows = rowsIn(found, window).map(({ session, subscription }) =>
    subscriptionRow(
      subscriptionFacts(subscription),
      session.id,
      session.account.name,
    )
  );
  return {
    server_id: broker.id,
    now: timeText(broker.clock.now()),
    ...sublistFields(accounts),
    total: found.length,
    offset: window.offset,
    limit: window.limit,
    subscriptions_list: unlessEmpty(rows),
  };
}

/** The counters of the accounts' look-ups, together. */
export function sublistFields(accounts: readonly Account[]): SublistStats {
  const all = accounts.map(({ sublist }) => sublist.stats());
  type Counter = Exclude<keyof typeof all[number], "cacheHitRate">;
  const sum = (name: Counter): number =>
    all.reduce((total, stats) => total + stats[name], 0);
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

/** A subject as a byte string; empty when every subscription counts. */
function testParam(query: URLSearchParams): string {
  const text = textParam(query, "test");
  const subject = utf8ByteString(text);
  if (text !== "" && !isLiteralSubject(subject)) {
    throw new BadRequest(
      `invalid test subject, must be valid publish subject: ${text}`,
    );
  }
  return subject;
}

interface Found {
  readonly session: ClientSession;
  readonly subscription: Interest;
}

function subscriptionsOf(
  broker: Broker,
  accounts: readonly Account[],
  test: string,
): Found[] {
  const found: Found[] = [];
  for (const session of broker.sessions.values()) {
    if (!accounts.includes(session.account)) continue;
    for (const subscription of session.subscriptions.values()) {
      if (test === "" || subjectMatches(subscription.subject, test)) {
        found.push({ session, subscription });
      }
    }
  }
  return found;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
