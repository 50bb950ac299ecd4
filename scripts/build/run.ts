/** Commands and temporary folders, for the targets of the build. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";

// Some tools download what they need; one that hangs must end.
const DEADLINE_MS = 5 * 60_000;

/** Runs a command to its end and gives its output; throws with all its output if it fails. */
export function run(
  file: string,
  args: readonly string[],
  cwd: string | undefined = undefined,
): string {
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    ...cwd === undefined ? {} : { cwd },
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: DEADLINE_MS,
  });
  if (status === 0) return stdout;
  const said = `${stdout ?? ""}${stderr ?? ""}${error ?? ""}`.trim();
  throw new Error(`${basename(file)} failed: ${said}`);
}

/** Lends a new empty folder to `use` and removes it. */
export function withFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "midge-build-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Makes sure that an executable for this machine is Midge: with the wrong base
 * it may be the command line of a runtime instead.
 */
export function assertIsMidge(path: string): void {
  const answer = run(path, ["-v"]);
  if (answer.startsWith("midge ")) return;
  rmSync(path);
  throw new Error(`${path} was not Midge, it answered: ${answer.trim()}`);
}
