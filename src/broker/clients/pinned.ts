/** Whether the keys of clients are among those that are pinned. */
import { ClosedReason } from "../../core/closed.ts";
import type { Logger } from "../../core/log.ts";
import { pinnedFault } from "../../core/pinned.ts";
import type { TlsSettings } from "../../options/tls.ts";
import type { Connection } from "../connections/connection.ts";
import type { Entrance } from "./client_host.ts";
import type { ClientSession } from "./session.ts";

/** False says so in the log; `pinned` of undefined lets any key in. */
export function isPinned(
  { log, socket }: Connection,
  pinned: readonly string[] | undefined,
): boolean {
  const fault = pinnedFault(socket.tls, pinned);
  if (fault !== "") log.debug(fault);
  return fault === "";
}

/** Clients of an entrance, with the keys that are pinned there after and before a reload. */
type PinnedEntrance = readonly [
  entrance: Entrance,
  after: TlsSettings | undefined,
  before: TlsSettings | undefined,
];

/** Where a reload has pinned other keys, closes those of `clients` that came by TLS with none of them. */
export function closeUnpinned(
  clients: readonly ClientSession[],
  log: Logger,
  entrances: readonly PinnedEntrance[],
): void {
  for (const [entrance, after, before] of entrances) {
    const pinned = after?.pinnedCerts;
    if (pinned?.join() === before?.pinnedCerts?.join()) continue;
    const strangers = clients.filter(({ login, connection }) =>
      login.entrance === entrance && connection.socket.tls !== undefined &&
      !isPinned(connection, pinned)
    );
    if (strangers.length === 0) continue;
    log.notice(
      `Disconnect ${strangers.length} clients due to pinned certs reload`,
    );
    for (const { connection } of strangers) {
      connection.close(ClosedReason.TLS_HANDSHAKE_FAILURE);
    }
  }
}
