/** Reading an async iterable step by step, without a loop; name and meaning are nats.js's. */

export interface SyncIterator<T> {
  /** The next item; null at the end. */
  next(): Promise<T | null>;
}

/** Takes over an iterable that nobody else reads. */
export function syncIterator<T>(source: AsyncIterable<T>): SyncIterator<T> {
  const iterator = source[Symbol.asyncIterator]();
  return {
    next: async () => {
      const { done, value } = await iterator.next();
      return done === true ? null : value;
    },
  };
}
