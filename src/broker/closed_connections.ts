/**
 * What monitoring tells about clients that are gone: a bounded list, the
 * oldest making room for the newest.
 */
import type { ClosedReason } from "../core/closed.ts";
import type { Address } from "../net/socket.ts";
import type { Traffic } from "./connection.ts";
import type { Session } from "./session.ts";

/** A client that is gone. Times are wall-clock milliseconds. */
export interface ClosedConnection {
  readonly id: number;
  readonly remote: Address;
  readonly startedAt: number;
  readonly lastActivityAt: number;
  readonly stoppedAt: number;
  readonly reason: ClosedReason;
  readonly rttMs: number | undefined;
  readonly traffic: Traffic;
  readonly name: string;
  readonly lang: string;
  readonly version: string;
  readonly user: string;
}

export class ClosedConnections {
  readonly #max: number;
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

  add(session: Session, reason: ClosedReason, stoppedAt: number): void {
    this.total++;
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

function describe(
  session: Session,
  reason: ClosedReason,
  stoppedAt: number,
): ClosedConnection {
  const { id, startedAt, lastActivityAt, rttMs, traffic, options } = session;
  return {
    id,
    remote: session.socket.remote,
    startedAt,
    lastActivityAt,
    stoppedAt,
    reason,
    rttMs,
    traffic,
    name: options.name,
    lang: options.lang,
    version: options.version,
    user: session.identity?.user ?? options.user,
  };
}
