/**
 * The orders in which `/connz` lists clients. Clients that are equal stay in
 * the order of their ids.
 */
import type { ClientFacts } from "./connection_rows.ts";
import { BadRequest } from "./query.ts";

/** The orders of `/connz`. */
export type ConnzSort =
  | "cid"
  | "start"
  | "subs"
  | "pending"
  | "msgs_to"
  | "msgs_from"
  | "bytes_to"
  | "bytes_from"
  | "last"
  | "idle"
  | "uptime"
  | "stop"
  | "reason"
  | "rtt";

type Measure = (client: ClientFacts, now: number) => number;

const ASCENDING: ReadonlyMap<string, Measure> = new Map<string, Measure>([
  ["cid", ({ id }) => id],
  ["start", ({ id }) => id],
  [
    "uptime",
    ({ startedAt, stoppedAt }, now) => (stoppedAt ?? now) - startedAt,
  ],
]);

const DESCENDING: ReadonlyMap<string, Measure> = new Map<string, Measure>([
  ["subs", ({ subscriptionCount }) => subscriptionCount],
  ["pending", ({ pendingBytes }) => pendingBytes],
  ["msgs_to", ({ traffic }) => traffic.outMsgs],
  ["msgs_from", ({ traffic }) => traffic.inMsgs],
  ["bytes_to", ({ traffic }) => traffic.outBytes],
  ["bytes_from", ({ traffic }) => traffic.inBytes],
  ["last", ({ lastActivityAt }) => lastActivityAt],
  ["idle", ({ lastActivityAt }, now) => now - lastActivityAt],
  ["stop", ({ stoppedAt = 0 }) => stoppedAt],
  ["rtt", ({ rttMs = 0 }) => rttMs],
]);

/** Refuses an order that does not exist, or not for these clients. */
export function checkSort(sort: string, onlyClosed: boolean): void {
  const isKnown = sort === "" || sort === "reason" || ASCENDING.has(sort) ||
    DESCENDING.has(sort);
  if (!isKnown) throw new BadRequest(`invalid sorting option: ${sort}`);
  if ((sort === "stop" || sort === "reason") && !onlyClosed) {
    throw new BadRequest(`sort by ${sort} only valid on closed connections`);
  }
}

/** The clients in the order of a `sort` that `checkSort` let pass; none means `cid`. */
export function sortClients(
  clients: readonly ClientFacts[],
  sort: string,
  now: number,
): ClientFacts[] {
  const byId = clients.toSorted((a, b) => a.id - b.id);
  const up = ASCENDING.get(sort);
  if (up !== undefined) return byId.sort((a, b) => up(a, now) - up(b, now));
  const down = DESCENDING.get(sort);
  if (down !== undefined) {
    return byId.sort((a, b) => down(b, now) - down(a, now));
  }
  return sort === "reason" ? byId.sort(byReason) : byId;
}

function byReason(a: ClientFacts, b: ClientFacts): number {
  const left = a.reason ?? "";
  const right = b.reason ?? "";
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
