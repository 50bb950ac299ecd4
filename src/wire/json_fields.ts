/**
 * JSON from the wire as Go reads it: the fields of an object in the order in
 * which they came, twice if they came twice, each with its text, because
 * `JSON.parse` tells no 1 from a 1.0.
 */
import { ClosedReason } from "../core/closed.ts";
import { ProtocolError } from "../core/errors.ts";

/** A value and its text. */
export interface JsonText {
  readonly text: string;
  readonly value: unknown;
}

/** A field of an object. */
export interface JsonField extends JsonText {
  readonly name: string;
}

const utf8 = new TextDecoder();

/** Reads `buffer[start, end)`; what is no JSON ends the connection without an `-ERR`. */
export function readJson(
  buffer: Uint8Array,
  start: number,
  end: number,
  what: string,
): JsonText {
  const text = utf8.decode(buffer.subarray(start, end));
  try {
    return { text, value: JSON.parse(text) };
  } catch {
    // What the runtimes say of it quotes the text, which may hold a password.
    throw badJson(what, "not JSON");
  }
}

const TOKEN = /\s+|"(?:\\[^]|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** The fields of `text`, which is a JSON object. */
export function jsonFields(text: string): JsonField[] {
  const fields: JsonField[] = [];
  let depth = 0;
  let name = "";
  let start = -1;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (depth === 1 && (token === "," || token === "}") && start >= 0) {
      const value = text.slice(start, index).trim();
      fields.push({ name, text: value, value: JSON.parse(value) });
      start = -1;
    } else if (depth === 1 && token === ":") start = index + 1;
    else if (depth === 1 && start < 0 && token.startsWith('"')) {
      name = JSON.parse(token);
    }
    if (token === "{" || token === "[") depth++;
    if (token === "}" || token === "]") depth--;
  }
  return fields;
}

export function badJson(what: string, detail: string): ProtocolError {
  return new ProtocolError(
    ClosedReason.PROTOCOL_VIOLATION,
    "",
    `Bad ${what} JSON: ${detail}`,
  );
}
