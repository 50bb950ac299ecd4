/**
 * Cuts a configuration into items: keys, values, brackets and includes, each
 * with its position. It is a machine of state functions: each reads a little
 * and returns the state that follows. The grammar is nats-server's (its
 * `conf/lex.go`), except that what nats-server drops without a word is an error
 * here. `parser.ts` is the only caller.
 */
import type { Steps } from "../../core/steps.ts";
import { isSecretKey } from "../../core/redact.ts";
import {
  Cursor,
  endsBareWord,
  endsEntry,
  isBlank,
  isNewline,
  isQuote,
  isSeparator,
  isSpace,
} from "./cursor.ts";
import {
  ConfigError,
  type Position,
  type Report,
  type Source,
} from "./diagnostic.ts";
import { readUntil } from "./escapes.ts";
import { type BareWord, readBareWord } from "./scalar.ts";

/** A piece of the text that means something. */
export type Item = { readonly at: Position } & ItemMeaning;

type ItemMeaning =
  | { readonly kind: "key"; readonly value: string }
  | { readonly kind: "include"; readonly value: string }
  | { readonly kind: "mapStart" | "mapEnd" | "arrayStart" | "arrayEnd" | "end" }
  | Exclude<BareWord, { kind: "wrong" }>
  | {
    readonly kind: "string";
    readonly value: string;
    /** Variables may stand in it. */
    readonly isOpen?: true;
  };

/** Deeper brackets than this are a mistake or an attack on the stack. */
export const NESTING_MAX = 100;

/**
 * The items of a whole file, the last of them `end`, or of a text that is one
 * value, such as an environment variable's. Throws ConfigError.
 */
export function lexInSteps(
  source: Source,
  text: "file" | "value" = "file",
): Steps<Item[]> {
  return steps(new Lexer(source), text === "file" ? betweenEntries : value);
}

/** The items, or none when the text is wrong; what is wrong goes to `report`. */
export function* lexInto(report: Report, lexing: Steps<Item[]>): Steps<Item[]> {
  try {
    return yield* lexing;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    report.errors.push(...error.diagnostics);
    return [];
  }
}

/** States that take as long as a step. */
const STATES_PER_STEP = 2000;

function* steps(lexer: Lexer, start: State): Steps<Item[]> {
  let state: State | undefined = start;
  for (let count = 1; state !== undefined; count++) {
    state = state(lexer);
    if (count % STATES_PER_STEP === 0) yield;
  }
  return lexer.items;
}

type State = (lexer: Lexer) => State | undefined;

/** A bracket that waits for its counterpart. `file` braces enclose a whole file. */
interface OpenBracket {
  readonly kind: "file" | "map" | "array";
  readonly at: Position;
}

class Lexer extends Cursor {
  readonly items: Item[] = [];
  readonly brackets: OpenBracket[] = [];

  get innermost(): OpenBracket | undefined {
    return this.brackets.at(-1);
  }

  /** What is read may be a secret: it stands in a block, or its key says so. */
  get isSecret(): boolean {
    const key = this.items.at(-1);
    return this.brackets.some(({ kind }) => kind !== "file") ||
      key?.kind === "key" && isSecretKey(key.value);
  }

  emit(meaning: ItemMeaning, at: Position): void {
    this.items.push({ ...meaning, at });
  }

  open(kind: OpenBracket["kind"]): void {
    if (this.brackets.length >= NESTING_MAX) {
      this.fail(`Brackets are nested more than ${NESTING_MAX} deep`);
    }
    this.brackets.push({ kind, at: this.here });
    this.advance();
  }
}

function betweenEntries(lexer: Lexer): State | undefined {
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

function endOfText(lexer: Lexer): undefined {
  const { innermost } = lexer;
  if (innermost !== undefined) {
    const what = innermost.kind === "array" ? "array" : "map";
    lexer.fail(`Unexpected EOF processing ${what}.`, innermost.at);
  }
  lexer.emit({ kind: "end" }, lexer.here);
}

function closeBrace(lexer: Lexer): State {
  const bracket = lexer.brackets.pop();
  if (bracket === undefined) lexer.fail("Unexpected '}', no '{' is open");
  if (bracket.kind === "map") lexer.emit({ kind: "mapEnd" }, lexer.here);
  lexer.advance();
  return afterValue;
}

function quotedKey(lexer: Lexer): State {
  const quotedAt = lexer.here;
  const quote = lexer.next;
  lexer.advance();
  const at = lexer.here;
  const start = lexer.offset;
  lexer.advanceWhile((character) => character !== quote);
  if (lexer.next === "") {
    lexer.fail("Unexpected EOF processing quoted key.", quotedAt);
  }
  lexer.emit({ kind: "key", value: lexer.slice(start) }, at);
  lexer.advance();
  return afterKey;
}

function bareKey(lexer: Lexer): State {
  const at = lexer.here;
  const start = lexer.offset;
  lexer.advanceWhile((character) =>
    !isSpace(character) && !isSeparator(character)
  );
  const key = lexer.slice(start);
  if (key.toLowerCase() === "include" && isBlank(lexer.next)) {
    lexer.advanceWhile(isBlank);
    if (!isSeparator(lexer.next)) return includedFile;
  }
  lexer.emit({ kind: "key", value: key }, at);
  return afterKey;
}

function afterKey(lexer: Lexer): State {
  lexer.advanceWhile(isSpace);
  if (isSeparator(lexer.next)) {
    lexer.advance();
    return afterSeparator;
  }
  return value;
}

function afterSeparator(lexer: Lexer): State {
  const inMap = lexer.innermost?.kind === "map";
  lexer.advanceWhile(inMap ? isSpace : isBlank);
  if (isNewline(lexer.next)) {
    lexer.fail("Expected value but found new line");
  }
  return value;
}

function includedFile(lexer: Lexer): State {
  const { next } = lexer;
  if (isNewline(next) || next === "") {
    lexer.fail("Expected include value but found new line");
  }
  if ("[{(\\".includes(next)) {
    lexer.fail(`Expected include value but found ${lexer.found}`);
  }
  const quote = isQuote(next) ? next : "";
  if (quote !== "") lexer.advance();
  const at = lexer.here;
  const start = lexer.offset;
  lexer.advanceWhile((character) =>
    quote === ""
      ? !isSpace(character) && !";}'".includes(character)
      : character !== quote
  );
  if (quote !== "" && lexer.next === "") {
    lexer.fail("Unexpected EOF in quoted include", at);
  }
  lexer.emit({ kind: "include", value: lexer.slice(start) }, at);
  if (isQuote(lexer.next)) lexer.advance();
  return afterValue;
}

function value(lexer: Lexer): State {
  lexer.advanceWhile(isBlank);
  switch (lexer.next) {
    case "{":
      lexer.emit({ kind: "mapStart" }, lexer.here);
      lexer.open("map");
      return betweenEntries;
    case "[":
      lexer.emit({ kind: "arrayStart" }, lexer.here);
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

function singleQuoted(lexer: Lexer): State {
  const quotedAt = lexer.here;
  lexer.advance();
  const at = lexer.here;
  const start = lexer.offset;
  lexer.advanceWhile((character) => character !== "'");
  if (lexer.next === "") {
    lexer.fail("Unexpected EOF processing quoted string.", quotedAt);
  }
  lexer.emit({ kind: "string", value: lexer.slice(start) }, at);
  lexer.advance();
  return afterValue;
}

function doubleQuoted(lexer: Lexer): State {
  const quotedAt = lexer.here;
  lexer.advance();
  const at = lexer.here;
  const { text } = readUntil(lexer, (character) => character === '"');
  if (lexer.next === "") {
    lexer.fail("Unexpected EOF processing quoted string.", quotedAt);
  }
  lexer.emit({ kind: "string", value: text, isOpen: true }, at);
  lexer.advance();
  return afterValue;
}

function bare(lexer: Lexer): State {
  const at = lexer.here;
  const { text, hasEscapes } = readUntil(lexer, endsBareWord);
  if (text === "" && !hasEscapes) failWithoutValue(lexer);
  // nats-server takes a quote at the end of a bare word for the end of a string.
  if (lexer.next === "'") {
    lexer.advance();
    lexer.emit({ kind: "string", value: text }, at);
    return afterValue;
  }
  const word = hasEscapes ? undefined : readBareWord(text);
  if (word?.kind === "wrong") {
    lexer.fail(lexer.isSecret ? word.plain : word.value, at);
  }
  const isText = word === undefined || word.kind === "string";
  lexer.emit(
    isText ? { kind: "string", value: text, isOpen: true } : word,
    at,
  );
  return afterValue;
}

function failWithoutValue(lexer: Lexer): never {
  const key = lexer.items.at(-1);
  const { found } = lexer;
  if (key?.kind !== "key") lexer.fail(`Expected value but found ${found}`);
  const name = lexer.isSecret ? "A key" : `Key "${key.value}"`;
  lexer.fail(`${name} has no value, found ${found}`, key.at);
}

// NATS server configuration: the value is what stands between `(` and a line
// that holds nothing but `)`, with the line ends next to both.
function block(lexer: Lexer): State {
  const openedAt = lexer.here;
  lexer.advance();
  const at = lexer.here;
  const start = lexer.offset;
  let end = lexer.indexOf("\n)", start);
  while (end >= 0 && !"\r\n".includes(lexer.charAt(end + 2))) {
    end = lexer.indexOf("\n)", end + 1);
  }
  if (end < 0) lexer.fail("Unexpected EOF processing block.", openedAt);
  lexer.advanceTo(end + 1);
  lexer.emit({ kind: "string", value: lexer.slice(start) }, at);
  lexer.advance();
  return afterValue;
}

function arrayElement(lexer: Lexer): State | undefined {
  skipSpaceAndComments(lexer);
  if (lexer.next === "") return endOfText(lexer);
  if (lexer.next === ",") {
    lexer.fail("Unexpected array value terminator ','.");
  }
  return lexer.next === "]" ? closeArray : value;
}

function closeArray(lexer: Lexer): State {
  lexer.brackets.pop();
  lexer.emit({ kind: "arrayEnd" }, lexer.here);
  lexer.advance();
  return afterValue;
}

function afterValue(lexer: Lexer): State | undefined {
  lexer.advanceWhile(isBlank);
  if (atComment(lexer)) skipComment(lexer);
  return lexer.innermost?.kind === "array" ? afterElement : afterEntry;
}

function afterElement(lexer: Lexer): State | undefined {
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

function afterEntry(lexer: Lexer): State | undefined {
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

function skipSpaceAndComments(lexer: Lexer): void {
  lexer.advanceWhile(isSpace);
  while (atComment(lexer)) {
    skipComment(lexer);
    lexer.advanceWhile(isSpace);
  }
}

function atComment(lexer: Lexer): boolean {
  return lexer.next === "#" || lexer.startsWith("//");
}

function skipComment(lexer: Lexer): void {
  lexer.advanceWhile((character) => !isNewline(character));
}
