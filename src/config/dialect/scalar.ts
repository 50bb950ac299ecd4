/**
 * What an unquoted word means: a boolean, a number with or without a size
 * suffix, a date, a `$variable`, or just text. The lexer asks for each bare
 * word that it finds.
 */

/** The meaning of a bare word; `wrong` says why it has none. */
export type BareWord =
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "integer"; readonly value: number }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "date"; readonly value: Date }
  | { readonly kind: "variable"; readonly value: string }
  | {
    readonly kind: "wrong";
    readonly value: string;
    /** What is wrong, without the word, which may be a secret. */
    readonly plain: string;
  };

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["yes", true],
  ["on", true],
  ["false", false],
  ["no", false],
  ["off", false],
]);

const DATE = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)Z$/;
const FLOAT = /^-?\d+\.\d+$/;
const INTEGER = /^(-?\d+)([kmgtpe][bi]*)?$/i;
// nats-server takes `$2a$` alone for a hash; passwords hashed elsewhere begin
// with the other three, and no variable's name does.
const BCRYPT = /^\$2[abxy]\$/;

/** Reads a bare word that held no escapes. */
export function readBareWord(word: string): BareWord {
  const boolean = BOOLEANS.get(word.toLowerCase());
  if (boolean !== undefined) return { kind: "boolean", value: boolean };
  if (/^[-\d.]/.test(word)) return readNumberOrText(word);
  if (!word.startsWith("$") || BCRYPT.test(word)) {
    return { kind: "string", value: word };
  }
  return { kind: "variable", value: word.slice(1) };
}

function readNumberOrText(word: string): BareWord {
  const [, digits, suffix = ""] = INTEGER.exec(word) ?? [];
  if (digits !== undefined) return readInteger(digits, suffix);
  if (FLOAT.test(word)) return readFloat(word);
  if (/^\d{4}-\d\d-/.test(word)) return readDate(word);
  if (/^-?\.(\d|$)/.test(word)) return wrong("Floats must start with a digit");
  if (/^-?\d+\.$/.test(word)) {
    return wrong("Floats must have a digit after the '.'");
  }
  if (word.startsWith("-")) {
    return wrong("Expected a number after the '-'", `, but got '${word}'`);
  }
  // Addresses, versions, durations and names that begin with a digit.
  return { kind: "string", value: word };
}

function wrong(plain: string, word: string = ""): BareWord {
  return { kind: "wrong", value: plain + word, plain };
}

function outOfRange(what: "integer" | "float", word: string): BareWord {
  const text = what === "integer" ? "is out of the range" : "is out of range";
  const value = `${what} '${word}' ${text}`;
  return { kind: "wrong", value, plain: `The ${what} ${text}` };
}

const POWERS = "kmgtpe";

// Go keeps 64-bit integers; a JavaScript number is exact only as far as this
// check lets it be.
function readInteger(digits: string, suffix: string): BareWord {
  const unit = suffix.toLowerCase();
  if (unit.length > 1 && !/^.(b|i|ib)$/.test(unit)) {
    return wrong("Unknown size suffix", ` '${suffix}'`);
  }
  const base = unit.length > 1 ? 1024n : 1000n;
  const power = unit === "" ? 0 : POWERS.indexOf(unit.charAt(0)) + 1;
  const exact = BigInt(digits) * base ** BigInt(power);
  const value = Number(exact);
  const fits = BigInt.asIntN(64, exact) === exact && isExact(value, exact);
  if (!fits) return outOfRange("integer", `${digits}${suffix}`);
  return { kind: "integer", value };
}

function isExact(value: number, exact: bigint): boolean {
  return Number.isFinite(value) && BigInt(value) === exact;
}

function readFloat(word: string): BareWord {
  const value = Number(word);
  if (!Number.isFinite(value)) return outOfRange("float", word);
  return { kind: "float", value };
}

function readDate(word: string): BareWord {
  const [, day, time] = DATE.exec(word) ?? [];
  if (day === undefined) {
    return wrong("All ISO8601 dates must be in full Zulu form.");
  }
  const value = new Date(`${day}T${time}Z`);
  // `Date` takes the 30th of February for the 1st of March.
  const exists = !Number.isNaN(value.getTime()) &&
    value.toISOString().startsWith(day);
  if (!exists) return wrong("There is no date", ` '${word}'`);
  return { kind: "date", value };
}
