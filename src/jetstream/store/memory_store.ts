/**
 * A stream's messages in memory, for as long as the server runs. Short ones stand
 * close together, a few hundred in one piece of memory; of a piece whose messages
 * have gone for the most part, the others are taken out.
 */
import { forEachInSteps, type Steps } from "../../core/steps.ts";
import { MemorySegment } from "./memory_segment.ts";
import type { StoredMessage, StreamStore } from "./stream_store.ts";

/** What is longer has memory of its own. */
const SHORT_BYTES = 4096;
/** Messages that are read in a step. */
const STEP_MESSAGES = 500;

export class MemoryStore implements StreamStore {
  readonly isLasting: boolean = false;
  lastSeq = 0;
  /** Those that stand alone. */
  readonly #single = new Map<number, StoredMessage>();
  /** By number. */
  readonly #segments = new Map<number, MemorySegment>();
  /** The one that was used last. */
  #segment: MemorySegment = new MemorySegment(-1, 0);
  readonly #values = new Map<string, string>();

  *replay(take: (message: StoredMessage) => void): Steps<void> {
    const seqs = [...this.#single.keys()];
    for (const segment of this.#segments.values()) seqs.push(...segment.seqs());
    seqs.sort((a, b) => a - b);
    yield* forEachInSteps(seqs, STEP_MESSAGES, (seq) => {
      const message = this.load(seq);
      // What is taken may be removed at once.
      if (message !== undefined) take(message);
    });
  }

  skipTo(seq: number): void {
    this.lastSeq = seq;
  }

  append(message: StoredMessage): void {
    const { seq, headers, payload } = message;
    this.lastSeq = seq;
    if (headers.length + payload.length > SHORT_BYTES) {
      this.#keepAlone(message);
    } else this.#segmentFor(seq).add(message);
  }

  load(seq: number): StoredMessage | undefined {
    return this.#segmentOf(seq)?.load(seq) ?? this.#single.get(seq);
  }

  remove(seq: number): void {
    const segment = this.#segmentOf(seq);
    if (segment?.remove(seq) !== true) {
      this.#single.delete(seq);
      return;
    }
    // More are to come into the last one.
    const isLast = segment.number === MemorySegment.numberOf(this.lastSeq);
    if (segment.isSparse && !isLast) this.#break(segment);
  }

  put(name: string, value: string | undefined): void {
    if (value === undefined) this.#values.delete(name);
    else this.#values.set(name, value);
  }

  values(prefix: string): Iterable<readonly [string, string]> {
    return [...this.#values].filter(([name]) => name.startsWith(prefix))
      .sort(([a], [b]) => a < b ? -1 : 1);
  }

  sync(done: () => void): void {
    done();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  destroy(): Promise<void> {
    this.#single.clear();
    this.#segments.clear();
    this.#segment = new MemorySegment(-1, 0);
    this.#values.clear();
    return Promise.resolve();
  }

  #keepAlone(message: StoredMessage): void {
    const { seq, timeUs, subject, headers, payload } = message;
    this.#single.set(seq, {
      seq,
      timeUs,
      subject,
      headers: headers.slice(),
      payload: payload.slice(),
    });
  }

  #segmentOf(seq: number): MemorySegment | undefined {
    const number = MemorySegment.numberOf(seq);
    if (this.#segment.number === number) return this.#segment;
    const segment = this.#segments.get(number);
    if (segment !== undefined) this.#segment = segment;
    return segment;
  }

  #segmentFor(seq: number): MemorySegment {
    const known = this.#segmentOf(seq);
    if (known !== undefined) return known;
    const number = MemorySegment.numberOf(seq);
    const before = this.#segments.get(number - 1);
    before?.trim();
    if (before?.isSparse) this.#break(before);
    const segment = new MemorySegment(number, before?.usedBytes ?? 0);
    this.#segments.set(number, segment);
    this.#segment = segment;
    return segment;
  }

  /** Its messages stand alone from now on. */
  #break(segment: MemorySegment): void {
    this.#segments.delete(segment.number);
    if (this.#segment === segment) this.#segment = new MemorySegment(-1, 0);
    for (const seq of segment.seqs()) this.#keepAlone(segment.load(seq)!);
  }
}
