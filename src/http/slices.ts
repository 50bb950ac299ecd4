/**
 * Long work in slices. One event loop serves everybody, so a page over a
 * million subscriptions may not be made in one go: a generator does the work
 * and yields wherever a slice of it, about a millisecond, is done. The
 * next slice comes at once for a program that calls a function (`finishNow`),
 * and in a later turn of the loop for an answer over HTTP (`SliceQueue`).
 */
import type { RunSoon } from "../platform/turns.ts";

/** Work that yields after each slice and returns its result. */
export type SlicedWork<T> = Generator<void, T>;

/** A text in pieces of about one slice: all but the last are yielded, the last is returned. */
export type TextPieces = Generator<string, string>;

/** Work that was done before it began: it has no slice, and `result` is what it returns. */
export function* atOnce<T>(result: T): Generator<never, T> {
  yield* [];
  return result;
}

/** Does all slices of `work` one after the other. */
export function finishNow<T>(work: SlicedWork<T>): T {
  let step = work.next();
  while (!step.done) step = work.next();
  return step.value;
}

/** Counts work, and tells when a slice of it is done. */
export class SliceBudget {
  readonly #perSlice: number;
  #left: number;

  constructor(perSlice: number) {
    this.#perSlice = perSlice;
    this.#left = perSlice;
  }

  /** Notes `cost` units of work. True when the slice is done; the next one begins then. */
  spend(cost: number = 1): boolean {
    this.#left -= cost;
    if (this.#left > 0) return false;
    this.#left = this.#perSlice;
    return true;
  }
}

/** Short pieces of work that take as long as one slice. */
const SHORT_PIECES_PER_TURN = 16;

/**
 * Runs the slices of all work that is under way, no more than one whole slice
 * in a turn of the event loop.
 */
export class SliceQueue {
  readonly #runSoon: RunSoon;
  readonly #waiting: (() => boolean)[] = [];
  #room = SHORT_PIECES_PER_TURN;
  #isTurnComing = false;

  constructor(runSoon: RunSoon) {
    this.#runSoon = runSoon;
  }

  /** Does `work` slice by slice; rejects at the end of a slice once `signal` is aborted. */
  async finish<T>(work: SlicedWork<T>, signal?: AbortSignal): Promise<T> {
    let step = await this.#step(work);
    while (!step.done) {
      signal?.throwIfAborted();
      step = await this.#step(work);
    }
    return step.value;
  }

  /** Prints a text: whole when it is one piece, else piece by piece as each is asked for. */
  async print(text: TextPieces): Promise<string | AsyncIterable<string>> {
    const first = await this.#step(text);
    return first.done ? first.value : this.#pieces(first.value, text);
  }

  async *#pieces(first: string, rest: TextPieces): AsyncGenerator<string> {
    let step: IteratorResult<string, string> = { done: false, value: first };
    while (!step.done) {
      yield step.value;
      step = await this.#step(rest);
    }
    yield step.value;
  }

  /** One slice of `work`: at once where this turn has room for it. */
  #step<Y, T>(work: Generator<Y, T>): Promise<IteratorResult<Y, T>> {
    return new Promise((resolve, reject) => {
      const run = (): boolean => {
        try {
          const step = work.next();
          resolve(step);
          return step.done !== true;
        } catch (error) {
          reject(error);
          return false;
        }
      };
      this.#waiting.push(run);
      this.#runWaiting();
    });
  }

  #runWaiting(): void {
    while (this.#waiting.length > 0 && this.#room > 0) {
      const isWholeSlice = this.#waiting.shift()!();
      this.#room -= isWholeSlice ? SHORT_PIECES_PER_TURN : 1;
    }
    this.#askForTurn();
  }

  #askForTurn(): void {
    if (this.#isTurnComing) return;
    this.#isTurnComing = true;
    this.#runSoon(() => {
      this.#isTurnComing = false;
      this.#room = SHORT_PIECES_PER_TURN;
      if (this.#waiting.length > 0) this.#runWaiting();
    });
  }
}
