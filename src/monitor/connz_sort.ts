/**
 * The orders in which `/connz` lists clients. Clients that are equal stay in
 * the order of their ids, or of their times. A client's rank is taken once:
 * what it is ranked by may change while a long list is sorted.
 */
import { badParam } from "../http/go_params.ts";
import { sortInSlices } from "../http/sliced_sort.ts";
import type { SlicedWork } from "../http/slices.ts";
import type { ClientFacts } from "./snapshot.ts";

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

/** What a client can be ranked by. */
export type ClientMeasures = Pick<
  ClientFacts,
  | "id"
  | "startedAt"
  | "lastActivityAt"
  | "stoppedAt"
  | "reason"
  | "rttMs"
  | "pendingBytes"
  | "traffic"
  | "subscriptionCount"
>;

/** A client's place in an order: the least rank comes first. */
export interface Ranked<T> {
  /** Decides between clients of the same rank: the least comes first. */
  readonly tie: number;
  readonly rank: number | string;
  readonly client: T;
}

type Measure = (client: ClientMeasures, now: number) => number;

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
  if (!isKnown) throw badParam("sort", `invalid sorting option: ${sort}`);
  if ((sort === "stop" || sort === "reason") && !onlyClosed) {
    throw badParam("sort", `sort by ${sort} only valid on closed connections`);
  }
}

/** The rank of a client in a `sort` that `checkSort` let pass; none means `cid`. */
export function rankOf(
  client: ClientMeasures,
  sort: string,
  now: number,
): number | string {
  if (sort === "reason") return client.reason ?? "";
  const down = DESCENDING.get(sort);
  if (down !== undefined) return -down(client, now);
  return ASCENDING.get(sort)?.(client, now) ?? client.id;
}

/**
 * Times are told in milliseconds, so of clients with the same rank the younger
 * one comes first where the younger do, and the one that ended later where
 * those do; `position` is where a client stands in the list of those that are
 * gone.
 */
export function tieOf(
  { id }: ClientMeasures,
  sort: string,
  position: number,
): number {
  if (sort === "uptime") return -id;
  return sort === "stop" ? -position : id;
}

/** The clients in their order; `perSlice` of them are handled in a slice. */
export function sortRanked<T>(
  clients: readonly Ranked<T>[],
  perSlice: number,
): SlicedWork<Ranked<T>[]> {
  return sortInSlices(clients, byRank, perSlice);
}

function byRank(a: Ranked<unknown>, b: Ranked<unknown>): number {
  if (a.rank === b.rank) return a.tie - b.tie;
  return a.rank < b.rank ? -1 : 1;
}
