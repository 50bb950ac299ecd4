/** A sink for outboxes that takes bytes when it is told to. */
import type { ByteSink } from "../../src/core/outbox.ts";
import { takeText } from "../support/pieces.ts";

/** Keeps what it is given, as streams do, and says so from a mark on. */
export class LaggingSink implements ByteSink {
  readonly kept: Uint8Array[] = [];
  readonly #mark: number;
  text = "";

  constructor(mark: number) {
    this.#mark = mark;
  }

  get pendingBytes(): number {
    return this.kept.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  /** Memory that is held on to, used or not. */
  get retainedBytes(): number {
    const buffers = new Set(this.kept.map(({ buffer }) => buffer));
    return [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  write(bytes: Uint8Array): boolean {
    this.kept.push(bytes);
    return this.pendingBytes < this.#mark;
  }

  /** Reads what the memory holds by now, which is what a system would send. */
  drain(): void {
    this.take(Infinity);
  }

  /** As `drain`, for a number of bytes. */
  take(count: number): void {
    this.text += takeText(this.kept, count);
  }
}
