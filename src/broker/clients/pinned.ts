/** Whether the keys of clients are among those that are pinned. */
import { ClosedReason } from "../../core/closed.ts";
import type { Logger } from "../../core/log.ts";
import type { Connection } from "../connections/connection.ts";

/** False says so in the log; `pinned` of undefined lets any key in. */
export function isPinned(
  { log, socket }: Connection,
  pinned: readonly string[] | undefined,
): boolean {
  if (pinned === undefined) return true;
  const key = socket.tls?.peerCertificates?.[0]?.keySha256;
  if (key !== undefined && pinned.includes(key)) return true;
  log.debug(
    key === undefined
      ? "Failed pinned cert test as client did not provide a certificate"
      : `Failed pinned cert test for key id: ${key}`,
  );
  return false;
}

/** Other keys are pinned: of `clients`, who came by TLS, those go that have none of them. */
export function closeUnpinned(
  clients: readonly Connection[],
  pinned: readonly string[] | undefined,
  log: Logger,
): void {
  const strangers = clients.filter((one) => !isPinned(one, pinned));
  if (strangers.length === 0) return;
  log.notice(
    `Disconnect ${strangers.length} clients due to pinned certs reload`,
  );
  for (const one of strangers) one.close(ClosedReason.TLS_HANDSHAKE_FAILURE);
}
