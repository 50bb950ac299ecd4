/**
 * What is published while there is no connection: whole messages, in their
 * order, up to a limit. What becomes of those that do not fit is the user's
 * choice. The next connection gets everything that is left; a message is handed
 * over once, whether or not it arrives.
 */
import { type Deferred, deferred } from "../../core/deferred.ts";
import type { Outbox } from "../../core/outbox.ts";
import { BufferFullError } from "../api/errors.ts";
import type { BufferPolicy } from "../api/message.ts";
import type { StatusSink } from "../api/status.ts";

export interface BacklogOptions {
  readonly maxBytes: number;
  readonly policy: BufferPolicy;
}

/** Publishers that wait for room; one more is refused. */
export const WAITING_MAX = 1024;

/** The size of the blocks that messages lie in, so that small ones cost little more than their bytes. */
const BLOCK_BYTES = 65_536;

/** Sizes of messages that were dropped are forgotten in batches, of at least this many. */
const COMPACT_AT = 1024;

interface Block {
  readonly bytes: Uint8Array;
  /** Where the oldest message that was not dropped begins. */
  start: number;
  end: number;
}

interface Waiting {
  readonly frame: Uint8Array;
  readonly taken: Deferred<void>;
}

export class Backlog {
  droppedMsgs = 0;
  readonly #options: BacklogOptions;
  readonly #statuses: StatusSink;
  #blocks: Block[] = [];
  /** Of the messages in the blocks, from `#first` on. */
  #sizes: number[] = [];
  #first = 0;
  #keptBytes = 0;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** The first message that is dropped between two connections is told as a status. */
  #isDropping = false;

  constructor(options: BacklogOptions, statuses: StatusSink) {
    this.#options = options;
    this.#statuses = statuses;
  }

  /** Kept and waiting. */
  get bytes(): number {
    return this.#keptBytes + this.#waitingBytes;
  }

  /**
   * Keeps a message; `frame` is given. Throws `BufferFullError`, or gives a
   * promise that resolves when the message was taken, if it does not fit.
   */
  add(frame: Uint8Array): Promise<void> | undefined {
    const { policy, maxBytes } = this.#options;
    if (this.#fits(frame) && this.#waiting.length === 0) {
      this.#keep(frame);
      return undefined;
    }
    if (policy === "wait") return this.#wait(frame);
    if (policy === "error") throw new BufferFullError(maxBytes);
    if (policy === "drop-newest" || frame.length > maxBytes) {
      this.#noteDrop();
      return undefined;
    }
    while (!this.#fits(frame)) this.#dropOldest();
    this.#keep(frame);
    return undefined;
  }

  /** Hands everything over. */
  moveTo(outbox: Outbox): void {
    for (const { bytes, start, end } of this.#blocks) {
      outbox.append(bytes.subarray(start, end));
    }
    this.#forgetKept();
    const waiting = this.#waiting;
    this.#forgetWaiting();
    for (const { frame, taken } of waiting) {
      outbox.append(frame);
      taken.resolve();
    }
    this.#isDropping = false;
  }

  /** There will be no connection any more. */
  end(cause: Error): void {
    const waiting = this.#waiting;
    this.#forgetKept();
    this.#forgetWaiting();
    for (const { taken } of waiting) taken.reject(cause);
  }

  #fits(frame: Uint8Array): boolean {
    return this.#keptBytes + frame.length <= this.#options.maxBytes;
  }

  #keep(frame: Uint8Array): void {
    let block = this.#blocks.at(-1);
    if (block === undefined || block.bytes.length - block.end < frame.length) {
      const bytes = new Uint8Array(Math.max(BLOCK_BYTES, frame.length));
      block = { bytes, start: 0, end: 0 };
      this.#blocks.push(block);
    }
    block.bytes.set(frame, block.end);
    block.end += frame.length;
    this.#keptBytes += frame.length;
    this.#sizes.push(frame.length);
  }

  #wait(frame: Uint8Array): Promise<void> {
    if (this.#waiting.length >= WAITING_MAX) {
      throw new BufferFullError(this.#options.maxBytes);
    }
    const taken = deferred<void>();
    // A program that ignores the promise gets no unhandled rejection.
    taken.promise.catch(() => {});
    this.#waiting.push({ frame, taken });
    this.#waitingBytes += frame.length;
    return taken.promise;
  }

  #dropOldest(): void {
    const size = this.#sizes[this.#first++]!;
    const block = this.#blocks[0]!;
    block.start += size;
    this.#keptBytes -= size;
    if (block.start === block.end) this.#blocks.shift();
    if (this.#first >= COMPACT_AT && this.#first * 2 > this.#sizes.length) {
      this.#sizes = this.#sizes.slice(this.#first);
      this.#first = 0;
    }
    this.#noteDrop();
  }

  #noteDrop(): void {
    this.droppedMsgs++;
    if (this.#isDropping) return;
    this.#isDropping = true;
    const { policy } = this.#options;
    this.#statuses.tell({ type: "dropped", policy });
  }

  #forgetKept(): void {
    this.#blocks = [];
    this.#sizes = [];
    this.#first = 0;
    this.#keptBytes = 0;
  }

  #forgetWaiting(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}
