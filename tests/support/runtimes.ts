/**
 * Where Deno, Bun and Node are on this machine, for tests that start real
 * processes and for `scripts/test.ts`, which starts the test runners.
 */
import { spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export type RuntimeName = "deno" | "bun" | "node";

/** One runtime: `command` followed by a file name runs it with all permissions. */
export interface Runtime {
  readonly name: RuntimeName;
  readonly command: readonly string[];
}

/** The top folder of the repository. */
export const PROJECT_FOLDER: string = fileURLToPath(
  new URL("../../", import.meta.url),
);

/** Where `scripts/test.ts` puts what the machine lacks; not under version control. */
export const TOOLS_FOLDER: string = join(PROJECT_FOLDER, ".tools");

/** The npm package that holds a Node for this machine. */
export const NODE_PACKAGE: string = `node-${process.platform}-${process.arch}`;

const NAMES: readonly RuntimeName[] = ["deno", "bun", "node"];

/** The runtimes that were found, in the order in which tests run on them. */
export function runtimes(): Runtime[] {
  return NAMES.map(findRuntime).filter((found) => found !== undefined);
}

/** The runtime for real processes: `MIDGE_TEST_RUNTIME`, or the one that runs this test. */
export function currentRuntime(): Runtime {
  const wanted = process.env["MIDGE_TEST_RUNTIME"] ?? runningName();
  const name = NAMES.find((known) => known === wanted);
  const runtime = name === undefined ? undefined : findRuntime(name);
  if (runtime === undefined) throw new Error(`There is no runtime "${wanted}"`);
  return runtime;
}

/**
 * Why a test is left out here whose outcome no runtime changes: one run has it
 * for all. False on Deno. For the `skip` option of tests.
 */
export const sameEverywhere: string | false =
  (process.env["MIDGE_TEST_RUNTIME"] ?? runningName()) !== "deno" &&
  "it is the same on every runtime: the run on Deno has it";

function findRuntime(name: RuntimeName): Runtime | undefined {
  const file = executableOf(name);
  if (file === undefined) return undefined;
  const command = name === "deno" ? [file, "run", "-A", "--quiet"] : [file];
  return { name, command };
}

/** The executable file of a runtime, or undefined where there is none. */
export function executableOf(name: RuntimeName): string | undefined {
  if (name === "node") return findNode();
  if (name === runningName()) return process.execPath;
  const link = join(PROJECT_FOLDER, "node_modules", ".bin", name);
  return existsSync(link) ? realpathSync(link) : undefined;
}

function runningName(): RuntimeName {
  if (process.versions.deno !== undefined) return "deno";
  return process.versions.bun === undefined ? "node" : "bun";
}

function findNode(): string | undefined {
  const places = [
    join(TOOLS_FOLDER, "node_modules", NODE_PACKAGE, "bin", "node"),
    "node",
  ];
  if (runningName() === "node") places.unshift(process.execPath);
  return places.find(runsTypeScript);
}

// Node strips types on its own from 22.18 on.
function runsTypeScript(node: string): boolean {
  const { stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
  const [major = 0, minor = 0] = (stdout ?? "").slice(1).split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 18);
}
