/** A program of a document, run to its end on the runtime under test. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawnCommand } from "../support/process.ts";
import { currentRuntime } from "../support/runtimes.ts";
import type { Workshop } from "./workshop.ts";

// Far beyond what any example takes.
const LIMIT_MS = 30_000;

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

/** Rejects, with what it printed, when the program fails or does not end. */
export async function runProgram(
  { folder, env }: Workshop,
  name: string,
  text: string,
): Promise<Ran> {
  writeFileSync(join(folder, name), text);
  const command = [...currentRuntime().command, name];
  await using program = spawnCommand(command, { cwd: folder, env });
  const late = setTimeout(() => program.kill("SIGKILL"), LIMIT_MS);
  const { code, signal } = await program.exited;
  clearTimeout(late);
  const { stdout, stderr } = program;
  if (code === 0) return { stdout, stderr };
  const how = signal === null ? `ends with ${code}` : "does not end";
  throw new Error(`The program ${how}:\n${stdout}${stderr}`);
}
