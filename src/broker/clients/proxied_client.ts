/** A client that may come through a proxy: what becomes of it at the proxy's header. */
import { ClosedReason } from "../../core/closed.ts";
import { formatAddress } from "../../net/address.ts";
import type { ProxiedSocket } from "../../net/proxied_socket.ts";
import type { Connection } from "../connections/connection.ts";
import type { ConnectionHost } from "../connections/host.ts";

/** Calls `goOn` behind the header; one that fails ends the connection, without a word. */
export function afterHeader(
  socket: ProxiedSocket,
  connection: Connection,
  { log }: Pick<ConnectionHost, "log">,
  goOn: () => void,
): void {
  socket.header = {
    headerRead: goOn,
    headerFailed(why) {
      const from = formatAddress(socket.remote);
      log.warn(`Error reading PROXY protocol header from ${from}: ${why}`);
      connection.close(ClosedReason.PROTOCOL_VIOLATION);
    },
  };
}
