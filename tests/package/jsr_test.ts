/**
 * What JSR would be given: the sources, with types that can be read without
 * looking at any code, and a comment on everything public.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { spawnCommand } from "../support/process.ts";
import {
  executableOf,
  PROJECT_FOLDER,
  sameEverywhere,
} from "../support/runtimes.ts";
import { test } from "../support/test.ts";

const deno = executableOf("deno");
const skip = deno === undefined ? "there is no Deno" : sameEverywhere;

interface Said {
  readonly code: number | null;
  readonly text: string;
}

async function runDeno(words: readonly string[]): Promise<Said> {
  const program = spawnCommand([deno ?? "deno", ...words]);
  const { code } = await program.exited;
  const text = program.stdout + program.stderr;
  return { code, text: stripVTControlCharacters(text) };
}

test("deno publish takes it, and only what is meant", { skip }, async (t) => {
  // Types are checked with all others; those of the interface it looks at here.
  const { code, text } = await runDeno([
    "publish",
    "--dry-run",
    "--allow-dirty",
    "--no-check",
  ]);
  if (isOffline(text)) return t.skip("its dependencies cannot be fetched");
  assert.equal(code, 0, text);
  const files = [...text.matchAll(/file:\/\/(\S+) \([\d.]+[KM]?B\)/g)]
    .map(([, path]) => path!.slice(PROJECT_FOLDER.length));
  assert.ok(files.includes("src/faces/mod.ts"));
  const documents = [
    "README.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "LICENSE",
    "deno.json",
  ];
  const strange = files.filter((path) =>
    !documents.includes(path) &&
    !/^docs\/(?:[a-z_]+\.md|plots\/[a-z_]+\.svg)$/.test(path) &&
    !/^examples\/(?:README\.md|[a-z_]+\.ts|article\/node[abc]\.cfg|deploy\/[\w.]+)$/
      .test(path) &&
    !/^src\/(?!commands\/)(?:[a-z]+\/){1,2}[a-z0-9_]+\.ts$/.test(path)
  );
  assert.deepEqual(strange, []);
});

test(
  "everything that a face exports has a comment and public types",
  { skip },
  async () => {
    const faces = Object.values<string>(manifest().exports);
    const { text } = await runDeno(["doc", "--lint", ...faces]);
    assert.deepEqual(complaintsIn(text), []);
  },
);

interface Manifest {
  readonly exports: Readonly<Record<string, string>>;
}

function manifest(): Manifest {
  return JSON.parse(readFileSync(join(PROJECT_FOLDER, "deno.json"), "utf8"));
}

function isOffline(text: string): boolean {
  return /error sending request|client error \(Connect\)/.test(text);
}

/**
 * `kind file:line: code`. The fields of an interface may speak for themselves,
 * and what an error's class inherits needs no comment of its own.
 */
function complaintsIn(text: string): string[] {
  const complaints = text.matchAll(
    /^error\[([\w-]+)\].*\n\s*--> (.+):(\d+):\d+$/gm,
  );
  return [...complaints].flatMap(([, kind, file, at]) => {
    const lines = readFileSync(file!, "utf8").split("\n");
    const line = lines[Number(at) - 1]!.trim();
    const before = lines.slice(0, Number(at)).findLast((one) =>
      /^export class /.test(one)
    );
    const isField = /^(?:readonly )?\w+\??: /.test(line);
    const isInherited = / extends \w*Error\b/.test(before ?? "") &&
      /^(?:override readonly name\b|constructor\()/.test(line);
    const isFine = kind === "missing-jsdoc" && (isField || isInherited);
    return isFine ? [] : [`${kind} ${file}:${at}: ${line}`];
  });
}

test('"midge" exports what its faces export', () => {
  const all = exportsOf("mod");
  for (const face of ["client", "cluster", "server", "cfgparse"]) {
    const missing = exportsOf(face).filter((name) => !all.includes(name));
    assert.deepEqual(missing, [], face);
  }
});

/** The names in the lists of exports of a face. */
function exportsOf(face: string): string[] {
  const path = join(PROJECT_FOLDER, "src/faces", `${face}.ts`);
  const text = readFileSync(path, "utf8");
  const names = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)]
    .flatMap(([, list]) => [...list!.matchAll(/(?:type )?(\w+)(?:,|\s*$)/g)])
    .map(([, name]) => name!);
  assert.ok(names.length > 0);
  return names;
}
