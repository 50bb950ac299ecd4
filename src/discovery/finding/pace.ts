/**
 * How often one provider is asked. All times are monotonic milliseconds, read
 * anew after every wait: a timer that comes late, because the process was
 * suspended, makes nobody hurry.
 */
import type { Clock, Random } from "../../platform/clock.ts";
import { pause } from "../until_aborted.ts";

/** Two requests to one provider are never closer together. */
export const REQUEST_SPACING_MS = 1000;
/** The longest waits, before jitter, while nobody is reachable and after failures. */
const SEEK_MAX_MS = 5000;
const RETRY_MAX_MS = 30_000;
/** Waits grow by up to this part, so that those who began together drift apart. */
const JITTER = 0.4;
/** A period is longer or shorter by up to this part. */
const PERIOD_JITTER = 0.2;
/** No answer expires sooner than this. */
const TTL_MIN_MS = 5000;

/** So many pushed answers may come in a row; after them one a second. */
const PUSH_BURST = 5;
const PUSH_SPACING_MS = 1000;

/** How long to wait before the next question that nobody asked for. */
export class Waits {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** After the `count`th question in a row that did not lead anybody to a server. */
  afterSeeking(count: number): number {
    return this.atLeast(doubled(count, SEEK_MAX_MS));
  }

  /** After the `count`th failure in a row. */
  afterFailures(count: number): number {
    return this.atLeast(doubled(count, RETRY_MAX_MS));
  }

  /** While all is well. An answer that expires is asked for again after it did. */
  period(periodMs: number, ttlMs: number | undefined): number {
    const freshMs = Math.max(ttlMs ?? Infinity, TTL_MIN_MS);
    if (freshMs < periodMs) return this.atLeast(freshMs);
    const swing = PERIOD_JITTER * (2 * this.#random.next() - 1);
    return periodMs * (1 + swing);
  }

  /** `ms` or a little more. */
  atLeast(ms: number): number {
    return ms * (1 + JITTER * this.#random.next());
  }
}

function doubled(count: number, maxMs: number): number {
  return Math.min(maxMs, REQUEST_SPACING_MS * 2 ** Math.max(0, count - 1));
}

/** Gives turns to those who want to send a request, far enough apart. */
export class QuestionTurns {
  readonly #clock: Clock;
  #lastMs = -Infinity;
  #queue: Promise<void> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when it is the caller's turn, or the signal aborts. */
  take(signal: AbortSignal): Promise<void> {
    this.#queue = this.#takeAfter(this.#queue, signal);
    return this.#queue;
  }

  async #takeAfter(earlier: Promise<void>, signal: AbortSignal): Promise<void> {
    await earlier;
    for (;;) {
      const nowMs = this.#clock.monotonic();
      const waitMs = this.#lastMs + REQUEST_SPACING_MS - nowMs;
      if (waitMs > 0 && !signal.aborted) {
        await pause(this.#clock, waitMs, signal);
      } else {
        this.#lastMs = nowMs;
        return;
      }
    }
  }
}

/** Slows down a watch that tells without end, and no other. */
export class PushPace {
  readonly #clock: Clock;
  /** When all that was pushed would have come, had it come one a second. */
  #paidUntilMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when the next answer may be taken, or the signal aborts. */
  async next(signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonic();
    this.#paidUntilMs = Math.max(this.#paidUntilMs, nowMs) + PUSH_SPACING_MS;
    const waitMs = this.#paidUntilMs - nowMs - PUSH_BURST * PUSH_SPACING_MS;
    if (waitMs > 0) await pause(this.#clock, waitMs, signal);
  }
}
