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

/** Quotes a byte string, reading it as UTF-8; bytes that are none are escaped. */
export function quotedBytes(byteString: string): string {
  return `"${utf8Parts(byteString, (text) => quoted(text).slice(1, -1))}"`;
}

/** A byte string for one line of a log: read as UTF-8, what is not printable escaped, no quotes around it. */
export function printableBytes(byteString: string): string {
  return utf8Parts(byteString, printableText);
}

/** UTF-8 in a byte string, or any one byte. */
const UTF8_OR_BYTE = new RegExp(
  [
    "((?:[\\x00-\\x7f]",
    "[\\xc2-\\xdf][\\x80-\\xbf]",
    "\\xe0[\\xa0-\\xbf][\\x80-\\xbf]",
    "[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}",
    "\\xed[\\x80-\\x9f][\\x80-\\xbf]",
    "\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}",
    "[\\xf1-\\xf3][\\x80-\\xbf]{3}",
    "\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2})+)",
    "[^]",
  ].join("|"),
  "g",
);

function utf8Parts(byteString: string, show: (text: string) => string): string {
  return byteString.replace(
    UTF8_OR_BYTE,
    (part, text) =>
      text === undefined
        ? `\\x${hex(part.charCodeAt(0), 2)}`
        : show(utf8Text(text)),
  );
}

/** A text for one line of a log: what is not printable escaped, no quotes around it. */
export function printableText(text: string): string {
  return text.replace(ESCAPED_OR_UNPRINTABLE, escaped);
}

/** As `printableText`, for a text that holds escapes already: they stay as they are. */
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
