/**
 * Which server is tried next while there is no connection, and when, for a
 * client that can ask for more servers. A round tries every server once, the
 * most promising first; a server that comes to be known meanwhile takes part
 * at once. No server is tried again before `reconnectTimeWait` has passed, and
 * rounds go on for ever: how often a server may fail only decides when it has
 * to wait for the next answer of discovery, or for a longer while.
 */
import type { Clock, Random } from "../../platform/clock.ts";
import { AuthorizationError } from "../api/errors.ts";
import type { SearchOptions } from "./options.ts";
import { type OrderRules, RoundOrder } from "./order.ts";
import type { ServerPool } from "./pool.ts";
import type { PoolServer } from "./pool_server.ts";
import { type Course, reconnectPauseMs, REFUSALS_MAX, Rest } from "./course.ts";

export interface RoundEvents {
  /** Every server was tried, without success; `onlyRefusals`: each that was tried refused us. */
  onExhausted(round: number, onlyRefusals: boolean): void;
}

/** A server that is given up is tried again after this time: no provider may ever name it again. */
const GIVEN_UP_RETRY_MS = 30_000;

export class Rounds implements Course {
  readonly #pool: ServerPool;
  readonly #options: SearchOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #rules: OrderRules;
  readonly #events: RoundEvents;
  readonly #tried = new Set<PoolServer>();
  #order: RoundOrder;
  #round = 1;
  #refusalsOnly = true;
  #lost: PoolServer | undefined;
  #isFirst = true;
  readonly #rest: Rest;
  #isStopped = false;
  #stoppedBy: Error | undefined;

  constructor(
    pool: ServerPool,
    options: SearchOptions,
    platform: { readonly clock: Clock; readonly random: Random },
    sources: Pick<OrderRules, "isWatched">,
    events: RoundEvents,
  ) {
    this.#pool = pool;
    this.#options = options;
    this.#clock = platform.clock;
    this.#random = platform.random;
    this.#rest = new Rest(platform.clock);
    const random = options.noRandomize ? undefined : platform.random;
    this.#rules = { random, isWatched: (from) => sources.isWatched(from) };
    this.#events = events;
    this.#order = new RoundOrder(this.#rules, undefined, true);
  }

  /** How many rounds there were in this outage, this one included. */
  get round(): number {
    return this.#round;
  }

  /** There is no connection any more; `lost` is where the last one was. */
  begin(lost: PoolServer): void {
    this.#lost = lost;
    this.#isFirst = false;
    this.#round = 1;
    this.#startRound();
  }

  /** The next server to try, as soon as it may be tried. */
  async next(): Promise<PoolServer | undefined> {
    while (!this.#isStopped) {
      const server = this.ready();
      if (server !== undefined) return server;
      if (this.#isOver()) this.#endRound();
      if (!this.#isStopped) await this.#rest.take(this.#waitMs());
    }
    if (this.#stoppedBy !== undefined) throw this.#stoppedBy;
    return undefined;
  }

  /** The next server that can be tried right now. */
  ready(): PoolServer | undefined {
    const now = this.#clock.monotonic();
    const ready = this.#pool.servers.filter((server) =>
      !this.#tried.has(server) && this.#readyAtMs(server) <= now
    );
    const server = this.#order.first(ready);
    if (server === undefined) return undefined;
    this.#tried.add(server);
    server.restsUntilMs = now +
      reconnectPauseMs(this.#options, this.#random);
    return server;
  }

  /** Whether a server could be tried that was not tried in this round. */
  hasUntried(): boolean {
    const now = this.#clock.monotonic();
    return this.#pool.servers.some((server) =>
      !this.#tried.has(server) && this.#readyAtMs(server) <= now
    );
  }

  failed(server: PoolServer, failure: Error): void {
    const isRefusal = failure instanceof AuthorizationError;
    if (!isRefusal) this.#refusalsOnly = false;
    server.attempts++;
    server.refusals = isRefusal ? server.refusals + 1 : 0;
  }

  /** Something is new about the pool. */
  wake(): void {
    this.#rest.end();
  }

  stop(cause?: Error): void {
    this.#isStopped = true;
    this.#stoppedBy ??= cause;
    this.#rest.end();
  }

  #startRound(): void {
    this.#tried.clear();
    this.#refusalsOnly = true;
    this.#order = new RoundOrder(this.#rules, this.#lost, this.#isFirst);
  }

  /** No server is left that was not tried and is not given up. */
  #isOver(): boolean {
    return this.#pool.servers.every((server) =>
      this.#tried.has(server) || this.#isGivenUp(server)
    );
  }

  #endRound(): void {
    // A round in which no server could be tried is told once.
    if (this.#tried.size > 0 || this.#round === 1) {
      const onlyRefusals = this.#refusalsOnly && this.#tried.size > 0;
      const round = this.#round++;
      this.#startRound();
      this.#events.onExhausted(round, onlyRefusals);
    }
  }

  #isGivenUp({ attempts, refusals }: PoolServer): boolean {
    const { maxReconnectAttempts } = this.#options;
    return refusals >= REFUSALS_MAX ||
      (maxReconnectAttempts >= 0 && attempts >= maxReconnectAttempts);
  }

  #readyAtMs(server: PoolServer): number {
    return this.#isGivenUp(server)
      ? Math.max(server.restsUntilMs, server.lastAttemptMs + GIVEN_UP_RETRY_MS)
      : server.restsUntilMs;
  }

  /** Until a server may be tried; infinite when only news can help. */
  #waitMs(): number {
    const atMs = this.#pool.servers
      .filter((server) => !this.#tried.has(server))
      .reduce(
        (soonest, server) => Math.min(soonest, this.#readyAtMs(server)),
        Infinity,
      );
    return Math.max(0, atMs - this.#clock.monotonic());
  }
}
