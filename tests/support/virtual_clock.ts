/**
 * A clock that stands still until the test moves it. Timers run in the order
 * in which they are due, and everything that a timer's promises set off runs
 * before the next timer does.
 */
import { setImmediate } from "node:timers";
import { assert } from "../../src/core/assert.ts";
import type { Clock, Timer } from "../../src/core/clock.ts";

interface Due {
  readonly at: number;
  readonly run: () => void;
}

const NOON = Date.UTC(2026, 0, 1, 12);

export class VirtualClock implements Clock {
  #elapsedMs = 0;
  readonly #startMs: number;
  /** The next one last. */
  #timers: Due[] = [];

  constructor(startMs: number = NOON) {
    this.#startMs = startMs;
  }

  /** How many calls are pending: 0 shows that nothing was left behind. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  now(): number {
    return this.#startMs + Math.floor(this.#elapsedMs);
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { at: this.#elapsedMs + Math.max(0, delayMs), run };
    const later = this.#timers.findLastIndex(({ at }) => at > timer.at);
    this.#timers.splice(later + 1, 0, timer);
    return { cancel: () => this.#forget(timer) };
  }

  /** Lets `ms` pass. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsedMs + ms;
    await settle();
    while (await this.#runNext(end));
    this.#elapsedMs = end;
  }

  /** Lets time pass until `isReached`, and fails after `limitMs` without it. */
  async advanceUntil(
    isReached: () => boolean,
    limitMs: number = 60_000,
  ): Promise<void> {
    const end = this.#elapsedMs + limitMs;
    await settle();
    while (!isReached()) {
      const ran = await this.#runNext(end);
      assert(ran || isReached(), `what was waited for comes in ${limitMs} ms`);
    }
  }

  async #runNext(end: number): Promise<boolean> {
    const next = this.#timers.at(-1);
    if (next === undefined || next.at > end) return false;
    this.#timers.pop();
    this.#elapsedMs = Math.max(this.#elapsedMs, next.at);
    next.run();
    await settle();
    return true;
  }

  #forget(timer: Due): void {
    this.#timers = this.#timers.filter((other) => other !== timer);
  }
}

// A turn of the event loop: by its end every settled promise has been heard.
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
