/**
 * Text in double quotes as Go's `%q` prints it, which is how nats-server shows
 * subjects, names and payloads in errors and in its log. It also keeps control
 * characters of a peer out of the log.
 */
import { utf8Text } from "./ascii.ts";

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\\", "\\\\"],
  ['"', '\\"'],
  ["\x07", "\\a"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\v", "\\v"],
]);

/** Quotes a text; `quoted(byteString)` needs `utf8Text` first. */
export function quoted(text: string): string {
  let result = '"';
  for (const char of text) result += ESCAPES.get(char) ?? printable(char);
  return result + '"';
}

/** Quotes a byte string, reading it as UTF-8. */
export function quotedBytes(byteString: string): string {
  return quoted(utf8Text(byteString));
}

/** A byte string for one line of a log: read as UTF-8, control characters escaped, no quotes around it. */
export function printableBytes(byteString: string): string {
  return printableText(utf8Text(byteString));
}

/** A text for one line of a log: control characters escaped, no quotes around it. */
export function printableText(text: string): string {
  return quoted(text).slice(1, -1).replaceAll('\\"', '"');
}

function printable(char: string): string {
  const code = char.codePointAt(0)!;
  if (code < 0x20 || code === 0x7f) {
    return `\\x${code.toString(16).padStart(2, "0")}`;
  }
  return code >= 0x80 && code < 0xa0
    ? `\\u${code.toString(16).padStart(4, "0")}`
    : char;
}
