/**
 * What the reader of a page has at hand: a folder that looks like a fresh
 * checkout, and the programs that a page calls by name. `midge`, and the
 * TypeScript of a page, run on the runtime under test.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { builtFile } from "../support/built.ts";
import {
  currentRuntime,
  executableOf,
  PROJECT_FOLDER,
  type RuntimeName,
  TOOLS_FOLDER,
} from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";

/** Pages write beside the examples, so those are copies. */
const COPIED = ["package.json", "deno.json", "examples"];
const LINKED = [
  "node_modules",
  "scripts",
  "src",
  "tests",
  "mod.ts",
  "server.ts",
  "client.ts",
  "cluster.ts",
  "cfgparse.ts",
];
const RUNTIMES: readonly RuntimeName[] = ["deno", "bun", "node"];
/** Official programs that are there, if at all, among the tools. */
const OFFICIAL: readonly string[] = ["nats", "nsc"];

export interface Workshop {
  /** Where commands are typed, and where the page's files are. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Whether a program that a page calls is there. */
export function hasProgram(name: string): boolean {
  if (OFFICIAL.includes(name)) return existsSync(officialFile(name));
  return spawnSync(name, ["--version"]).status === 0;
}

export async function openWorkshop(t: Cleanup): Promise<Workshop> {
  const folder = temporaryFolder(t);
  for (const name of COPIED) {
    cpSync(join(PROJECT_FOLDER, name), join(folder, name), { recursive: true });
  }
  for (const name of LINKED) {
    symlinkSync(join(PROJECT_FOLDER, name), join(folder, name));
  }
  const path = [await programs(t), process.env["PATH"] ?? ""].join(delimiter);
  return { folder, env: { PATH: path, NO_COLOR: "1" } };
}

/** A folder with the programs that pages call. */
async function programs(t: Cleanup): Promise<string> {
  const folder = join(temporaryFolder(t), "bin");
  mkdirSync(folder);
  for (const name of RUNTIMES) {
    const file = executableOf(name);
    if (file?.startsWith("/")) symlinkSync(file, join(folder, name));
  }
  for (const name of OFFICIAL) {
    const file = officialFile(name);
    if (existsSync(file)) symlinkSync(file, join(folder, name));
  }
  writeScript(join(folder, "midge"), await midgeCommand());
  return folder;
}

function officialFile(name: string): string {
  return join(TOOLS_FOLDER, "go", name);
}

/** What `midge` stands for: the single file that `npm run build` makes. */
async function midgeCommand(): Promise<readonly string[]> {
  return [...currentRuntime().command, await builtFile()];
}

function writeScript(path: string, command: readonly string[]): void {
  const words = command.map((word) => `'${word}'`).join(" ");
  writeFileSync(path, `#!/bin/sh\nexec ${words} "$@"\n`);
  chmodSync(path, 0o755);
}
