/**
 * Frames out of the bytes of a stream, cut anywhere. Payloads are unmasked where
 * they lie and moved together, so that all messages of a chunk are handed on as
 * one piece, without a copy. Where messages begin and end means nothing: they
 * carry a stream.
 */
import { InflateError } from "../platform/deflate.ts";
import { CloseCode, isCloseCode } from "./close_codes.ts";
import { CompressedMessage, type Inflation } from "./compressed_message.ts";
import {
  COMPRESSED,
  CONTROL,
  CONTROL_BYTES_MAX,
  FINAL,
  HEADER_BYTES_MAX,
  KEY_BYTES,
  LENGTH_16,
  LENGTH_64,
  LENGTH_BITS,
  MASKED,
  Opcode,
  OPCODE_BITS,
  RESERVED,
  WebSocketError,
} from "./frames.ts";
import { forgetMasked, mask } from "./mask.ts";

/** Who is told what the frames say. */
export interface FrameSink {
  /** Bytes of messages, lent as the chunk is. False: nothing more is to come for now. */
  message(bytes: Uint8Array): boolean;
  /** To be answered with a PONG of the same. */
  ping(payload: Uint8Array): void;
  /** The peer ends; `payload` is what it said, checked. Nothing more is read. */
  closing(payload: Uint8Array): void;
}

/** What holds for the frames of one peer. */
export interface FrameRules {
  /** Frames have to be masked, may be, or must not be. */
  readonly masks: "needed" | "allowed" | "refused";
  /** Absent: no message may be compressed. */
  readonly inflation?: Inflation | undefined;
}

/** Above this a length is no number any more that counts bytes. */
const LENGTH_HIGH_MAX = 0x1fffff;
const WORD = 2 ** 32;

/** What may be inflated in one call of `read`, in bytes of messages. */
const INFLATED_MAX = 1_048_576;
/** A message costs this many besides its own, be it empty: that is what takes the time of a bomb of small ones. */
const INFLATED_EACH = 32_768;

const utf8 = new TextDecoder("utf-8", { fatal: true });

export class FrameReader {
  readonly #sink: FrameSink;
  readonly #rules: FrameRules;
  /** Bytes of a header that the end of a chunk has cut. */
  #torn: Uint8Array | undefined = undefined;
  #tornLength = 0;
  /** A frame is under way, or was read and could not be handed on. */
  #inFrame = false;
  /** Bytes of its payload that have not come. */
  #left = 0;
  #opcode: number = Opcode.CONTINUATION;
  #isFinal = true;
  #key = 0;
  #phase = 0;
  /** The last data frame was the last of its message. */
  #isMessageOver = true;
  /** The message under way, if it is compressed. */
  #compressed: CompressedMessage | undefined = undefined;
  #control: Uint8Array | undefined = undefined;
  #controlLength = 0;
  /** By the call of `read` under way. */
  #inflatedBytes = 0;
  /** Where the bytes lie in the chunk that are to be handed on. */
  #start = 0;
  #end = 0;

  constructor(sink: FrameSink, rules: FrameRules) {
    this.#sink = sink;
    this.#rules = rules;
  }

  /** A whole frame waits until `read` is called again, be it with no bytes. */
  get isHolding(): boolean {
    return this.#inFrame && this.#left === 0;
  }

  /**
   * Reads `chunk` (borrowed, and written to) up to its end, or to where the sink
   * wanted nothing more, or where enough was inflated for one turn: gives how far
   * it came. Throws a `WebSocketError` behind what was right.
   */
  read(chunk: Uint8Array): number {
    this.#start = 0;
    this.#end = 0;
    this.#inflatedBytes = 0;
    try {
      return this.#read(chunk);
    } catch (error) {
      this.#handOn(chunk);
      throw error;
    } finally {
      forgetMasked();
    }
  }

  #read(chunk: Uint8Array): number {
    let at = 0;
    for (;;) {
      if (!this.#inFrame) at = this.#readHeader(chunk, at);
      if (!this.#inFrame) break;
      const count = Math.min(this.#left, chunk.length - at);
      if (count > 0) {
        this.#take(chunk, at, count);
        this.#left -= count;
        at += count;
      }
      if (this.#left > 0) break;
      if (!this.#finish(chunk)) return at;
    }
    this.#handOn(chunk);
    return at;
  }

  /** Gives where the payload begins, or the end of the chunk if the header is not whole. */
  #readHeader(chunk: Uint8Array, at: number): number {
    if (this.#tornLength > 0) return this.#mendHeader(chunk, at);
    const there = chunk.length - at;
    if (there >= 2) {
      this.#check(chunk[at]!, chunk[at + 1]!);
      const length = headerLength(chunk[at + 1]!);
      if (there >= length) {
        this.#begin(chunk, at);
        return at + length;
      }
    }
    if (there > 0) {
      this.#torn ??= new Uint8Array(HEADER_BYTES_MAX);
      this.#torn.set(chunk.subarray(at));
      this.#tornLength = there;
    }
    return chunk.length;
  }

  #mendHeader(chunk: Uint8Array, from: number): number {
    const torn = this.#torn!;
    let at = from;
    while (at < chunk.length) {
      torn[this.#tornLength++] = chunk[at++]!;
      if (this.#tornLength === 2) this.#check(torn[0]!, torn[1]!);
      if (this.#tornLength < 2) continue;
      if (this.#tornLength < headerLength(torn[1]!)) continue;
      this.#tornLength = 0;
      this.#begin(torn, 0);
      break;
    }
    return at;
  }

  /** The rules that a frame breaks are told of in the order of nats-server. */
  #check(first: number, second: number): void {
    const { masks, inflation } = this.#rules;
    const isCompressed = (first & COMPRESSED) !== 0;
    const isMasked = (second & MASKED) !== 0;
    if ((first & RESERVED) !== 0) wrong("RSV2 and RSV3 must be clear");
    if (isCompressed && inflation === undefined) {
      wrong("compressed frame received without negotiated permessage-deflate");
    }
    if (masks === "needed" && !isMasked) wrong("mask bit missing");
    if (masks === "refused" && isMasked) wrong("mask bit must be clear");
    const opcode = first & OPCODE_BITS;
    const isFinal = (first & FINAL) !== 0;
    switch (opcode) {
      case Opcode.PING:
      case Opcode.PONG:
      case Opcode.CLOSE:
        return checkControl(second & LENGTH_BITS, isFinal, isCompressed);
      case Opcode.TEXT:
      case Opcode.BINARY:
        if (this.#isMessageOver) return;
        return wrong(
          "new message started before final frame for previous message was received",
        );
      case Opcode.CONTINUATION:
        if (!this.#isMessageOver && !isCompressed) return;
        return wrong("invalid continuation frame");
      default:
        wrong(`unknown opcode ${opcode}`);
    }
  }

  /** A frame whose header at `at` is whole, and right so far. */
  #begin(header: Uint8Array, at: number): void {
    const first = header[at]!;
    const second = header[at + 1]!;
    this.#opcode = first & OPCODE_BITS;
    this.#isFinal = (first & FINAL) !== 0;
    const length = second & LENGTH_BITS;
    let next = at + 2;
    if (length === LENGTH_16) {
      this.#left = header[next]! << 8 | header[next + 1]!;
      next += 2;
    } else if (length === LENGTH_64) {
      const high = wordAt(header, next) >>> 0;
      if (high > LENGTH_HIGH_MAX) wrong("invalid 64-bit payload length");
      this.#left = high * WORD + (wordAt(header, next + 4) >>> 0);
      next += 8;
    } else this.#left = length;
    this.#key = (second & MASKED) === 0 ? 0 : wordAt(header, next);
    this.#phase = 0;
    this.#inFrame = true;
    if ((this.#opcode & CONTROL) !== 0) {
      this.#controlLength = 0;
      return;
    }
    this.#isMessageOver = this.#isFinal;
    if ((first & COMPRESSED) !== 0) {
      this.#compressed = new CompressedMessage(this.#rules.inflation!);
    }
    this.#compressed?.expect(this.#left);
  }

  /** `count` bytes of a payload at `at`. */
  #take(chunk: Uint8Array, at: number, count: number): void {
    if ((this.#opcode & CONTROL) !== 0) {
      this.#control ??= new Uint8Array(CONTROL_BYTES_MAX);
      this.#control.set(chunk.subarray(at, at + count), this.#controlLength);
      mask(this.#control, this.#controlLength, count, this.#key, this.#phase);
      this.#controlLength += count;
    } else if (this.#compressed !== undefined) {
      mask(chunk, at, count, this.#key, this.#phase);
      this.#compressed.take(chunk, at, count);
    } else this.#gather(chunk, at, count);
    this.#phase = this.#phase + count & 3;
  }

  /** Moves bytes of messages close behind those before them. */
  #gather(chunk: Uint8Array, at: number, count: number): void {
    if (this.#start === this.#end) {
      this.#start = at;
      this.#end = at;
    } else if (this.#end !== at) move(chunk, this.#end, at, count);
    mask(chunk, this.#end, count, this.#key, this.#phase);
    this.#end += count;
  }

  /** A frame is whole. False: what was handed on before was enough for now. */
  #finish(chunk: Uint8Array): boolean {
    switch (this.#opcode) {
      case Opcode.PING:
        this.#inFrame = false;
        this.#sink.ping(this.#controlPayload);
        return true;
      case Opcode.PONG:
        this.#inFrame = false;
        return true;
      case Opcode.CLOSE:
        if (!this.#handOn(chunk)) return false;
        this.#inFrame = false;
        checkClose(this.#controlPayload);
        this.#sink.closing(this.#controlPayload);
        return false;
      default:
        return this.#finishData(chunk);
    }
  }

  #finishData(chunk: Uint8Array): boolean {
    const compressed = this.#compressed;
    if (compressed === undefined || !this.#isFinal) {
      this.#inFrame = false;
      return true;
    }
    if (!this.#handOn(chunk)) return false;
    this.#inFrame = false;
    this.#compressed = undefined;
    const bytes = inflated(compressed);
    this.#inflatedBytes += INFLATED_EACH + bytes.length;
    const goesOn = bytes.length === 0 || this.#sink.message(bytes);
    return goesOn && this.#inflatedBytes < INFLATED_MAX;
  }

  get #controlPayload(): Uint8Array {
    return this.#control?.subarray(0, this.#controlLength) ??
      new Uint8Array(0);
  }

  /** Hands on what is gathered. False: that was enough for now. */
  #handOn(chunk: Uint8Array): boolean {
    const start = this.#start;
    const end = this.#end;
    if (start === end) return true;
    this.#start = this.#end;
    return this.#sink.message(chunk.subarray(start, end));
  }
}

/** Up to here a loop is faster than a call. */
const SHORT_BYTES = 48;

function move(
  bytes: Uint8Array,
  to: number,
  from: number,
  count: number,
): void {
  if (count > SHORT_BYTES) return void bytes.copyWithin(to, from, from + count);
  for (let at = 0; at < count; at++) bytes[to + at] = bytes[from + at]!;
}

function headerLength(second: number): number {
  const length = second & LENGTH_BITS;
  const key = (second & MASKED) === 0 ? 0 : KEY_BYTES;
  if (length === LENGTH_16) return 4 + key;
  return (length === LENGTH_64 ? 10 : 2) + key;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 |
    bytes[at + 3]!;
}

function checkControl(
  length: number,
  isFinal: boolean,
  isCompressed: boolean,
): void {
  if (length > CONTROL_BYTES_MAX) {
    wrong(
      `control frame length bigger than maximum allowed of ${CONTROL_BYTES_MAX} bytes`,
    );
  }
  if (!isFinal) wrong("control frame does not have final bit set");
  if (isCompressed) wrong("control frame must not be compressed");
}

/** The payload of a CLOSE: nothing, or a status and a text. */
function checkClose(payload: Uint8Array): void {
  if (payload.length === 0) return;
  if (payload.length === 1) wrong("close frame payload cannot be 1 byte");
  const code = payload[0]! << 8 | payload[1]!;
  if (!isCloseCode(code)) wrong(`invalid close status code ${code}`);
  try {
    utf8.decode(payload.subarray(2));
  } catch (cause) {
    const text = "invalid utf8 body in close frame";
    throw new WebSocketError(text, CloseCode.INVALID_TEXT, { cause });
  }
}

function inflated(message: CompressedMessage): Uint8Array {
  try {
    return message.inflate();
  } catch (error) {
    if (!(error instanceof InflateError)) throw error;
    const text = error.isTooLarge
      ? "maximum payload exceeded"
      : "flate: corrupt input";
    throw new WebSocketError(text, CloseCode.PROTOCOL_ERROR, { cause: error });
  }
}

function wrong(text: string): never {
  throw new WebSocketError(text, CloseCode.PROTOCOL_ERROR);
}
