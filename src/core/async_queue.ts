/**
 * A queue between two sides that do not wait for each other: one pushes, one
 * consumer reads with `for await`. What is pushed before the
 * consumer comes is kept; after `end` the rest can still be read. Subscriptions
 * and status feeds are such queues. It has no limit of its own: who pushes looks
 * at `pending`, and leaves an item out or drops the oldest.
 */
import { type Deferred, deferred } from "./deferred.ts";

export class AsyncQueue<T> implements AsyncIterableIterator<T> {
  #items: T[] = [];
  #head = 0;
  #ended = false;
  #error: Error | undefined;
  #readers: Reader<T>[] = [];
  readonly #onReturn: () => void;
  readonly #sizeOf: (item: T) => number;
  #pendingSize = 0;
  /** How many items were handed to the consumer. */
  taken = 0;

  /** `onReturn` is called when the consumer leaves its loop early; `sizeOf` is for `pendingSize`. */
  constructor(
    onReturn: () => void = () => {},
    sizeOf: (item: T) => number = () => 1,
  ) {
    this.#onReturn = onReturn;
    this.#sizeOf = sizeOf;
  }

  /** Items that nobody has read yet. */
  get pending(): number {
    return this.#items.length - this.#head;
  }

  /** The sizes of the items that nobody has read yet. */
  get pendingSize(): number {
    return this.#pendingSize;
  }

  push(item: T): void {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader === undefined) {
      this.#pendingSize += this.#sizeOf(item);
      this.#items.push(item);
      return;
    }
    this.taken++;
    reader.result.resolve(reader.give(item));
  }

  /** Forgets the item that has waited longest. */
  dropOldest(): void {
    if (this.pending === 0) return;
    this.#shift();
    this.taken--;
  }

  /** Nothing comes any more; with an error, the consumer gets it behind the last item. */
  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    const readers = this.#readers;
    this.#readers = [];
    for (const { result } of readers) {
      const failure = this.#takeError();
      if (failure === undefined) result.resolve(END);
      else result.reject(failure);
    }
  }

  /** The consumer wants no more; what was pushed before can still be read. */
  stop(error?: Error): void {
    this.end(error);
    this.#onReturn();
  }

  next(): Promise<IteratorResult<T>> {
    return this.read(plainResult);
  }

  /** As `next`, with results that `give` makes of the items. */
  read(
    give: (item: T) => IteratorYieldResult<T>,
  ): Promise<IteratorResult<T>> {
    if (this.pending > 0) return Promise.resolve(give(this.#shift()));
    if (!this.#ended) {
      const result = deferred<IteratorResult<T>>();
      this.#readers.push({ result, give });
      return result.promise;
    }
    const failure = this.#takeError();
    if (failure !== undefined) return Promise.reject(failure);
    return Promise.resolve(END);
  }

  return(): Promise<IteratorResult<T>> {
    this.#items = [];
    this.#head = 0;
    this.#pendingSize = 0;
    this.#error = undefined;
    this.end();
    this.#onReturn();
    return Promise.resolve(END);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The error is told once; later reads just end. */
  #takeError(): Error | undefined {
    const error = this.#error;
    this.#error = undefined;
    return error;
  }

  // An index in place of `Array.shift`, which moves a long queue at each step.
  #shift(): T {
    const item = this.#items[this.#head]!;
    this.#items[this.#head] = undefined as T;
    this.#head++;
    this.taken++;
    this.#pendingSize -= this.#sizeOf(item);
    if (this.#head === this.#items.length) {
      this.#items.length = 0;
      this.#head = 0;
    } else if (
      this.#head >= COMPACT_AT && this.#head * 2 > this.#items.length
    ) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

/** One who waits for an item. */
interface Reader<T> {
  readonly result: Deferred<IteratorResult<T>>;
  readonly give: (item: T) => IteratorYieldResult<T>;
}

function plainResult<T>(value: T): IteratorYieldResult<T> {
  return { done: false, value };
}

const END: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** Items that were read are forgotten in batches, of at least this many. */
const COMPACT_AT = 1024;
