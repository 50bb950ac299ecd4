/** What Go's scanner of JSON says of a text, and where: in one pass, whatever the text. */

export interface SyntaxFault {
  readonly error: string;
  /** The first character that cannot be there, or the end. */
  readonly at: number;
}

/** What is wrong with a text; undefined: it is JSON. */
export function syntaxFault(text: string): SyntaxFault | undefined {
  const value = scan(text, 0);
  if ("error" in value) return value;
  const at = behindBlanks(text, value.end);
  if (at === text.length) return undefined;
  return { error: invalid(text[at]!, "after top-level value"), at };
}

/** Where the value behind the one at `start` begins, or the text ends. */
export function nextValue(text: string, start: number): number {
  const value = scan(text, start);
  return "error" in value ? text.length : behindBlanks(text, value.end);
}

/** How deep values may lie in one another. */
const DEPTH_MAX = 10_000;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;

/** Where a text of JSON lies too deep in itself; undefined: nowhere. */
export function depthFault(text: string): SyntaxFault | undefined {
  return mayLieDeep(text) ? syntaxFault(text) : undefined;
}

/** Whether a text has enough brackets, of which each level has two. */
function mayLieDeep(text: string): boolean {
  if (text.length <= 2 * DEPTH_MAX) return false;
  let brackets = 0;
  for (let at = 0; at < text.length && brackets <= DEPTH_MAX; at++) {
    const code = text.charCodeAt(at);
    if (code === OPEN_BRACKET || code === OPEN_BRACE) brackets++;
  }
  return brackets > DEPTH_MAX;
}

type Outcome = { readonly end: number } | SyntaxFault;

const LITERALS = ["true", "false", "null"];
/** A number, and the longest text that may become one. */
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const NUMBER_BEGUN = /-?(?:0|[1-9][0-9]*)?(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?/y;

type Expectation =
  | "value"
  | "value or ]"
  | "key"
  | "key or }"
  | "colon"
  | "comma";

/** The end of the value that begins at `start`, or what is wrong before that. */
function scan(text: string, start: number): Outcome {
  /** Of all that is open: whether it is an object. */
  const open: boolean[] = [];
  let expects: Expectation = "value";
  let at = start;
  while (true) {
    at = behindBlanks(text, at);
    const char = text[at];
    if (char === undefined) return endless(text);
    const step = stepOver(text, at, expects, open);
    if ("error" in step) return step;
    at = step.end;
    if (step.expects === undefined) {
      if (open.length === 0) return { end: at };
      expects = "comma";
    } else expects = step.expects;
  }
}

/** Where the next token ends and what comes behind it; undefined: a value has ended. */
function stepOver(
  text: string,
  at: number,
  expects: Expectation,
  open: boolean[],
): { readonly end: number; readonly expects?: Expectation } | SyntaxFault {
  const char = text[at]!;
  switch (expects) {
    case "value":
    case "value or ]":
      if (char === "]" && expects === "value or ]") return closed(at, open);
      if (char !== "{" && char !== "[") return scalar(text, at);
      if (open.push(char === "{") > DEPTH_MAX) {
        return { error: invalid(char, "exceeded max depth"), at };
      }
      return { end: at + 1, expects: char === "{" ? "key or }" : "value or ]" };
    case "key":
    case "key or }": {
      if (char === "}" && expects === "key or }") return closed(at, open);
      if (char !== '"') {
        const where = "looking for beginning of object key string";
        return { error: invalid(char, where), at };
      }
      const key = string(text, at);
      return "error" in key ? key : { end: key.end, expects: "colon" };
    }
    case "colon":
      return char === ":"
        ? { end: at + 1, expects: "value" }
        : { error: invalid(char, "after object key"), at };
    case "comma":
      return afterElement(char, at, open);
  }
}

function afterElement(
  char: string,
  at: number,
  open: boolean[],
): { readonly end: number; readonly expects?: Expectation } | SyntaxFault {
  const isObject = open.at(-1)!;
  if (char === ",") {
    return { end: at + 1, expects: isObject ? "key" : "value" };
  }
  if (char === (isObject ? "}" : "]")) return closed(at, open);
  const where = isObject
    ? "after object key:value pair"
    : "after array element";
  return { error: invalid(char, where), at };
}

function closed(at: number, open: boolean[]): { readonly end: number } {
  open.pop();
  return { end: at + 1 };
}

/** A string, a number or a literal. */
function scalar(text: string, at: number): Outcome {
  const char = text[at]!;
  if (char === '"') return string(text, at);
  if (char === "-" || (char >= "0" && char <= "9")) return number(text, at);
  const literal = LITERALS.find((one) => one[0] === char);
  if (literal === undefined) {
    return { error: invalid(char, "looking for beginning of value"), at };
  }
  for (let i = 1; i < literal.length; i++) {
    const next = text[at + i];
    if (next === undefined) return endless(text);
    if (next === literal[i]) continue;
    const where = `in literal ${literal} (expecting '${literal[i]}')`;
    return { error: invalid(next, where), at: at + i };
  }
  return { end: at + literal.length };
}

function number(text: string, start: number): Outcome {
  const whole = lengthOf(NUMBER, text, start);
  const begun = lengthOf(NUMBER_BEGUN, text, start);
  if (whole === begun) return { end: start + whole };
  const at = start + begun;
  const next = text[at];
  if (next === undefined) return endless(text);
  const [before, last] = [text[at - 2], text[at - 1]!];
  const fault = (where: string): SyntaxFault => ({
    error: invalid(next, where),
    at,
  });
  if (last === ".") return fault("after decimal point in numeric literal");
  const isExponent = /[eE+]/.test(last) ||
    (last === "-" && begun > 1 && /[eE]/.test(before!));
  return fault(`in ${isExponent ? "exponent of " : ""}numeric literal`);
}

function lengthOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}

function string(text: string, start: number): Outcome {
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]!;
    if (char === '"') return { end: at + 1 };
    if (char < " ") return { error: invalid(char, "in string literal"), at };
    if (char !== "\\") continue;
    const escaped = text[++at];
    if (escaped === undefined) break;
    if (!'"\\/bfnrtu'.includes(escaped)) {
      return { error: invalid(escaped, "in string escape code"), at };
    }
    if (escaped !== "u") continue;
    for (let digit = 0; digit < 4; digit++) {
      const hex = text[++at];
      if (hex === undefined) return endless(text);
      if (/[0-9A-Fa-f]/.test(hex)) continue;
      const where = "in \\u hexadecimal character escape";
      return { error: invalid(hex, where), at };
    }
  }
  return endless(text);
}

function endless(text: string): SyntaxFault {
  return { error: "unexpected end of JSON input", at: text.length };
}

function behindBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && " \t\r\n".includes(text[at]!)) at++;
  return at;
}

function invalid(char: string, where: string): string {
  const shown = char === "'" ? "\\'" : char === '"' ? '"' : escaped(char);
  return `invalid character '${shown}' ${where}`;
}

function escaped(char: string): string {
  const text = JSON.stringify(char).slice(1, -1);
  return text === "\\u0000" ? "\\x00" : text.replace(/^\\u00/, "\\x");
}
