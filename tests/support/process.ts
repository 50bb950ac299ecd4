/**
 * Real processes in tests: start one, wait for what it says, end it. Waiting
 * is driven by the process's output, never by a guessed time.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import process from "node:process";
import { currentRuntime, PROJECT_FOLDER, type Runtime } from "./runtimes.ts";

export interface SpawnOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Runs one of the repository's scripts; a relative `script` starts at its top folder. */
export function spawnProgram(
  runtime: Runtime,
  script: string,
  args: readonly string[] = [],
  options: SpawnOptions = {},
): TestProcess {
  const file = resolve(PROJECT_FOLDER, script);
  return spawnCommand([...runtime.command, file, ...args], options);
}

/** The single file that `scripts/test.ts` has built of these sources. */
const BUILT_PROGRAM = process.env["MIDGE_TEST_PROGRAM"];

/**
 * The words that call Midge as one program, where it does not matter from what
 * it is read: the single file if there is one, which starts in a third of the
 * time, else its source.
 */
export function midgeCommand(runtime: Runtime = currentRuntime()): string[] {
  const file = BUILT_PROGRAM ?? resolve(PROJECT_FOLDER, "scripts/midge.ts");
  return [...runtime.command, file];
}

/** Runs Midge as one program. Arguments without a command are the server's. */
export function spawnMidge(
  args: readonly string[],
  options: SpawnOptions = {},
  runtime: Runtime = currentRuntime(),
): TestProcess {
  return spawnCommand([...midgeCommand(runtime), ...args], options);
}

/** Runs any command. */
export function spawnCommand(
  command: readonly string[],
  options: SpawnOptions = {},
): TestProcess {
  const [file = "", ...args] = command;
  const child = spawn(file, args, {
    cwd: options.cwd ?? PROJECT_FOLDER,
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  return new TestProcess(child, command.join(" "));
}

// Far beyond what a busy machine needs to start a runtime.
const DEADLINE_MS = 60_000;
const TAIL_LENGTH = 4_000;

/** They end with the tests, however those end. */
const running = new Set<TestProcess>();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** A running process and all that it said. Give `stop` to `t.after`, or use `await using`. */
export class TestProcess implements AsyncDisposable {
  stdout = "";
  stderr = "";
  readonly exited: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #title: string;
  readonly #watchers = new Set<() => void>();
  #end: ProcessEnd | undefined;

  constructor(child: ChildProcess, title: string) {
    this.#child = child;
    this.#title = title;
    this.exited = this.#watch();
    this.#collectOutput();
    this.#dieWithTheTests();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /**
   * Resolves once standard output or standard error holds `pattern`, with the
   * match and its groups. Rejects with the end of the output when the process
   * ends without saying it.
   */
  waitFor(pattern: string | RegExp): Promise<string[]> {
    const { promise, resolve, reject } = Promise.withResolvers<string[]>();
    const check = (): void => {
      const match = find(pattern, this.stdout) ?? find(pattern, this.stderr);
      if (match !== undefined) resolve(match);
      else if (this.#end !== undefined) reject(this.#failure(pattern, "ended"));
    };
    const late = (): void => reject(this.#failure(pattern, "is too late"));
    const deadline = setTimeout(late, DEADLINE_MS);
    this.#watchers.add(check);
    check();
    return promise.finally(() => {
      clearTimeout(deadline);
      this.#watchers.delete(check);
    });
  }

  /** Writes to the process's standard input. */
  input(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Writes the last of the process's standard input, and ends it. */
  endInput(data: string | Uint8Array = ""): void {
    this.#child.stdin?.end(data);
  }

  kill(signal: NodeJS.Signals = "SIGTERM"): void {
    // Deno's ChildProcess.kill delivers no second signal to a child.
    if (this.#end === undefined) process.kill(this.pid, signal);
  }

  /** Ends the process, by force where it does not matter how. */
  async stop(): Promise<void> {
    if (this.#end === undefined) this.kill("SIGKILL");
    await this.exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  // `close` comes after `exit`, when the output has been read to its end.
  #watch(): Promise<ProcessEnd> {
    return new Promise((resolve) => {
      const finish = (end: ProcessEnd): void => {
        this.#end = end;
        this.#wakeWatchers();
        resolve(end);
      };
      this.#child.on("close", (code, signal) => finish({ code, signal }));
      this.#child.on("error", (error) => {
        this.stderr += String(error);
        finish({ code: null, signal: null });
      });
    });
  }

  #collectOutput(): void {
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      this.#wakeWatchers();
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
      this.#wakeWatchers();
    });
  }

  #wakeWatchers(): void {
    for (const check of [...this.#watchers]) check();
  }

  #dieWithTheTests(): void {
    running.add(this);
    this.exited.then(() => running.delete(this));
  }

  #failure(pattern: string | RegExp, what: string): Error {
    const end = JSON.stringify(this.#end ?? "running");
    const output = (this.stdout + this.stderr).slice(-TAIL_LENGTH);
    return new Error(
      `"${this.#title}" ${what} (${end}) without saying ${pattern}:\n${output}`,
    );
  }
}

function find(pattern: string | RegExp, text: string): string[] | undefined {
  if (typeof pattern !== "string") return pattern.exec(text) ?? undefined;
  return text.includes(pattern) ? [pattern] : undefined;
}
