/**
 * Which server is tried next while there is no connection, and when, for a
 * client that knows no more servers than it was told. Every server has its turn
 * and its own count of failed attempts. One that reaches `maxReconnectAttempts`,
 * or refuses us twice in a row, leaves the pool; an empty pool is the end. No
 * server is tried again before `reconnectTimeWait` has passed since the last
 * attempt at it; another server is tried at once.
 */
import type { Clock, Random } from "../../platform/clock.ts";
import { AuthorizationError } from "../api/errors.ts";
import { type Course, reconnectPauseMs, REFUSALS_MAX, Rest } from "./course.ts";
import type { SearchOptions } from "./options.ts";
import type { ServerPool } from "./pool.ts";
import type { PoolServer } from "./pool_server.ts";

export class Turns implements Course {
  readonly #pool: ServerPool;
  readonly #options: SearchOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #rest: Rest;
  #isStopped = false;

  constructor(
    pool: ServerPool,
    options: SearchOptions,
    platform: { readonly clock: Clock; readonly random: Random },
  ) {
    this.#pool = pool;
    this.#options = options;
    this.#clock = platform.clock;
    this.#random = platform.random;
    this.#rest = new Rest(platform.clock);
  }

  async next(): Promise<PoolServer | undefined> {
    for (;;) {
      const server = this.#pool.next();
      if (server === undefined || this.#isStopped) return undefined;
      const waitMs = this.#waitMs(server);
      if (waitMs > 0) await this.#rest.take(waitMs);
      if (this.#isStopped) return undefined;
      // It may have been taken away meanwhile.
      if (this.#pool.servers.includes(server)) return server;
    }
  }

  failed(server: PoolServer, failure: Error): void {
    const { maxReconnectAttempts, ignoreAuthErrorAbort } = this.#options;
    server.attempts++;
    const isRefusal = failure instanceof AuthorizationError;
    server.refusals = isRefusal ? server.refusals + 1 : 0;
    const refusalsMax = ignoreAuthErrorAbort ? Infinity : REFUSALS_MAX;
    const isGivenUp = server.refusals >= refusalsMax ||
      (maxReconnectAttempts >= 0 && server.attempts >= maxReconnectAttempts);
    if (isGivenUp) this.#pool.drop(server);
  }

  wake(): void {
    this.#rest.end();
  }

  stop(): void {
    this.#isStopped = true;
    this.#rest.end();
  }

  /** Until the server may be tried again. */
  #waitMs(server: PoolServer): number {
    const pauseMs = reconnectPauseMs(this.#options, this.#random);
    return server.lastAttemptMs + pauseMs - this.#clock.monotonic();
  }
}
