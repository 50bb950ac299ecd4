/** Servers under pressure, alone or as a cluster, and what presses them: for `bench_pressure.ts`. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import {
  buildLoadGenerator,
  type Contender,
  freePort,
  RunningContender,
} from "./contenders.ts";

/** One server, with its ports. */
export class PressedServer {
  readonly clusterPort: number;
  readonly #monitorPort: number;
  readonly #running: RunningContender;
  readonly #folder: string;

  private constructor(
    running: RunningContender,
    clusterPort: number,
    monitorPort: number,
    folder: string,
  ) {
    this.#running = running;
    this.clusterPort = clusterPort;
    this.#monitorPort = monitorPort;
    this.#folder = folder;
  }

  /** `routes`: the cluster ports of the nodes that it dials; without them it is alone. */
  static async start(
    contender: Contender,
    { config = "", routes }: { config?: string; routes?: readonly number[] } =
      {},
  ): Promise<PressedServer> {
    const [clusterPort, monitorPort] = [await freePort(), await freePort()];
    const folder = mkdtempSync(join(tmpdir(), "bench-pressure-"));
    const file = join(folder, "server.conf");
    const urls = (routes ?? []).map((at) => `"nats://127.0.0.1:${at}"`);
    const cluster = routes === undefined ? "" : `cluster {
      name: bench, listen: "127.0.0.1:${clusterPort}", routes: [${urls}]
    }`;
    writeFileSync(
      file,
      `http: "127.0.0.1:${monitorPort}"
      ${cluster}
      ${config}`,
    );
    const running = await RunningContender.start(contender, ["-c", file]);
    return new PressedServer(running, clusterPort, monitorPort, folder);
  }

  get port(): number {
    return this.#running.port;
  }

  async varz(): Promise<Record<string, number>> {
    const answer = await fetch(`http://127.0.0.1:${this.#monitorPort}/varz`);
    return await answer.json();
  }

  /** Resolves once it knows another server. */
  async joined(): Promise<void> {
    while ((await this.varz())["routes"] === 0) await pause(50);
  }

  get peakMib(): number {
    return this.#running.memory("VmHWM");
  }

  async stop(): Promise<void> {
    await this.#running.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A client by hand that reads a number of bytes a second: `Infinity` for all there are, 0 for none. */
export class PacedReader {
  received = 0;
  isClosed = false;
  #isReady = false;
  readonly #socket: Socket;
  readonly #bytesPerSecond: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(port: number, said: string, bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.write(`CONNECT {"verbose":false}\r\n${said}PING\r\n`);
    this.#socket.on("data", (chunk) => this.#took(chunk));
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => this.isClosed = true);
  }

  /** Resolves when the server has taken what it said. */
  async isReady(): Promise<void> {
    let text = "";
    while (!text.includes("PONG\r\n")) {
      const [chunk] = await once(this.#socket, "data");
      text += chunk;
    }
    this.#isReady = true;
    if (this.#bytesPerSecond === 0) this.#socket.pause();
  }

  say(text: string): void {
    this.#socket.write(text);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket.destroy();
  }

  #took(chunk: Uint8Array): void {
    this.received += chunk.length;
    if (!this.#isReady || !Number.isFinite(this.#bytesPerSecond)) return;
    this.#socket.pause();
    if (this.#bytesPerSecond === 0) return;
    const ms = chunk.length / this.#bytesPerSecond * 1000;
    this.#timer = setTimeout(() => this.#socket.resume(), ms);
  }
}

const runFile = promisify(execFile);

/** Megabytes per second that arrived; NaN when a client was closed. */
export async function load(
  publishAt: PressedServer,
  subscribeAt: PressedServer,
  args: string,
): Promise<number> {
  const [p, s] = [publishAt, subscribeAt].map(({ port }) =>
    `127.0.0.1:${port}`
  );
  try {
    const { stdout } = await runFile(buildLoadGenerator(), [
      "pubsub",
      ...["-p", p!, "-s", s!],
      ...args.split(" "),
    ]);
    const { delivered, size, seconds } = JSON.parse(stdout);
    return delivered * size / seconds / 1e6;
  } catch {
    return NaN;
  }
}

/** Runs `body` with servers, which end behind it. */
export async function withServers<Found>(
  starts: readonly (() => Promise<PressedServer>)[],
  body: (servers: readonly PressedServer[]) => Promise<Found>,
): Promise<Found> {
  const servers: PressedServer[] = [];
  try {
    for (const start of starts) servers.push(await start());
    return await body(servers);
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** Nodes of which each dials those before it. */
export async function withCluster<Found>(
  contender: Contender,
  nodes: number,
  body: (servers: readonly PressedServer[]) => Promise<Found>,
): Promise<Found> {
  const ports: number[] = [];
  const start = async (): Promise<PressedServer> => {
    const server = await PressedServer.start(contender, { routes: [...ports] });
    ports.push(server.clusterPort);
    return server;
  };
  return await withServers(
    Array.from({ length: nodes }, () => start),
    async (servers) => {
      for (const server of servers) await server.joined();
      await pause(500);
      return await body(servers);
    },
  );
}
