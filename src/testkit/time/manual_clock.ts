/**
 * A clock that stands still until a caller waits for it. Timers run in the
 * order in which they are due, and everything that a timer's promises set off
 * runs before the next timer does. However many wait at once, one loop moves the
 * time for all of them.
 */
import type { Clock, Timer } from "../../platform/clock.ts";

interface Due {
  readonly at: number;
  readonly run: () => void;
}

/** A call for whose sake time passes. */
interface Waiter {
  isReached(): boolean;
  /** The time after which it waits no longer. */
  endsAt: number;
  /** The time that passes for the sake of others does not count. */
  readonly isPatient: boolean;
  resolve(): void;
  /** `endsAt` has come. */
  late(): void;
  reject(error: unknown): void;
}

/** What was waited for did not come in time. */
export class TooLate extends Error {
  override readonly name = "TooLate";

  constructor(limitMs: number) {
    super(
      `What was waited for did not come within ${limitMs} ms of virtual time`,
    );
  }
}

const NOON = Date.UTC(2026, 0, 1, 12);
const LIMIT_MS = 60_000;

/** A clock that its user moves. `VirtualClock` is one that knows the event loop of this runtime. */
export class ManualClock implements Clock {
  readonly #turn: () => Promise<void>;
  readonly #startMs: number;
  #elapsedMs = 0;
  /** The next one last. */
  #timers: Due[] = [];
  readonly #waiters = new Set<Waiter>();
  readonly #held = new Set<Promise<unknown>>();
  #isRunning = false;

  /** `turn` resolves in a later turn of the event loop; `startMs` is the time at first. */
  constructor(turn: () => Promise<void>, startMs: number = NOON) {
    this.#turn = turn;
    this.#startMs = startMs;
  }

  /** How many calls are pending: 0 shows that nothing was left behind. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** The virtual time of day, in milliseconds since the Unix epoch. */
  now(): number {
    return this.#startMs + Math.floor(this.#elapsedMs);
  }

  /** Virtual milliseconds since the clock was made. */
  monotonic(): number {
    return this.#elapsedMs;
  }

  /** Calls `run` once, when `delayMs` of virtual time have passed. */
  after(delayMs: number, run: () => void): Timer {
    const timer = { at: this.#elapsedMs + Math.max(0, delayMs), run };
    const later = this.#timers.findLastIndex(({ at }) => at > timer.at);
    this.#timers.splice(later + 1, 0, timer);
    return { cancel: () => this.#forget(timer) };
  }

  /** Lets `ms` pass. */
  advance(ms: number): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#wait({
        isReached: () => false,
        endsAt: this.#elapsedMs + ms,
        isPatient: false,
        resolve,
        late: resolve,
        reject,
      })
    );
  }

  /**
   * Lets time pass until `isReached`, which is asked after every timer; rejects
   * after `limitMs` without it.
   */
  advanceUntil(
    isReached: () => boolean,
    limitMs: number = LIMIT_MS,
  ): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#wait({
        isReached,
        endsAt: this.#elapsedMs + limitMs,
        isPatient: false,
        resolve,
        late: () => reject(new TooLate(limitMs)),
        reject,
      })
    );
  }

  /**
   * Lets time pass until `work` is settled, and gives what it gives. Rejects
   * after `limitMs`; the time for which `advance` was called meanwhile does not
   * count.
   */
  async run<T>(work: Promise<T>, limitMs: number = LIMIT_MS): Promise<T> {
    let isSettled = false;
    const settled = (): void => void (isSettled = true);
    work.then(settled, settled);
    await new Promise<void>((resolve, reject) =>
      this.#wait({
        isReached: () => isSettled,
        endsAt: this.#elapsedMs + limitMs,
        isPatient: true,
        resolve,
        late: () => reject(new TooLate(limitMs)),
        reject,
      })
    );
    return await work;
  }

  /**
   * Time stands still until `work` is settled: for what takes real time, such
   * as reading a file.
   */
  async hold<T>(work: Promise<T>): Promise<T> {
    this.#held.add(work);
    try {
      return await work;
    } finally {
      this.#held.delete(work);
    }
  }

  #forget(timer: Due): void {
    this.#timers = this.#timers.filter((other) => other !== timer);
  }

  #wait(waiter: Waiter): void {
    this.#waiters.add(waiter);
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      for (;;) {
        await this.#settle();
        // A waiter that was dismissed may have news for others.
        if (this.#dismissReached()) continue;
        if (this.#waiters.size === 0) return;
        this.#step();
      }
    } catch (error) {
      for (const waiter of this.#waiters) waiter.reject(error);
      this.#waiters.clear();
    } finally {
      this.#isRunning = false;
    }
  }

  async #settle(): Promise<void> {
    await this.#turn();
    while (this.#held.size > 0) {
      await Promise.allSettled(this.#held);
      await this.#turn();
    }
  }

  #dismissReached(): boolean {
    const before = this.#waiters.size;
    for (const waiter of [...this.#waiters]) this.#dismissIfReached(waiter);
    return this.#waiters.size < before;
  }

  /** Whose condition throws hears of it; it is nobody else's affair. */
  #dismissIfReached(waiter: Waiter): void {
    try {
      if (!waiter.isReached()) return;
      waiter.resolve();
    } catch (error) {
      waiter.reject(error);
    }
    this.#waiters.delete(waiter);
  }

  /** Runs the next timer, or goes to the time at which the first waiter's patience ends. */
  #step(): void {
    const end = this.#firstEnd();
    const next = this.#timers.at(-1);
    if (next !== undefined && next.at <= end) {
      this.#timers.pop();
      this.#moveTo(Math.max(this.#elapsedMs, next.at));
      return next.run();
    }
    this.#moveTo(Math.max(this.#elapsedMs, end));
    for (const waiter of [...this.#waiters]) {
      if (waiter.endsAt > this.#elapsedMs) continue;
      this.#waiters.delete(waiter);
      waiter.late();
    }
  }

  #firstEnd(): number {
    const ends = [...this.#countingWaiters()].map(({ endsAt }) => endsAt);
    return Math.min(...ends);
  }

  /** Those for whom the time that passes now counts. */
  #countingWaiters(): Iterable<Waiter> {
    const firm = [...this.#waiters].filter(({ isPatient }) => !isPatient);
    return firm.length > 0 ? firm : this.#waiters;
  }

  #moveTo(elapsedMs: number): void {
    const passed = elapsedMs - this.#elapsedMs;
    this.#elapsedMs = elapsedMs;
    if (passed === 0) return;
    const counting = new Set(this.#countingWaiters());
    for (const waiter of this.#waiters) {
      if (!counting.has(waiter)) waiter.endsAt += passed;
    }
  }
}
