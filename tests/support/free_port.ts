/**
 * Ports for servers that must come back on the same one. A port that the system
 * hands out would not do: while the server is away, anybody's outgoing
 * connection may be given it. These lie below the range for such connections.
 */
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

const FIRST = 20_000;
const COUNT = 12_000;

/** A port of 127.0.0.1 that is free for TCP and UDP. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    // Test files run at the same time, on Deno even in one process: they must
    // not look for ports in the same order.
    const port = FIRST + randomInt(COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error("There is no free port");
}

async function isFree(port: number): Promise<boolean> {
  const tcp = createServer();
  const udp = createSocket("udp4");
  try {
    tcp.listen(port, "127.0.0.1");
    await once(tcp, "listening");
    udp.bind(port, "127.0.0.1");
    await once(udp, "listening");
    return true;
  } catch {
    return false;
  } finally {
    await Promise.all([closed(tcp), closed(udp)]);
  }
}

/** Whether it was open or not. */
function closed(
  socket: { close(done: () => void): unknown },
): Promise<void> {
  return new Promise((resolve) => {
    try {
      socket.close(() => resolve());
    } catch {
      resolve();
    }
  });
}
