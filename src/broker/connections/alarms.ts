/**
 * When each of many connections is to be seen to, on one timer of the clock for
 * all of them: a timer of its own costs a connection as much as half of its
 * other objects. The moments lie in a heap, the next one first.
 */
import type { Clock, Timer } from "../../platform/clock.ts";

/** Whatever is to be seen to at some moment. The first two are `Alarms`' own. */
export interface Alarm {
  /** By the monotonic clock. */
  dueAt: number;
  /** In the heap; below 0: it is not set. */
  place: number;
  due(): void;
}

/** Timers may come a little early. */
const EARLY_MS = 0.5;

export class Alarms {
  readonly #clock: Clock;
  /** Each is due no earlier than the one at half of its place. */
  readonly #heap: Alarm[] = [];
  #timer: Timer | undefined = undefined;
  #timerAt = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many are set. */
  get count(): number {
    return this.#heap.length;
  }

  /** Calls `alarm.due` once, `delayMs` from now, and not when it was due before. */
  set(alarm: Alarm, delayMs: number): void {
    this.cancel(alarm);
    alarm.dueAt = this.#clock.monotonic() + delayMs;
    this.#rise(alarm, this.#heap.length);
    this.#watch();
  }

  /** Harmless for one that is not set. */
  cancel(alarm: Alarm): void {
    const { place } = alarm;
    if (place < 0) return;
    alarm.place = -1;
    const last = this.#heap.pop()!;
    if (last !== alarm) {
      this.#rise(last, place);
      if (last.place === place) this.#sink(last, place);
    }
    if (this.#heap.length === 0) this.#forgetTimer();
  }

  #forgetTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = Infinity;
  }

  /** Puts `alarm` to `place`, or above it. */
  #rise(alarm: Alarm, place: number): void {
    const heap = this.#heap;
    while (place > 0) {
      const above = heap[(place - 1) >> 1]!;
      if (above.dueAt <= alarm.dueAt) break;
      this.#put(above, place);
      place = (place - 1) >> 1;
    }
    this.#put(alarm, place);
  }

  /** Puts `alarm` to `place`, or below it. */
  #sink(alarm: Alarm, place: number): void {
    const heap = this.#heap;
    while (true) {
      const left = 2 * place + 1;
      let next = heap[left];
      const right = heap[left + 1];
      if (next !== undefined && right !== undefined) {
        if (right.dueAt < next.dueAt) next = right;
      }
      if (next === undefined || next.dueAt >= alarm.dueAt) break;
      const below = next.place;
      this.#put(next, place);
      place = below;
    }
    this.#put(alarm, place);
  }

  #put(alarm: Alarm, place: number): void {
    this.#heap[place] = alarm;
    alarm.place = place;
  }

  /** Has the timer run out when the first is due, or sooner: then it is set once more. */
  #watch(): void {
    const first = this.#heap[0];
    if (first === undefined || this.#timerAt <= first.dueAt) return;
    this.#forgetTimer();
    this.#timerAt = first.dueAt;
    this.#timer = this.#clock.after(
      Math.max(0, first.dueAt - this.#clock.monotonic()),
      () => this.#ring(),
    );
  }

  #ring(): void {
    this.#forgetTimer();
    try {
      const until = this.#clock.monotonic() + EARLY_MS;
      // Those that are set anew have their turn next time.
      for (let left = this.#heap.length; left > 0; left--) {
        const first = this.#heap[0];
        if (first === undefined || first.dueAt > until) break;
        this.cancel(first);
        first.due();
      }
    } finally {
      this.#watch();
    }
  }
}
