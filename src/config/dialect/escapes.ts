/**
 * Text with escapes, as it stands in double quotes and in bare words: `\n`,
 * `\t`, `\r`, `\"`, `\\`, and `\xXX` for a byte. `lexer.ts` is the only
 * caller.
 */
import type { Cursor } from "./cursor.ts";

/** A text with its escapes replaced. */
export interface UnescapedText {
  readonly text: string;
  /** Such a text is no number and no switch, even if it reads like one. */
  readonly hasEscapes: boolean;
}

/** Reads up to a character that `isEnd`, which stays unread, or to the end of the text. */
export function readUntil(
  cursor: Cursor,
  isEnd: (character: string) => boolean,
): UnescapedText {
  let text = "";
  let hasEscapes = false;
  while (cursor.next !== "" && !isEnd(cursor.next)) {
    const start = cursor.offset;
    if (cursor.next === "\\") {
      hasEscapes = true;
      text += readEscape(cursor);
    } else {
      cursor.advanceWhile((character) =>
        character !== "\\" && !isEnd(character)
      );
      text += cursor.slice(start);
    }
  }
  return { text, hasEscapes };
}

const ESCAPES: Readonly<Record<string, string>> = {
  t: "\t",
  n: "\n",
  r: "\r",
  '"': '"',
  "\\": "\\",
};

function readEscape(cursor: Cursor): string {
  if (cursor.startsWith("\\x")) return readBytes(cursor);
  cursor.advance();
  const escaped = ESCAPES[cursor.next];
  if (escaped === undefined) {
    cursor.fail(
      `Invalid escape character ${cursor.found}. Only the following escape ` +
        'characters are allowed: \\xXX, \\t, \\n, \\r, \\", \\\\.',
    );
  }
  cursor.advance();
  return escaped;
}

// `\xXX` is a byte, so one letter beyond ASCII takes several of them.
function readBytes(cursor: Cursor): string {
  const bytes: number[] = [];
  while (cursor.startsWith("\\x")) {
    const digits = cursor.charAt(cursor.offset + 2) +
      cursor.charAt(cursor.offset + 3);
    if (!/^[\da-f]{2}$/i.test(digits)) {
      cursor.fail("Expected two hexadecimal digits after '\\x'");
    }
    bytes.push(Number.parseInt(digits, 16));
    cursor.advanceTo(cursor.offset + 4);
  }
  return new TextDecoder("utf-8", { ignoreBOM: true })
    .decode(new Uint8Array(bytes));
}
