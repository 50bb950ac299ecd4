/**
 * A Node that is too old for TypeScript, where the machine has one: the single
 * file runs there, too. Tests of it are skipped, with `oldNodeMissing` as the
 * reason, elsewhere.
 */
import { spawnSync } from "node:child_process";
import process from "node:process";

const COMMAND: string = process.env["MIDGE_OLD_NODE"] ?? "node";
const OLDEST_MAJOR = 20;
const NEW_MAJOR = 22;

/** The command that runs it; undefined without one. */
export const oldNode: string | undefined = findOldNode();

/** For the `skip` option of tests. */
export const oldNodeMissing: string | false = oldNode === undefined
  ? `"${COMMAND}" is no Node ${OLDEST_MAJOR} or 21; set MIDGE_OLD_NODE`
  : false;

function findOldNode(): string | undefined {
  const { stdout } = spawnSync(COMMAND, ["--version"], { encoding: "utf8" });
  const major = Number(/^v(\d+)\./.exec(stdout ?? "")?.[1]);
  return major >= OLDEST_MAJOR && major < NEW_MAJOR ? COMMAND : undefined;
}
