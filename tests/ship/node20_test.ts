/**
 * What the build puts in front of the program for a Node older than 22: it
 * does what newer runtimes do on their own, and it is all that is needed.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { bundle } from "../../scripts/build/bundle.ts";
import { oldNode, oldNodeMissing } from "../support/old_node.ts";
import { currentRuntime, PROJECT_FOLDER } from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";

const PROVIDED = "scripts/build/node20.ts";
const USER = "tests/ship/node20_program.ts";

function outputOf(
  t: Cleanup,
  command: readonly string[],
  inject: readonly string[],
): string {
  const { code } = bundle(USER, { format: "esm", node: "20", inject });
  const file = join(temporaryFolder(t), "program.mjs");
  writeFileSync(file, code);
  const [program, ...args] = command;
  const { stdout, stderr } = spawnSync(program!, [...args, file], {
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  return stdout;
}

test("an old Node does with it what this runtime does without", {
  skip: oldNodeMissing,
}, (t) => {
  const { command } = currentRuntime();
  const here = outputOf(t, command, []);
  assert.match(here, /^\["closed",\[1,2,3\],.*"rejected"\]\n$/);
  assert.equal(outputOf(t, [oldNode!], [PROVIDED]), here);
});

test("a runtime that has it all keeps its own", (t) => {
  const { command } = currentRuntime();
  assert.equal(
    outputOf(t, command, [PROVIDED]),
    outputOf(t, command, []),
  );
});

/** Node 20 has what the language had in 2023, and these. */
const LIBRARIES = ["ES2023", "DOM", "DOM.AsyncIterable", "ESNext.Disposable"];
/** What the compiler says of a name that these lack; the platform's types are not there at all. */
const TOO_NEW =
  /error TS(?:2550: Property '(\w+)'|2339: Property '(\w+)' does not exist on type '\w*Iterator\b)/g;

test("the program uses nothing newer than it provides", (t) => {
  const config = join(temporaryFolder(t), "tsconfig.json");
  writeFileSync(
    config,
    JSON.stringify({
      compilerOptions: {
        noEmit: true,
        target: "ES2022",
        lib: LIBRARIES,
        module: "NodeNext",
        allowImportingTsExtensions: true,
        types: [],
      },
      files: [join(PROJECT_FOLDER, "scripts/midge.ts")],
    }),
  );
  const { stdout } = spawnSync(compiler(), ["-p", config], {
    encoding: "utf8",
  });
  const names = [...stdout.matchAll(TOO_NEW)].map(([, one, other]) =>
    one ?? other!
  );
  assert.ok(names.includes("withResolvers"), stdout);
  const provided = readFileSync(join(PROJECT_FOLDER, PROVIDED), "utf8");
  const missing = names.filter((name) =>
    !new RegExp(`\\b${name}\\b`).test(provided)
  );
  assert.deepEqual(missing, []);
});

function compiler(): string {
  const name = `typescript-${process.platform}-${process.arch}`;
  const folder = join(PROJECT_FOLDER, "node_modules", "@typescript", name);
  return join(folder, "lib", process.platform === "win32" ? "tsc.exe" : "tsc");
}
