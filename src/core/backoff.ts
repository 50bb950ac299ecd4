/**
 * Back-off: how the waits between attempts grow while something keeps failing.
 * A `Backoff` is a plain value that its owner states beside its other numbers;
 * nothing here counts failures, holds a timer or knows the time.
 *
 * Jitter is a step of its own, since some owners spread a wait that did not
 * grow as well: without it, all who lost the same server at the same moment
 * come back at the same moment, again and again.
 */
import type { Random } from "../platform/clock.ts";

/** A series of waits: the first one, and each next one `factor` times as long. */
export interface Backoff {
  readonly firstMs: number;
  readonly factor: number;
  /** No wait is longer than this, before jitter; `Infinity` for no such limit. */
  readonly longestMs: number;
}

/** The wait after `failures` failures in a row; with none it is that after the first. */
export function waitAfter(backoff: Backoff, failures: number): number {
  const { firstMs, factor, longestMs } = backoff;
  return Math.min(longestMs, firstMs * factor ** Math.max(0, failures - 1));
}

/**
 * A wait that is longer by a random part of it, up to `part`; shorter, when
 * `part` is negative.
 */
export function jittered(waitMs: number, part: number, random: Random): number {
  return waitMs * (1 + part * random.next());
}
