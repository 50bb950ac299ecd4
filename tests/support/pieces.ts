/** Bytes in several pieces, which a system takes in portions of any size. */
import { byteString } from "../../src/core/ascii.ts";

/**
 * Takes `count` bytes off the beginning of `pieces`, or all if there are fewer, and
 * gives them as a text: what the memory holds by now, which is what a system sends.
 */
export function takeText(pieces: Uint8Array[], count: number): string {
  let text = "";
  for (let left = count; left > 0 && pieces.length > 0;) {
    const piece = pieces.shift()!;
    const taken = Math.min(left, piece.length);
    text += byteString(piece, 0, taken);
    if (taken < piece.length) pieces.unshift(piece.subarray(taken));
    left -= taken;
  }
  return text;
}
