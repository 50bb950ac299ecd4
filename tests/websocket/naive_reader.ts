/**
 * What the frames of a peer say, found out one byte after the other with no
 * thought of speed: what the real reader is compared with.
 */
import type { Deflate } from "../../src/platform/deflate.ts";

export interface NaiveRules {
  readonly masks: "needed" | "allowed" | "refused";
  /** Undefined: nothing may be compressed. */
  readonly deflate: Deflate | undefined;
  readonly bytesMax: number;
}

export interface NaiveOutcome {
  /** All bytes of messages. */
  readonly data: number[];
  readonly pings: number[][];
  /** The text of an error, or the payload of a CLOSE; undefined: it goes on. */
  end: string | number[] | undefined;
}

/** Thrown when there is nothing more to read. */
const STOP = {};

/** Reads all of `bytes`, which may end in the middle of a frame. */
export function readNaively(
  bytes: Uint8Array,
  rules: NaiveRules,
): NaiveOutcome {
  const outcome: NaiveOutcome = { data: [], pings: [], end: undefined };
  let at = 0;
  const next = (): number => {
    if (at === bytes.length) throw STOP;
    return bytes[at++]!;
  };
  const fail = (text: string): never => {
    outcome.end = text;
    throw STOP;
  };
  /** The bytes of a compressed message under way. */
  let packed: number[] | undefined;
  let packedLength = 0;
  let isOpen = false;
  const oneFrame = (): void => {
    const first = next();
    const second = next();
    const isLast = first >= 128;
    const bits = (first >> 4) & 7;
    const opcode = first & 15;
    const isMasked = second >= 128;
    const short = second % 128;
    if (bits % 4 !== 0) fail("RSV2 and RSV3 must be clear");
    if (bits === 4 && rules.deflate === undefined) {
      fail("compressed frame received without negotiated permessage-deflate");
    }
    if (rules.masks === "needed" && !isMasked) fail("mask bit missing");
    if (rules.masks === "refused" && isMasked) fail("mask bit must be clear");
    const isControl = opcode >= 8 && opcode <= 10;
    if (isControl) {
      if (short > 125) {
        fail("control frame length bigger than maximum allowed of 125 bytes");
      }
      if (!isLast) fail("control frame does not have final bit set");
      if (bits === 4) fail("control frame must not be compressed");
    } else if (opcode === 1 || opcode === 2) {
      if (isOpen) {
        fail(
          "new message started before final frame for previous message was received",
        );
      }
    } else if (opcode === 0) {
      if (!isOpen || bits === 4) fail("invalid continuation frame");
    } else fail(`unknown opcode ${opcode}`);
    let length = BigInt(short);
    if (short >= 126) {
      length = 0n;
      for (let count = short === 126 ? 2 : 8; count > 0; count--) {
        length = length * 256n + BigInt(next());
      }
    }
    const key = isMasked ? [next(), next(), next(), next()] : [0, 0, 0, 0];
    if (length >= 1n << 53n) fail("invalid 64-bit payload length");
    if (!isControl) {
      if (opcode !== 0) {
        packed = bits === 4 ? [] : undefined;
        packedLength = 0;
      }
      isOpen = !isLast;
      packedLength += Number(length);
      const most = Math.min(8 * rules.bytesMax, 64 * 1024 * 1024);
      if (packed !== undefined && packedLength > most) {
        fail("maximum payload exceeded");
      }
    }
    const payload: number[] = [];
    for (let index = 0; index < Number(length); index++) {
      const byte = next() ^ key[index % 4]!;
      if (isControl) payload.push(byte);
      else if (packed !== undefined) packed.push(byte);
      else outcome.data.push(byte);
    }
    if (opcode === 9) outcome.pings.push(payload);
    if (opcode === 8) closed(payload);
    if (isControl || packed === undefined || !isLast) return;
    const whole = packed;
    packed = undefined;
    for (const byte of inflate(whole)) outcome.data.push(byte);
  };
  const closed = (payload: number[]): void => {
    if (payload.length === 1) fail("close frame payload cannot be 1 byte");
    if (payload.length > 1) {
      const code = payload[0]! * 256 + payload[1]!;
      const isKnown = code >= 1000 && code <= 1014 &&
        ![1004, 1005, 1006].includes(code);
      if (!isKnown && !(code >= 3000 && code <= 4999)) {
        fail(`invalid close status code ${code}`);
      }
      const text = Uint8Array.from(payload.slice(2));
      const again = new TextEncoder().encode(
        new TextDecoder("utf-8", { ignoreBOM: true }).decode(text),
      );
      if (
        again.length !== text.length ||
        again.some((byte, index) => byte !== text[index])
      ) {
        fail("invalid utf8 body in close frame");
      }
    }
    outcome.end = payload;
    throw STOP;
  };
  const inflate = (whole: number[]): Uint8Array => {
    try {
      return rules.deflate!.inflate(Uint8Array.from(whole), rules.bytesMax);
    } catch (error) {
      const { isTooLarge } = error as { isTooLarge: boolean };
      return fail(
        isTooLarge ? "maximum payload exceeded" : "flate: corrupt input",
      );
    }
  };
  try {
    for (;;) oneFrame();
  } catch (error) {
    if (error !== STOP) throw error;
  }
  return outcome;
}
