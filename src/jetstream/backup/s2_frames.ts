/**
 * A backup as a stream of S2 frames. Midge writes its bytes as they are, in
 * frames with a checksum; it reads compressed ones too, which nats-server writes.
 */
import { asciiBytes } from "../../core/ascii.ts";
import { joinBytes } from "../../core/join_bytes.ts";
import { maskedCrc32c } from "./crc32c.ts";
import { blockOf, corrupt } from "./s2_block.ts";

const STREAM_IDENTIFIER = 0xff;
const COMPRESSED = 0x00;
const UNCOMPRESSED = 0x01;
/** S2 (framing): a reader that does not know types from here on may leave them out. */
const FIRST_SKIPPABLE = 0x80;
const HEADER_BYTES = 4;
const CHECKSUM_BYTES = 4;
/** S2 (framing): the most bytes that a frame may stand for. */
const FRAME_MAX = 4 << 20;
const WRITTEN_MAX = 64 * 1024;

const BEGIN = frame(STREAM_IDENTIFIER, asciiBytes("S2sTwO"));

/** What stands in front of all frames. */
export function streamBegin(): Uint8Array {
  return BEGIN;
}

/** `bytes` in frames. */
export function framesOf(bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += WRITTEN_MAX) {
    const part = bytes.subarray(at, at + WRITTEN_MAX);
    const body = new Uint8Array(CHECKSUM_BYTES + part.length);
    new DataView(body.buffer).setUint32(0, maskedCrc32c(part), true);
    body.set(part, CHECKSUM_BYTES);
    frames.push(frame(UNCOMPRESSED, body));
  }
  return frames;
}

function frame(type: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.length);
  const { length } = body;
  bytes.set([type, length & 0xff, (length >> 8) & 0xff, length >> 16]);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

/** Takes frames apart, however they are cut. */
export class S2Reader {
  #rest: Uint8Array = new Uint8Array(0);
  #hasBegun = false;

  /** Whether all that came were whole frames. */
  get isAtEnd(): boolean {
    return this.#hasBegun && this.#rest.length === 0;
  }

  /** What stands in the frames that `bytes` end. Throws a `BackupError`. */
  push(bytes: Uint8Array): Uint8Array[] {
    const all = joinBytes([this.#rest, bytes]);
    const parts: Uint8Array[] = [];
    let at = 0;
    while (all.length - at >= HEADER_BYTES) {
      const [type = 0, low = 0, middle = 0, high = 0] = all.subarray(at);
      const end = at + HEADER_BYTES + low + (middle << 8) + (high << 16);
      if (end - at > FRAME_MAX + HEADER_BYTES + CHECKSUM_BYTES + 1024) {
        throw corrupt();
      }
      if (!this.#hasBegun && type !== STREAM_IDENTIFIER) throw corrupt();
      if (end > all.length) break;
      const part = this.#frame(type, all.subarray(at + HEADER_BYTES, end));
      if (part !== undefined) parts.push(part);
      at = end;
    }
    this.#rest = all.slice(at);
    return parts;
  }

  #frame(type: number, body: Uint8Array): Uint8Array | undefined {
    if (type === STREAM_IDENTIFIER) {
      const name = new TextDecoder().decode(body);
      if (name !== "S2sTwO" && name !== "sNaPpY") throw corrupt();
      this.#hasBegun = true;
      return undefined;
    }
    if (type >= FIRST_SKIPPABLE) return undefined;
    const isKnown = type === COMPRESSED || type === UNCOMPRESSED;
    if (!isKnown || body.length < CHECKSUM_BYTES) throw corrupt();
    const { buffer, byteOffset } = body;
    const checksum = new DataView(buffer, byteOffset).getUint32(0, true);
    const said = body.subarray(CHECKSUM_BYTES);
    const bytes = type === COMPRESSED ? blockOf(said) : said;
    if (maskedCrc32c(bytes) !== checksum) throw corrupt();
    return bytes;
  }
}
