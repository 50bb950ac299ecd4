/**
 * How often one provider is asked. All times are monotonic milliseconds, read
 * anew after every wait: a timer that comes late, because the process was
 * suspended, does not make up for what was missed.
 */
import { type Backoff, jittered, waitAfter } from "../../core/backoff.ts";
import type { Clock, Random } from "../../platform/clock.ts";
import { pause } from "../until_aborted.ts";

/** Two requests to one provider are never closer together. */
const REQUEST_SPACING_MS = 1000;
/** Between questions while no server or node is reachable. */
const SEEKING: Backoff = {
  firstMs: REQUEST_SPACING_MS,
  factor: 2,
  longestMs: 5000,
};
/** Between questions that fail. */
const RETRYING: Backoff = {
  firstMs: REQUEST_SPACING_MS,
  factor: 2,
  longestMs: 30_000,
};
/** Waits grow by up to this part, so that those who began together drift apart. */
const JITTER = 0.4;
/** A period is longer or shorter by up to this part. */
const PERIOD_JITTER = 0.2;
/** No answer expires sooner than this. */
const TTL_MIN_MS = 5000;

/** Pushed answers that may come in a row; those after them are taken one a second. */
const PUSH_BURST = 5;
const PUSH_SPACING_MS = 1000;

/** How long to wait before the next question, unless the owner wants one at once. */
export class Waits {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** After the `count`th question in a row that led to no server. */
  afterSeeking(count: number): number {
    return this.atLeast(waitAfter(SEEKING, count));
  }

  /** After the `count`th failure in a row. */
  afterFailures(count: number): number {
    return this.atLeast(waitAfter(RETRYING, count));
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
    return jittered(ms, JITTER, this.#random);
  }
}

/** Gives turns to questions and watches of one provider, far enough apart. */
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
