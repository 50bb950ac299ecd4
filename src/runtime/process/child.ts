/**
 * Programs that this one starts, listens to and ends: another server beside a
 * benchmark. They end with this process at the latest.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { type Deferred, deferred } from "../../core/deferred.ts";
import { errorCode, systemClock, systemError } from "./system.ts";

/** What is kept of what a program says. */
const SAID_CHARS = 64 * 1024;
/** A program that was asked to end gets this long for it. */
const END_MS = 5000;

const running = new Set<ChildProgram>();

export class ChildProgram {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #ended: Deferred<void> = deferred<void>();
  readonly #watchers = new Set<() => void>();
  #said = "";
  #failure: Error | undefined;
  #isOver = false;

  private constructor(child: ChildProcess, name: string) {
    this.#child = child;
    this.#name = name;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#said = (this.#said + text).slice(-SAID_CHARS);
      this.#wake();
    });
    child.on("error", (error) => this.#end(startFailure(name, error)));
    child.on("close", () => this.#end(undefined));
    hold(this);
  }

  /** Starts a program; what it says on standard error is kept, the rest is not. */
  static start([name = "", ...args]: readonly string[]): ChildProgram {
    try {
      const child = spawn(name, args, { stdio: ["ignore", "ignore", "pipe"] });
      return new ChildProgram(child, name);
    } catch (error) {
      throw startFailure(name, error);
    }
  }

  /** Resolves with what `pattern` finds in what it says; rejects when it ends before. */
  async saying(pattern: RegExp): Promise<readonly string[]> {
    for (;;) {
      const found = pattern.exec(this.#said);
      if (found !== null) return found;
      if (this.#isOver) throw this.#failure ?? this.#silent();
      const { promise, resolve } = deferred<void>();
      this.#watchers.add(resolve);
      await promise;
      this.#watchers.delete(resolve);
    }
  }

  /** Asks it to end, and ends it by force if it does not. */
  async stop(): Promise<void> {
    if (this.#isOver) return;
    this.#kill("SIGTERM");
    const timer = systemClock.after(END_MS, () => this.#kill("SIGKILL"));
    await this.#ended.promise;
    timer.cancel();
  }

  kill(): void {
    this.#kill("SIGKILL");
  }

  #kill(signal: "SIGTERM" | "SIGKILL"): void {
    const { pid } = this.#child;
    if (this.#isOver || pid === undefined) return;
    try {
      // Deno's `ChildProcess.kill` sends one signal only.
      process.kill(pid, signal);
    } catch {
      // It has ended by itself.
    }
  }

  #end(failure: Error | undefined): void {
    this.#isOver = true;
    this.#failure ??= failure;
    release(this);
    this.#wake();
    this.#ended.resolve();
  }

  #wake(): void {
    for (const wake of this.#watchers) wake();
  }

  #silent(): Error {
    const [last = "nothing"] = this.#said.trim().split("\n").slice(-1);
    return new Error(`${this.#name} has ended, and said: ${last}`);
  }
}

function startFailure(name: string, error: unknown): Error {
  if (errorCode(error) !== "ENOENT") return systemError(`start ${name}`, error);
  const isPath = name.includes("/") || name.includes("\\");
  return new Error(
    isPath ? `There is no program ${name}` : `"${name}" is not on the PATH`,
    { cause: error },
  );
}

const RUNTIME = /^(?:deno|bun|node)(?:\.exe)?$/i;

/** The words that start this program again, on the same runtime. */
export function ownCommand(): string[] {
  const { execPath, execArgv, argv } = process;
  const script = argv[1] ?? "";
  const isScript = RUNTIME.test(basename(execPath)) && script !== execPath &&
    existsSync(script);
  if (!isScript) return [execPath];
  return "Deno" in globalThis
    ? [execPath, "run", "-A", "--quiet", script]
    : [execPath, ...execArgv, script];
}

/** Makes a folder for a while; the function removes it with all that it holds. */
export function passingFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "midge-"));
  return {
    path,
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

// One listener for all: Node takes many for a mistake, and says so.
function hold(program: ChildProgram): void {
  if (running.size === 0) process.on("exit", killRunning);
  running.add(program);
}

function release(program: ChildProgram): void {
  running.delete(program);
  if (running.size === 0) process.off("exit", killRunning);
}

function killRunning(): void {
  for (const program of running) program.kill();
}
