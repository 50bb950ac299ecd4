/**
 * The checks of `tests/tidy_test.ts`. Each returns what breaks its rule, as
 * keys that the list of exemptions can name: a path, or a path and a name.
 */
import {
  exportsOf,
  functionsOf,
  takenBy,
  type TypeFact,
  typesOf,
} from "./source_facts.ts";
import { partsOf, type SourceFile, targetsOf } from "./sources.ts";

/** What the checks read. */
export interface Repository {
  readonly src: readonly SourceFile[];
  /** The files of src, scripts, examples and tests, and the programs at the top. */
  readonly all: readonly SourceFile[];
}

/** Broken rules; the key comes first, and a blank ends it from what was found. */
export type Check = (repository: Repository) => string[];

const FUNCTION_LINES_MAX = 60;
const FILE_LINES_MAX = 400;
const MEMBERS_MAX = 12;
const REASON = /More than a dozen members: because /;

/** What comments and titles do without; it reads as a translation. */
const ODD_WORDS =
  /\b(?:so many|so much|so often|whoever|whomever|somebody)\b/gi;

/** In tests, suites are functions that list their tests; they may be long. */
export const longFunctions: Check = ({ all }) =>
  all.filter(({ path }) => !path.startsWith("tests/")).flatMap((file) =>
    functionsOf(file.text)
      .filter(({ lines }) => lines > FUNCTION_LINES_MAX)
      .map(({ head, lines }) => `${file.path}: ${lines} lines: ${head}`)
  );

export const longFiles: Check = ({ src }) =>
  src.filter(({ text }) => linesOf(text) > FILE_LINES_MAX)
    .map(({ path, text }) => `${path}: ${linesOf(text)} lines`);

function linesOf(text: string): number {
  return text.split("\n").length - 1;
}

/** Files of `src` that import themselves by way of others, types included. */
export const circles: Check = ({ src }) => {
  const targets = new Map(src.map((file) => [file.path, targetsOf(file)]));
  return src.flatMap(({ path }) => {
    const way = wayTo(targets, path, (other) => other === path);
    return way === undefined ? [] : [`${path}: ${way.slice(1).join(" > ")}`];
  });
};

/** The shortest way of imports from `path` to a file that `isGoal`; undefined when there is none. */
export function wayTo(
  targets: ReadonlyMap<string, readonly string[]>,
  path: string,
  isGoal: (file: string) => boolean,
): string[] | undefined {
  const ways = [[path]];
  const seen = new Set<string>();
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    for (const next of targets.get(way.at(-1)!) ?? []) {
      if (isGoal(next)) return [...way, next];
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return undefined;
}

/** A line such as `// --- names` says that a file is two. */
export const banners: Check = ({ all }) =>
  all.filter(({ text }) => /^\s*\/\/ ?[-=*#]{2,}/m.test(partsOf(text).comments))
    .map(({ path }) => `${path}:`);

/**
 * What `src` exports to nobody. A type may be there for the signature of its
 * own file.
 */
export const deadExports: Check = ({ src, all }) => {
  const taken = new Set(
    all.flatMap(takenBy).map(({ path, name }) => `${path} ${name}`),
  );
  return src.filter(({ folder }) => folder !== "faces").flatMap((file) => {
    const { code } = partsOf(file.text);
    return exportsOf(file).filter((name) =>
      !taken.has(`${file.path} ${name}`) && !taken.has(`${file.path} *`) &&
      !(isType(code, name) && isUsed(code, name))
    ).map((name) => `${file.path}: ${name}`);
  });
};

function isType(code: string, name: string): boolean {
  return new RegExp(`^export (?:interface|type) ${name}\\b`, "m").test(code);
}

function isUsed(code: string, name: string): boolean {
  return [...code.matchAll(new RegExp(`\\b${name}\\b`, "g"))].length > 1;
}

/** Names that two files of `src` declare and export. */
export const namesakes: Check = ({ src }) => {
  const places = Map.groupBy(
    src.filter(({ folder }) => folder !== "faces").flatMap((file) =>
      exportsOf(file).map((name) => ({ name, path: file.path }))
    ),
    ({ name }) => name,
  );
  return [...places].filter(([, found]) => found.length > 1)
    .map(([name, found]) =>
      `${name}: ${found.map(({ path }) => path).join(" and ")}`
    );
};

export const largeClasses: Check = ({ src }) =>
  src.flatMap((file) =>
    typesOf(file.text, "class")
      .filter((type) => isLarge(type.members.length, type, file))
      .map(({ name, members }) => `${file.path}: ${name}: ${members.length}`)
  );

/** What is given to be called; mere data may have as many fields as it needs. */
export const largeInterfaces: Check = ({ src }) => {
  const found = src.flatMap((file) =>
    typesOf(file.text, "interface").map((type) => ({ file, type }))
  );
  const byName = new Map(found.map(({ type }) => [type.name, type]));
  return found
    .map(({ file, type }) => ({ file, type, whole: wholeOf(type, byName) }))
    .filter(({ type, file, whole }) =>
      !/(?:Options|Config)$/.test(type.name) && whole.methods > 0 &&
      isLarge(whole.members, type, file)
    )
    .map(({ file, type, whole }) =>
      `${file.path}: ${type.name}: ${whole.members}`
    );
};

/** An interface with all that it inherits. */
function wholeOf(
  type: TypeFact,
  byName: ReadonlyMap<string, TypeFact>,
): { members: number; methods: number } {
  const bases = type.bases.map((name) => byName.get(name))
    .filter((base) => base !== undefined)
    .map((base) => wholeOf(base, byName));
  const sum = (numbers: readonly number[]): number =>
    numbers.reduce((total, number) => total + number, 0);
  return {
    members: type.members.length + sum(bases.map(({ members }) => members)),
    methods: type.methods.length + sum(bases.map(({ methods }) => methods)),
  };
}

function isLarge(count: number, type: TypeFact, file: SourceFile): boolean {
  return count > MEMBERS_MAX &&
    !REASON.test(proseOf(type.comment)) && !REASON.test(headOf(file));
}

/** The comment that a file begins with, as one line of prose; "" when there is none. */
function headOf({ text }: SourceFile): string {
  const [, comment] = /^(?:#!.*\n)?(\/\*\*[^]*?\*\/)/.exec(text) ?? [];
  return proseOf(comment ?? "");
}

function proseOf(comment: string): string {
  return comment.replace(/^\/\*\*|\*\/|^ *\* ?/gm, " ")
    .replace(/\s+/g, " ").trim();
}

/** Files that do not begin with a sentence about themselves. */
export const noHead: Check = ({ all }) =>
  all.filter((file) => !/(?:\S+ ){3}.*[.:`]/.test(headOf(file)))
    .map(({ path }) => `${path}:`);

export const oddWords: Check = ({ all }) =>
  all.flatMap((file) => {
    const titles = file.text.matchAll(
      /\b(?:test|it|describe|check)\(\s*(["`].*["`])/g,
    );
    const texts = [
      partsOf(file.text).comments.replace(/\n[ /*]*/g, " "),
      ...[...titles].map(([, title]) => title!),
    ];
    const words = texts.flatMap((text) =>
      [...text.matchAll(ODD_WORDS)].map(([word]) => word.toLowerCase())
    );
    return [...new Set(words)].sort().map((word) => `${file.path}: ${word}`);
  });

/** Comments that switch checks off. Types that do are found by `deno lint`. */
export const evasions: Check = ({ all }) =>
  all.filter(({ text }) =>
    /@ts-|deno-lint-ignore|eslint-disable|prettier-ignore|deno-fmt-ignore/
      .test(partsOf(text).comments)
  ).map(({ path }) => `${path}:`);

/** Tests without the time limit of `tests/support/test.ts`. */
export const unlimitedTests: Check = ({ all }) =>
  all.filter(({ path, text }) =>
    path.startsWith("tests/") && path !== "tests/support/test.ts" &&
    /^import .* from "(?:node|bun):test";/m.test(text)
  ).map(({ path }) => `${path}:`);
