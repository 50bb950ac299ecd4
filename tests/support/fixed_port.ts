/**
 * Ports for servers that must come back on the same one. A port that the system
 * hands out would not do: while the server is away, anybody's outgoing
 * connection may be given it. These lie below the range for such connections.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import process from "node:process";

const FIRST = 20_000;
const COUNT = 12_000;
/** Test files run at the same time, in processes whose ids lie close together. */
const STEP = 97;

let next = (process.pid * STEP) % COUNT;

/** A port of 127.0.0.1 that is free for TCP and UDP. */
export async function fixedPort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = FIRST + next;
    next = (next + 1) % COUNT;
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
