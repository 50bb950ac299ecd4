/**
 * A real nats-server beside the tests: on free ports, ready when `startNatsServer`
 * resolves, gone when it is stopped. Tests that need it are skipped, with
 * `natsServerMissing` as the reason, where there is none.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { spawnCommand, type TestProcess } from "./process.ts";
import { TOOLS_FOLDER } from "./runtimes.ts";

const COMMAND: string = process.env["MIDGE_NATS_SERVER"] ?? "nats-server";

/** Why the real server cannot be used; false when it can. For the `skip` option of tests. */
export const natsServerMissing: string | false =
  spawnSync(COMMAND, ["--version"]).status === 0
    ? false
    : `"${COMMAND}" does not run; set MIDGE_NATS_SERVER`;

/** The newest nats-server that Midge meets. */
export const newestNatsServer: string = process.env["MIDGE_NATS_SERVER_NEW"] ||
  newestBuilt();

function newestBuilt(): string {
  const built = join(TOOLS_FOLDER, "go", "nats-server");
  return existsSync(built) ? built : "nats-server-new";
}

/** The release that Midge answers like, byte for byte. */
const MODEL_VERSION = "v2.15.3";

/** Why that release cannot be asked; false when it can. It is `newestNatsServer`. */
export const modelMissing: string | false = whyNoModel();

function whyNoModel(): string | false {
  const { status, stdout } = spawnSync(newestNatsServer, ["--version"], {
    encoding: "utf8",
  });
  if (status !== 0) {
    return `"${newestNatsServer}" does not run; set MIDGE_NATS_SERVER_NEW`;
  }
  return stdout.trim().endsWith(MODEL_VERSION)
    ? false
    : `"${newestNatsServer}" is not ${MODEL_VERSION}, which counts`;
}

export interface NatsServerOptions {
  /** The text of a configuration file. */
  readonly config?: string;
  /** Default: any free port. */
  readonly port?: number;
  /** Route ports of servers to join; with it, even when empty, there is a cluster. */
  readonly routes?: readonly number[];
  readonly flags?: readonly string[];
  /** Default: the oldest that Midge meets. */
  readonly command?: string;
}

export class NatsServer implements AsyncDisposable {
  readonly port: number;
  /** 0 without a cluster. */
  readonly clusterPort: number;
  readonly process: TestProcess;
  readonly #folder: string;

  constructor(
    process: TestProcess,
    folder: string,
    port: number,
    clusterPort: number,
  ) {
    this.process = process;
    this.#folder = folder;
    this.port = port;
    this.clusterPort = clusterPort;
  }

  /** Ends it by force. */
  async stop(): Promise<void> {
    await this.process.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Starts a server on 127.0.0.1 and waits until it is ready. Give `stop` to `t.after`. */
export async function startNatsServer(
  options: NatsServerOptions = {},
): Promise<NatsServer> {
  const folder = mkdtempSync(join(tmpdir(), "midge-nats-"));
  const server = spawnCommand([
    options.command ?? COMMAND,
    ...flagsFor(options, folder),
  ]);
  try {
    await server.waitFor("Server is ready");
    const port = await loggedPort(server, "client");
    const clusterPort = options.routes === undefined
      ? 0
      : await loggedPort(server, "route");
    return new NatsServer(server, folder, port, clusterPort);
  } catch (error) {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

function flagsFor(options: NatsServerOptions, folder: string): string[] {
  const { config, port = -1, routes, flags = [] } = options;
  const result = ["-a", "127.0.0.1", "-p", String(port), ...flags];
  if (config !== undefined) {
    const file = join(folder, "nats.conf");
    writeFileSync(file, config);
    result.push("-c", file);
  }
  if (routes !== undefined) {
    const urls = routes.map((route) => `nats-route://127.0.0.1:${route}`);
    result.push("--cluster", "nats://127.0.0.1:-1", "--cluster_name", "test");
    if (urls.length > 0) result.push("--routes", urls.join(","));
  }
  return result;
}

async function loggedPort(
  server: TestProcess,
  kind: "client" | "route",
): Promise<number> {
  const line = new RegExp(`Listening for ${kind} connections on \\S+:(\\d+)`);
  const [, port] = await server.waitFor(line);
  return Number(port);
}
