/**
 * One compressed block of S2, which is Snappy with copies that repeat the offset
 * of the one before.
 */

/** The largest block that S2 makes. */
const BLOCK_MAX = 4 << 20;

/** A text that says what is wrong with a backup. */
export class BackupError extends Error {
  override readonly name = "BackupError";
}

/** NATS JetStream: what is said of bytes that are no S2. */
export function corrupt(): BackupError {
  return new BackupError("s2: corrupt input");
}

/** What a block says. Throws a `BackupError` for one that makes no sense. */
export function blockOf(from: Uint8Array): Uint8Array {
  return new BlockReader(from).read();
}

class BlockReader {
  readonly #from: Uint8Array;
  #at = 0;
  #to: Uint8Array = new Uint8Array(0);
  #end = 0;
  #offset = 1;

  constructor(from: Uint8Array) {
    this.#from = from;
  }

  read(): Uint8Array {
    const length = this.#length();
    if (length > BLOCK_MAX) throw corrupt();
    this.#to = new Uint8Array(length);
    while (this.#at < this.#from.length) this.#element();
    if (this.#end !== length) throw corrupt();
    return this.#to;
  }

  #length(): number {
    let length = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#number(1);
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return length;
    }
    throw corrupt();
  }

  /** The next `size` bytes, the lowest first. */
  #number(size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) {
      const byte = this.#from[this.#at++];
      if (byte === undefined) throw corrupt();
      value += byte * 2 ** (8 * i);
    }
    return value;
  }

  #element(): void {
    const tag = this.#number(1);
    const high = tag >> 2;
    switch (tag & 3) {
      case 0:
        return this.#literal(
          high < 60 ? high + 1 : this.#number(high - 59) + 1,
        );
      case 1:
        return this.#shortCopy(tag);
      case 2:
        this.#offset = this.#number(2);
        break;
      default:
        this.#offset = this.#number(4);
    }
    this.#copy(high + 1);
  }

  /** S2: with an offset of 0, the last one counts, and long lengths have bytes of their own. */
  #shortCopy(tag: number): void {
    const offset = ((tag & 0xe0) << 3) | this.#number(1);
    const short = (tag >> 2) & 7;
    if (offset !== 0) {
      this.#offset = offset;
      return this.#copy(short + 4);
    }
    if (short < 5) return this.#copy(short + 4);
    const size = short - 4;
    const least = size === 1 ? 4 : 2 ** (8 * (size - 1));
    this.#copy(this.#number(size) + least + 4);
  }

  #literal(length: number): void {
    const end = this.#at + length;
    const isBeyond = end > this.#from.length ||
      this.#end + length > this.#to.length;
    if (isBeyond) throw corrupt();
    this.#to.set(this.#from.subarray(this.#at, end), this.#end);
    this.#at = end;
    this.#end += length;
  }

  /** What is copied may reach into what it makes. */
  #copy(length: number): void {
    const start = this.#end - this.#offset;
    const isBeyond = this.#offset === 0 || start < 0 ||
      this.#end + length > this.#to.length;
    if (isBeyond) throw corrupt();
    const to = this.#to;
    for (let i = 0; i < length; i++) to[this.#end + i] = to[start + i]!;
    this.#end += length;
  }
}
