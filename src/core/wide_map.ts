/**
 * Maps that may have a million entries. A map of the language grows by copying
 * all of itself, which takes a tenth of a second for half a million entries,
 * and nobody is served meanwhile. So one that has become large is replaced by
 * many small ones, each of which grows by itself.
 */
import { KeyTable } from "./key_table.ts";
import type { MapKey } from "./map_key.ts";

/** What maps of both kinds do. Values come in no promised order. */
export interface KeyedMap<K extends MapKey, V> {
  readonly size: number;
  get(key: K): V | undefined;
  has(key: K): boolean;
  set(key: K, value: V): unknown;
  delete(key: K): boolean;
  /** Entries that come or go meanwhile may be among them or not. */
  values(): Iterable<V>;
}

/** From this size on a map is divided. */
const DIVIDED_SIZE = 4096;
/** The bits of a hash that decide into which part a key goes: the last ones. */
const PARTS_BITS = 8;
const PARTS = 1 << PARTS_BITS;
/** Characters of a key that its hash depends on: the last ones. */
const HASHED_CHARS = 32;

/**
 * The map to put more into in place of `map`: itself, or what takes its place.
 * `keyOf` gives the key of a value. Who goes through the values of one that is
 * replaced sees those of that moment.
 */
export function withRoom<K extends MapKey, V>(
  map: KeyedMap<K, V>,
  keyOf: (value: V) => K,
): KeyedMap<K, V> {
  return map.size >= DIVIDED_SIZE && map instanceof Map
    ? new DividedMap<K, V>(map, keyOf)
    : map;
}

class DividedMap<K extends MapKey, V> implements KeyedMap<K, V> {
  readonly #parts: readonly KeyTable<K, V>[];
  #size = 0;

  constructor(entries: Iterable<[K, V]>, keyOf: (value: V) => K) {
    this.#parts = Array.from({ length: PARTS }, () => new KeyTable(keyOf));
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.#size;
  }

  get(key: K): V | undefined {
    const hash = mixed(key);
    return this.#partOf(hash).get(key, hash >>> PARTS_BITS);
  }

  has(key: K): boolean {
    const hash = mixed(key);
    return this.#partOf(hash).has(key, hash >>> PARTS_BITS);
  }

  set(key: K, value: V): void {
    const hash = mixed(key);
    const part = this.#partOf(hash);
    const before = part.size;
    part.set(key, hash >>> PARTS_BITS, value);
    this.#size += part.size - before;
  }

  delete(key: K): boolean {
    const hash = mixed(key);
    const isGone = this.#partOf(hash).delete(key, hash >>> PARTS_BITS);
    if (isGone) this.#size--;
    return isGone;
  }

  values(): Iterable<V> {
    return new PartValues(this.#parts);
  }

  #partOf(hash: number): KeyTable<K, V> {
    return this.#parts[hash & (PARTS - 1)]!;
  }
}

/**
 * The values of one part behind the other. It is what it gives for each of them, as
 * an object for each of a million is more than the map itself.
 */
class PartValues<V> {
  done = false;
  value: V | undefined = undefined;
  readonly #parts: readonly KeyTable<MapKey, V>[];
  #part = 0;
  #values: readonly V[] = [];
  #place = 0;

  constructor(parts: readonly KeyTable<MapKey, V>[]) {
    this.#parts = parts;
  }

  [Symbol.iterator](): Iterator<V> {
    return this as Iterator<V>;
  }

  next(): this {
    while (this.#place === this.#values.length) {
      if (this.#part === this.#parts.length) {
        this.done = true;
        this.value = undefined;
        return this;
      }
      this.#values = this.#parts[this.#part++]!.values();
      this.#place = 0;
    }
    this.value = this.#values[this.#place++];
    return this;
  }
}

/** A number that depends on all bits of the key, so that parts grow at different times. */
function mixed(key: MapKey): number {
  let hash = typeof key === "number" ? key | 0 : hashOf(key);
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return hash ^ (hash >>> 16);
}

function hashOf(text: string): number {
  const { length } = text;
  let hash = length;
  for (let i = Math.max(0, length - HASHED_CHARS); i < length; i++) {
    hash = Math.imul(hash, 31) + text.charCodeAt(i);
  }
  return hash;
}
