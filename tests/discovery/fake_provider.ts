/**
 * A provider whose answers a test writes, and who remembers when it was asked.
 * Its watch tells what the test pushes, and can hang, end or fail.
 */
import type { Clock } from "../../src/platform/clock.ts";
import {
  type Discovery,
  DiscoveryError,
  type Endpoint,
  type ResolveOptions,
  type Snapshot,
  type WatchOptions,
} from "../../src/discovery/discovery.ts";

/** `doors(1, 2)` is what a provider says of two nodes. */
export function doors(...numbers: number[]): Snapshot {
  return {
    endpoints: numbers.map((number): Endpoint => ({
      url: `nats://n${number}:4222`,
    })),
    authoritative: true,
  };
}

/** An empty answer that means nothing. */
export const UNSURE: Snapshot = { endpoints: [], authoritative: false };

/** The numbers of `doors`. */
export function numbersOf(endpoints: readonly Endpoint[]): number[] {
  return endpoints.map(({ url }) => Number(/n(\d+):/.exec(url)?.[1]));
}

type Answer = (options: ResolveOptions) => Promise<Snapshot>;

export class FakeProvider implements Discovery {
  readonly name: string;
  /** Monotonic times of requests, of watches opened and of watches closed. */
  readonly askedAtMs: number[] = [];
  readonly asked: ResolveOptions[] = [];
  readonly watchedAtMs: number[] = [];
  readonly watched: WatchOptions[] = [];
  closedWatches = 0;
  #answer: Answer = () => Promise.resolve(UNSURE);
  readonly #clock: Clock;

  constructor(clock: Clock, name: string = "fake://one") {
    this.#clock = clock;
    this.name = name;
  }

  /** All requests, in order. */
  get requestsAtMs(): number[] {
    return [...this.askedAtMs, ...this.watchedAtMs].sort((a, b) => a - b);
  }

  answerBy(answer: Answer): this {
    this.#answer = answer;
    return this;
  }

  says(snapshot: Snapshot): this {
    return this.answerBy(() => Promise.resolve(snapshot));
  }

  fails(message: string = "Cannot reach the fake"): this {
    return this.answerBy(() => Promise.reject(new DiscoveryError(message)));
  }

  /** Never answers, and does not listen to the signal either. */
  hangs(): this {
    return this.answerBy(() => new Promise(() => {}));
  }

  resolve(options: ResolveOptions): Promise<Snapshot> {
    this.askedAtMs.push(this.#clock.monotonic());
    this.asked.push(options);
    return this.#answer(options);
  }

  protected opened(options: WatchOptions): void {
    this.watchedAtMs.push(this.#clock.monotonic());
    this.watched.push(options);
  }
}

type Stream = (options: WatchOptions) => AsyncIterable<Snapshot>;

/** One that can be watched. */
export class FakeWatched extends FakeProvider {
  #stream: Stream | undefined;
  #lines: Line[] = [];

  /** Watches opened from now on are made by `stream`; without it they tell what is pushed. */
  streamBy(stream: Stream | undefined): this {
    this.#stream = stream;
    return this;
  }

  get openWatches(): number {
    return this.#lines.filter((line) => !line.isClosed).length;
  }

  /** To every open watch. */
  push(snapshot: Snapshot): void {
    this.#lines.forEach((line) => line.give({ value: snapshot }));
  }

  /** Every open watch throws, or ends if nothing is given. */
  breakWatches(error?: DiscoveryError): void {
    this.#lines.forEach((line) => line.give({ error }));
  }

  watch(options: WatchOptions): AsyncIterable<Snapshot> {
    this.opened(options);
    const line = new Line(() => this.closedWatches++);
    const stream = this.#stream?.(options);
    if (stream !== undefined) return stream;
    this.#lines.push(line);
    return line;
  }
}

type Item = { readonly value: Snapshot } | {
  readonly error: DiscoveryError | undefined;
};

/**
 * An iterator by hand, so that a test sees whether it was closed. It hangs when
 * nothing is pushed and does not listen to the signal: the worst that may come.
 */
class Line implements AsyncIterable<Snapshot>, AsyncIterator<Snapshot> {
  isClosed = false;
  readonly #items: Item[] = [];
  #wake: () => void = () => {};
  readonly #onClose: () => void;

  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  [Symbol.asyncIterator](): AsyncIterator<Snapshot> {
    return this;
  }

  give(item: Item): void {
    this.#items.push(item);
    this.#wake();
  }

  async next(): Promise<IteratorResult<Snapshot>> {
    while (this.#items.length === 0) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const item = this.#items.shift()!;
    if ("value" in item) return { done: false, value: item.value };
    if (item.error !== undefined) throw item.error;
    return { done: true, value: undefined };
  }

  return(): Promise<IteratorResult<Snapshot>> {
    if (!this.isClosed) this.#onClose();
    this.isClosed = true;
    return Promise.resolve({ done: true, value: undefined });
  }
}
