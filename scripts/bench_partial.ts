/**
 * What messages cost that never come whole: many clients each send the line of
 * a PUB of 1 MiB and one byte of it, and many routes the line of a message of
 * 999,999,999 bytes. Printed is by how much the server's memory grew at most, in
 * MiB, beside nats-server's in the same run.
 *
 *   deno run -A scripts/bench_partial.ts [-clients 2000] [-routes 120] [-runtime bun]
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { parseFlags } from "../src/config/flags/flags.ts";
import { runBenchmark } from "./benchmark.ts";
import {
  type Contender,
  contendersOn,
  freePort,
  RunningContender,
} from "./contenders.ts";

const FLAGS = {
  clients: {
    names: ["clients"],
    type: "integer",
    doc: "Clients at one time (default 2000)",
  },
  routes: {
    names: ["routes"],
    type: "integer",
    doc: "Routes, one after the other (default 120)",
  },
  runtime: { names: ["runtime"], type: "string", doc: "Only this runtime" },
} as const;

/** How often the clients come, send what they send, and go. */
const ROUNDS = 4;
const SOCKETS_AT_ONCE = 100;
/** The server has this long to do what it does about what came. */
const SETTLE_MS = 500;

interface Figures {
  readonly clientsMiB: number;
  readonly routesMiB: number;
}

async function main(): Promise<void> {
  const { values } = parseFlags(FLAGS, process.argv.slice(2));
  const { clients = 2000, routes = 120, runtime } = values;
  const contenders = contendersOn(runtime);
  console.log(
    `                    ${clients} PUBs, ${ROUNDS} times     ${routes} routes`,
  );
  let reference: Figures | undefined = undefined;
  for (const contender of contenders) {
    const figures = {
      clientsMiB: await growth(contender, (server) => publish(server, clients)),
      routesMiB: await growth(
        contender,
        (_, port) => announce(port, routes),
      ),
    };
    reference ??= figures;
    const cells = [
      cell(figures.clientsMiB, reference.clientsMiB),
      cell(figures.routesMiB, reference.routesMiB),
    ];
    console.log(`  ${contender.name.padEnd(16)} ${cells.join("   ")}`);
  }
}

function cell(figure: number, base: number): string {
  return `${figure.toFixed(0).padStart(6)} MiB ${(figure / base).toFixed(2)}`
    .padEnd(16);
}

/** By how much the memory of a fresh server grows at most while `load` goes on. */
async function growth(
  contender: Contender,
  load: (server: RunningContender, clusterPort: number) => Promise<void>,
): Promise<number> {
  const clusterPort = await freePort();
  const server = await RunningContender.start(contender, [
    ...["-cluster", `nats://127.0.0.1:${clusterPort}`],
    ...["-cluster_name", "bench"],
  ]);
  try {
    await pause(SETTLE_MS);
    const before = server.memory("VmRSS");
    await load(server, clusterPort);
    await pause(SETTLE_MS);
    return server.memory("VmHWM") - before;
  } finally {
    await server.stop();
  }
}

async function publish(
  { port }: RunningContender,
  count: number,
): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const sockets: Socket[] = [];
    while (sockets.length < count) {
      const some = Math.min(SOCKETS_AT_ONCE, count - sockets.length);
      sockets.push(
        ...await Promise.all(Array.from({ length: some }, () => dial(port))),
      );
    }
    for (const socket of sockets) {
      socket.write('CONNECT {"verbose":false}\r\nPUB a 1048576\r\nx');
    }
    await pause(SETTLE_MS);
    for (const socket of sockets) socket.destroy();
  }
}

async function announce(port: number, count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    const id = `BENCH-${at}`;
    const info = {
      ...{ server_id: id, server_name: id, version: "2.10.0", proto: 1 },
      ...{ host: "127.0.0.1", port: 0, headers: true, max_payload: 1048576 },
      cluster: "bench",
    };
    const fields = { name: id, cluster: "bench", verbose: false };
    const socket = await dial(port);
    socket.write(
      `CONNECT ${JSON.stringify(fields)}\r\nINFO ${JSON.stringify(info)} \r\n` +
        "RMSG $G a 999999999\r\nx",
    );
    // The server has read it when it has answered, or has closed the connection.
    await pause(5);
    socket.destroy();
  }
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.resume();
  return socket;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

await runBenchmark(main);
