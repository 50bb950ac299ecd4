/**
 * Time and randomness as values. Everything above `runtime/` is given a
 * `Clock` and a `Random`, so a test can run minutes of pings in milliseconds
 * and replay a cluster from one seed.
 */

/** A pending call of `Clock.after`. */
export interface Timer {
  /** Forgets the call. Calling it again, or after the call ran, is harmless. */
  cancel(): void;
}

/** Where the time comes from. */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds, with fractions, from a fixed but unknown origin; never steps back. */
  monotonic(): number;
  /** Calls `run` once, `delayMs` from now. A pending timer keeps no process alive. */
  after(delayMs: number, run: () => void): Timer;
}

/** Where randomness comes from. */
export interface Random {
  /** A float in [0, 1), good enough for jitter and for choosing a queue member. */
  next(): number;
  /** Fills `target` with bytes fit for identities and nonces. */
  fill(target: Uint8Array): void;
}

/** A whole number in [0, `bound`). */
export function randomBelow(random: Random, bound: number): number {
  return Math.floor(random.next() * bound);
}
