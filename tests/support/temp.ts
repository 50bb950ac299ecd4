/** Temporary folders, which go away with the test that asked for them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The part of node:test's context that a helper needs to clean up after itself. */
export interface Cleanup {
  after(run: () => void | Promise<void>): void;
}

/** A new empty folder, removed with all it holds when the test ends. */
export function temporaryFolder(t: Cleanup): string {
  const folder = mkdtempSync(join(tmpdir(), "midge-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
