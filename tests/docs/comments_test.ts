/**
 * The examples in comments and documents are good TypeScript, and those in
 * comments run. Once is enough, so Deno does it, which also checks types. Some
 * connect to a server on port 4222; there is one.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Stage } from "../article/stage.ts";
import { startMidge } from "../support/midge.ts";
import { spawnCommand } from "../support/process.ts";
import {
  currentRuntime,
  executableOf,
  PROJECT_FOLDER,
} from "../support/runtimes.ts";
import { type CommentExample, commentExamples } from "./comments.ts";
import { isLike, promisedOutput } from "./expected.ts";
import { runProgram } from "./run_program.ts";
import { openWorkshop, type Workshop } from "./workshop.ts";

const CLIENT_PORT = 4222;
/** Examples at a time. */
const JOBS = 2;

const examples = commentExamples();
/** The others only show how a test begins. */
const runnable = examples.filter(({ text }) => !/\btest\(/.test(text));

const skip = currentRuntime().name === "deno"
  ? false
  : "the run on Deno does it for all";

test("the examples of comments and documents have no type errors", {
  skip,
}, async () => {
  const places = ["src", "docs", "README.md"];
  const check = ["check", "--quiet", "--doc-only", ...places];
  await using deno = spawnCommand([executableOf("deno")!, ...check], {
    cwd: PROJECT_FOLDER,
    env: { NO_COLOR: "1" },
  });
  const { code } = await deno.exited;
  assert.equal(code, 0, deno.stderr);
});

test("the examples of comments run, and print what they say", {
  skip,
}, async (t) => {
  await Stage.enter(t);
  await startMidge(t, { port: CLIENT_PORT });
  const workshop = await openWorkshop(t);
  const waiting = [...runnable.entries()];
  const runNext = async (): Promise<void> => {
    const next = waiting.shift();
    if (next === undefined) return;
    await runExample(workshop, `example-${next[0]}.ts`, next[1]);
    await runNext();
  };
  await Promise.all(Array.from({ length: JOBS }, runNext));
});

async function runExample(
  workshop: Workshop,
  name: string,
  { place, text, program }: CommentExample,
): Promise<void> {
  try {
    const { stdout } = await runProgram(workshop, name, program);
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

test("faces have examples", () => {
  const places = examples.map(({ place }) => place.split(":")[0]!);
  for (const face of ["cfgparse", "client", "mod", "server"]) {
    assert.ok(places.includes(`src/faces/${face}.ts`), face);
  }
});
