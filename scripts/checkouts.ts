/**
 * The files of a commit in a folder of their own, with the packages of this
 * checkout, for benchmarks that compare two commits.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { FlagError } from "../src/config/flags/flags.ts";
import { PROJECT_FOLDER, TOOLS_FOLDER } from "../tests/support/runtimes.ts";

/** A state of the sources. */
export interface Tree {
  /** A commit's short hash, or `here`. */
  readonly name: string;
  readonly folder: string;
}

/** The sources as they lie here, committed or not. */
export const HERE: Tree = { name: "here", folder: PROJECT_FOLDER };

/**
 * Calls `use` with the tree of each commit; undefined stands for `HERE`. The
 * folders are removed when it is done. Throws FlagError for an unknown commit.
 */
export async function withTrees(
  commits: readonly (string | undefined)[],
  use: (trees: readonly Tree[]) => Promise<void>,
): Promise<void> {
  mkdirSync(TOOLS_FOLDER, { recursive: true });
  const place = mkdtempSync(join(TOOLS_FOLDER, "commits-"));
  try {
    await use(
      commits.map((commit, at) =>
        commit === undefined ? HERE : checkOut(commit, join(place, String(at)))
      ),
    );
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function checkOut(commit: string, folder: string): Tree {
  const name = hashOf(commit);
  const archive = `${folder}.tar`;
  mkdirSync(folder);
  git(["archive", "--format=tar", "-o", archive, name]);
  execFileSync("tar", ["-xf", archive, "-C", folder]);
  symlinkSync(
    join(PROJECT_FOLDER, "node_modules"),
    join(folder, "node_modules"),
  );
  return { name, folder };
}

function hashOf(commit: string): string {
  try {
    return git(["rev-parse", "--short", "--verify", `${commit}^{commit}`]);
  } catch {
    throw new FlagError(`there is no commit ${JSON.stringify(commit)}`);
  }
}

function git(args: readonly string[]): string {
  return execFileSync("git", args, {
    cwd: PROJECT_FOLDER,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
}
