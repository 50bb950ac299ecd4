/**
 * Time and chance of a browser page, or of a worker. What a test's fake timers
 * replace is read here once, when the module loads, as
 * `runtime/process/timers.ts` does it elsewhere.
 */
import type { Clock, Random, Timer } from "../../platform/clock.ts";

/** As a browser has them; Node and Deno have others. */
interface PageGlobals {
  readonly setTimeout: (run: () => void, delayMs: number) => unknown;
  readonly clearTimeout: (timer: unknown) => void;
  readonly performance: { now(): number };
}

const globals = globalThis as unknown as PageGlobals;
const startTimer = globals.setTimeout.bind(globalThis);
const stopTimer = globals.clearTimeout.bind(globalThis);

/** Timers take a signed 32-bit number of milliseconds, and none for anything more. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** The clock of the page. */
export const pageClock: Clock = {
  now: Date.now,
  monotonic: globals.performance.now.bind(globals.performance),
  after(delayMs: number, run: () => void): Timer {
    const timer = startTimer(run, Math.min(delayMs, LONGEST_DELAY_MS));
    return { cancel: () => stopTimer(timer) };
  },
};

/** The most that `getRandomValues` gives at once. */
const CHANCE_BYTES_MAX = 65_536;

/** The chance of the page. */
export const pageRandom: Random = {
  next: Math.random,
  fill(target: Uint8Array): void {
    for (let at = 0; at < target.length; at += CHANCE_BYTES_MAX) {
      crypto.getRandomValues(target.subarray(at, at + CHANCE_BYTES_MAX));
    }
  },
};
