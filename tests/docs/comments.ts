/**
 * The examples in the comments of `src`: blocks of `ts` in JSDoc, as programs
 * that can be run. An example without imports sees what its own file exports.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROJECT_FOLDER } from "../support/runtimes.ts";

export interface CommentExample {
  /** Like "src/core/headers.ts:66". */
  readonly place: string;
  /** As it stands in the comment. */
  readonly text: string;
  /** With absolute imports, to be run from anywhere. */
  readonly program: string;
}

const BLOCK = /^ *\* ```ts\n((?: *\*.*\n)*?) *\* ```$/gm;

/** All of them. */
export function commentExamples(): CommentExample[] {
  return readdirSync(join(PROJECT_FOLDER, "src"), { recursive: true })
    .map((name) => join("src", String(name)))
    .filter((path) => path.endsWith(".ts"))
    .sort()
    .flatMap(examplesIn);
}

function examplesIn(path: string): CommentExample[] {
  const file = join(PROJECT_FOLDER, path);
  const source = readFileSync(file, "utf8");
  return [...source.matchAll(BLOCK)].map((match) => {
    const text = match[1]!.replaceAll(/^ *\* ?/gm, "");
    const line = source.slice(0, match.index).split("\n").length;
    const program = text.includes("import ")
      ? text.replaceAll(/ from "\.\//g, ` from "${dirname(file)}/`)
      : `${importsFor(text, source, file)}\n${text}`;
    return { place: `${path}:${line}`, text, program };
  });
}

function importsFor(text: string, source: string, file: string): string {
  const names = exportedValues(source)
    .filter((name) => new RegExp(`\\b${name}\\b`).test(text));
  return names.length === 0
    ? ""
    : `import { ${names.join(", ")} } from "${file}";`;
}

function exportedValues(source: string): string[] {
  const declared = source.matchAll(
    /^export (?:async )?(?:function|class|const) (\w+)/gm,
  );
  const lists = source.matchAll(/^export \{([^}]*)\}/gm);
  const listed = [...lists].flatMap(([, list]) => list!.split(","))
    .map((name) => name.trim())
    .filter((name) => name !== "" && !name.startsWith("type "));
  return [...new Set([...[...declared].map(([, name]) => name!), ...listed])];
}
