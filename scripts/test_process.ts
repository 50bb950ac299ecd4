/** The processes that `scripts/test.ts` starts: checks and test runners. */
import { spawn } from "node:child_process";
import { basename } from "node:path";
import process from "node:process";
import { stripVTControlCharacters } from "node:util";
import { PROJECT_FOLDER } from "../tests/support/runtimes.ts";

/** How a process is run. */
export interface RunOptions {
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Shows its output when it has ended, not as it arrives: another one is on show. */
  readonly isAside?: boolean;
}

/** A process that has ended. */
export interface Finished {
  readonly code: number | null;
  /** Both streams, without colours. */
  readonly output: string;
  readonly seconds: number;
}

/** Runs commands, and stops those that have not ended when the time of all is over. */
export class Processes {
  readonly #limitMs: number;
  readonly #startedAt = Date.now();

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Runs a command in the top folder, and shows its output. */
  run(
    file: string,
    args: readonly string[],
    { env = {}, isAside = false }: RunOptions = {},
  ): Promise<Finished> {
    const began = Date.now();
    // Node's runner does not run within itself, as it would in a test of this file.
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
    const child = spawn(file, args, {
      cwd: PROJECT_FOLDER,
      env: { ...environment, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const head = `\n> ${basename(file)} ${args.slice(0, 4).join(" ")}\n`;
    if (!isAside) process.stdout.write(head);
    let output = "";
    const show = (text: string): void => {
      output += text;
      if (!isAside) process.stdout.write(text);
    };
    child.stdout.setEncoding("utf8").on("data", show);
    child.stderr.setEncoding("utf8").on("data", show);
    child.on("error", (error) => show(`${error}\n`));
    const stopLate = setTimeout(() => {
      const minutes = this.#limitMs / 60_000;
      show(`\nStopped: the tests took more than ${minutes} min\n`);
      child.kill("SIGTERM");
    }, this.#startedAt + this.#limitMs - began);
    return new Promise((resolve) => {
      child.on("close", (code) => {
        clearTimeout(stopLate);
        if (isAside) process.stdout.write(head + output);
        const seconds = (Date.now() - began) / 1000;
        resolve({ code, output: stripVTControlCharacters(output), seconds });
      });
    });
  }
}
