/** HTTP by unix sockets: of `node:http` itself on Bun and Node, of Deno's own on Deno. */
import type { Server } from "node:http";
import { unixAddress } from "../../net/address.ts";
import type { HttpLimits } from "../../platform/http.ts";
import type { Listener } from "../../platform/socket.ts";
import { DenoStream } from "./deno_stream.ts";
import { listenAtPath } from "./deno_unix.ts";
import { HandedConnections, type HandedPace } from "./http_handed.ts";
import { nodeDoor } from "./node_unix.ts";
import { listenOnUnix } from "./unix_socket.ts";

const isDeno = "Deno" in globalThis;

/** Has `server` answer at `path`, until it is to `stop`. Rejects with a `NetworkError`. */
export function serveAtPath(
  server: Server,
  path: string,
  limits: HttpLimits,
  pace: HandedPace,
  stop: () => Promise<void>,
): Promise<Listener> {
  return isDeno
    ? serveOnDeno(server, path, limits, pace)
    : serveOnNode(server, path, limits, stop);
}

async function serveOnNode(
  server: Server,
  path: string,
  { fileMode }: HttpLimits,
  stop: () => Promise<void>,
): Promise<Listener> {
  const { file } = await listenOnUnix(nodeDoor(server), path, fileMode);
  server.on("error", () => {});
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => closed ??= file.stop(stop);
  return { address: unixAddress(path), close };
}

async function serveOnDeno(
  server: Server,
  path: string,
  limits: HttpLimits,
  pace: HandedPace,
): Promise<Listener> {
  const handed = new HandedConnections(server, pace);
  const open = new Set<DenoStream>();
  const listener = await listenAtPath(path, limits, (connection) => {
    if (open.size >= server.maxConnections) return connection.close();
    const stream = new DenoStream(connection);
    open.add(stream);
    stream.once("close", () => open.delete(stream));
    handed.take(stream);
  });
  const close = async (): Promise<void> => {
    handed.close();
    for (const stream of open) stream.destroy();
    await listener.close();
  };
  return { ...listener, close };
}
