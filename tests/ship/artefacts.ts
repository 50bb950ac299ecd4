/**
 * What Midge ships, each as a command in an empty folder: the artefact is
 * put there alone, and the folder is home and working folder in one, so
 * nothing beside it can be of help. Each run of the tests has the single file
 * on its own runtime, and the binary that is made on that runtime.
 */
import { copyFileSync, linkSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import {
  built,
  builtBinary,
  builtFile,
  builtNodeBinary,
} from "../support/built.ts";
import { oldNode, oldNodeMissing } from "../support/old_node.ts";
import { spawnCommand, type TestProcess } from "../support/process.ts";
import { isReachable } from "../support/reachable.ts";
import { currentRuntime } from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";

/** One thing that is shipped and how it is run. */
export interface Artefact {
  readonly name: string;
  /** Why it cannot be had here; false when it can. For the `skip` option of tests. */
  readonly skip: string | false;
  /** The words before the file's name. */
  readonly command: readonly string[];
  /** Its path; it is built on first need. */
  file(): Promise<string>;
}

/** An artefact in its folder. */
export interface Placed {
  readonly folder: string;
  /** The whole command. */
  readonly command: readonly string[];
  /** Starts it there; it ends with the test. */
  run(...args: readonly string[]): TestProcess;
}

/** Puts an artefact alone into a new folder. */
export async function place(t: Cleanup, artefact: Artefact): Promise<Placed> {
  const folder = temporaryFolder(t);
  const from = await artefact.file();
  const to = join(folder, basename(from));
  linkOrCopy(from, to);
  const command = [...artefact.command, to];
  const run = (...args: readonly string[]): TestProcess => {
    const env = { HOME: folder };
    const program = spawnCommand([...command, ...args], { cwd: folder, env });
    t.after(() => program.stop());
    return program;
  };
  return { folder, command, run };
}

// A binary is a hundred megabytes, and a link to it is as much alone.
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to); // on another file system
  }
}

const runtime = currentRuntime();

/** The single file on the runtime of this run. */
export const singleFile: Artefact = {
  name: `midge.mjs on ${runtime.name}`,
  skip: false,
  command: runtime.command,
  file: builtFile,
};

const singleFileOnOldNode: Artefact = {
  name: "midge.mjs on an old Node",
  skip: oldNodeMissing,
  command: oldNode === undefined ? [] : [oldNode],
  file: builtFile,
};

export const bunBinary: Artefact = {
  name: "the binary on Bun",
  skip: false,
  command: [],
  file: builtBinary,
};

const nodeBinary: Artefact = {
  name: "the binary on Node",
  skip: process.platform === "linux" ? false : "it is made on Linux only",
  command: [],
  file: builtNodeBinary,
};

async function denoBinary(): Promise<Artefact> {
  const hasBase = process.env["DENORT_BIN"] !== undefined ||
    await isReachable("dl.deno.land");
  return {
    name: "the binary on Deno",
    skip: hasBase
      ? false
      : "dl.deno.land cannot be reached, and DENORT_BIN names no denort",
    command: [],
    file: async () => join(await built("deno"), "midge-deno"),
  };
}

/** The artefacts of this run. */
export async function artefacts(): Promise<readonly Artefact[]> {
  if (runtime.name === "deno") return [singleFile, await denoBinary()];
  if (runtime.name === "bun") return [singleFile, bunBinary];
  return [singleFile, singleFileOnOldNode, nodeBinary];
}
