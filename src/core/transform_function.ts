/**
 * The functions that may stand in a token of a transform's destination, such as
 * `$1` and `{{partition(10,1,2)}}`: how they are written, and what they make of
 * the tokens in place of wildcards. All is NATS's: a token that is no function as
 * a whole is plain text, and names are written with a small or a large first
 * letter in each of their words.
 */
import { MidgeError } from "./errors.ts";
import { shortHash } from "./short_hash.ts";

/** How nats-server begins what is wrong with a destination. */
export const MAPPING_DESTINATION = "invalid mapping destination";

/** A transform that makes no sense; the text is nats-server's. */
export class TransformError extends MidgeError {
  override readonly name = "TransformError";

  constructor(message: string) {
    super("SUBJECT_TRANSFORM", message);
  }
}

/** A whole number at random, from 0 up to the bound, which is left out. */
export type RandomBelow = (bound: number) => number;

/** One token of a destination. */
export interface Piece {
  readonly kind: "text" | "wildcard" | "partition" | "random" | "function";
  /** The wildcards that it is made of, from 1 on. */
  readonly wildcards: readonly number[];
  /** What becomes of their `tokens` in the subject `whole`. */
  make(tokens: readonly string[], whole: string, below: RandomBelow): string;
}

interface TransformFunction {
  readonly written: RegExp;
  readonly read: (args: readonly string[], token: string) => Piece;
}

const INT32_MAX = 0x7fffffff;
const INT64_MAX = 2 ** 63;

const FUNCTIONS: readonly TransformFunction[] = [
  { written: named("[wW]ildcard"), read: readWildcard },
  { written: named("[pP]artition"), read: readPartition },
  { written: named("[sS]plit[fF]rom[lL]eft"), read: sized(splitFromLeft) },
  { written: named("[sS]plit[fF]rom[rR]ight"), read: sized(splitFromRight) },
  { written: named("[sS]lice[fF]rom[lL]eft"), read: sized(sliceFromLeft) },
  { written: named("[sS]lice[fF]rom[rR]ight"), read: sized(sliceFromRight) },
  { written: named("[sS]plit"), read: readSplit },
  { written: named("[lL]eft"), read: sized(left) },
  { written: named("[rR]ight"), read: sized(right) },
  { written: named("[rR]andom"), read: readRandom },
];

function named(name: string): RegExp {
  return new RegExp(`\\{\\{\\s*${name}\\s*\\((.*)\\)\\s*\\}\\}`);
}

/**
 * The functions that stand for the hash of an account's name. They are replaced
 * before anything else is looked at, wherever in a subject of a configuration
 * they stand.
 */
const ACCOUNT_HASHES: readonly {
  readonly written: RegExp;
  readonly of: keyof HashedAccounts;
}[] = [
  { written: named("[aA]ccount-[hH]ash"), of: "own" },
  { written: named("[aA]ccount-[hH]ash-[iI]mport"), of: "imported" },
  {
    written: named("[aA]ccount-[hH]ash-[lL]eaf-[rR]emote"),
    of: "leafRemote",
  },
];

/** The names of the accounts that a subject may speak of; undefined: not there. */
export interface HashedAccounts {
  /** The account that the subject is written in. */
  readonly own: string;
  /** The one that it imports from. */
  readonly imported?: string;
  /** The one at the other end of a leaf node's connection. */
  readonly leafRemote?: string;
}

/**
 * `subject` with the hashes of accounts in place of their functions. Throws a
 * `TransformError` for one that there is no account for.
 */
export function withAccountHashes(
  subject: string,
  accounts: HashedAccounts,
): string {
  return subject.split(".").map((token) => {
    if (!looksLikeFunction(token)) return token;
    for (const { written, of } of ACCOUNT_HASHES) {
      const found = written.exec(token);
      if (found === null) continue;
      if (found[1]!.trim() !== "") throw tooMany(token);
      const account = accounts[of];
      if (account === undefined) {
        throw wrong("function is not available in this context", token);
      }
      return shortHash(account);
    }
    return token;
  }).join(".");
}

/** Throws a `TransformError` for a function that is unknown or has other arguments. */
export function pieceOf(token: string): Piece {
  if (token.length > 1 && token.startsWith("$")) {
    const number = wholeNumber(token.slice(1));
    return number === undefined ? text(token) : wildcard(number);
  }
  if (!looksLikeFunction(token)) return text(token);
  for (const { written, read } of FUNCTIONS) {
    const found = written.exec(token);
    if (found !== null) return read(found[1]!.split(/,\s*/), token);
  }
  throw wrong("unknown function", token);
}

/** Whether a token has to be a function. */
export function looksLikeFunction(token: string): boolean {
  return token.length > 4 && token.startsWith("{{") && token.endsWith("}}");
}

export function wrong(what: string, token: string): TransformError {
  return new TransformError(`${MAPPING_DESTINATION}: ${what} in ${token}`);
}

function text(token: string): Piece {
  return { kind: "text", wildcards: [], make: () => token };
}

function wildcard(number: number): Piece {
  return {
    kind: "wildcard",
    wildcards: [number],
    make: ([token]) => token!,
  };
}

function readWildcard(args: readonly string[], token: string): Piece {
  if (args.length > 1) throw tooMany(token);
  if (args[0] === "") throw tooFew(token);
  return wildcard(argument(args[0]!, token));
}

function readPartition(args: readonly string[], token: string): Piece {
  const count = smallArgument(args[0]!, token);
  const wildcards = args.slice(1).map((arg) => argument(arg, token));
  return {
    kind: "partition",
    wildcards,
    make: (tokens, whole) =>
      partitionOf(wildcards.length === 0 ? whole : tokens.join(""), count),
  };
}

/** FNV-1a of 32 bits, modulo `count`, which counts as a number without a sign. */
function partitionOf(key: string, count: number): string {
  if (count === 0) return "0";
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  }
  return String((hash >>> 0) % (count >>> 0));
}

function readRandom(args: readonly string[], token: string): Piece {
  // nats-server says so of one argument too many.
  if (args.length !== 1) throw tooFew(token);
  const bound = smallArgument(args[0]!, token);
  return {
    kind: "random",
    wildcards: [],
    make: (_, __, below) => bound <= 0 ? "0" : String(below(bound)),
  };
}

function readSplit(args: readonly string[], token: string): Piece {
  if (args.length < 2) throw tooFew(token);
  if (args.length > 2) throw tooMany(token);
  const [number, at] = [argument(args[0]!, token), args[1]!];
  if (at.includes(" ")) throw badArgument(token);
  return {
    kind: "function",
    wildcards: [number],
    make: ([part]) =>
      (at === "" ? utf8Chars(part!) : part!.split(at))
        .filter((piece) => piece !== "").join("."),
  };
}

/** The UTF-8 characters of a byte string. */
function utf8Chars(part: string): readonly string[] {
  return part.match(/[^\x80-\xbf][\x80-\xbf]*|[\x80-\xbf]/gs) ?? [];
}

/** A function of a wildcard and a number of bytes. A token that is not longer stays as it is. */
function sized(
  make: (token: string, size: number) => string,
): TransformFunction["read"] {
  return (args, token) => {
    if (args.length < 2) throw tooFew(token);
    if (args.length > 2) throw tooMany(token);
    const number = argument(args[0]!, token);
    const size = smallArgument(args[1]!, token);
    return {
      kind: "function",
      wildcards: [number],
      make: ([part]) =>
        size > 0 && size < part!.length ? make(part!, size) : part!,
    };
  };
}

function splitFromLeft(token: string, size: number): string {
  return `${token.slice(0, size)}.${token.slice(size)}`;
}

function splitFromRight(token: string, size: number): string {
  return splitFromLeft(token, token.length - size);
}

function sliceFromLeft(token: string, size: number): string {
  const slices = [];
  for (let at = 0; at < token.length; at += size) {
    slices.push(token.slice(at, at + size));
  }
  return slices.join(".");
}

function sliceFromRight(token: string, size: number): string {
  const rest = token.length % size;
  const slices = sliceFromLeft(token.slice(rest), size);
  return rest === 0 ? slices : `${token.slice(0, rest)}.${slices}`;
}

function left(token: string, size: number): string {
  return token.slice(0, size);
}

function right(token: string, size: number): string {
  return token.slice(-size);
}

function argument(arg: string, token: string): number {
  const number = wholeNumber(arg.replace(/^ +| +$/g, ""));
  if (number === undefined) throw badArgument(token);
  return number;
}

function smallArgument(arg: string, token: string): number {
  const number = argument(arg, token);
  if (Math.abs(number) > INT32_MAX) throw badArgument(token);
  return number;
}

/** Digits, perhaps with a sign, up to 64 bits. */
function wholeNumber(digits: string): number | undefined {
  if (!/^[+-]?[0-9]+$/.test(digits)) return undefined;
  const number = Number(digits);
  return Math.abs(number) < INT64_MAX ? number : undefined;
}

function tooFew(token: string): TransformError {
  return wrong("not enough arguments passed to the function", token);
}

function tooMany(token: string): TransformError {
  return wrong("too many arguments passed to the function", token);
}

function badArgument(token: string): TransformError {
  return wrong(
    "function argument is invalid or in the wrong format",
    token,
  );
}
