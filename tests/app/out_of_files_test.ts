/** A server whose process may open no more files says so, and goes on when it may again. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { readTextFile } from "../../src/runtime/process/system.ts";
import { connectPeer } from "../support/peer.ts";
import { midgeCommand, spawnCommand } from "../support/process.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";

/** What the process may open, the runtime's own files included. */
const FILES_MAX = 110;

const LINE =
  /^\[\d+\] (\d{4})\/(\d\d)\/(\d\d) (.*) \[ERR\] Cannot accept connections: accept tcp \S+: too many open files$/gm;

const PORTS = {
  client: /Listening for client connections on 127\.0\.0\.1:(\d+)/,
  route: /Listening for route connections on 127\.0\.0\.1:(\d+)/,
  monitor: /Starting http monitor on 127\.0\.0\.1:(\d+)/,
  registry: /Starting registry on .*127\.0\.0\.1:(\d+)/,
};

interface Limited {
  portOf(pattern: RegExp): number;
  log(): string;
}

/** Starts a server in a shell that has lowered the limit. */
async function startLimited(t: TestContext): Promise<Limited> {
  const file = join(temporaryFolder(t), "midge.log");
  const words = [
    ...midgeCommand(),
    ...["-a", "127.0.0.1", "-p", "-1", "-m", "-1", "-l", file, "--logtime_utc"],
    ...["-cluster", "nats://127.0.0.1:-1", "-registry", "127.0.0.1:-1"],
  ];
  const started = spawnCommand([
    "sh",
    "-c",
    `ulimit -n ${FILES_MAX} && exec "$@"`,
    "sh",
    ...words,
  ]);
  t.after(() => started.stop());
  const log = (): string => {
    try {
      return readTextFile(file);
    } catch {
      return "";
    }
  };
  await until("the server is ready", () => log().includes("Server is ready"));
  return { log, portOf: (pattern) => Number(pattern.exec(log())?.[1]) };
}

/** The moments at which the log told of the shortage. */
function toldAt(log: string): number[] {
  return [...log.matchAll(LINE)].map(([, year, month, day, time]) =>
    Date.parse(`${year}-${month}-${day}T${time}Z`)
  );
}

const skip = process.platform === "win32" ? "there is no ulimit" : undefined;

for (const [name, pattern] of Object.entries(PORTS)) {
  test(
    `more connections to the ${name} port than there are files are one line a second`,
    {
      skip,
    },
    async (t) => {
      const { log, portOf } = await startLimited(t);
      const sockets: Socket[] = [];
      t.after(() => sockets.forEach((socket) => socket.destroy()));
      for (let count = 0; count < FILES_MAX + 20; count++) {
        const socket = connect(portOf(pattern), "127.0.0.1");
        socket.on("error", () => {});
        sockets.push(socket);
      }
      // Those that were let go come again, as clients do.
      const again = setInterval(() => {
        const socket = connect(portOf(pattern), "127.0.0.1");
        socket.on("error", () => {});
        sockets.push(socket);
      }, 10);
      t.after(() => clearInterval(again));
      await until("the shortage is told of", () => toldAt(log()).length >= 3);
      clearInterval(again);
      const moments = toldAt(log());
      for (const [at, moment] of moments.slice(1).entries()) {
        const gap = moment - moments[at]!;
        // A second, but for the clock of the lines, which may be set meanwhile.
        assert(gap >= 900, `told after ${gap} ms again`);
      }
      for (const socket of sockets) socket.destroy();
      const peer = await loginAgain(portOf(PORTS.client));
      t.after(() => peer.close());
      assert(!log().includes("[FTL]"), log());
    },
  );
}

/** A client that tries until it is let in. */
async function loginAgain(port: number): ReturnType<typeof connectPeer> {
  while (true) {
    try {
      const peer = await connectPeer({ port });
      await peer.handshake();
      return peer;
    } catch {
      // What was closed is not gone yet.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
