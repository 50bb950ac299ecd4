/**
 * The course of a run: when it begins, and what ends it: all messages, the
 * time, the person who watches, or a failure.
 */
import type { Clock, Timer } from "../platform/clock.ts";
import { type Deferred, deferred } from "../core/deferred.ts";

export class BenchCourse {
  readonly clock: Clock;
  /** Infinity: no limit of time. */
  readonly durationMs: number;
  /** Nothing more is to be sent. */
  isOver = false;
  /** It was asked to end before it was done. */
  wasInterrupted = false;
  /** What went wrong when it was over, while the last messages came. */
  trouble: Error | undefined;
  /** NaN until it begins. */
  startMs: number = NaN;
  /** Resolves when it is over, rejects when it failed. */
  readonly over: Promise<void>;
  readonly #over: Deferred<void> = deferred<void>();
  #timer: Timer | undefined;

  constructor(clock: Clock, durationMs: number = Infinity) {
    this.clock = clock;
    this.durationMs = durationMs;
    this.over = this.#over.promise;
    this.over.catch(() => {}); // it may be that nothing waits for it
  }

  /** From now on the time counts; again it does nothing. */
  begin(): void {
    if (!Number.isNaN(this.startMs) || this.isOver) return;
    this.startMs = this.clock.monotonic();
    if (this.durationMs === Infinity) return;
    this.#timer = this.clock.after(this.durationMs, () => this.end());
  }

  /** All is done, or the time is over. */
  end(): void {
    this.isOver = true;
    this.#timer?.cancel();
    this.#over.resolve();
  }

  interrupt(): void {
    if (this.isOver) return;
    this.wasInterrupted = true;
    this.end();
  }

  fail(error: Error): void {
    if (this.isOver) {
      this.trouble ??= error;
      return;
    }
    this.isOver = true;
    this.#timer?.cancel();
    this.#over.reject(error);
  }

  /** Resolves after a while, or when the course is over. */
  async wait(ms: number): Promise<void> {
    const { promise, resolve } = deferred<void>();
    const timer = this.clock.after(ms, resolve);
    await Promise.race([promise, this.over]);
    timer.cancel();
  }
}
