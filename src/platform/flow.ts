/**
 * The seam to asynchronous flows: what a function carries along through all
 * that it awaits, and what it calls meanwhile. `runtime/process/flow.ts` has the
 * machine's.
 */

/** What is carried is anything but undefined. */
export interface Flow {
  /** What the running flow carries. */
  get(): unknown;
  /** Runs `act(a, b)`, which carries `value` from its beginning on. */
  run<A, B, R>(value: unknown, act: (a: A, b: B) => R, a: A, b: B): R;
  /** The running flow carries `value` from now on. */
  enter(value: unknown): void;
}

/** For a platform that cannot tell flows apart: nothing is carried. */
export const NO_FLOW: Flow = {
  get: () => undefined,
  run: (_value, act, a, b) => act(a, b),
  enter: () => {},
};
