/**
 * Which server is tried next while there is no connection, and when, for a
 * client that knows no more servers than it was told. Every server has its turn
 * and its own count of failed attempts. One that reaches `maxReconnectAttempts`,
 * or refuses us twice in a row, leaves the pool; an empty pool is the end. No
 * server is tried again before `reconnectTimeWait` has passed since the last
 * attempt at it; another server is tried at once.
 */
import type { Clock, Random } from "../../platform/clock.ts";
import { deferred } from "../../core/deferred.ts";
import { AuthorizationError } from "../api/errors.ts";
import type { ServerOptions } from "./options.ts";
import type { ServerPool } from "./pool.ts";
import type { PoolServer } from "./pool_server.ts";

/** A server that refuses us so often in a row is given up. */
export const REFUSALS_MAX = 2;

/** What decides where to connect to; `rounds.ts` is the other one. */
export interface Course {
  /** Resolves when the next server may be tried. Undefined: no server is left, or `stop` was called. */
  next(): Promise<PoolServer | undefined>;
  failed(server: PoolServer, failure: Error): void;
  /** Something is new about the pool. */
  wake(): void;
  stop(): void;
}

export class Turns implements Course {
  readonly #pool: ServerPool;
  readonly #options: ServerOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  #isStopped = false;
  /** Ends the wait between two attempts. */
  #wake: () => void = () => {};

  constructor(
    pool: ServerPool,
    options: ServerOptions,
    platform: { readonly clock: Clock; readonly random: Random },
  ) {
    this.#pool = pool;
    this.#options = options;
    this.#clock = platform.clock;
    this.#random = platform.random;
  }

  async next(): Promise<PoolServer | undefined> {
    for (;;) {
      const server = this.#pool.next();
      if (server === undefined || this.#isStopped) return undefined;
      await this.#rest(server);
      if (this.#isStopped) return undefined;
      // It may have been taken away meanwhile.
      if (this.#pool.servers.includes(server)) return server;
    }
  }

  failed(server: PoolServer, failure: Error): void {
    const { maxReconnectAttempts } = this.#options;
    server.attempts++;
    const isRefusal = failure instanceof AuthorizationError;
    server.refusals = isRefusal ? server.refusals + 1 : 0;
    const refusalsMax = this.#options.ignoreAuthErrorAbort
      ? Infinity
      : REFUSALS_MAX;
    const isGivenUp = server.refusals >= refusalsMax ||
      (maxReconnectAttempts >= 0 && server.attempts >= maxReconnectAttempts);
    if (isGivenUp) this.#pool.drop(server);
  }

  wake(): void {
    this.#wake();
  }

  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  /** Waits until the server may be tried again. */
  async #rest(server: PoolServer): Promise<void> {
    const pauseMs = reconnectPauseMs(this.#options, this.#random);
    const waitMs = server.lastAttemptMs + pauseMs - this.#clock.monotonic();
    if (waitMs <= 0) return;
    const { promise, resolve } = deferred<void>();
    const timer = this.#clock.after(waitMs, resolve);
    this.#wake = resolve;
    await promise;
    timer.cancel();
  }
}

/** How long a server is left alone after an attempt. */
export function reconnectPauseMs(
  options: ServerOptions,
  random: Random,
): number {
  const { reconnectDelayHandler, reconnectTimeWaitMs, reconnectJitterMs } =
    options;
  if (reconnectDelayHandler !== undefined) return reconnectDelayHandler();
  return reconnectTimeWaitMs + reconnectJitterMs * random.next();
}
