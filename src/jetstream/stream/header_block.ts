/** Blocks of headers that say more than they came with. */
import { asciiBytes, byteString, CR, writeBytes } from "../../core/ascii.ts";
import type { PublishHeaders } from "./publish_headers.ts";

const VERSION_LINE: Uint8Array = asciiBytes("NATS/1.0\r\n");
const END_LENGTH = 2;
/** Where the version ends, and a status may follow. */
const VERSION_END = 8;
const REQUEST_INFO = "Nats-Request-Info";
const NO_BYTES = new Uint8Array(0);

/**
 * What is stored of a publisher's `block`, whose headers are `headers`.
 *
 * NATS JetStream: neither a status nor what a server says of a requester.
 */
export function storedBlock(
  block: Uint8Array,
  headers: PublishHeaders,
): Uint8Array {
  const isPlain = block.length === 0 || block[VERSION_END] === CR;
  if (isPlain && !headers.has(REQUEST_INFO)) return block;
  const lines = byteString(block, 0, block.length).split("\r\n")
    .slice(1, -2).filter((line) => !line.startsWith(`${REQUEST_INFO}:`));
  return lines.length === 0 ? NO_BYTES : withHeaders(NO_BYTES, lines);
}

/** `block`, or a new one where that is empty, with `lines` at its end; byte strings without a line end. */
export function withHeaders(
  block: Uint8Array,
  lines: readonly string[],
): Uint8Array {
  let added = "";
  for (const line of lines) added += `${line}\r\n`;
  added += "\r\n";
  const own = block.length > 0
    ? block.subarray(0, block.length - END_LENGTH)
    : VERSION_LINE;
  const joined = new Uint8Array(own.length + added.length);
  joined.set(own);
  writeBytes(joined, own.length, added);
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

/** `block` without the headers whose names, byte strings, are dropped; empty: none is left. */
export function withoutHeaders(
  block: Uint8Array,
  isDropped: (name: string) => boolean,
): Uint8Array {
  if (block.length === 0) return block;
  const [version = "", ...lines] = byteString(block, 0, block.length)
    .split("\r\n");
  const kept = lines.filter((line) =>
    line !== "" && !isDropped(line.slice(0, Math.max(0, line.indexOf(":"))))
  );
  if (kept.length === 0) return block.subarray(0, 0);
  return asciiBytes([version, ...kept, "", ""].join("\r\n"));
}
