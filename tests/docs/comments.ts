/**
 * The examples in the comments of `src`: blocks of `ts` in JSDoc, as programs
 * that can be run. What an example does not import itself comes from the face
 * that exports it, or else from its own file, and a few names stand for what
 * every reader has: a server, a cluster, a connection.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_FOLDER } from "../support/runtimes.ts";

export interface CommentExample {
  /** Like "src/core/headers.ts:66". */
  readonly place: string;
  /** As it stands in the comment. */
  readonly text: string;
  /** With all that it needs, to be run from anywhere. */
  readonly program: string;
}

const BLOCK = /^ *\* ```ts\n((?: *\*.*\n)*?) *\* ```$/gm;

const FACES = ["mod", "server", "client", "cluster", "cfgparse"];

/** What an example may use without saying where it comes from, in this order. */
const AT_HAND: Readonly<Record<string, string>> = {
  test: 'import { test } from "node:test";',
  assert: 'import assert from "node:assert/strict";',
  server: "await using server = await startServer({ port: 0 });",
  cluster: "await using cluster = await startCluster();",
  connection: "await using connection = await connect();",
};

/** All of them. */
export function commentExamples(): CommentExample[] {
  const faces = exportsOfFaces();
  return sourceFiles().flatMap((path) => examplesIn(path, faces));
}

function sourceFiles(): string[] {
  return readdirSync(join(PROJECT_FOLDER, "src"), { recursive: true })
    .map((name) => join("src", String(name)))
    .filter((path) => path.endsWith(".ts"))
    .sort();
}

function examplesIn(
  path: string,
  faces: ReadonlyMap<string, string>,
): CommentExample[] {
  const file = join(PROJECT_FOLDER, path);
  const source = readFileSync(file, "utf8");
  const known = new Map([
    ...exportedValues(source).map((name) => [name, file] as const),
    ...faces,
  ]);
  return [...source.matchAll(BLOCK)].map((match) => {
    const text = match[1]!.replaceAll(/^ *\* ?/gm, "");
    const line = source.slice(0, match.index).split("\n").length + 1;
    return { place: `${path}:${line}`, text, program: complete(text, known) };
  });
}

/** Puts before a program what it uses and does not have. */
function complete(text: string, known: ReadonlyMap<string, string>): string {
  // Who has a cluster has a client of it.
  let program = lacks(text, "cluster") && lacks(text, "connection")
    ? `const connection = await cluster.connect();\n${text}`
    : text;
  for (const [name, line] of Object.entries(AT_HAND).toReversed()) {
    if (lacks(program, name)) program = `${line}\n${program}`;
  }
  const imports = [...known]
    .filter(([name]) => lacks(program, name))
    .map(([name, from]) => `import { ${name} } from "${from}";\n`);
  return imports.join("") + program;
}

/** Whether a program uses a name that it neither declares nor imports. */
function lacks(program: string, name: string): boolean {
  const code = program.replaceAll(/\/\/.*$/gm, "")
    .replaceAll(/"[^"]*"|`[^`]*`/g, '""');
  const use = new RegExp(`(?<![.\\w])${name}\\b(?!:)`);
  const declaration = new RegExp(
    `\\b(?:const|let|using|class|function) ${name}\\b|` +
      `\\bimport \\{[^}]*\\b${name}\\b|` +
      `\\(${name}\\b[^()]*\\) =>|\\{[^{}]*\\b${name}\\b[^{}]*\\} =`,
  );
  return use.test(code) && !declaration.test(code);
}

/** The module that exports a name, as its users write it. */
function exportsOfFaces(): Map<string, string> {
  const names = new Map<string, string>();
  for (const face of FACES) {
    const path = join(PROJECT_FOLDER, "src", "faces", `${face}.ts`);
    const module = face === "mod" ? "midge" : `midge/${face}`;
    for (const name of exportedValues(readFileSync(path, "utf8"))) {
      if (!names.has(name)) names.set(name, module);
    }
  }
  return names;
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
