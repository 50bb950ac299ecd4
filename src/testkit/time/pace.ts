/**
 * How the test kit waits. On the real clock it looks again whenever something
 * has happened at a socket or in a log, and gives up at a generous deadline; on
 * a virtual clock it lets time pass.
 */
import type { Clock, Timer } from "../../platform/clock.ts";
import { type Deferred, deferred } from "../../core/deferred.ts";
import { InvalidOperationError } from "../../core/errors.ts";
import { type ManualClock, TooLate } from "./manual_clock.ts";

/** Tells what is not there yet; nothing, once all is. */
export type Missing = () => readonly string[];

/** Makes the error for what did not come within a time. */
export type Failure = (
  what: string,
  limitMs: number,
  missing: readonly string[],
) => Error;

export interface Pace {
  /** Something has happened that others may wait for. */
  happened(): void;
  /** Resolves once nothing is missing; rejects, naming `what`, when that takes too long. */
  until(what: string, missing: Missing, limitMs?: number): Promise<void>;
  /** As `until`, for what may come true without anything happening at a socket or in a log. */
  untilTrue(
    what: string,
    isTrue: () => boolean,
    limitMs?: number,
  ): Promise<void>;
  /** Waits for `work`; rejects when that takes longer than `limitMs`. */
  run<T>(work: Promise<T>, limitMs?: number): Promise<T>;
  /** Waits for `work` as long as it takes, short of for ever on a virtual clock. */
  drive<T>(work: Promise<T>): Promise<T>;
  advance(ms: number): Promise<void>;
  hold<T>(work: Promise<T>): Promise<T>;
  /** The cluster is stopped: nobody waits on, and what was left behind is over. */
  end(): Promise<void>;
}

/** Milliseconds after which a condition of the test's own is looked at again, on the real clock. */
const LOOK_AGAIN_MS = 20;
const RUN_WHAT = "The promise that was waited for was not settled";

/** The error of all that is asked of a cluster, or waited for, after its end. */
export function clusterStopped(): InvalidOperationError {
  return new InvalidOperationError("The cluster is stopped");
}

export class RealPace implements Pace {
  readonly #clock: Clock;
  readonly #turn: () => Promise<void>;
  readonly #limitMs: number;
  readonly #failure: Failure;
  readonly #checks = new Set<() => void>();
  /** Those who wait, to be told of the end. */
  readonly #waits = new Set<(error: Error) => void>();
  #isAboutToCheck = false;

  constructor(
    clock: Clock,
    turn: () => Promise<void>,
    limitMs: number,
    failure: Failure,
  ) {
    this.#clock = clock;
    this.#turn = turn;
    this.#limitMs = limitMs;
    this.#failure = failure;
  }

  /** Once for all that happens in a turn, after the promises that it settles. */
  happened(): void {
    if (this.#isAboutToCheck || this.#checks.size === 0) return;
    this.#isAboutToCheck = true;
    void this.#turn().then(() => {
      this.#isAboutToCheck = false;
      for (const check of [...this.#checks]) check();
    });
  }

  async until(
    what: string,
    missing: Missing,
    limitMs: number = this.#limitMs,
  ): Promise<void> {
    const wait = deferred<void>();
    // What is asked may be the test's own and throw, and nobody catches what a
    // timer throws.
    const look = (isLate: boolean): void => {
      try {
        const absent = missing();
        if (absent.length === 0) wait.resolve();
        else if (isLate) wait.reject(this.#failure(what, limitMs, absent));
      } catch (error) {
        wait.reject(error);
      }
    };
    const check = (): void => look(false);
    const timer = this.#clock.after(limitMs, () => look(true));
    this.#checks.add(check);
    check();
    try {
      await this.#unlessStopped(wait);
    } finally {
      timer.cancel();
      this.#checks.delete(check);
    }
  }

  async untilTrue(
    what: string,
    isTrue: () => boolean,
    limitMs?: number,
  ): Promise<void> {
    let timer: Timer | undefined;
    const lookAgain = (): void => {
      timer = this.#clock.after(LOOK_AGAIN_MS, lookAgain);
      this.happened();
    };
    lookAgain();
    try {
      await this.until(what, () => isTrue() ? [] : [""], limitMs);
    } finally {
      timer?.cancel();
    }
  }

  async run<T>(
    work: Promise<T>,
    limitMs: number = this.#limitMs,
  ): Promise<T> {
    const wait = deferred<T>();
    const timer = this.#clock.after(
      limitMs,
      () => wait.reject(this.#failure(RUN_WHAT, limitMs, [])),
    );
    work.then(wait.resolve, wait.reject);
    try {
      return await this.#unlessStopped(wait);
    } finally {
      timer.cancel();
    }
  }

  drive<T>(work: Promise<T>): Promise<T> {
    return work;
  }

  advance(): Promise<void> {
    return Promise.reject(noVirtualClock("advance"));
  }

  hold<T>(work: Promise<T>): Promise<T> {
    return work;
  }

  end(): Promise<void> {
    for (const reject of [...this.#waits]) reject(clusterStopped());
    return Promise.resolve();
  }

  async #unlessStopped<T>({ promise, reject }: Deferred<T>): Promise<T> {
    this.#waits.add(reject);
    try {
      return await promise;
    } finally {
      this.#waits.delete(reject);
    }
  }
}

/** What a stopped cluster has left behind takes no longer than this. */
const REST_LIMIT_MS = 10_000;
/** Virtual time that passes only where a test waits for what never comes. */
const DRIVE_LIMIT_MS = 6 * 3_600_000;

export class VirtualPace implements Pace {
  readonly #clock: ManualClock;
  readonly #limitMs: number;
  readonly #failure: Failure;

  constructor(clock: ManualClock, limitMs: number, failure: Failure) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#failure = failure;
  }

  happened(): void {}

  async until(
    what: string,
    missing: Missing,
    limitMs: number = this.#limitMs,
  ): Promise<void> {
    try {
      await this.#clock.advanceUntil(() => missing().length === 0, limitMs);
    } catch (error) {
      if (!(error instanceof TooLate)) throw error;
      throw this.#failure(what, limitMs, missing());
    }
  }

  untilTrue(
    what: string,
    isTrue: () => boolean,
    limitMs?: number,
  ): Promise<void> {
    return this.until(what, () => isTrue() ? [] : [""], limitMs);
  }

  async run<T>(work: Promise<T>, limitMs: number = this.#limitMs): Promise<T> {
    try {
      return await this.#clock.run(work, limitMs);
    } catch (error) {
      if (!(error instanceof TooLate)) throw error;
      throw this.#failure(RUN_WHAT, limitMs, []);
    }
  }

  drive<T>(work: Promise<T>): Promise<T> {
    return this.run(work, DRIVE_LIMIT_MS);
  }

  advance(ms: number): Promise<void> {
    return this.#clock.advance(ms);
  }

  hold<T>(work: Promise<T>): Promise<T> {
    return this.#clock.hold(work);
  }

  async end(): Promise<void> {
    const clock = this.#clock;
    try {
      await clock.advanceUntil(() => clock.pendingTimers === 0, REST_LIMIT_MS);
    } catch {
      // What is left is the test's own.
    }
  }
}

function noVirtualClock(what: string): InvalidOperationError {
  return new InvalidOperationError(
    `"${what}" needs a virtual clock: startCluster({ network: "memory", clock: "virtual" })`,
  );
}
