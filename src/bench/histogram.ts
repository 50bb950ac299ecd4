/**
 * How long things took, in memory that does not grow: counts of durations in
 * steps of at most 1/64 of their size, from a nanosecond up to three hours. A
 * percentile is at most 1.6 % above what it stands for; minimum, maximum and mean
 * are exact.
 */

/** Steps between a duration and its double. */
const STEPS = 64;
/** Doublings from 1 ns on: 2^44 ns are almost five hours. */
const DOUBLINGS = 44;
const NS_PER_MS = 1e6;

/** Durations, in milliseconds; 0 where there are none. */
export interface LatencyFacts {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export class Histogram {
  count = 0;
  #minMs = Infinity;
  #maxMs = 0;
  #sumMs = 0;
  readonly #counts: Float64Array = new Float64Array(STEPS * (DOUBLINGS + 1));

  /** Notes a duration; one below 0 counts as 0. Makes no object. */
  record(ms: number): void {
    const spent = ms > 0 ? ms : 0;
    this.count++;
    this.#sumMs += spent;
    if (spent < this.#minMs) this.#minMs = spent;
    if (spent > this.#maxMs) this.#maxMs = spent;
    this.#counts[placeOf(spent * NS_PER_MS)]!++;
  }

  /** Adds all that another one has noted. */
  add(other: Histogram): void {
    this.count += other.count;
    this.#sumMs += other.#sumMs;
    this.#minMs = Math.min(this.#minMs, other.#minMs);
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
    for (let at = 0; at < this.#counts.length; at++) {
      this.#counts[at]! += other.#counts[at]!;
    }
  }

  /** The milliseconds that a share of the durations, such as 0.99, did not exceed. */
  quantile(share: number): number {
    if (this.count === 0) return 0;
    const wanted = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    for (let at = 0; at < this.#counts.length; at++) {
      seen += this.#counts[at]!;
      if (seen < wanted) continue;
      const ms = upperBound(at) / NS_PER_MS;
      return Math.max(this.#minMs, Math.min(ms, this.#maxMs));
    }
    return this.#maxMs;
  }

  facts(): LatencyFacts {
    const { count } = this;
    return {
      count,
      min: count === 0 ? 0 : this.#minMs,
      mean: count === 0 ? 0 : this.#sumMs / count,
      p50: this.quantile(0.5),
      p90: this.quantile(0.9),
      p99: this.quantile(0.99),
      p999: this.quantile(0.999),
      max: this.#maxMs,
    };
  }
}

/** Below 64 ns each nanosecond has a place of its own, above each 64th of a doubling. */
function placeOf(ns: number): number {
  if (ns < STEPS) return Math.floor(ns);
  const doubling = Math.floor(Math.log2(ns / STEPS));
  const step = Math.floor(ns / 2 ** doubling - STEPS);
  const place = STEPS * (doubling + 1) + Math.max(0, Math.min(step, STEPS - 1));
  return Math.min(place, STEPS * (DOUBLINGS + 1) - 1);
}

/** The nanoseconds that end a place. */
function upperBound(place: number): number {
  if (place < STEPS) return place + 1;
  const doubling = Math.floor(place / STEPS) - 1;
  return (STEPS + place % STEPS + 1) * 2 ** doubling;
}
