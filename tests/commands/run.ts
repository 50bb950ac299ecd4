/** `scripts/midge.ts` as a process, for the tests of its commands. */
import { spawnSync } from "node:child_process";
import { spawnMidge, type TestProcess } from "../support/process.ts";
import type { Cleanup } from "../support/temp.ts";

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** All that standard input holds. */
  readonly input?: string | Uint8Array;
}

/** What stands in the environment in which the tests run is not meant for them. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  NATS_URL: "",
  NATS_USER: "",
  NATS_PASSWORD: "",
  NATS_TOKEN: "",
  NATS_CREDS: "",
  NATS_NKEY: "",
  NATS_CA: "",
  NATS_CERT: "",
  NATS_KEY: "",
};

/** Starts `midge`; it ends with the test at the latest. */
export function startCommand(
  t: Cleanup,
  args: readonly string[],
  options: RunOptions = {},
): TestProcess {
  const { cwd, env } = options;
  const program = spawnMidge(args, {
    ...(cwd !== undefined && { cwd }),
    env: { ...ENVIRONMENT, ...env },
  });
  t.after(() => program.stop());
  if (options.input !== undefined) program.endInput(options.input);
  return program;
}

/** How a run ended, and all that it said. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `midge` to its end. */
export async function runCommand(
  t: Cleanup,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  return await outcomeOf(startCommand(t, args, options));
}

export async function outcomeOf(program: TestProcess): Promise<Outcome> {
  const { code } = await program.exited;
  return { code, stdout: program.stdout, stderr: program.stderr };
}

/** Why a program cannot be used; false when it can. For the `skip` option of tests. */
export function missing(
  program: string,
  ...args: readonly string[]
): string | false {
  return spawnSync(program, [...args]).status === 0
    ? false
    : `"${program}" does not run`;
}
