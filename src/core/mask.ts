/**
 * Masks the secrets of a configuration, or of any other text that may hold
 * some: each of their characters becomes an asterisk, so that everything else
 * stays where it was and a caret below a line points at the right place. What
 * a secret is, `redact.ts` says.
 *
 * The text is read word by word, once to learn which variables stand for
 * secrets and once to mask. No word is looked at from each of its characters,
 * and no search for a closing quote that failed is made again: the time is
 * linear in the length of the text.
 */
import { isSecretKey, isSecretParameter } from "./redact.ts";

/** Where these are no blocks, they may be the secret itself. */
const SECRET_BLOCKS: readonly string[] = ["authorization", "users"];

const SEPARATOR = /["']?(?:\s*[=:]\s*|\s+)/y;
const VARIABLE = /\$(\w+)/y;
/** Quoted; without its closing quote up to the end. */
const QUOTED = /"(?:\\[^]|[^"\\])*"?|'[^']*'?/y;
const BARE = /(?![{[])[^\s,;\]}]+/y;

const BCRYPT_HASH = /\$2[abxy]\$\d\d\$[./A-Za-z0-9]+/g;
const PARAMETER = /([?&#])([\w%.-]+)=([^&#,;\s"']+)/g;
/** A URL in quotes may hold blanks; any other word ends at one. */
const WORD = /["'][a-z][a-z0-9+.-]*:\/\/[^"'\n]*|[^\s"']+/gi;

/** `text` with asterisks for its secrets, and everything else where it was. */
export function maskSecrets(text: string): string {
  return maskValues(text)
    .replace(WORD, maskUrlUser)
    .replace(PARAMETER, maskParameter)
    .replace(BCRYPT_HASH, mask);
}

function maskValues(text: string): string {
  const names = new Set(SECRET_BLOCKS);
  for (const value of secretValues(text, isSecretKey)) {
    VARIABLE.lastIndex = value.start;
    const [, variable] = VARIABLE.exec(text) ?? [];
    if (variable !== undefined) names.add(variable.toLowerCase());
  }
  const isSecret = (key: string): boolean =>
    isSecretKey(key) || names.has(afterLastHyphen(key).toLowerCase());
  let masked = "";
  let end = 0;
  for (const value of secretValues(text, isSecret)) {
    masked += text.slice(end, value.start) +
      mask(text.slice(value.start, value.end));
    end = value.end;
  }
  return masked + text.slice(end);
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** The values of all keys that `isSecret`, in the order of the text. */
function* secretValues(
  text: string,
  isSecret: (key: string) => boolean,
): Generator<Range> {
  const ends = new ClosingMarks(text);
  const keys = /[\w-]+/g;
  for (let key = keys.exec(text); key !== null; key = keys.exec(text)) {
    const keyEnd = key.index + key[0].length;
    const start = isSecret(key[0])
      ? endOfMatch(SEPARATOR, text, keyEnd)
      : undefined;
    const end = start === undefined ? undefined : valueEnd(text, start, ends);
    if (start !== undefined && end !== undefined) yield { start, end };
    // No part of a value is a key.
    keys.lastIndex = end ?? keyEnd;
  }
}

/** Where the value that begins at `start` ends; undefined for a list or a block. */
function valueEnd(
  text: string,
  start: number,
  ends: ClosingMarks,
): number | undefined {
  for (const quotes of ['"""', "'''"]) {
    if (!text.startsWith(quotes, start)) continue;
    return ends.after(quotes, start + quotes.length) ?? text.length;
  }
  if (text[start] === "(") {
    const end = ends.after("\n)", start);
    if (end !== undefined) return end;
    if (/[\r\n]/.test(text[start + 1] ?? "")) return text.length;
  }
  return endOfMatch(QUOTED, text, start) ?? endOfMatch(BARE, text, start);
}

/** Looks for marks in a text, and never again for one that comes no more. */
class ClosingMarks {
  readonly #text: string;
  readonly #missing = new Set<string>();

  constructor(text: string) {
    this.#text = text;
  }

  /** The place behind the next `mark` at or after `from`. */
  after(mark: string, from: number): number | undefined {
    if (this.#missing.has(mark)) return undefined;
    const at = this.#text.indexOf(mark, from);
    if (at >= 0) return at + mark.length;
    this.#missing.add(mark);
    return undefined;
  }
}

function endOfMatch(
  sticky: RegExp,
  text: string,
  at: number,
): number | undefined {
  sticky.lastIndex = at;
  return sticky.test(text) ? sticky.lastIndex : undefined;
}

function afterLastHyphen(key: string): string {
  return key.slice(key.lastIndexOf("-") + 1);
}

/** A URL may lack its scheme: that is one of the mistakes that are reported. */
function maskUrlUser(word: string): string {
  const end = word.lastIndexOf("@");
  if (end < 0) return word;
  const before = word.slice(0, end);
  const scheme = /(?:^|[[{"'])[a-z][a-z0-9+.-]*:\/\//i.exec(before) ??
    /^[[{]*/.exec(before)!;
  const start = scheme.index + scheme[0].length;
  return before.slice(0, start) + mask(before.slice(start)) + word.slice(end);
}

function maskParameter(
  whole: string,
  mark: string,
  name: string,
  value: string,
): string {
  return isSecretParameter(name) ? `${mark}${name}=${mask(value)}` : whole;
}

function mask(secret: string): string {
  return secret.replace(/[^\s"']/g, "*");
}
