/** What a client tells of one server that it knows. */
import type { ServerState } from "../api/servers.ts";
import type { PoolServer } from "./pool_server.ts";

/** The server as it is now; nothing in it changes afterwards. */
export function stateOf(server: PoolServer): ServerState {
  const { url, listen, origins, gossiped, lameDuck, attempts, everConnected } =
    server;
  const { serverId, serverName, cluster, lastError } = server;
  return {
    url,
    listen,
    hostname: server.host,
    port: server.port,
    tlsName: server.tlsName ?? "",
    origins: [...origins],
    gossiped,
    lameDuck,
    attempts,
    everConnected,
    lastConnect: server.lastConnect,
    src: listen,
    reconnects: attempts,
    didConnect: everConnected,
    ...(serverId !== undefined && { serverId }),
    ...(serverName !== undefined && { serverName }),
    ...(cluster !== undefined && { cluster }),
    ...(lastError !== undefined && { lastError }),
  };
}
