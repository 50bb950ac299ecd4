/**
 * What monitoring tells about clients that are gone: a bounded list, the
 * oldest making room for the newest, and how many ended for which reason.
 */
import type { ClosedReason } from "../../core/closed.ts";
import type { Address, TlsState } from "../../platform/socket.ts";
import type { ConnectionFacts } from "../connections/counters.ts";
import type { ClientSession } from "./session.ts";
import type { Interest } from "../../accounts/interest.ts";

/** A subscription as it is told; its parts are byte strings. */
export interface SubscriptionFacts {
  readonly subject: string;
  readonly queue: string;
  readonly sid: string;
  readonly delivered: number;
  readonly max: number;
}

/** A client that is gone. Times are milliseconds of the broker's clock. */
export interface ClosedConnection extends Readonly<ConnectionFacts> {
  readonly remote: Address;
  readonly stoppedAt: number;
  readonly reason: ClosedReason;
  readonly rttMs: number | undefined;
  readonly name: string;
  readonly lang: string;
  readonly version: string;
  readonly tls: TlsState | undefined;
  /** Who it had proved to be. Never what it claimed: that may be a secret in the wrong field. */
  readonly user: string;
  readonly account: string;
  readonly subscriptionCount: number;
  /** The first of its subscriptions. */
  readonly subscriptions: readonly SubscriptionFacts[];
}

/** Subscriptions that are kept of a client that is gone. */
const SUBSCRIPTIONS_MAX = 256;

export class ClosedConnections {
  readonly #max: number;
  readonly #byReason = new Map<ClosedReason, number>();
  #list: ClosedConnection[] = [];
  /** Where the list begins once it is full. */
  #oldest = 0;
  /** How many were ever added. */
  total = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Oldest first. */
  list(): ClosedConnection[] {
    return [
      ...this.#list.slice(this.#oldest),
      ...this.#list.slice(0, this.#oldest),
    ];
  }

  /** How many ever ended for `reason`. */
  endedFor(reason: ClosedReason): number {
    return this.#byReason.get(reason) ?? 0;
  }

  add(session: ClientSession, reason: ClosedReason, stoppedAt: number): void {
    this.total++;
    this.#byReason.set(reason, this.endedFor(reason) + 1);
    if (this.#max <= 0) return;
    const closed = describe(session, reason, stoppedAt);
    if (this.#list.length < this.#max) {
      this.#list.push(closed);
      return;
    }
    this.#list[this.#oldest] = closed;
    this.#oldest = (this.#oldest + 1) % this.#max;
  }
}

/** What there is to tell about a subscription of a client. */
export function subscriptionFacts(
  { subject, queue, sid, delivered, max }: Interest,
): SubscriptionFacts {
  return { subject, queue, sid, delivered, max };
}

function describe(
  session: ClientSession,
  reason: ClosedReason,
  stoppedAt: number,
): ClosedConnection {
  const { login, connection } = session;
  const { fields } = login;
  return {
    ...connection.facts,
    remote: connection.socket.remote,
    tls: connection.socket.tls,
    stoppedAt,
    reason,
    rttMs: connection.keepAlive.rttMs,
    name: fields.name,
    lang: fields.lang,
    version: fields.version,
    user: login.principal?.user ?? "",
    account: login.account.name,
    subscriptionCount: session.subscriptions.size,
    subscriptions: firstFacts(session.subscriptions.values()),
  };
}

function firstFacts(
  subscriptions: Iterable<Interest>,
): SubscriptionFacts[] {
  const facts: SubscriptionFacts[] = [];
  for (const subscription of subscriptions) {
    if (facts.length === SUBSCRIPTIONS_MAX) break;
    // NATS monitoring: a maximum is forgotten when its client goes.
    facts.push({ ...subscriptionFacts(subscription), max: 0 });
  }
  return facts;
}
