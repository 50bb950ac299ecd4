/**
 * Compression of messages by `node:zlib`, which all runtimes have, at once and
 * on the thread that asks: a socket hands on in one step what it has read.
 */
import { type Deflate, InflateError } from "../../platform/deflate.ts";
import { builtInModule } from "./built_in.ts";
import { errorCode } from "./system.ts";

/** What is cut off behind a message: the end of an empty block. */
const TAIL_BYTES = 4;
/** Stands for it, and for the end of all. */
const ENDS = Uint8Array.of(0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff);

/** Compression costs mostly the memory for a window: one for short messages, and one for all others. */
const SHORT_BYTES = 1024;
/** zlib's `Z_BEST_SPEED` and `Z_SYNC_FLUSH`. */
const USUAL = { level: 1, finishFlush: 2 };
const SHORT = { ...USUAL, windowBits: 10, memLevel: 4 };

type Zlib = typeof import("node:zlib");

let loaded: Zlib | undefined;

function zlib(): Zlib {
  return loaded ??= builtInModule<Zlib>("node:zlib");
}

export const deflate: Deflate = {
  deflate(bytes) {
    const options = bytes.length > SHORT_BYTES ? USUAL : SHORT;
    const packed = zlib().deflateRawSync(bytes, options);
    return packed.subarray(0, packed.length - TAIL_BYTES);
  },
  inflate(bytes, bytesMax) {
    const ended = new Uint8Array(bytes.length + ENDS.length);
    ended.set(bytes);
    ended.set(ENDS, bytes.length);
    try {
      return plain(zlib().inflateRawSync(ended, { maxOutputLength: bytesMax }));
    } catch (error) {
      const isTooLarge = errorCode(error) === "ERR_BUFFER_TOO_LARGE";
      throw new InflateError(isTooLarge, error);
    }
  },
};

/** No Buffer, whose `slice` would not copy. */
function plain({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}
