/**
 * The end of a task, read once, when the module loads: fake timers of a test
 * take the global function's place, and what waits for them must not be a broker
 * or a client of the same process.
 */

/** Calls `run` when what is running has ended, before anything else happens. */
export const runAtEndOfTask: (run: () => void) => void =
  globalThis.queueMicrotask;
