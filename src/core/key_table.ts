/**
 * A table from keys to values that tell their keys, which takes a third of the
 * memory of a map of the language, and no more when entries come and go: a map
 * keeps the places of those that have gone until it grows. Each call is told the
 * hash of its key, always the same one. Peers can choose keys whose hashes collide;
 * where too many of them stand in each other's way, a map takes over.
 */
import type { MapKey } from "./map_key.ts";

const PLACES_MIN = 8;
/** The part of its places that may be taken. */
const FULL = 0.8;
/** With less than this part it is made smaller. */
const SPARSE = 0.2;
/** Places that are looked at for one key. Of a few hundred keys without a plan behind them none needs as many. */
const PROBES_MAX = 256;

export class KeyTable<K extends MapKey, V> {
  readonly #keyOf: (value: V) => K;
  #values: (V | undefined)[] = emptyPlaces(PLACES_MIN);
  #hashes = new Int32Array(PLACES_MIN);
  #size = 0;
  /** In place of those, if hashes collide. */
  #map: Map<K, V> | undefined = undefined;

  constructor(keyOf: (value: V) => K) {
    this.#keyOf = keyOf;
  }

  get size(): number {
    return this.#map?.size ?? this.#size;
  }

  /** Places in memory, taken or not; 0 where hashes collide. */
  get places(): number {
    return this.#values.length;
  }

  get(key: K, hash: number): V | undefined {
    if (this.#map !== undefined) return this.#map.get(key);
    return this.#values[this.#placeOf(key, hash)];
  }

  has(key: K, hash: number): boolean {
    if (this.#map !== undefined) return this.#map.has(key);
    return this.#values[this.#placeOf(key, hash)] !== undefined;
  }

  set(key: K, hash: number, value: V): void {
    if (this.#map !== undefined) return void this.#map.set(key, value);
    const place = this.#placeOf(key, hash);
    if (place < 0) {
      this.#map = this.#asMap();
      return this.set(key, hash, value);
    }
    const isNew = this.#values[place] === undefined;
    this.#values[place] = value;
    if (!isNew) return;
    this.#hashes[place] = hash;
    this.#size++;
    if (this.#size > this.places * FULL) this.#resize(this.places * 2);
  }

  delete(key: K, hash: number): boolean {
    if (this.#map !== undefined) return this.#map.delete(key);
    const place = this.#placeOf(key, hash);
    if (this.#values[place] === undefined) return false;
    this.#empty(place);
    this.#size--;
    const isSparse = this.#size < this.places * SPARSE;
    if (isSparse && this.places > PLACES_MIN) this.#resize(this.places / 2);
    return true;
  }

  /** Those of this moment. */
  values(): readonly V[] {
    if (this.#map !== undefined) return [...this.#map.values()];
    return this.#values.filter(isTaken);
  }

  /** Where `key` is, or would be; below 0: it would be too far from where it belongs. */
  #placeOf(key: K, hash: number): number {
    const values = this.#values;
    const hashes = this.#hashes;
    const mask = values.length - 1;
    let place = hash & mask;
    for (let probe = 0; probe < PROBES_MAX; probe++) {
      const other = values[place];
      if (other === undefined) return place;
      if (hashes[place] === hash && this.#keyOf(other) === key) return place;
      place = (place + 1) & mask;
    }
    return -1;
  }

  /** Empties a place, and closes up those behind it that would not be found any more. */
  #empty(place: number): void {
    const mask = this.places - 1;
    let hole = place;
    let next = place;
    while (true) {
      next = (next + 1) & mask;
      if (this.#values[next] === undefined) break;
      const fromHome = (next - this.#hashes[next]!) & mask;
      if (fromHome < ((next - hole) & mask)) continue;
      this.#values[hole] = this.#values[next];
      this.#hashes[hole] = this.#hashes[next]!;
      hole = next;
    }
    this.#values[hole] = undefined;
  }

  #resize(places: number): void {
    const [values, hashes] = [this.#values, this.#hashes];
    this.#values = emptyPlaces(places);
    this.#hashes = new Int32Array(places);
    this.#size = 0;
    for (let place = 0; place < values.length; place++) {
      const value = values[place];
      if (value === undefined) continue;
      this.set(this.#keyOf(value), hashes[place]!, value);
    }
  }

  #asMap(): Map<K, V> {
    const map = new Map<K, V>();
    for (const value of this.values()) map.set(this.#keyOf(value), value);
    this.#values = [];
    this.#hashes = new Int32Array(0);
    return map;
  }
}

function isTaken<T>(value: T | undefined): value is T {
  return value !== undefined;
}

function emptyPlaces<T>(places: number): (T | undefined)[] {
  return new Array<T | undefined>(places).fill(undefined);
}
