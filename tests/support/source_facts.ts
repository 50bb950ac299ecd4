/**
 * What the tidy test wants to know of a file's code: its functions and their
 * lengths, its classes and interfaces and their members, the names that it
 * exports and imports. Read by indentation, which `deno fmt` vouches for.
 */
import { partsOf, resolveFrom, type SourceFile } from "./sources.ts";

export interface FunctionFact {
  /** The line that it begins with, without its blanks. */
  readonly head: string;
  readonly lines: number;
}

/** A class or an interface. */
export interface TypeFact {
  readonly name: string;
  readonly bases: readonly string[];
  /** Those that everybody can reach, each name once. */
  readonly members: readonly string[];
  /** The members that are called. */
  readonly methods: readonly string[];
  /** The comment in front of it. */
  readonly comment: string;
}

const NO_FUNCTION = /^(?:\} )?(?:if|else|for|while|switch|catch|do|try)\b/;
const FUNCTION =
  /^(?:export |default |async )*function\b|^(?:static |override |async |get |set |\*)*(?:#?[\w$]+|\[[\w.]+\])(?:<.*>)?\(/;

/** Every function, method and arrow function that has a block. */
export function functionsOf(text: string): FunctionFact[] {
  const lines = partsOf(text).code.split("\n");
  return lines.flatMap((line, at) => {
    if (!line.endsWith("{")) return [];
    const first = headOf(lines, at);
    const head = lines[first]!.trim();
    const isArrow = line.endsWith("=> {");
    if (!isArrow && (NO_FUNCTION.test(head) || !FUNCTION.test(head))) return [];
    const count = endOf(lines, at) - first + 1;
    return [{ head: text.split("\n")[first]!.trim(), lines: count }];
  });
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

// Parameters on lines of their own end with a line such as `): void {`.
function headOf(lines: readonly string[], at: number): number {
  const indent = indentOf(lines[at]!);
  let first = at;
  while (first > 0 && /^\s*[)}\]]/.test(lines[first]!)) {
    first--;
    while (
      first > 0 &&
      (lines[first]!.trim() === "" || indentOf(lines[first]!) > indent)
    ) first--;
  }
  return first;
}

/** The line that closes the block which line `at` opens. */
function endOf(lines: readonly string[], at: number): number {
  const indent = indentOf(lines[at]!);
  const end = lines.findIndex((line, number) =>
    number > at && line.trim() !== "" && indentOf(line) === indent
  );
  return end === -1 ? lines.length - 1 : end;
}

const TYPE_HEAD =
  /^(?:export )?(?:abstract )?(class|interface) (\w+)(?:<[^{]*>)?((?:\s[^{]*)?)\{/gm;

/** The classes and interfaces at the top of a file. */
export function typesOf(
  text: string,
  kind: "class" | "interface",
): TypeFact[] {
  const { code } = partsOf(text);
  return [...code.matchAll(TYPE_HEAD)]
    .filter(([, found]) => found === kind)
    .map((match) => {
      const [head, , name, heritage] = match;
      const body = code.slice(match.index + head.length).split(/^\}/m)[0]!;
      const members = membersOf(body);
      return {
        name: name!,
        bases: [
          ...(/\bextends\s+([^{]+)/.exec(heritage!)?.[1] ?? "").matchAll(
            /\b[A-Z]\w+/g,
          ),
        ].map(([base]) => base),
        members: [...new Set(members.map((member) => member.name))],
        methods: [
          ...new Set(
            members.filter(({ called }) => called).map(({ name }) => name),
          ),
        ],
        comment: commentBefore(text, match.index),
      };
    });
}

interface Member {
  readonly name: string;
  readonly called: boolean;
}

const MEMBER =
  /^ {2}(?:(?:readonly|static|override|async|get|set|abstract|declare) |\*)*([\w$]+|\[[\w.]+\])[?!]?(?=[(<:;]|\s=)(?:<[^(]*>)?(\(|: \((?!\)? *\|))?/;

function membersOf(body: string): Member[] {
  return body.split("\n").flatMap((line) => {
    const match = MEMBER.exec(line);
    if (match === null || match[1] === "constructor") return [];
    return [{ name: match[1]!, called: match[2] !== undefined }];
  });
}

function commentBefore(text: string, at: number): string {
  const comment = /\/\*\*(?:[^*]|\*(?!\/))*\*\/\s*$/.exec(text.slice(0, at));
  return comment?.[0] ?? "";
}

/** The names that a file declares and exports. */
export function exportsOf({ text }: SourceFile): string[] {
  const { code } = partsOf(text);
  const declared = code.matchAll(
    /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|class|interface|type|function\*?) ([\w$]+)/gm,
  );
  const listed = code.matchAll(/^export (?:type )?\{([^}]*)\};/gm);
  return [
    ...new Set([
      ...[...declared].map(([, name]) => name!),
      ...[...listed].flatMap(([, names]) =>
        names!.split(",").map((word) => word.trim().split(" as ").at(-1)!)
          .filter((word) => word !== "")
      ),
    ]),
  ].filter((name) => name !== "");
}

/** What a file takes from another: the names, or "*" for all of them. */
export interface Taken {
  readonly path: string;
  readonly name: string;
}

export function takenBy(file: SourceFile): Taken[] {
  const named = file.text.matchAll(
    /^(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s+from\s+"(\.[^"]+)";/gm,
  );
  const names = [...named].flatMap(([, list, specifier]) =>
    list!.split(",").map((word) =>
      word.trim().replace(/^type /, "").split(" as ")[0]!
    ).filter((name) => name !== "")
      .map((name) => ({ path: resolveFrom(file, specifier!), name }))
  );
  const whole = file.text.matchAll(
    /(?:^(?:import|export)\s+\*(?: as \w+)?\s+from|\bimport\()\s*"(\.[^"]+)"/gm,
  );
  return [
    ...names,
    ...[...whole].map(([, specifier]) => ({
      path: resolveFrom(file, specifier!),
      name: "*",
    })),
  ];
}
