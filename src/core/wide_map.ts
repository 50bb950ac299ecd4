/**
 * Maps that may have a million entries. A map of the language grows by copying
 * all of itself, which takes a tenth of a second for half a million entries,
 * and nobody is served meanwhile. So one that has become large is replaced by
 * many small ones, each of which grows by itself.
 */
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
const PARTS = 256;
/** Characters of a key that decide into which part it goes: the last ones. */
const HASHED_CHARS = 32;

/**
 * The map to put more into in place of `map`: itself, or what takes its place.
 * Who goes through the values of one that is replaced sees those of that moment.
 */
export function withRoom<K extends MapKey, V>(
  map: KeyedMap<K, V>,
): KeyedMap<K, V> {
  return map.size >= DIVIDED_SIZE && map instanceof Map
    ? new DividedMap<K, V>(map)
    : map;
}

class DividedMap<K extends MapKey, V> implements KeyedMap<K, V> {
  readonly #parts: readonly Map<K, V>[];
  #size = 0;

  constructor(entries: Iterable<[K, V]>) {
    this.#parts = Array.from({ length: PARTS }, () => new Map());
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.#size;
  }

  get(key: K): V | undefined {
    return this.#partOf(key).get(key);
  }

  has(key: K): boolean {
    return this.#partOf(key).has(key);
  }

  set(key: K, value: V): void {
    const part = this.#partOf(key);
    const before = part.size;
    part.set(key, value);
    this.#size += part.size - before;
  }

  delete(key: K): boolean {
    const isGone = this.#partOf(key).delete(key);
    if (isGone) this.#size--;
    return isGone;
  }

  *values(): Iterable<V> {
    for (const part of this.#parts) yield* part.values();
  }

  #partOf(key: K): Map<K, V> {
    return this.#parts[mixed(key) & (PARTS - 1)]!;
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
