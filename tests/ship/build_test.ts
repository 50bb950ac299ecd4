/** What comes out of `scripts/build.ts`, as files: what is in them and what is not. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import {
  BASES_FOLDER,
  built,
  builtBinary,
  builtFile,
} from "../support/built.ts";
import { oldNodeMissing } from "../support/old_node.ts";
import { spawnCommand, spawnProgram } from "../support/process.ts";
import { isReachable } from "../support/reachable.ts";
import { currentRuntime, PROJECT_FOLDER } from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { formatOf } from "./executable_format.ts";

/** A line of each licence that has to go along. */
const LICENCES: Readonly<Record<string, string>> = {
  "midge and @nats-io/nkeys": "TERMS AND CONDITIONS FOR USE, REPRODUCTION",
  "@noble/hashes": "Copyright (c) 2022 Paul Miller",
  bcryptjs: "Copyright (c) 2012 Nevins Bartolomeo",
  "smol-toml": "Copyright (c) Squirrel Chat et al.",
  tweetnacl: "This is free and unencumbered software released into the public",
};

/** Runs the build as a program, to its end. */
async function runBuild(
  t: Cleanup,
  ...args: readonly string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const program = spawnProgram(currentRuntime(), "scripts/build.ts", args);
  t.after(() => program.stop());
  const { code } = await program.exited;
  return { code, stdout: program.stdout, stderr: program.stderr };
}

test("whichever runtime builds it, the single file is the same", async (t) => {
  const out = temporaryFolder(t);
  const { code, stdout, stderr } = await runBuild(t, "-out", out, "file");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /midge\.mjs {2}\d\.\d MB/);
  const made = readFileSync(join(out, "midge.mjs"), "utf8");
  assert.ok(made === readFileSync(await builtFile(), "utf8"));
});

test("what npm runs, a task of Deno runs", {
  skip: currentRuntime().name !== "deno" && "the tasks are Deno's",
}, async (t) => {
  const [deno = ""] = currentRuntime().command;
  const task = spawnCommand([deno, "task", "build", "-h"]);
  t.after(() => task.stop());
  await task.waitFor("Usage: build ");
  assert.deepEqual(await task.exited, { code: 0, signal: null });
});

test("the single file imports nothing but the platform", async () => {
  const text = readFileSync(await builtFile(), "utf8");
  const imports = text.matchAll(/^(?:import|export)\b[^;'"]*?"([^"]+)";$/gm);
  const names = [...imports].map(([, name]) => name!);
  assert.ok(names.includes("node:net"));
  assert.deepEqual(names.filter((name) => !name.startsWith("node:")), []);
  assert.doesNotMatch(text, /\bimport\(/);
});

test("the single file is ASCII, of which Node keeps a byte for each letter", async () => {
  const text = readFileSync(await builtFile(), "utf8");
  assert.deepEqual(text.match(/^.*[\u0080-\uffff].*$/m)?.[0], undefined);
});

test("the single file can be called by its name", {
  skip: oldNodeMissing,
}, async (t) => {
  const path = await builtFile();
  assert.equal(statSync(path).mode & 0o111, 0o111);
  const program = spawnCommand([path, "-v"]);
  t.after(() => program.stop());
  await program.waitFor(/^midge \d/);
});

test("licences go along with what they are of", async () => {
  for (const path of [await builtFile(), await builtBinary()]) {
    const bytes = readFileSync(path);
    for (const [owner, line] of Object.entries(LICENCES)) {
      assert.ok(bytes.includes(line), `${owner} in ${path}`);
    }
  }
});

test("a target that there is not is refused, with those that there are", async (t) => {
  const { code, stderr } = await runBuild(t, "zork");
  assert.equal(code, 2);
  assert.match(stderr, /^build: there is no target "zork"\n/);
  for (const name of ["file", "binary", "node-sea", "deno", "binaries"]) {
    assert.match(stderr, new RegExp(`^  ${name} `, "m"));
  }
});

test("a build has the files under version control, and no others", async () => {
  const checkout = join(await builtFile(), "../../checkout");
  const found = filesIn(checkout, ["node_modules", ".tools"]);
  const { stdout } = spawnSync("git", ["ls-files"], {
    cwd: PROJECT_FOLDER,
    encoding: "utf8",
  });
  assert.deepEqual(found, stdout.trimEnd().split("\n").sort());
});

/** The files below `folder`, without those in the folders of `except`. */
function filesIn(folder: string, except: readonly string[]): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !except.includes(name))
    .flatMap((entry) =>
      entry.isDirectory()
        ? filesIn(join(folder, entry.name), []).map((path) =>
          `${entry.name}/${path}`
        )
        : [entry.name]
    ).sort();
}

/**
 * Systems to build for: one that is not the tests', or what
 * `MIDGE_TEST_SYSTEMS` names, such as "darwin-arm64 windows-x64".
 */
const SYSTEMS: readonly string[] = process.env["MIDGE_TEST_SYSTEMS"]
  ?.split(" ") ?? [process.arch === "arm64" ? "linux-x64" : "linux-arm64"];

const FORMATS: Readonly<Record<string, string>> = {
  "linux-x64": "ELF x86-64",
  "linux-x64-musl": "ELF x86-64",
  "linux-arm64": "ELF aarch64",
  "darwin-x64": "Mach-O x86-64",
  "darwin-arm64": "Mach-O aarch64",
  "windows-x64": "PE x86-64",
};

/** Bun's base for a system is a hundred megabytes; it is kept once it is here. */
async function whyNoBase(system: string): Promise<string | false> {
  if (currentRuntime().name !== "bun") return "the run on Bun has it";
  const base = `bun-${system.replace("arm64", "aarch64")}-v`;
  const kept = existsSync(BASES_FOLDER) ? readdirSync(BASES_FOLDER) : [];
  if (kept.some((name) => name.startsWith(base))) return false;
  if (await isReachable("registry.npmjs.org")) return false;
  return "the npm registry cannot be reached, and the base is not here";
}

for (const system of SYSTEMS) {
  const skip = await whyNoBase(system);
  test(`the binary for ${system} is one for ${system}`, { skip }, async () => {
    const folder = await built(system);
    const [name = ""] = readdirSync(folder);
    assert.ok(name.startsWith(`midge-${system}`), name);
    const path = join(folder, name);
    assert.equal(formatOf(path), FORMATS[system]);
    assert.ok(readFileSync(path).includes("speaks as nats-server"));
  });
}

test("the binary for this machine is one for it", async () => {
  const system = `${
    process.platform.replace("win32", "windows")
  }-${process.arch}`;
  assert.equal(formatOf(await builtBinary()), FORMATS[system]);
});
