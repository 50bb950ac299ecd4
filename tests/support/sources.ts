/**
 * The TypeScript files of the repository, read as text for the tests that watch
 * over its shape: which file imports what, and what is code, comment or string.
 * `deno fmt` has been over all of them, which makes their text easy to read.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { PROJECT_FOLDER } from "./runtimes.ts";

export interface SourceFile {
  /** Like "src/core/log.ts". */
  readonly path: string;
  /** The second part of the path, if any: for a file of `src`, its room. */
  readonly folder: string;
  readonly text: string;
}

export interface Import {
  readonly specifier: string;
  readonly typesOnly: boolean;
}

/** All files of `folder`, such as "src", sorted by path. */
export function sourcesOf(folder: string): SourceFile[] {
  return readdirSync(join(PROJECT_FOLDER, folder), {
    recursive: true,
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => sourceAt(join(entry.parentPath, entry.name)))
    .sort((one, other) => one.path < other.path ? -1 : 1);
}

/** The programs in the top folder; each has the name of a face of `src`, most of which have one. */
export function topPrograms(): SourceFile[] {
  const top = readdirSync(PROJECT_FOLDER);
  return readdirSync(join(PROJECT_FOLDER, "src", "faces"))
    .filter((name) => top.includes(name))
    .map((name) => sourceAt(join(PROJECT_FOLDER, name)));
}

function sourceAt(file: string): SourceFile {
  const path = relative(PROJECT_FOLDER, file).replaceAll("\\", "/");
  const text = readFileSync(file, "utf8");
  return { path, folder: path.split("/")[1] ?? "", text };
}

/** All that a file imports, exports on or loads while it runs. */
export function importsOf({ text }: SourceFile): Import[] {
  const statements = text.matchAll(
    /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?"([^"]+)";/gm,
  );
  const calls = text.matchAll(
    /\bimport(?:\.meta\.resolve)?\(\s*"([^"]+)"\s*\)/g,
  );
  return [
    ...[...statements].map(([, type, specifier]) => ({
      specifier: specifier!,
      typesOnly: type !== undefined,
    })),
    ...[...calls].map(([, specifier]) => ({
      specifier: specifier!,
      typesOnly: false,
    })),
  ];
}

/** The path of what a file imports by a relative specifier. */
export function resolveFrom(file: SourceFile, specifier: string): string {
  return join(dirname(file.path), specifier).replaceAll("\\", "/");
}

/** The files of the repository that a file imports, types included. */
export function targetsOf(file: SourceFile): string[] {
  return importsOf(file)
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ specifier }) => resolveFrom(file, specifier));
}

/** A text twice, line by line: with nothing but its code, and its comments. */
export interface Parts {
  /** Strings are empty here, and comments are blanks. */
  readonly code: string;
  readonly comments: string;
}

const BLANKS = /[^\n]/g;

// A comment, a string, a regular expression, or one piece of a template.
const TOKEN =
  /\/\*[^]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|(?<=(?:^|[(,=:[!&|?{};+]|\breturn|=>)\s*)\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*|`|\{|\}/g;

/** Tells code from comments and strings. */
export function partsOf(text: string): Parts {
  let code = "";
  let comments = "";
  let at = 0;
  const braces: ("code" | "template")[] = [];
  const take = (end: number, what: "code" | "comment" | "string"): void => {
    const piece = text.slice(at, end);
    const blank = piece.replace(BLANKS, " ");
    code += what === "code" ? piece : blank;
    comments += what === "comment" ? piece : blank;
    at = end;
  };
  const takeTemplate = (): void => {
    const [piece] = /^(?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{)?/.exec(
      text.slice(at),
    )!;
    take(at + piece.length, "string");
    if (piece.endsWith("${")) braces.push("template");
  };
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    take(match?.index ?? text.length, "code");
    if (match === null) break;
    const [token] = match;
    if (token === "{") braces.push("code");
    const closed = token === "}" ? braces.pop() : undefined;
    if (token === "{" || closed === "code") take(at + 1, "code");
    else if (token.startsWith("/*") || token.startsWith("//")) {
      take(at + token.length, "comment");
    } else take(at + token.length, "string");
    if (token === "`" || closed === "template") takeTemplate();
  }
  return { code, comments };
}
