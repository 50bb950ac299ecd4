/**
 * Several providers as one: its answer is the union of theirs. What a part said
 * last is kept as its share, so that one that fails, or has no news, takes
 * nothing away.
 *
 * A finder takes a combination apart and asks its parts by themselves. Asked as
 * a whole, an answer takes as long as that of the slowest part; a watch tells
 * of the first one at once.
 */
import {
  type Discovery,
  DiscoveryError,
  type Endpoint,
  type ResolveOptions,
  type Snapshot,
  type WatchOptions,
} from "../discovery.ts";
import { TEXT_CHARS_MAX } from "../node_record.ts";
import { eachUntilAborted, untilAborted } from "../until_aborted.ts";

/** All of `parts` as one provider; its name is theirs, joined by commas. */
export function combined(parts: readonly Discovery[]): Discovery {
  return new Combined(parts);
}

/** The providers that one is made of in the end: itself, unless it is a combination. */
export function partsOf(provider: Discovery): readonly Discovery[] {
  return provider instanceof Combined
    ? provider.parts.flatMap(partsOf)
    : [provider];
}

/** A provider that is made of others. */
class Combined implements Discovery {
  readonly name: string;
  readonly parts: readonly Discovery[];
  /** There is one if a part has one. */
  readonly watch?: (options: WatchOptions) => AsyncIterable<Snapshot>;
  /** What each part said last. */
  readonly #shares: (Snapshot | undefined)[];

  constructor(parts: readonly Discovery[]) {
    const names = parts.map(({ name }) => name).join(",");
    this.name = names.slice(0, TEXT_CHARS_MAX) || "none";
    this.parts = parts;
    this.#shares = parts.map(() => undefined);
    if (parts.some(({ watch }) => watch !== undefined)) {
      this.watch = (options) => this.#watch(options);
    }
  }

  /** Asks all parts. Rejects only when each of them fails, or with the signal's reason. */
  async resolve(options: ResolveOptions): Promise<Snapshot> {
    options.signal.throwIfAborted();
    const asked = this.parts.map((_, index) => this.#ask(index, options));
    const answers = await untilAborted(
      Promise.allSettled(asked),
      options.signal,
    );
    const errors = answers.flatMap((answer) =>
      answer.status === "rejected" ? [answer.reason as unknown] : []
    );
    if (errors.length > 0 && errors.length === this.parts.length) {
      throw new DiscoveryError(`None of "${this.name}" answered`, {
        cause: errors.length === 1 ? errors[0] : new AggregateError(errors),
      });
    }
    return this.#union();
  }

  /**
   * The union, whenever a part has news. A part without a watch is asked once.
   * A part whose watch ends is watched no more; when the last one has ended,
   * this throws.
   */
  async *#watch(options: WatchOptions): AsyncGenerator<Snapshot> {
    const ender = new AbortController();
    const signal = AbortSignal.any([options.signal, ender.signal]);
    const exchange = new Exchange();
    const errors: unknown[] = [];
    let watched = this.parts.length;
    this.parts.forEach((_, index) => {
      this.#follow(index, signal, exchange)
        .catch((error: unknown) => errors.push(error))
        .finally(() => {
          watched--;
          exchange.leave();
        });
    });
    try {
      while (watched > 0) {
        await untilAborted(exchange.news(), signal);
        if (exchange.take()) yield this.#union();
      }
    } finally {
      ender.abort();
    }
    throw new DiscoveryError(`Every watch of "${this.name}" ended`, {
      cause: new AggregateError(errors),
    });
  }

  async #ask(index: number, options: ResolveOptions): Promise<void> {
    const { signal, reason } = options;
    this.#shares[index] = await this.parts[index]!.resolve({
      signal,
      reason,
      ...this.#lastOf(index),
    });
  }

  async #follow(
    index: number,
    signal: AbortSignal,
    exchange: Exchange,
  ): Promise<void> {
    const part = this.parts[index]!;
    const stream = part.watch?.({ signal, ...this.#lastOf(index) });
    if (stream === undefined) {
      await this.#ask(index, { signal, reason: "periodic" });
      return await exchange.put();
    }
    for await (const snapshot of eachUntilAborted(stream, signal)) {
      this.#shares[index] = snapshot;
      await untilAborted(exchange.put(), signal);
    }
  }

  #lastOf(index: number): { last?: Snapshot } {
    const last = this.#shares[index];
    return last === undefined ? {} : { last };
  }

  /** An empty union means that there are no nodes only if every part means that. */
  #union(): Snapshot {
    const known = this.#shares.filter((share) => share !== undefined);
    const ttls = known.flatMap(({ ttlMs }) => ttlMs === undefined ? [] : ttlMs);
    const isWhole = known.length === this.parts.length;
    return {
      endpoints: withoutRepetition(known),
      authoritative: isWhole && known.every((share) => share.authoritative),
      ...(ttls.length > 0 && { ttlMs: Math.min(...ttls) }),
    };
  }
}

/** The first to name a door describes it. */
function withoutRepetition(shares: readonly Snapshot[]): Endpoint[] {
  const doors = new Map<string, Endpoint>();
  for (const endpoint of shares.flatMap(({ endpoints }) => endpoints)) {
    if (!doors.has(endpoint.url)) doors.set(endpoint.url, endpoint);
  }
  return [...doors.values()];
}

/**
 * Where parts put news, and the watcher takes it. A part goes on only when its
 * news was taken, so that none runs ahead of a watcher who waits.
 */
class Exchange {
  #waiting: (() => void)[] = [];
  #wake: () => void = () => {};

  /** Resolves when the news was taken. */
  put(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#wake();
    });
  }

  /** A part puts no more news. */
  leave(): void {
    this.#wake();
  }

  /** Resolves when there is news, or a part leaves. */
  news(): Promise<void> {
    if (this.#waiting.length > 0) return Promise.resolve();
    return new Promise((resolve) => this.#wake = resolve);
  }

  /** Takes all that was put; false if nothing was. */
  take(): boolean {
    const givers = this.#waiting;
    this.#waiting = [];
    givers.forEach((goOn) => goOn());
    return givers.length > 0;
  }
}
