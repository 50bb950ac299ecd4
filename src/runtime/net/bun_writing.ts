/**
 * What is written to one of Bun's sockets. A call takes what the system has room
 * for and says so at once; the rest waits here, in order, until there is room.
 */

/** A connection, as far as it is written to. */
export interface PartialSink {
  /** Tells how many bytes were taken; below 0: it is closed. */
  write(bytes: Uint8Array): number;
}

export class PartialWriter {
  pendingBytes = 0;
  readonly #sink: PartialSink;
  #queue: Uint8Array[] = [];

  constructor(sink: PartialSink) {
    this.#sink = sink;
  }

  /** False: something is pending. */
  write(bytes: Uint8Array): boolean {
    if (this.pendingBytes > 0) {
      this.#queue.push(bytes);
      this.pendingBytes += bytes.length;
      return false;
    }
    const taken = this.#take(bytes);
    if (taken === bytes.length) return true;
    this.#queue.push(bytes.subarray(taken));
    this.pendingBytes = bytes.length - taken;
    return false;
  }

  /** There is room again. True: nothing is pending any more. */
  goOn(): boolean {
    const queue = this.#queue;
    let done = 0;
    while (done < queue.length) {
      const bytes = queue[done]!;
      const taken = this.#take(bytes);
      this.pendingBytes -= taken;
      if (taken < bytes.length) {
        queue[done] = bytes.subarray(taken);
        break;
      }
      done++;
    }
    if (done > 0) queue.splice(0, done);
    return this.pendingBytes === 0;
  }

  /** What is pending is not sent any more. */
  drop(): void {
    this.#queue = [];
    this.pendingBytes = 0;
  }

  #take(bytes: Uint8Array): number {
    return Math.max(0, this.#sink.write(bytes));
  }
}
