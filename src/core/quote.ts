/**
 * Text of others in what we print: in double quotes as Go's `%q` prints it,
 * which is how nats-server shows subjects, names and payloads in errors and in
 * its log, and without them. Everything that does not stand for itself on a
 * line is escaped: control characters, which end lines and colour terminals,
 * and format characters such as U+202E, which turns what follows around.
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

/** What Go's `strconv.IsPrint` refuses, apart from code points without a meaning yet. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;
const QUOTED_OR_UNPRINTABLE = new RegExp(`["\\\\]|${UNPRINTABLE.source}`, "gu");
const ESCAPED_OR_UNPRINTABLE = new RegExp(`\\\\|${UNPRINTABLE.source}`, "gu");
const UNSAFE_IN_A_LINE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Quotes a text; `quoted(byteString)` needs `utf8Text` first. */
export function quoted(text: string): string {
  return `"${text.replace(QUOTED_OR_UNPRINTABLE, escaped)}"`;
}

/** Quotes a byte string, reading it as UTF-8. */
export function quotedBytes(byteString: string): string {
  return quoted(utf8Text(byteString));
}

/** A byte string for one line of a log: read as UTF-8, what is not printable escaped, no quotes around it. */
export function printableBytes(byteString: string): string {
  return printableText(utf8Text(byteString));
}

/** A text for one line of a log: what is not printable escaped, no quotes around it. */
export function printableText(text: string): string {
  return text.replace(ESCAPED_OR_UNPRINTABLE, escaped);
}

/** The same for a text that holds escapes already: they stay as they are. */
export function oneLine(text: string): string {
  return text.replace(UNSAFE_IN_A_LINE, escaped);
}

/** A line with each unsafe UTF-16 unit as "?", so that nothing moves; tabs stay. */
export function alignedLine(line: string): string {
  return line.replace(
    UNSAFE_IN_A_LINE,
    (char) => char === "\t" ? char : "?".repeat(char.length),
  );
}

function escaped(char: string): string {
  const known = ESCAPES.get(char);
  if (known !== undefined) return known;
  const code = char.codePointAt(0)!;
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
