/**
 * Where the bytes of received messages are kept. Small ones share a block, since
 * V8 takes a microsecond to make an array of more than 64 bytes, and Deno to
 * make any. A message keeps its block alive as long as the program holds it, so
 * blocks are small: 64 messages, but for tiny and for long ones.
 */

const BLOCK_MIN_BYTES = 4096;
const BLOCK_MAX_BYTES = 65_536;
/** Longer messages have memory of their own. */
const SHARED_MAX_BYTES = 4096;
const MESSAGES_A_BLOCK = 64;
/** Programs may look at a payload as an array of numbers. */
const ALIGNMENT = 8;

export class MessageMemory {
  /** The block that the last message lies in, up to `end`. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  end = 0;

  /**
   * Makes room for `head` bytes and `body` bytes behind them, in `bytes`; gives
   * where the head begins. The body is aligned.
   */
  take(head: number, body: number): number {
    const start = this.end + (-(this.end + head) & (ALIGNMENT - 1));
    const end = start + head + body;
    // A block that was transferred elsewhere has no bytes any more.
    if (end > this.bytes.length) return this.#takeNew(head, body);
    this.end = end;
    return start;
  }

  #takeNew(head: number, body: number): number {
    const start = -head & (ALIGNMENT - 1);
    const size = start + head + body;
    const isShared = size <= SHARED_MAX_BYTES;
    this.bytes = new Uint8Array(isShared ? blockBytes(size) : size);
    this.end = start + head + body;
    return start;
  }
}

/** How much room there is for a message and others like it. */
function blockBytes(size: number): number {
  const bytes = size * MESSAGES_A_BLOCK;
  return Math.min(BLOCK_MAX_BYTES, Math.max(BLOCK_MIN_BYTES, bytes));
}
