/**
 * What Midge uses and Node 20 does not have yet: the build puts it in front of
 * everything else. A runtime that has it keeps its own.
 */

/** Iterators of maps, sets and generators all have this at their root. */
const ITERATOR: object = Object.getPrototypeOf(
  Object.getPrototypeOf([].values()),
);

/** Iterator helpers: they read no more of what they are called on than is asked of them. */
const HELPERS = {
  *map<T, U>(this: Iterable<T>, change: (value: T, at: number) => U) {
    let at = 0;
    for (const value of this) yield change(value, at++);
  },
  *filter<T>(this: Iterable<T>, keep: (value: T, at: number) => unknown) {
    let at = 0;
    for (const value of this) if (keep(value, at++)) yield value;
  },
  *take<T>(this: Iterable<T>, limit: number) {
    let left = limit;
    if (left <= 0) return;
    for (const value of this) {
      yield value;
      if (--left <= 0) return;
    }
  },
  *drop<T>(this: Iterable<T>, limit: number) {
    let left = limit;
    for (const value of this) if (left-- <= 0) yield value;
  },
  *flatMap<T, U>(this: Iterable<T>, change: (value: T) => Iterable<U>) {
    for (const value of this) yield* change(value);
  },
  toArray<T>(this: Iterable<T>): T[] {
    return [...this];
  },
  some<T>(this: Iterable<T>, is: (value: T) => unknown): boolean {
    for (const value of this) if (is(value)) return true;
    return false;
  },
  every<T>(this: Iterable<T>, is: (value: T) => unknown): boolean {
    for (const value of this) if (!is(value)) return false;
    return true;
  },
  find<T>(this: Iterable<T>, is: (value: T) => unknown): T | undefined {
    for (const value of this) if (is(value)) return value;
    return undefined;
  },
  forEach<T>(this: Iterable<T>, see: (value: T) => void): void {
    for (const value of this) see(value);
  },
};

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: PromiseWithResolvers<T>["resolve"];
  let reject!: PromiseWithResolvers<T>["reject"];
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

function provide(target: object, name: string, value: unknown): void {
  if (name in target) return;
  const shape = { configurable: true, writable: true, enumerable: false };
  Object.defineProperty(target, name, { ...shape, value });
}

provide(Promise, "withResolvers", withResolvers);
for (const [name, helper] of Object.entries(HELPERS)) {
  provide(ITERATOR, name, helper);
}
