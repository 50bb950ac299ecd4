/**
 * The flushing role of a connection: PINGs whose PONGs tell that the server has
 * handled all that was sent before. Those that come while there is no
 * connection wait for the next one.
 */
import { type Deferred, deferred } from "../../core/deferred.ts";
import type { Clock } from "../../platform/clock.ts";
import {
  ClosedConnectionError,
  ConnectionError,
  TimeoutError,
} from "../api/errors.ts";
import type { Outgoing } from "./outgoing.ts";

/** A server that is there answers within this time, however busy it is. */
const ANSWER_MS = 30_000;

/** Where PONGs come from: a session. */
export interface PongSource {
  /** Resolves with the PONG of a PING that the caller has just written; rejects when the session ends. */
  pong(): Promise<void>;
}

export class Flushes {
  readonly #outgoing: Outgoing;
  readonly #clock: Clock;
  #source: PongSource | undefined;
  #waiting: Deferred<void>[] = [];
  #end: ClosedConnectionError | undefined;

  constructor(outgoing: Outgoing, clock: Clock) {
    this.#outgoing = outgoing;
    this.#clock = clock;
  }

  /** Resolves with the server's answer; rejects when the connection breaks meanwhile. */
  flush(): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    if (this.#source !== undefined) return this.#ping(this.#source);
    const waiter = deferred<void>();
    this.#waiting.push(waiter);
    return waiter.promise;
  }

  /**
   * As `flush`, for a drain that waits `drainMs` for its program: rejects with a
   * `TimeoutError` after that time, and not before half a minute.
   */
  async flushInDrain(drainMs: number): Promise<void> {
    const limitMs = Math.max(drainMs, ANSWER_MS);
    if (limitMs === Infinity) return await this.flush();
    const late = deferred<never>();
    const timer = this.#clock.after(limitMs, () =>
      late.reject(
        new TimeoutError(`The server did not answer within ${limitMs} ms`),
      ));
    try {
      await Promise.race([this.flush(), late.promise]);
    } finally {
      timer.cancel();
    }
  }

  /** Throws while there is no connection. */
  checkConnected(): void {
    if (this.#source !== undefined) return;
    throw new ConnectionError("There is no connection at the moment");
  }

  /** Milliseconds to the server and back. Rejects while there is no connection. */
  async rtt(): Promise<number> {
    if (this.#end !== undefined) throw new ClosedConnectionError();
    this.checkConnected();
    const start = this.#clock.monotonic();
    await this.flush();
    return this.#clock.monotonic() - start;
  }

  /** There is a connection; nothing waits any more. */
  attach(source: PongSource): void {
    this.#source = source;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve(this.#ping(source));
  }

  /** What is flushed from now on waits for the next connection. */
  detach(): void {
    this.#source = undefined;
  }

  /** There will be no other connection. */
  end(error: ClosedConnectionError): void {
    this.#end = error;
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting = [];
  }

  #ping(source: PongSource): Promise<void> {
    this.#outgoing.ping();
    return source.pong();
  }
}
