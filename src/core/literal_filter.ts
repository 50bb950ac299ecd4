/**
 * Says of most subjects that nobody subscribes to them, by their bytes and
 * without a string. To ask a map about a text that is new costs an engine more
 * than a small message: it is hashed and, on Deno, entered into the table of all
 * texts that are keys, 10 microseconds and more for the reply subject of each
 * request.
 */
import { hashBytes, hashText } from "./ascii.ts";

const SLOTS_MIN = 64;
const SLOTS_MAX = 262_144;
/** Up to there three of four subjects that are not there are known not to be. */
const SLOTS_PER_SUBJECT = 4;
/** A slot that has counted so far stays there. */
const FULL = 255;

/** How many subjects fall into each slot. */
export class LiteralFilter {
  #counts: Uint8Array = new Uint8Array(0);
  #size = 0;

  /** There is no more room: `addAll` is to be called with those that are there. */
  get isCrowded(): boolean {
    const slots = this.#counts.length;
    return this.#size * SLOTS_PER_SUBJECT >= slots && slots < SLOTS_MAX;
  }

  /** Begins anew, with room for as many subjects as are there and for more. */
  addAll(subjects: Iterable<string>): void {
    const slots = Math.max(SLOTS_MIN, this.#counts.length * SLOTS_PER_SUBJECT);
    this.#counts = new Uint8Array(slots);
    this.#size = 0;
    for (const subject of subjects) this.add(subject);
  }

  add(subject: string): void {
    this.#size++;
    const slot = hashText(subject) & (this.#counts.length - 1);
    if (this.#counts[slot]! < FULL) this.#counts[slot]!++;
  }

  /** `subject` was added. */
  remove(subject: string): void {
    this.#size--;
    const slot = hashText(subject) & (this.#counts.length - 1);
    if (this.#counts[slot]! < FULL) this.#counts[slot]!--;
  }

  /** False: `buffer[start, end)` is none of them. */
  mayHold(buffer: Uint8Array, start: number, end: number): boolean {
    return this.#size > 0 && this.#isTaken(hashBytes(buffer, start, end));
  }

  /** As `mayHold`, for a text. */
  mayHoldText(subject: string): boolean {
    return this.#size > 0 && this.#isTaken(hashText(subject));
  }

  #isTaken(hash: number): boolean {
    return this.#counts[hash & (this.#counts.length - 1)]! > 0;
  }
}
