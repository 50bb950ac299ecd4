/**
 * Commands of the shell that a program starts: data in, data out, and how it
 * ended. What the command says on standard error goes to ours. It is in a
 * process group of its own, so that a ^C is for us alone, who may still want
 * its answer, and so that it can be ended with all that it has started. Windows
 * has no such groups: there the shell alone is ended.
 */
import {
  type ChildProcess,
  type ChildProcessByStdio,
  spawn,
} from "node:child_process";
import type { Readable, Writable } from "node:stream";
import process from "node:process";
import { deferred } from "../../core/deferred.ts";
import { joined } from "./chunks.ts";
import { systemError } from "./system.ts";

/** What to run. */
export interface ShellCommand {
  /** A line for `/bin/sh`, on Windows for `cmd.exe`. */
  readonly line: string;
  /** Its standard input; a command that does not read it is fine. */
  readonly input: Uint8Array;
  /** Added to the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** A command that says more is ended. */
  readonly outputBytesMax: number;
}

/** How a command ended. */
export interface ShellEnd {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: Uint8Array;
}

const IS_WINDOWS = process.platform === "win32";

/** They end with us. */
const running = new Set<ChildProcess>();

/**
 * Runs a command to its end, or to that of this process. Rejects when it cannot
 * start, and when it says too much.
 */
export async function runShell(command: ShellCommand): Promise<ShellEnd> {
  const { promise, resolve, reject } = deferred<ShellEnd>();
  const child = started(command);
  const chunks: Uint8Array[] = [];
  let length = 0;
  child.stdout.on("data", (chunk: Uint8Array) => {
    length += chunk.length;
    chunks.push(chunk);
    if (length <= command.outputBytesMax) return;
    endGroup(child);
    reject(
      new Error(`the command said more than ${command.outputBytesMax} bytes`),
    );
  });
  child.on("error", (error) => reject(startFailure(error)));
  child.on("close", (code, signal) => {
    resolve({ code, signal, output: joined(chunks, length) });
  });
  // It may end without having read all, or anything.
  child.stdin.on("error", () => {});
  child.stdin.end(command.input);
  hold(child);
  return await promise.finally(() => release(child));
}

function started(
  { line, environment }: ShellCommand,
): ChildProcessByStdio<Writable, Readable, null> {
  try {
    return spawn(line, {
      shell: true,
      detached: !IS_WINDOWS,
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, ...environment },
    });
  } catch (error) {
    throw startFailure(error);
  }
}

/** Deno refuses the environment at once, and the command a little later. */
function startFailure(error: unknown): Error {
  return systemError("run a command", error);
}

// One listener for all: Node takes many for a mistake, and says so.
function hold(child: ChildProcess): void {
  if (running.size === 0) process.on("exit", endRunning);
  running.add(child);
}

function release(child: ChildProcess): void {
  running.delete(child);
  if (running.size === 0) process.off("exit", endRunning);
}

function endRunning(): void {
  running.forEach(endGroup);
}

/** Ends a command and what it has started. */
function endGroup(child: ChildProcess): void {
  try {
    if (IS_WINDOWS) child.kill("SIGKILL");
    else if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
