/**
 * A terminal in which commands are typed one after the other: one shell with
 * job control, so that `&`, `$!`, `%1`, `cd` and variables are what they are for
 * a reader. A reader takes his time; here, `rest` waits until all programs that
 * stay have come to rest.
 */
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { spawnCommand, type TestProcess } from "../support/process.ts";

/** Ends the output of a command, with its number and its exit code. */
const END = "\x1e";
const MARK = new RegExp(`${END}\\d+ \\d+${END}`, "g");
/** Output that does not end its line, as curl's. */
const UNENDED = new RegExp(`([^\n${END}])${END}\\d+ \\d+${END}`, "g");

/** The shell's number, which is that of its session, comes first. */
const BEGIN = "\x1d";
const SESSION = new RegExp(`${BEGIN}(\\d+)${BEGIN}`);

// Each command comes with a zero byte behind it, and reads nothing itself. When
// no more can come, because the tests have died, nothing that was started stays.
// That is no trap: a job that is ended before it has become its program is a copy
// of this shell, and would run it.
const LOOP = `
exec 2>&1
set -m
printf '${BEGIN}%d${BEGIN}' $$
_typed=0
while IFS= read -r -d '' line; do
  eval "$line" </dev/null
  printf '${END}%d %d${END}' $((_typed += 1)) $?
done
kill -9 $(jobs -p) 2>/dev/null`;

// What the shell says about its own jobs, which an interactive one says elsewhere.
const JOB_NOTICES =
  /^(?:\S*bash: line \d+: +\d+ |\[\d+\][-+ ] +)(?:Killed|Terminated|Done|Exit|Stopped|Running).*\n/gm;

/** Looks in a row at which nothing has moved. */
const QUIET_LOOKS = 8;
const PAUSE_MS = 10;
// Far beyond what a busy machine needs.
const REST_MS_MAX = 60_000;

/** Why no terminal can be had here; false when one can. */
export const terminalMissing: string | false = process.platform === "linux"
  ? false
  : "whether programs are at rest is read from Linux's /proc";

export class Terminal {
  readonly #shell: TestProcess;
  #typed = 0;

  constructor(folder: string, env: Readonly<Record<string, string>>) {
    const options = { cwd: folder, env };
    // A runtime that dies kills its child, which is not the shell with its trap.
    const command = ["sh", "-c", 'setsid bash -c "$0"; true', LOOP];
    // Node's test runner runs nothing where it thinks that it is inside itself.
    const fresh = ["env", "-u", "NODE_TEST_CONTEXT"];
    this.#shell = spawnCommand([...fresh, ...command], options);
  }

  /** How much has been printed so far. */
  get position(): number {
    return this.#shell.stdout.length;
  }

  /** What was printed from a position on. */
  since(position: number): string {
    return this.#shell.stdout.slice(position)
      .replace(SESSION, "").replace(UNENDED, "$1\n").replace(MARK, "").replace(
        JOB_NOTICES,
        "",
      );
  }

  /** Whether any program that was started here is running. */
  get isBusy(): boolean {
    return this.#programs().length > 1;
  }

  /** Types a command and gives its exit code. One that stays ends with `&`. */
  async run(command: string): Promise<number> {
    const end = new RegExp(`${END}${++this.#typed} (\\d+)${END}`);
    this.#shell.input(`${command}\0`);
    const [, code] = await this.#shell.waitFor(end);
    return Number(code);
  }

  /**
   * Resolves once all that was printed so far has been read, the last words of
   * programs that have ended included: what stands in a pipe stays in its order.
   */
  async catchUp(): Promise<void> {
    await this.run(":");
  }

  /** Resolves once all programs here wait for something. */
  async rest(): Promise<void> {
    const deadline = Date.now() + REST_MS_MAX;
    let last = "";
    let quiet = 0;
    while (quiet < QUIET_LOOKS) {
      if (Date.now() > deadline) throw new Error("The programs never rest");
      await delay(PAUSE_MS);
      const now = this.#programs().map(activityOf).join("\n");
      quiet = now === last && !now.includes("busy") ? quiet + 1 : 0;
      last = now;
    }
  }

  /** Ends the shell and all that it started. */
  async close(): Promise<void> {
    for (const { id } of this.#programs()) {
      try {
        process.kill(id, "SIGKILL");
      } catch {
        // It has ended by itself meanwhile.
      }
    }
    await this.#shell.stop();
  }

  #programs(): Program[] {
    const [, session] = SESSION.exec(this.#shell.stdout) ?? [];
    return session === undefined ? [] : programsOf(session);
  }
}

interface Program {
  readonly id: number;
  /** The words of /proc/ID/stat behind the name, from the state on. */
  readonly words: readonly string[];
}

/** The programs of a session, the shell that began it included. */
function programsOf(session: string): Program[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name))
    .map((name) => ({ id: Number(name), words: statOf(`/proc/${name}/stat`) }))
    .filter(({ words }) => words[3] === session && words[0] !== "Z");
}

/** Differs from one look to the next when the program has done something. */
function activityOf({ id }: Program): string {
  const threads = namesIn(`/proc/${id}/task`).map((thread) =>
    statOf(`/proc/${id}/task/${thread}/stat`)
  );
  const isBusy = threads.some(([state = ""]) => "RD".includes(state));
  const ticks = threads.map((words) => `${words[11]}+${words[12]}`);
  return `${id} ${isBusy ? "busy" : "rests"} ${ticks.join(" ")}`;
}

function statOf(path: string): string[] {
  try {
    const text = readFileSync(path, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return []; // It has ended.
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
