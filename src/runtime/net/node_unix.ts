/** Unix sockets of `node:net`, on Bun and Node: Deno has its own, in `deno_unix.ts`. */
import { connect, type Server } from "node:net";
import { LISTEN_QUEUE_MAX } from "./listen_queue.ts";
import type { UnixDoor } from "./unix_socket.ts";

/** Has `server` listen. */
export function nodeDoor(server: Server): UnixDoor<void> {
  return {
    knock,
    listen: (path) => listen(server, path),
    close: () => void server.close(),
  };
}

function knock(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
    socket.on("error", reject);
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path, backlog: LISTEN_QUEUE_MAX }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
