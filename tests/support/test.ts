/**
 * `test` for all tests here: node:test's, with a time limit around each body
 * and each clean-up. The limit of Node's runner ends a whole file, Deno's
 * runner has none, and neither names what hung; this one fails the test as
 * `"title" took longer than 120 s`, and the stack shows where the test stands.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import * as runner from "node:test";
import { setTimeout as startTimer } from "node:timers";

// Far beyond what the longest test needs on a busy machine.
const LIMIT_MS = Number(process.env["MIDGE_TEST_LIMIT_MS"] ?? 120_000);

/** Where `scripts/test.ts` looks for the titles of tests that did not end. */
const RUNNING_FOLDER = process.env["MIDGE_TEST_RUNNING"];

/** What a body is given. It starts no tests of its own, so that each has a limit. */
export type TestContext =
  & Pick<runner.TestContext, "diagnostic" | "name" | "skip">
  & { after(run: () => unknown): void };

export interface TestOptions {
  /** The reason to leave the test out, if there is one. */
  readonly skip?: boolean | string | undefined;
  /** For the body, and for each clean-up, in place of the usual limit. */
  readonly limitMs?: number;
}

type Body = (t: TestContext) => unknown;

/** Begins the titles of the tests that a `describe` holds. */
let group = "";

/**
 * A test: `test("title", body)` or `test("title", { skip, limitMs }, body)`.
 * One that is left out may have no body.
 */
export function test(title: string, body: Body): void;
export function test(title: string, options: TestOptions, body?: Body): void;
export function test(
  title: string,
  second: TestOptions | Body,
  third: Body = () => {},
): void {
  const options = typeof second === "function" ? {} : second;
  const body = typeof second === "function" ? second : third;
  const limit = new Limit(group + title, options.limitMs ?? LIMIT_MS);
  const run = (t: runner.TestContext): Promise<void> =>
    limit.keep("", () => body(contextOf(t, limit)));
  runner.test(group + title, { skip: options.skip ?? false }, run);
}

export { test as it };

/** Tests whose titles begin with the same words. */
export function describe(what: string, register: () => void): void {
  const outer = group;
  group = `${outer}${what}: `;
  register();
  group = outer;
}

/** Runs after all tests of the file. */
export function after(run: () => unknown): void {
  const limit = new Limit("after all tests", LIMIT_MS);
  runner.after(() => limit.keep("", run));
}

function contextOf(t: runner.TestContext, limit: Limit): TestContext {
  return {
    name: t.name,
    diagnostic: (text) => t.diagnostic(text),
    skip: (reason) => t.skip(reason),
    after: (run) => t.after(() => limit.keep("the clean-up of ", run)),
  };
}

/** How long the parts of one test may take. */
class Limit {
  readonly #title: string;
  readonly #ms: number;
  /** Made where the test stands, so that its stack shows the place. */
  readonly #place: Error;

  constructor(title: string, ms: number) {
    this.#title = title;
    this.#ms = ms;
    this.#place = new Error();
  }

  /** Waits for `run`, or fails once the limit is over; `run` itself goes on. */
  async keep(part: string, run: () => unknown): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = startTimer(() => reject(this.#error(part)), this.#ms);
    const ended = noteRunning(part + this.#title);
    try {
      await Promise.race([run(), late]);
    } finally {
      clearTimeout(timer);
      ended();
    }
  }

  #error(part: string): Error {
    const error = new Error(
      `${part}"${this.#title}" took longer than ${this.#ms / 1000} s`,
    );
    const [, ...calls] = (this.#place.stack ?? "").split("\n");
    error.stack = [`Error: ${error.message}`, ...calls].join("\n");
    return error;
  }
}

/** Leaves a note for as long as a test runs; a loop without an end stops every timer. */
function noteRunning(title: string): () => void {
  if (RUNNING_FOLDER === undefined) return () => {};
  const file = join(RUNNING_FOLDER, crypto.randomUUID());
  writeFileSync(file, title);
  return () => rmSync(file, { force: true });
}
