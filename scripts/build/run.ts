/** Commands and temporary folders, for the targets of the build. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/** Runs a command to its end; throws with all that it said if it fails. */
export function run(
  file: string,
  args: readonly string[],
  cwd: string = ".",
): string {
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    cwd,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
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
