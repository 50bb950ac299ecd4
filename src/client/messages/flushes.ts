/**
 * PINGs whose PONGs tell that the server has handled all that was sent before.
 * Those that come while there is no connection wait for the next one.
 */
import { type Deferred, deferred } from "../../core/deferred.ts";
import type { ClosedConnectionError } from "../api/errors.ts";
import type { Outgoing } from "./outgoing.ts";

/** Who hears the PONGs: a session. */
export interface PongSource {
  /** Resolves with the PONG of a PING that the caller has just written. */
  pong(): Promise<void>;
}

export class Flushes {
  readonly #outgoing: Outgoing;
  #waiting: Deferred<void>[] = [];
  #end: ClosedConnectionError | undefined;

  constructor(outgoing: Outgoing) {
    this.#outgoing = outgoing;
  }

  /** Resolves with the server's answer; rejects when the connection breaks meanwhile. */
  flush(session: PongSource | undefined): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    if (session !== undefined) return this.#ping(session);
    const waiter = deferred<void>();
    this.#waiting.push(waiter);
    return waiter.promise;
  }

  /** There is a connection; nothing waits any more. */
  attach(session: PongSource): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve(this.#ping(session));
  }

  /** There will be no other connection. */
  end(error: ClosedConnectionError): void {
    this.#end = error;
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting = [];
  }

  #ping(session: PongSource): Promise<void> {
    this.#outgoing.ping();
    return session.pong();
  }
}
