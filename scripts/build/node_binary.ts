/**
 * A standalone binary on Node: a copy of this Node with the program in it, as a
 * "single executable application". Linux only: on other systems such a copy has
 * to be signed again.
 *
 * It carries the code cache of the Node that made it, which saves a third of
 * the start, and no snapshot: that would have to leave out sockets and threads.
 */
import { chmodSync, copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { executableOf, PROJECT_FOLDER } from "../../tests/support/runtimes.ts";
import { bundleProgram } from "./file.ts";
import { assertIsMidge, run, withFolder } from "./run.ts";
import { type Target, UnavailableError } from "./target.ts";

/** Where Node looks for a program in its executable, and the mark that says there is one. */
const RESOURCE = "NODE_SEA_BLOB";
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

export const nodeBinary: Target = {
  doc: "midge-node, a binary for this machine, on Node (Linux)",
  build(out: string): string[] {
    if (process.platform !== "linux") {
      throw new UnavailableError("the binary on Node is made on Linux only");
    }
    const node = executableOf("node");
    if (node === undefined) {
      throw new UnavailableError("there is no Node of at least 22.18");
    }
    const path = join(out, "midge-node");
    withFolder((folder) => inject(programFor(node, folder), node, path));
    assertIsMidge(path);
    return [path];
  },
};

/** Writes the program in the form that `node` wants; gives its path. */
function programFor(node: string, folder: string): string {
  const { code, licences } = bundleProgram("cjs");
  const main = join(folder, "midge.cjs");
  const output = join(folder, "program");
  const config = join(folder, "config.json");
  writeFileSync(main, `${code}\n${licences}`);
  const wishes = { disableExperimentalSEAWarning: true, useCodeCache: true };
  writeFileSync(config, JSON.stringify({ main, output, ...wishes }));
  run(node, ["--experimental-sea-config", config]);
  return output;
}

function inject(program: string, node: string, path: string): void {
  copyFileSync(realNode(node), path);
  chmodSync(path, 0o755);
  const postject = join(PROJECT_FOLDER, "node_modules/postject/dist/cli.js");
  const args = [postject, path, RESOURCE, program, "--sentinel-fuse", FUSE];
  run(node, args);
}

// A command may be a script around the executable.
function realNode(node: string): string {
  return run(node, ["-p", "process.execPath"]).trim();
}
