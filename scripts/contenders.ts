/**
 * The servers that benchmarks compare, how one is started and stopped, and the
 * load generator `natsload.c`, which is built when it is missing or old.
 */
import {
  type ChildProcess,
  execFileSync,
  spawn,
  spawnSync,
} from "node:child_process";
import type { Buffer } from "node:buffer";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import {
  PROJECT_FOLDER,
  type Runtime,
  runtimes,
  TOOLS_FOLDER,
} from "../tests/support/runtimes.ts";

/** A server to measure: its name and how to start it on a port. */
export interface Contender {
  readonly name: string;
  command(port: number): string[];
}

/** The one whose figures others are compared with. */
export const REFERENCE = "nats-server";

/** The newest nats-server there is, or the one of the PATH. */
export function natsServer(program: string = REFERENCE): Contender {
  return {
    name: REFERENCE,
    command: (port) => [program, "-a", "127.0.0.1", "-p", String(port)],
  };
}

/** `MIDGE_NATS_SERVER_NEW`, or what `npm test` has fetched, or the one of the PATH. */
export function newestNatsServer(): Contender {
  const newest = process.env["MIDGE_NATS_SERVER_NEW"] ??
    join(TOOLS_FOLDER, "go", "nats-server");
  return natsServer(existsSync(newest) ? newest : REFERENCE);
}

/** Both of them where there are two, each named with its version. */
export function natsServers(): Contender[] {
  const newest = join(TOOLS_FOLDER, "go", REFERENCE);
  return [REFERENCE, newest].flatMap((program) => {
    const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
    const version = /v([\d.]+)/.exec(stdout ?? "")?.[1];
    const name = `${REFERENCE} ${version}`;
    return version === undefined ? [] : [{ ...natsServer(program), name }];
  });
}

/** nats-server, and Midge on `runtime`, or on each. */
export function contendersOn(runtime: string | undefined): Contender[] {
  const chosen = runtimes().filter(({ name }) =>
    runtime === undefined || name === runtime
  );
  return [newestNatsServer(), ...chosen.map((runtime) => midgeOn(runtime))];
}

/** Midge in `script`: the sources here, or those elsewhere, or a build. */
export function midgeOn(
  { name, command }: Runtime,
  script: string = join(PROJECT_FOLDER, "server.ts"),
): Contender {
  return {
    name: `midge on ${name}`,
    command: (
      port,
    ) => [...command, script, "-a", "127.0.0.1", "-p", String(port)],
  };
}

/** A server that runs, until it is stopped. */
export class RunningContender {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#process = child;
  }

  /** Starts `contender` with more `args`, and waits until it is ready. */
  static async start(
    contender: Contender,
    args: readonly string[] = [],
  ): Promise<RunningContender> {
    const port = await freePort();
    const [program, ...rest] = [...contender.command(port), ...args];
    const child = spawn(program!, rest, {
      stdio: ["ignore", "ignore", "pipe"],
    });
    endWithUs(child);
    await saysReady(child);
    return new RunningContender(port, child);
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** `VmRSS` or `VmHWM`, in MiB. */
  memory(what: "VmRSS" | "VmHWM"): number {
    const status = readFileSync(`/proc/${this.#process.pid}/status`, "utf8");
    return Number(new RegExp(`${what}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
  }

  /** Sends a signal that does not end it: Deno's `ChildProcess` sends one only. */
  signal(name: NodeJS.Signals): void {
    process.kill(this.#process.pid!, name);
  }

  /** `gently`: it was told to end already. */
  async stop(how: "at once" | "gently" = "at once"): Promise<void> {
    if (this.#process.exitCode !== null) return;
    if (how === "at once") this.#process.kill("SIGKILL");
    await once(this.#process, "exit");
  }
}

/** All that were started; one that has ended is killed in vain. */
const started = new Set<ChildProcess>();

/** A script that is told to end leaves no server behind. */
function endWithUs(child: ChildProcess): void {
  if (started.size === 0) {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        for (const one of started) one.kill("SIGKILL");
        process.exit(1);
      });
    }
  }
  started.add(child);
}

/** The path of the load generator; builds it from its source. */
export function buildLoadGenerator(tls?: "with TLS"): string {
  const program = join(TOOLS_FOLDER, tls ? "natsload-tls" : "natsload");
  const source = join(PROJECT_FOLDER, "scripts", "natsload.c");
  const isFresh = existsSync(program) &&
    statSync(program).mtimeMs > statSync(source).mtimeMs;
  if (isFresh) return program;
  mkdirSync(TOOLS_FOLDER, { recursive: true });
  const library = tls ? ["-DWITH_TLS", "-lssl", "-lcrypto"] : [];
  execFileSync("cc", ["-O2", "-o", program, source, ...library]);
  return program;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Resolves at the line that both kinds of server log when they are ready. */
function saysReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = "";
    const hears = (chunk: Buffer): void => {
      text += chunk;
      if (!text.includes("Server is ready")) return;
      // A pipe that is not read would stop the server.
      child.stderr!.off("data", hears).resume();
      resolve();
    };
    child.stderr!.on("data", hears);
    child.once("exit", () => reject(new Error(`It did not start: ${text}`)));
  });
}
