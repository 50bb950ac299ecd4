/**
 * Cuts a configuration into items: keys, values, brackets and includes, each
 * with its position. It is a machine of state functions: each reads a little
 * and returns the state that follows. The grammar is nats-server's (its
 * `conf/lex.go`), except that what nats-server drops without a word is an error
 * here. `parser.ts` is the only caller.
 */
import {
  endsBareWord,
  endsEntry,
  isBlank,
  isNewline,
  isQuote,
  isSeparator,
  isSpace,
  type TextPlace,
} from "./cursor.ts";
import type { Position, Source } from "./diagnostic.ts";
import { readUntil } from "./escapes.ts";
import type { Item } from "./item.ts";
import { ItemCursor } from "./item_cursor.ts";
import { readBareWord } from "./scalar.ts";

/** What a source is. */
export interface Extent {
  /** A whole file, or a text that is one value, such as an environment variable's. */
  readonly what: "file" | "value";
  /** The place of all items; where each stands, unless set. */
  readonly at?: Position;
}

/** Items as they are asked for. The last one is `end`. */
export class Items {
  /** How many were taken. */
  taken = 0;
  readonly #lexer: ItemCursor;
  #state: State | undefined;

  constructor(source: Source, { what, at }: Extent) {
    this.#lexer = new ItemCursor(source, at);
    this.#state = what === "file" ? betweenEntries : value;
  }

  /** From now on these are the items of the value that begins at `place`. */
  begin(place: TextPlace): void {
    this.#lexer.moveTo(place);
    this.#lexer.brackets.length = 0;
    this.#state = value;
  }

  /** Where the last item ends. */
  get offset(): number {
    return this.#lexer.offset;
  }

  /** Undefined behind the last one. Throws ConfigError. */
  take(): Item | undefined {
    const lexer = this.#lexer;
    lexer.item = undefined;
    while (this.#state !== undefined && lexer.item === undefined) {
      this.#state = this.#state(lexer);
    }
    this.taken++;
    return lexer.item;
  }
}

/** Reads a little, finds one item at most, and returns what reads on. */
type State = (lexer: ItemCursor) => State | undefined;

function betweenEntries(lexer: ItemCursor): State | undefined {
  skipSpaceAndComments(lexer);
  const next = lexer.next;
  if (next === "") return endOfText(lexer);
  if (next === "}") return closeBrace;
  if (next === "{" && lexer.innermost === undefined) {
    lexer.open("file");
    return betweenEntries;
  }
  if (isSeparator(next)) lexer.fail(`Unexpected key separator ${lexer.found}`);
  if ("{[](),;".includes(next)) {
    lexer.fail(`Expected a key, but got ${lexer.found}`);
  }
  return isQuote(next) ? quotedKey : bareKey;
}

function endOfText(lexer: ItemCursor): undefined {
  const { innermost } = lexer;
  if (innermost !== undefined) {
    const what = innermost.kind === "array" ? "array" : "map";
    lexer.fail(`Unexpected EOF processing ${what}.`, innermost.at);
  }
  lexer.emit({ kind: "end", at: lexer.place });
}

function closeBrace(lexer: ItemCursor): State {
  const bracket = lexer.brackets.pop();
  if (bracket === undefined) lexer.fail("Unexpected '}', no '{' is open");
  if (bracket.kind === "map") lexer.emit({ kind: "mapEnd", at: lexer.place });
  lexer.advance();
  return afterValue;
}

function quotedKey(lexer: ItemCursor): State {
  const quotedAt = lexer.here;
  const quote = lexer.next;
  lexer.advance();
  const at = lexer.place;
  const start = lexer.offset;
  lexer.advanceWhile((character) => character !== quote);
  if (lexer.next === "") {
    lexer.fail("Unexpected EOF processing quoted key.", quotedAt);
  }
  lexer.emit({ kind: "key", value: lexer.slice(start), at });
  lexer.advance();
  return afterKey;
}

function bareKey(lexer: ItemCursor): State {
  const at = lexer.place;
  const start = lexer.offset;
  lexer.advanceWhile((character) =>
    !isSpace(character) && !isSeparator(character)
  );
  const key = lexer.slice(start);
  if (key.toLowerCase() === "include" && isBlank(lexer.next)) {
    lexer.advanceWhile(isBlank);
    if (!isSeparator(lexer.next)) return includedFile;
  }
  lexer.emit({ kind: "key", value: key, at });
  return afterKey;
}

function afterKey(lexer: ItemCursor): State {
  lexer.advanceWhile(isSpace);
  if (isSeparator(lexer.next)) {
    lexer.advance();
    return afterSeparator;
  }
  return value;
}

function afterSeparator(lexer: ItemCursor): State {
  const inMap = lexer.innermost?.kind === "map";
  lexer.advanceWhile(inMap ? isSpace : isBlank);
  if (isNewline(lexer.next)) {
    lexer.fail("Expected value but found new line");
  }
  return value;
}

function includedFile(lexer: ItemCursor): State {
  const { next } = lexer;
  if (isNewline(next) || next === "") {
    lexer.fail("Expected include value but found new line");
  }
  if ("[{(\\".includes(next)) {
    lexer.fail(`Expected include value but found ${lexer.found}`);
  }
  const quote = isQuote(next) ? next : "";
  if (quote !== "") lexer.advance();
  const at = lexer.place;
  const start = lexer.offset;
  lexer.advanceWhile((character) =>
    quote === ""
      ? !isSpace(character) && !";}'".includes(character)
      : character !== quote
  );
  if (quote !== "" && lexer.next === "") {
    lexer.fail("Unexpected EOF in quoted include", at);
  }
  lexer.emit({ kind: "include", value: lexer.slice(start), at });
  if (isQuote(lexer.next)) lexer.advance();
  return afterValue;
}

function value(lexer: ItemCursor): State {
  lexer.advanceWhile(isBlank);
  switch (lexer.next) {
    case "{":
      lexer.emit({ kind: "mapStart", offset: lexer.offset, at: lexer.place });
      lexer.open("map");
      return betweenEntries;
    case "[":
      lexer.emit({ kind: "arrayStart", at: lexer.place });
      lexer.open("array");
      return arrayElement;
    case "'":
      return singleQuoted;
    case '"':
      return doubleQuoted;
    case "(":
      return block;
    default:
      return bare;
  }
}

function singleQuoted(lexer: ItemCursor): State {
  const quotedAt = lexer.here;
  lexer.advance();
  const at = lexer.place;
  const start = lexer.offset;
  lexer.advanceWhile((character) => character !== "'");
  if (lexer.next === "") {
    lexer.fail("Unexpected EOF processing quoted string.", quotedAt);
  }
  lexer.emit({ kind: "string", value: lexer.slice(start), at });
  lexer.advance();
  return afterValue;
}

function doubleQuoted(lexer: ItemCursor): State {
  const quotedAt = lexer.here;
  lexer.advance();
  const at = lexer.place;
  const { text } = readUntil(lexer, (character) => character === '"');
  if (lexer.next === "") {
    lexer.fail("Unexpected EOF processing quoted string.", quotedAt);
  }
  lexer.emit({ kind: "string", value: text, isOpen: true, at });
  lexer.advance();
  return afterValue;
}

function bare(lexer: ItemCursor): State {
  const at = lexer.place;
  const { text, hasEscapes } = readUntil(lexer, endsBareWord);
  if (text === "" && !hasEscapes) failWithoutValue(lexer);
  // nats-server takes a quote at the end of a bare word for the end of a string.
  if (lexer.next === "'") {
    lexer.advance();
    lexer.emit({ kind: "string", value: text, at });
    return afterValue;
  }
  const word = hasEscapes ? undefined : readBareWord(text);
  if (word?.kind === "wrong") {
    lexer.fail(lexer.isSecret ? word.plain : word.value, at);
  }
  const isText = word === undefined || word.kind === "string";
  lexer.emit(
    isText
      ? { kind: "string", value: text, isOpen: true, at }
      : { ...word, at },
  );
  return afterValue;
}

function failWithoutValue(lexer: ItemCursor): never {
  const key = lexer.last;
  const { found } = lexer;
  if (key?.kind !== "key") lexer.fail(`Expected value but found ${found}`);
  const name = lexer.isSecret ? "A key" : `Key "${key.value}"`;
  lexer.fail(`${name} has no value, found ${found}`, key.at);
}

// NATS server configuration: the value is what stands between `(` and a line
// that holds nothing but `)`, with the line ends next to both.
function block(lexer: ItemCursor): State {
  const openedAt = lexer.here;
  lexer.advance();
  const at = lexer.place;
  const start = lexer.offset;
  let end = lexer.indexOf("\n)", start);
  while (end >= 0 && !"\r\n".includes(lexer.charAt(end + 2))) {
    end = lexer.indexOf("\n)", end + 1);
  }
  if (end < 0) lexer.fail("Unexpected EOF processing block.", openedAt);
  lexer.advanceTo(end + 1);
  lexer.emit({ kind: "string", value: lexer.slice(start), at });
  lexer.advance();
  return afterValue;
}

function arrayElement(lexer: ItemCursor): State | undefined {
  skipSpaceAndComments(lexer);
  if (lexer.next === "") return endOfText(lexer);
  if (lexer.next === ",") {
    lexer.fail("Unexpected array value terminator ','.");
  }
  return lexer.next === "]" ? closeArray : value;
}

function closeArray(lexer: ItemCursor): State {
  lexer.brackets.pop();
  lexer.emit({ kind: "arrayEnd", at: lexer.place });
  lexer.advance();
  return afterValue;
}

function afterValue(lexer: ItemCursor): State | undefined {
  lexer.advanceWhile(isBlank);
  if (atComment(lexer)) skipComment(lexer);
  return lexer.innermost?.kind === "array" ? afterElement : afterEntry;
}

function afterElement(lexer: ItemCursor): State | undefined {
  const { next } = lexer;
  if (next === "") return endOfText(lexer);
  if (next === "]") return closeArray;
  if (next !== "," && !isNewline(next)) {
    lexer.fail(
      'Expected an array value terminator "," or an array terminator "]", ' +
        `but got ${lexer.found} instead.`,
    );
  }
  lexer.advance();
  return arrayElement;
}

function afterEntry(lexer: ItemCursor): State | undefined {
  const { next } = lexer;
  if (next === "") return endOfText(lexer);
  if (next === "}") return closeBrace;
  if (!endsEntry(next)) {
    const expected = lexer.innermost?.kind === "map"
      ? 'a map value terminator "," or a map terminator "}"'
      : "a top-level value to end with a new line, comment or EOF";
    lexer.fail(`Expected ${expected}, but got ${lexer.found} instead.`);
  }
  lexer.advance();
  return betweenEntries;
}

function skipSpaceAndComments(lexer: ItemCursor): void {
  lexer.advanceWhile(isSpace);
  while (atComment(lexer)) {
    skipComment(lexer);
    lexer.advanceWhile(isSpace);
  }
}

function atComment(lexer: ItemCursor): boolean {
  return lexer.next === "#" || lexer.startsWith("//");
}

function skipComment(lexer: ItemCursor): void {
  lexer.advanceWhile((character) => !isNewline(character));
}
