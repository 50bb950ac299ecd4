/**
 * Builds what Midge ships, into `dist/` or the folder that `-out` names: the
 * targets on the command line, or `all`; without any, the single file and the
 * binary for this machine.
 *
 *   deno run -A scripts/build.ts [-out dist] [target ...]
 *
 * Bun and Node run it as well.
 */
import { mkdirSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import process from "node:process";
import {
  describeFlags,
  FlagError,
  parseFlags,
} from "../src/config/flags/flags.ts";
import { PROJECT_FOLDER } from "../tests/support/runtimes.ts";
import { allBinaries, bunBinary, foreignBinaries } from "./build/bun_binary.ts";
import { denoBinary } from "./build/deno_binary.ts";
import { file } from "./build/file.ts";
import { npmPackage } from "./build/package.ts";
import { nodeBinary } from "./build/node_binary.ts";
import { type Target, UnavailableError } from "./build/target.ts";

const TARGETS: Readonly<Record<string, Target>> = {
  file,
  binary: bunBinary,
  package: npmPackage,
  "node-sea": nodeBinary,
  deno: denoBinary,
  ...foreignBinaries,
  binaries: allBinaries,
};
const DEFAULT_TARGETS = ["file", "binary"];
/** Targets that stand for several others. */
const COLLECTIONS: ReadonlySet<string> = new Set(["binaries"]);

const FLAGS = {
  out: {
    names: ["out"],
    type: "string",
    value: "folder",
    doc: "Folder to build into (default: dist)",
  },
  help: { names: ["h", "help"], type: "boolean", doc: "Show this text" },
} as const;

function main(): void {
  const { values, rest } = parseFlags(FLAGS, process.argv.slice(2));
  if (values.help === true) return console.log(usage());
  const names = namesOf(rest);
  const out = resolve(values.out ?? join(PROJECT_FOLDER, "dist"));
  mkdirSync(out, { recursive: true });
  for (const name of names) tryToMake(name, out);
}

function namesOf(words: readonly string[]): readonly string[] {
  if (words.length === 0) return DEFAULT_TARGETS;
  if (words.join() === "all") {
    return Object.keys(TARGETS).filter((name) => !COLLECTIONS.has(name));
  }
  const stranger = words.find((word) => !Object.hasOwn(TARGETS, word));
  if (stranger === undefined) return words;
  throw new FlagError(`there is no target "${stranger}"\n\n${usage()}`);
}

/** Builds the other targets when this machine cannot build one. */
function tryToMake(name: string, out: string): void {
  try {
    make(name, out);
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    console.error(`build: ${name}: ${error.message}`);
    process.exitCode = 1;
  }
}

function make(name: string, out: string): void {
  const began = Date.now();
  const files = TARGETS[name]!.build(out);
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  for (const path of files) {
    const size = (statSync(path).size / 1e6).toFixed(1);
    const shown = relative(process.cwd(), path);
    console.log(`${shown}  ${size} MB  (${seconds} s)`);
  }
}

function usage(): string {
  const targets = Object.entries(TARGETS)
    .map(([name, { doc }]) => `  ${name.padEnd(14)} ${doc}\n`);
  return "Usage: build [-out folder] [target ...]\n\n" +
    `Targets, or all:\n${targets.join("")}\n` +
    describeFlags(Object.values(FLAGS));
}

try {
  main();
} catch (error) {
  if (!(error instanceof FlagError)) throw error;
  console.error(`build: ${error.message}`);
  process.exitCode = 2;
}
