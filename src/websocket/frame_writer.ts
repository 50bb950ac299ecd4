/**
 * Frames onto a stream: one for all that is written at once, or several where
 * the peer wants them small. Header and payload reach the stream together, in
 * memory that is used again; what is long, or waits behind a peer that lags, is
 * handed on as it is.
 */
import { type ByteSink, Outbox } from "../core/outbox.ts";
import type { SlabPool } from "../core/slab_pool.ts";
import type { Random } from "../platform/clock.ts";
import type { Deflate } from "../platform/deflate.ts";
import type { Socket } from "../platform/socket.ts";
import {
  COMPRESSED,
  FINAL,
  HEADER_BYTES_MAX,
  KEY_BYTES,
  LENGTH_16,
  LENGTH_64,
  MASKED,
  Opcode,
} from "./frames.ts";
import { forgetMasked, mask } from "./mask.ts";
import { MaskKeys } from "./mask_keys.ts";

/** What holds for the frames to one peer. */
export interface FrameStyle {
  /** Present: frames are masked, by keys that it gives. */
  readonly random?: Random | undefined;
  /** Present: messages are compressed. */
  readonly deflate?: Deflate | undefined;
  /** A payload that is longer goes out in several frames. */
  readonly frameBytesMax?: number | undefined;
  /** A payload of a compressed message that is longer goes out in several frames. */
  readonly compressedFrameBytesMax?: number | undefined;
}

/** What is not longer is not worth compressing. */
const PLAIN_BYTES_MAX = 64;
/** Longer payloads are not copied behind their header. */
const COPIED_BYTES_MAX = 65_536 - HEADER_BYTES_MAX;
/** Nor is what a stream keeps waiting that has this much to send. */
const LAGGING_BYTES = 16_384;

export class FrameWriter implements ByteSink {
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #keys: MaskKeys | undefined;
  readonly #deflate: Deflate | undefined;
  readonly #frameBytesMax: number;
  readonly #compressedFrameBytesMax: number;
  /** Bytes that the socket was ever given. */
  #given: number;
  #goesOn = true;
  /** Of each write that the socket may not have taken: `#given` behind it, and the bytes of its payload. */
  readonly #ends: number[] = [];
  readonly #sizes: number[] = [];
  #unsure = 0;

  constructor(
    socket: Socket,
    slabs: SlabPool,
    { random, deflate, frameBytesMax, compressedFrameBytesMax }: FrameStyle,
  ) {
    this.#socket = socket;
    this.#outbox = new Outbox(slabs, this);
    this.#keys = random === undefined ? undefined : new MaskKeys(random);
    this.#deflate = deflate;
    this.#frameBytesMax = frameBytesMax ?? Infinity;
    this.#compressedFrameBytesMax = compressedFrameBytesMax ?? Infinity;
    this.#given = socket.pendingBytes;
  }

  /** Bytes of frames that the socket has not taken. */
  get pendingBytes(): number {
    return this.#socket.pendingBytes;
  }

  /** Bytes of payloads that it has not taken. */
  get pendingPayload(): number {
    const pending = this.#socket.pendingBytes;
    if (pending === 0) {
      if (this.#unsure > 0) this.#forget(this.#ends.length);
      return 0;
    }
    const taken = this.#given - pending;
    let count = 0;
    while (count < this.#ends.length && this.#ends[count]! <= taken) count++;
    if (count > 0) this.#forget(count);
    if (this.#ends.length === 0) return 0;
    // The last bytes of a frame are those of its payload.
    const [end, size] = [this.#ends[0]!, this.#sizes[0]!];
    return this.#unsure - size + Math.min(size, end - taken);
  }

  /** Sends a message. False: the socket asks to wait. */
  message(payload: Uint8Array): boolean {
    const first = FINAL | Opcode.BINARY;
    if (this.#deflate !== undefined && payload.length > PLAIN_BYTES_MAX) {
      this.#fragments(this.#deflate.deflate(payload));
    } else if (payload.length > this.#frameBytesMax) {
      const step = this.#frameBytesMax;
      for (let at = 0; at < payload.length; at += step) {
        this.#frame(first, payload.subarray(at, at + step));
      }
    } else this.#frame(first, payload);
    this.#outbox.flush();
    forgetMasked();
    if (this.#socket.pendingBytes > 0) {
      this.#ends.push(this.#given);
      this.#sizes.push(payload.length);
      this.#unsure += payload.length;
    }
    return this.#goesOn;
  }

  /** Sends a control frame. */
  control(opcode: number, payload: Uint8Array): void {
    this.#frame(FINAL | opcode, payload);
    this.#outbox.flush();
  }

  /** Takes memory back of which the socket has taken every byte. */
  reclaim(): void {
    this.#outbox.reclaim();
  }

  /** For the outbox: frames on their way to the socket. */
  write(bytes: Uint8Array): boolean {
    this.#given += bytes.length;
    this.#goesOn = this.#socket.write(bytes);
    return this.#goesOn;
  }

  #fragments(compressed: Uint8Array): void {
    const step = this.#compressedFrameBytesMax;
    if (compressed.length <= step) {
      return this.#frame(FINAL | COMPRESSED | Opcode.BINARY, compressed);
    }
    for (let at = 0; at < compressed.length; at += step) {
      const end = Math.min(at + step, compressed.length);
      const first = (at === 0 ? COMPRESSED | Opcode.BINARY : 0) |
        (end === compressed.length ? FINAL : 0);
      this.#frame(first, compressed.subarray(at, end));
    }
  }

  #frame(first: number, payload: Uint8Array): void {
    const outbox = this.#outbox;
    const { length } = payload;
    const isCopied = this.#keys !== undefined ||
      length <= COPIED_BYTES_MAX && this.pendingBytes < LAGGING_BYTES;
    outbox.reserve(HEADER_BYTES_MAX + (isCopied ? length : 0));
    const key = this.#keys?.next();
    outbox.end = writeHeader(outbox.slab, outbox.end, first, length, key);
    if (!isCopied) {
      outbox.flush();
      this.write(payload);
      return;
    }
    outbox.slab.set(payload, outbox.end);
    if (key !== undefined) mask(outbox.slab, outbox.end, length, key, 0);
    outbox.end += length;
  }

  /** The socket has taken the first `count` of the writes that are noted. */
  #forget(count: number): void {
    if (count === this.#ends.length) {
      this.#ends.length = 0;
      this.#sizes.length = 0;
      this.#unsure = 0;
      return;
    }
    this.#ends.splice(0, count);
    for (const size of this.#sizes.splice(0, count)) this.#unsure -= size;
  }
}

/** Gives where the payload begins. */
function writeHeader(
  target: Uint8Array,
  start: number,
  first: number,
  length: number,
  key: number | undefined,
): number {
  let at = start;
  const masked = key === undefined ? 0 : MASKED;
  target[at++] = first;
  if (length < LENGTH_16) target[at++] = masked | length;
  else if (length <= 0xffff) {
    target[at++] = masked | LENGTH_16;
    target[at++] = length >>> 8;
    target[at++] = length;
  } else {
    target[at++] = masked | LENGTH_64;
    at = writeWord(target, at, Math.floor(length / 2 ** 32));
    at = writeWord(target, at, length);
  }
  return key === undefined ? at : writeWord(target, at, key);
}

function writeWord(target: Uint8Array, at: number, word: number): number {
  target[at] = word >>> 24;
  target[at + 1] = word >>> 16;
  target[at + 2] = word >>> 8;
  target[at + 3] = word;
  return at + KEY_BYTES;
}
