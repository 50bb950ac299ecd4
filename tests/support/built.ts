/**
 * What `scripts/build.ts` makes, for tests: built from a clean checkout (a
 * copy of the files under version control, as they are now), each target once
 * for a state of the sources, on first need. The runs on all runtimes share
 * it, and so do test files that run at the same time: the first one builds, the
 * others wait. It lies in `.tools/built`, where what is no longer used is
 * removed.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { makeOnce } from "./make_once.ts";
import { spawnProgram } from "./process.ts";
import { currentRuntime, PROJECT_FOLDER, TOOLS_FOLDER } from "./runtimes.ts";

/** One state of the sources has a folder in here, named by its hash. */
const BUILT_FOLDER = join(TOOLS_FOLDER, "built");
/** Where Bun keeps its bases for other systems, for all states. */
export const BASES_FOLDER: string = join(TOOLS_FOLDER, "bun");
/** Another state's folder that was last used so long ago is nobody's. */
const UNUSED_MS = 15 * 60_000;

/** The single file, `midge.mjs`. */
export async function builtFile(): Promise<string> {
  return join(await built("file"), "midge.mjs");
}

/** The binary on Bun for this machine. */
export async function builtBinary(): Promise<string> {
  const name = process.platform === "win32" ? "midge.exe" : "midge";
  return join(await built("binary"), name);
}

/** The binary on Node for this machine. */
export async function builtNodeBinary(): Promise<string> {
  return join(await built("node-sea"), "midge-node");
}

/** The tarball of the npm package. */
export async function builtPackage(): Promise<string> {
  const folder = await built("package");
  const name = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  return join(folder, name!);
}

/**
 * The folder with what a target of `scripts/build.ts` makes. Do not write in
 * it: it is everybody's. Rejects, with what the build said, when that fails.
 */
export async function built(target: string): Promise<string> {
  const checkout = await madeOfSources("checkout", checkOut);
  return await madeOfSources(target, async (out) => {
    const script = join(checkout, "scripts", "build.ts");
    const args = ["-out", out, target];
    const env = { BUN_INSTALL_CACHE_DIR: BASES_FOLDER };
    const build = spawnProgram(currentRuntime(), script, args, { env });
    const { code } = await build.exited;
    if (code !== 0) throw new Error(`${build.stdout}${build.stderr}`);
  });
}

/** A folder that `make` fills, once for a state of the sources. */
export function madeOfSources(
  name: string,
  make: (folder: string) => void | Promise<void>,
): Promise<string> {
  return makeOnce(join(stateFolder(), name), make);
}

/** The folder of the sources' present state. */
function stateFolder(): string {
  const folder = join(BUILT_FOLDER, hashOfSources());
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    removeUnused(folder);
  }
  const now = new Date();
  utimesSync(folder, now, now);
  return folder;
}

function hashOfSources(): string {
  const hash = createHash("sha256");
  for (const path of sourcePaths()) {
    hash.update(`${path}\0`).update(readFileSync(join(PROJECT_FOLDER, path)));
  }
  return hash.digest("hex").slice(0, 16);
}

/** The files under version control that are there. */
function sourcePaths(): string[] {
  const { stdout, status, stderr } = spawnSync("git", ["ls-files", "-z"], {
    cwd: PROJECT_FOLDER,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`git ls-files failed: ${stderr}`);
  return stdout.split("\0").filter((path) =>
    path !== "" && existsSync(join(PROJECT_FOLDER, path))
  );
}

function checkOut(folder: string): void {
  for (const path of sourcePaths()) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(PROJECT_FOLDER, path), target);
  }
  // What is under no version control is what npm installs.
  linkPackages(PROJECT_FOLDER, folder);
  linkPackages(TOOLS_FOLDER, join(folder, ".tools"));
}

function linkPackages(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  symlinkSync(join(from, "node_modules"), join(to, "node_modules"));
}

function removeUnused(except: string): void {
  for (const name of readdirSync(BUILT_FOLDER)) {
    const folder = join(BUILT_FOLDER, name);
    if (folder === except) continue;
    const unusedMs = Date.now() - statSync(folder).mtimeMs;
    if (unusedMs < UNUSED_MS) continue;
    rmSync(folder, { recursive: true, force: true });
  }
}
