/**
 * The examples in comments and documents are good TypeScript, and those in
 * comments run. Once is enough, so Deno does it, which also checks types. Some
 * connect to a server on port 4222; there is one.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Stage } from "../article/stage.ts";
import { startMidge } from "../support/midge.ts";
import { spawnCommand } from "../support/process.ts";
import {
  executableOf,
  PROJECT_FOLDER,
  sameEverywhere,
} from "../support/runtimes.ts";
import { test } from "../support/test.ts";
import { type CommentExample, commentExamples } from "./comments.ts";
import { isLike, promisedOutput } from "./expected.ts";
import { blocksOf, documents } from "./markdown.ts";
import { runProgram } from "./run_program.ts";
import { openWorkshop, type Workshop } from "./workshop.ts";

const CLIENT_PORT = 4222;
/** Examples at a time. */
const JOBS = 2;

const examples = commentExamples();
/** The others are for a test runner. */
const runnable = examples.filter(({ text }) => !/\btest\(/.test(text));

/** The programs of the documents, each with its place. */
function documentPrograms(): [place: string, program: string][] {
  return documents().flatMap((page) =>
    blocksOf(readFileSync(join(PROJECT_FOLDER, page), "utf8"))
      .filter(({ language }) => language === "ts")
      .map(({ line, text }) => [`${page}:${line}`, text] as [string, string])
  );
}

/** A file whose name tells the place that its text comes from. */
function fileFor(place: string): string {
  return `${place.replaceAll(/\W/g, "_")}.ts`;
}

test("the examples of comments and documents have no type errors", {
  skip: sameEverywhere,
}, async (t) => {
  const { folder } = await openWorkshop(t);
  const programs = [
    ...examples.map(({ place, program }) => [place, program] as const),
    ...documentPrograms(),
  ];
  const files = programs.map(([place, text]) => {
    const file = fileFor(place);
    writeFileSync(join(folder, file), text);
    return file;
  });
  const check = [executableOf("deno")!, "check", "--quiet", ...files];
  await using deno = spawnCommand(check, {
    cwd: folder,
    env: { NO_COLOR: "1" },
  });
  const { code } = await deno.exited;
  assert.equal(code, 0, deno.stderr);
});

test("the examples of comments run, and print what they say", {
  skip: sameEverywhere,
}, async (t) => {
  await Stage.enter(t);
  await startMidge(t, { port: CLIENT_PORT });
  const workshop = await openWorkshop(t);
  const waiting = [...runnable];
  const runNext = async (): Promise<void> => {
    const next = waiting.shift();
    if (next === undefined) return;
    await runExample(workshop, next);
    await runNext();
  };
  await Promise.all(Array.from({ length: JOBS }, runNext));
});

async function runExample(
  workshop: Workshop,
  { place, text, program }: CommentExample,
): Promise<void> {
  try {
    const { stdout } = await runProgram(workshop, fileFor(place), program);
    const lines = stdout.split("\n");
    for (const promise of promisedOutput(text)) {
      const isKept = lines.some((line) => isLike(line, promise));
      assert.ok(isKept, `It does not print ${promise}:\n${stdout}`);
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${place}: ${why}`, { cause });
  }
}

test("what people import first has examples", () => {
  const texts = examples.map(({ text }) => text).join("\n");
  const first = ["startServer", "connect", "startCluster", "parseConfig"];
  for (const name of first) {
    assert.match(texts, new RegExp(`\\b${name}\\(`), name);
  }
});
