/** Blocks of headers that say more than they came with. */
import { asciiBytes } from "../../core/ascii.ts";

const VERSION_LINE: Uint8Array = asciiBytes("NATS/1.0\r\n");
const END_LENGTH = 2;

/** `block`, or a new one where that is empty, with `lines` at its end; byte strings without a line end. */
export function withHeaders(
  block: Uint8Array,
  lines: readonly string[],
): Uint8Array {
  const added = asciiBytes(
    `${lines.map((line) => `${line}\r\n`).join("")}\r\n`,
  );
  const own = block.length > 0
    ? block.subarray(0, block.length - END_LENGTH)
    : VERSION_LINE;
  const joined = new Uint8Array(own.length + added.length);
  joined.set(own);
  joined.set(added, own.length);
  return joined;
}
