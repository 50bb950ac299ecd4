/**
 * Timers, clocks and chance as the runtime gives them, read once, when the
 * module loads. A test's fake timers replace the global functions and those of
 * `node:timers` later; they mean the program under test, and not a broker or a
 * client that runs beside it. No other file of `src` may name these functions
 * without importing them from here: `tests/layers_test.ts` holds that.
 */
import { performance } from "node:perf_hooks";
import * as timers from "node:timers";

export const setTimeout: typeof timers.setTimeout = timers.setTimeout;
export const clearTimeout: typeof timers.clearTimeout = timers.clearTimeout;
export const setInterval: typeof timers.setInterval = timers.setInterval;
export const clearInterval: typeof timers.clearInterval = timers.clearInterval;
export const setImmediate: typeof timers.setImmediate = timers.setImmediate;

/** Milliseconds since the Unix epoch. */
export const wallTime: () => number = Date.now;

/** Milliseconds, with fractions, since the process began. */
export const monotonicTime: () => number = performance.now.bind(performance);

/** A number in [0, 1). */
export const chance: () => number = Math.random;
