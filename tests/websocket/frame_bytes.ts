/** Frames as bytes, right and wrong ones, and what frames say. */
import { asciiBytes } from "../../src/core/ascii.ts";
import { joinedBytes } from "./hand_socket.ts";

export interface FrameShape {
  /** Default: the last one of its message. */
  readonly final?: boolean;
  /** The three bits behind it: 4 is compression. */
  readonly bits?: number;
  /** Four bytes; undefined: not masked. Default: some. */
  readonly key?: Uint8Array | undefined;
  /** What the header says; default: what there is. */
  readonly length?: number | bigint;
  /** Default: the shortest form of the length. */
  readonly lengthBytes?: 0 | 2 | 8;
}

const SOME_KEY = Uint8Array.of(1, 2, 3, 4);

/** One frame, with a payload of bytes or of a byte string. */
export function frame(
  opcode: number,
  payload: Uint8Array | string = "",
  shape: FrameShape = {},
): Uint8Array {
  const bytes = typeof payload === "string" ? asciiBytes(payload) : payload;
  const { final = true, bits = 0, length = bytes.length } = shape;
  const key = "key" in shape ? shape.key : SOME_KEY;
  const usual = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const { lengthBytes = usual } = shape;
  const keyLength = key === undefined ? 0 : 4;
  const start = 2 + lengthBytes + keyLength;
  const all = new Uint8Array(start + bytes.length);
  all[0] = (final ? 0x80 : 0) | bits << 4 | opcode;
  all[1] = (key === undefined ? 0 : 0x80) |
    (lengthBytes === 0 ? Number(length) : lengthBytes === 2 ? 126 : 127);
  let rest = BigInt(lengthBytes === 0 ? 0 : length);
  for (let at = 1 + lengthBytes; at > 1 && rest > 0n; at--) {
    all[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  if (key !== undefined) all.set(key, 2 + lengthBytes);
  for (let at = 0; at < bytes.length; at++) {
    all[start + at] = bytes[at]! ^ (key === undefined ? 0 : key[at % 4]!);
  }
  return all;
}

export interface FrameRead {
  readonly opcode: number;
  readonly final: boolean;
  readonly bits: number;
  readonly isMasked: boolean;
  readonly payload: Uint8Array;
}

/** Takes bytes apart that are whole frames, byte by byte. */
export function framesIn(bytes: Uint8Array): FrameRead[] {
  const frames: FrameRead[] = [];
  let at = 0;
  const next = (): number => {
    if (at >= bytes.length) throw new Error("a frame is cut");
    return bytes[at++]!;
  };
  while (at < bytes.length) {
    const first = next();
    const second = next();
    const short = second & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    let length = lengthBytes === 0 ? short : 0;
    for (let count = 0; count < lengthBytes; count++) {
      length = length * 256 + next();
    }
    const isMasked = (second & 0x80) !== 0;
    const key = isMasked ? [next(), next(), next(), next()] : [0, 0, 0, 0];
    const payload = new Uint8Array(length);
    for (let index = 0; index < length; index++) {
      payload[index] = next() ^ key[index % 4]!;
    }
    frames.push({
      opcode: first & 0x0f,
      final: (first & 0x80) !== 0,
      bits: first >> 4 & 7,
      isMasked,
      payload,
    });
  }
  return frames;
}

/** The payload of a CLOSE. */
export function closeBody(code: number, text: string = ""): Uint8Array {
  return joinedBytes([Uint8Array.of(code >> 8, code & 0xff), asciiBytes(text)]);
}
