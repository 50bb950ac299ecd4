/**
 * A promise that notices who waits for it. What waits for work to end must not
 * wait for the one piece of work that waits for it; and a promise that is only
 * asked for holds nobody up.
 */
export class AwaitedPromise<T> extends Promise<T> {
  /** Promises that are made of this one are ordinary ones. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  #inner: Promise<T> | undefined;
  #onAwait: (() => void) | undefined;

  /**
   * Settles as `inner` does; `onAwait` is called in each flow that awaits it or
   * chains on it. A rejection that no flow waits for is no fault: it is told in
   * another way.
   */
  static of<T>(inner: Promise<T>, onAwait: () => void): AwaitedPromise<T> {
    const promise = new AwaitedPromise<T>((resolve, reject) => {
      inner.then(resolve, reject);
    });
    promise.#inner = inner;
    promise.#onAwait = onAwait;
    plainThen.call(promise, undefined, () => {});
    return promise;
  }

  /** Says that the running flow waits for it. */
  touch(): void {
    this.#onAwait?.();
  }

  /** The same promise, for a caller that only notes its outcome and does not count as waiting. */
  get outcome(): Promise<T> {
    return this.#inner ?? this;
  }

  /** Handling a failure is not waiting yet; to await what this gives is. */
  override catch<R = never>(
    onRejected?: ((reason: unknown) => R | PromiseLike<R>) | null,
  ): Promise<T | R> {
    const caught = this.outcome.catch(onRejected);
    return AwaitedPromise.of(caught, () => this.touch());
  }

  override finally(onFinally?: (() => void) | null): Promise<T> {
    const after = this.outcome.finally(onFinally);
    return AwaitedPromise.of(after, () => this.touch());
  }
}

const { then: plainThen } = Promise.prototype;

// `await` reads `then` at once and in the flow that awaits; a method would be
// called later, and from nowhere.
Object.defineProperty(AwaitedPromise.prototype, "then", {
  configurable: true,
  get(this: AwaitedPromise<unknown>): typeof plainThen {
    this.touch();
    return plainThen;
  },
});

/** Knows what comes of a promise without being counted as waiting for it. */
export function outcomeOf<T>(promise: Promise<T>): Promise<T> {
  return promise instanceof AwaitedPromise ? promise.outcome : promise;
}

/** Says that the running flow waits for a promise, by way of another one. */
export function awaitedHere(promise: Promise<unknown>): void {
  if (promise instanceof AwaitedPromise) promise.touch();
}
