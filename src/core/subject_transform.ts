/**
 * How one subject becomes another: `orders.*` to `shop.$1.new`, with the
 * functions of `transform_function.ts`. Mappings of accounts may use all of them,
 * imports only wildcards. A transform is parsed once and applied to byte strings;
 * the lengths that its functions count are bytes. Errors have nats-server's
 * texts, since people compare what is said of a configuration.
 */

import { type Random, randomBelow } from "../platform/clock.ts";
import { isValidSubject } from "./subject.ts";
import {
  looksLikeFunction,
  MAPPING_DESTINATION,
  type Piece,
  pieceOf,
  TransformError,
  withAccountHashes,
  wrong,
} from "./transform_function.ts";

/** What a destination may have where its source has no `*`. */
const WITHOUT_WILDCARDS: readonly Piece["kind"][] = [
  "text",
  "partition",
  "random",
];

/** What stands in a token of a destination, and of which tokens of the source it is made. */
interface Part {
  readonly piece: Piece;
  readonly places: readonly number[];
}

interface TransformOptions {
  /** For imports: only wildcards, and each of the source's is used. */
  readonly strict: boolean;
}

export class SubjectTransform {
  readonly source: string;
  readonly destination: string;
  /** Makes now this and now that of the same subject. */
  readonly isRandom: boolean;
  readonly #parts: readonly Part[];
  readonly #sourceTokens: number;
  readonly #isLiteral: boolean;

  private constructor(
    source: string,
    destination: string,
    parts: readonly Part[],
  ) {
    this.source = source;
    this.destination = destination;
    this.isRandom = parts.some(({ piece }) => piece.kind === "random");
    this.#parts = parts;
    this.#sourceTokens = source.split(".").length;
    this.#isLiteral = isLiteral(source);
  }

  /** Throws a `TransformError` where nats-server refuses it. */
  static parse(
    source: string,
    destination: string,
    { strict }: TransformOptions = { strict: false },
  ): SubjectTransform {
    const tokens = destination.split(".");
    if (
      !isValidSubject(source) || !isValidSubject(destination) ||
      tokens.includes("*") || hasTail(source) !== hasTail(destination)
    ) throw new TransformError("invalid subject");
    const stars = starsOf(source);
    const pieces = tokens.map((token) => {
      const piece = pieceOf(token);
      checkPiece(piece, token, source, strict && !isLiteral(source));
      return piece;
    });
    if (strict && countWildcards(pieces) < stars.length) {
      throw wrong("not using all of the token wildcard(s)", destination);
    }
    const parts = pieces.map((piece) => ({
      piece,
      // A number below 1 stands for the first token of the subject.
      places: isLiteral(source)
        ? []
        : piece.wildcards.map((number) => stars[number - 1] ?? 0),
    }));
    return new SubjectTransform(source, destination, parts);
  }

  /** What becomes of `subject`, which `source` matches. */
  apply(subject: string, random: Random): string {
    const tokens = subject.split(".");
    // nats-server hashes nothing where the source is a literal subject.
    const whole = this.#isLiteral ? "" : subject;
    const below = (bound: number) => randomBelow(random, bound);
    const made = this.#parts.map(({ piece, places }) =>
      piece.make(places.map((place) => tokens[place]!), whole, below)
    );
    if (!hasTail(this.destination)) return made.join(".");
    made.splice(-1, 1, ...tokens.slice(this.#sourceTokens - 1));
    return made.join(".");
  }

  /**
   * The way back, from what this one makes to what that was made of. For one
   * that is strict; of a wildcard that is used twice the first use counts.
   */
  inverse(): SubjectTransform {
    const source: string[] = [];
    const names = new Map<number, string>();
    let stars = 0;
    this.destination.split(".").forEach((token, i) => {
      const { piece, places } = this.#parts[i]!;
      const isStar = standsForStar(piece);
      source.push(isStar ? "*" : token);
      if (!isStar) return;
      stars++;
      if (!names.has(places[0]!)) names.set(places[0]!, `$${stars}`);
    });
    const destination = this.source.split(".").map((token, place) =>
      token === "*" ? names.get(place)! : token
    );
    return SubjectTransform.parse(source.join("."), destination.join("."));
  }
}

/**
 * The transform of a mapping of `account`. Beside what all transforms are refused
 * for, its destination must be a subject without blanks and empty tokens.
 */
export function mappingTransform(
  source: string,
  destination: string,
  account: string,
): SubjectTransform {
  const [from, to] = [source, destination]
    .map((subject) => withAccountHashes(subject, { own: account }));
  const tokens = to!.split(".");
  for (const [i, token] of tokens.entries()) {
    if (looksLikeFunction(token)) {
      pieceOf(token);
    } else if (
      token === "" || tokens[i - 1] === ">" || /[ \t\n\f\r]/.test(token)
    ) {
      throw new TransformError(`${MAPPING_DESTINATION}: invalid transform`);
    }
  }
  return SubjectTransform.parse(from!, to!);
}

/** `a.$1.{{wildcard(2)}}` as the pattern of its values: `a.*.*`. */
export function untokenized(destination: string): string {
  return destination.split(".")
    .map((token) => isWildcardToken(token) ? "*" : token).join(".");
}

/** `a.*.*` with numbers for its wildcards: `a.$1.$2`. */
export function tokenized(pattern: string): string {
  let stars = 0;
  return pattern.split(".")
    .map((token) => token === "*" ? `$${++stars}` : token).join(".");
}

function isWildcardToken(token: string): boolean {
  try {
    return standsForStar(pieceOf(token));
  } catch {
    return false;
  }
}

/** `$0` does not: it is the first token. */
function standsForStar({ kind, wildcards: [number] }: Piece): boolean {
  return kind === "wildcard" && number! > 0;
}

function checkPiece(
  piece: Piece,
  token: string,
  source: string,
  onlyWildcards: boolean,
): void {
  if (onlyWildcards && piece.kind !== "text" && piece.kind !== "wildcard") {
    throw wrong(
      "the only mapping function allowed for import transforms is {{Wildcard()}}",
      token,
    );
  }
  if (isLiteral(source)) {
    if (WITHOUT_WILDCARDS.includes(piece.kind)) return;
    throw wrong("wildcard index out of range", token);
  }
  const stars = starsOf(source).length;
  for (const number of piece.wildcards) {
    if (number <= stars) continue;
    throw wrong("wildcard index out of range", `${token}: [${number}]`);
  }
}

function countWildcards(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { wildcards }) => sum + wildcards.length, 0);
}

/** The places of the tokens `*`. */
function starsOf(source: string): readonly number[] {
  return source.split(".")
    .flatMap((token, place) => token === "*" ? [place] : []);
}

function hasTail(subject: string): boolean {
  return subject === ">" || subject.endsWith(".>");
}

function isLiteral(source: string): boolean {
  return starsOf(source).length === 0 && !hasTail(source);
}
