/** Blocks of headers that say more than they came with. */
import { asciiBytes, byteString } from "../../core/ascii.ts";

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

/** `block` with a header that has one value, in the place of what it has by that name. Byte strings. */
export function withHeader(
  block: Uint8Array,
  name: string,
  value: string,
): Uint8Array {
  const line = `${name}: ${value}`;
  const lines = byteString(block, 0, block.length).split("\r\n");
  const at = lines.findIndex((other) => other.startsWith(`${name}:`));
  if (at < 0) return withHeaders(block, [line]);
  lines[at] = line;
  return asciiBytes(lines.join("\r\n"));
}
