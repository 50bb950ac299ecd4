/**
 * The seam between those who decide which server is tried next and when
 * (`turns.ts`, `rounds.ts`, `chosen.ts`) and those who try it, with the waits
 * that all of them keep.
 */
import { deferred } from "../../core/deferred.ts";
import type { Clock, Random } from "../../platform/clock.ts";
import type { SearchOptions } from "./options.ts";
import type { PoolServer } from "./pool_server.ts";

/** Refusals by one server, one after the other, after which it is given up. */
export const REFUSALS_MAX = 2;

/** What decides where to connect to. */
export interface Course {
  /**
   * Resolves when the next server may be tried. Undefined: no server is left, or
   * `stop` was called; rejects with the cause that `stop` was given.
   */
  next(): Promise<PoolServer | undefined>;
  failed(server: PoolServer, failure: Error): void;
  /** Something is new about the pool. */
  wake(): void;
  stop(cause?: Error): void;
}

/** How long a server is left alone after an attempt. */
export function reconnectPauseMs(
  options: SearchOptions,
  random: Random,
): number {
  const { reconnectDelayHandler, reconnectTimeWaitMs, reconnectJitterMs } =
    options;
  if (reconnectDelayHandler !== undefined) return reconnectDelayHandler();
  return reconnectTimeWaitMs + reconnectJitterMs * random.next();
}

/** One wait at a time, which ends with its time or by `end`, whichever comes first. */
export class Rest {
  readonly #clock: Clock;
  #end: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `Infinity`: only `end` ends it. */
  async take(ms: number): Promise<void> {
    const { promise, resolve } = deferred<void>();
    const timer = ms === Infinity ? undefined : this.#clock.after(ms, resolve);
    this.#end = resolve;
    await promise;
    timer?.cancel();
  }

  end(): void {
    this.#end();
  }
}
