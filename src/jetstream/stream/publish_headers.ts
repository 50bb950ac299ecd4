/**
 * What the headers of a published message ask of a stream.
 *
 * NATS JetStream: names count in the case in which they are written, of several
 * lines with one name the first, and of a value the blanks behind it.
 */
import { asciiBytes, byteString, CR, LF } from "../../core/ascii.ts";

const COLON = 0x3a;
const BLANK = 0x20;
/** `Nats-`, with which all of them begin. */
const PREFIX = [0x4e, 0x61, 0x74, 0x73, 0x2d];

/** Values by name; those that say nothing to the server are left out. */
export type PublishHeaders = ReadonlyMap<string, string>;

const NONE: PublishHeaders = new Map();

/** The lines of `block` whose names begin with `Nats-`. */
export function publishHeaders(block: Uint8Array): PublishHeaders {
  let found: Map<string, string> | undefined;
  for (let at = lineAfter(block, 0); at < block.length;) {
    const next = lineAfter(block, at);
    if (PREFIX.every((byte, i) => block[at + i] === byte)) {
      const colon = block.indexOf(COLON, at);
      if (colon > at && colon < next) {
        found ??= new Map();
        const name = byteString(block, at, colon);
        if (!found.has(name)) found.set(name, valueIn(block, colon + 1, next));
      }
    }
    at = next;
  }
  return found ?? NONE;
}

/** The value of the first line with this name, in this case of letters; undefined: there is none. */
export function headerValue(
  block: Uint8Array,
  name: string,
): string | undefined {
  const start = asciiBytes(`${name}:`);
  for (let at = lineAfter(block, 0); at < block.length;) {
    const next = lineAfter(block, at);
    if (start.every((byte, i) => block[at + i] === byte)) {
      return valueIn(block, at + start.length, next);
    }
    at = next;
  }
  return undefined;
}

/** Where the line behind the one at `at` begins. */
function lineAfter(block: Uint8Array, at: number): number {
  const end = block.indexOf(LF, at);
  return end < 0 ? block.length : end + 1;
}

function valueIn(block: Uint8Array, from: number, lineEnd: number): string {
  let start = from;
  let end = lineEnd;
  while (end > start && (block[end - 1] === LF || block[end - 1] === CR)) end--;
  while (start < end && block[start] === BLANK) start++;
  return byteString(block, start, end);
}
