/**
 * What monitoring tells about clients that are gone: a list that is bounded in
 * clients and in bytes, the oldest making room for the newest, and how many
 * ended for which reason.
 */
import type { PrincipalClaims } from "../../auth/door.ts";
import type { ClosedReason } from "../../core/closed.ts";
import type { ConnectionType } from "../../options/options.ts";
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
  readonly connectionType: ConnectionType;
  readonly remote: Address;
  readonly stoppedAt: number;
  readonly reason: ClosedReason;
  readonly rttMs: number | undefined;
  readonly name: string;
  readonly lang: string;
  readonly version: string;
  /** Without certificates: those of a client that is gone are told by nobody. */
  readonly tls: TlsState | undefined;
  /** Who it had proved to be. Never what it claimed: that may be a secret in the wrong field. */
  readonly user: string;
  readonly account: string;
  readonly claims: PrincipalClaims | undefined;
  /** The trusted proxy that it came through. */
  readonly proxyKey: string | undefined;
  readonly subscriptionCount: number;
  /** The first of its subscriptions. */
  readonly subscriptions: readonly SubscriptionFacts[];
}

/** Subscriptions that are kept of a client that is gone. */
const SUBSCRIPTIONS_MAX = 256;

/** Bytes of memory for all of the list; the subscriptions of the oldest clients go first. */
const BYTES_MAX = 16_777_216;
/** Besides its texts, a client and a subscription take about as much. */
const CLIENT_BYTES = 1024;
const SUBSCRIPTION_BYTES = 128;

export class ClosedConnections {
  readonly #max: number;
  readonly #byReason = new Map<ClosedReason, number>();
  /** Oldest first; those before `#oldest` have made room. */
  #list: ClosedConnection[] = [];
  #oldest = 0;
  /** Those before it have no subscriptions to give up. */
  #bared = 0;
  #bytes = 0;
  /** How many were ever added. */
  total = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** About how much memory they take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Oldest first. */
  list(): ClosedConnection[] {
    return this.#list.slice(this.#oldest);
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
    this.#list.push(closed);
    this.#bytes += clientBytes(closed) + subscriptionBytes(closed);
    if (this.#list.length - this.#oldest > this.#max) this.#dropOldest();
    while (this.#bytes > BYTES_MAX && this.#bared < this.#list.length) {
      this.#bare(this.#bared++);
    }
    while (this.#bytes > BYTES_MAX && this.#oldest < this.#list.length) {
      this.#dropOldest();
    }
    if (this.#oldest > this.#list.length / 2) this.#closeUp();
  }

  /** The subscriptions of one are forgotten, but not how many they were. */
  #bare(place: number): void {
    const closed = this.#list[place]!;
    if (closed.subscriptions.length === 0) return;
    this.#bytes -= subscriptionBytes(closed);
    this.#list[place] = { ...closed, subscriptions: [] };
  }

  #dropOldest(): void {
    this.#bare(this.#oldest);
    this.#bytes -= clientBytes(this.#list[this.#oldest]!);
    this.#oldest++;
    this.#bared = Math.max(this.#bared, this.#oldest);
  }

  /** Moves the list to the front, once for as many that were dropped. */
  #closeUp(): void {
    this.#list.splice(0, this.#oldest);
    this.#bared -= this.#oldest;
    this.#oldest = 0;
  }
}

function clientBytes(closed: ClosedConnection): number {
  const { name, lang, version, user, account, claims } = closed;
  const jwt = claims?.jwt.length ?? 0;
  return CLIENT_BYTES + 2 * jwt +
    2 * (name.length + lang.length + version.length) +
    2 * (user.length + account.length);
}

function subscriptionBytes({ subscriptions }: ClosedConnection): number {
  let bytes = 0;
  for (const { subject, queue, sid } of subscriptions) {
    bytes += SUBSCRIPTION_BYTES + subject.length + queue.length + sid.length;
  }
  return bytes;
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
  const { tls } = connection.socket;
  return {
    ...connection.facts,
    connectionType: login.entrance.connectionType,
    remote: connection.socket.remote,
    tls: tls && { version: tls.version, cipher: tls.cipher },
    stoppedAt,
    reason,
    rttMs: connection.keepAlive.rttMs,
    name: fields.name,
    lang: fields.lang,
    version: fields.version,
    user: login.principal?.user ?? "",
    account: login.account.name,
    claims: login.principal?.claims,
    proxyKey: login.principal?.proxyKey,
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
