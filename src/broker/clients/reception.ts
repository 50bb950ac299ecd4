/**
 * What stands between a port and the first operation of its clients, such as a
 * TLS handshake. It is put together when the port opens, and every client goes
 * through it once; the clients of a port without one pay nothing for it.
 */
import type { CloseReason } from "../../platform/socket.ts";
import type { ProxiedSocket } from "../../net/proxied_socket.ts";
import type { Connection } from "../connections/connection.ts";

/** What INFO says of TLS. */
export interface TlsInfo {
  readonly isRequired: boolean;
  readonly isAvailable: boolean;
  /** The client must show a certificate. */
  readonly verifies: boolean;
}

/** The reception of a port. */
export interface Reception {
  readonly tls: TlsInfo;
  /** A client hears no INFO before it has said something. */
  readonly isSilent: boolean;
  /** Begins with a client whose socket is open, and to whom nothing was said. */
  receive(newcomer: Newcomer): Entering;
}

/** A client in the reception. */
export interface Newcomer {
  readonly connection: Connection;
  /** Its socket, where the header of a proxy may come first. */
  readonly proxied: ProxiedSocket | undefined;
  /** Says INFO, at once. */
  greet(tls: TlsInfo): void;
  /** It is through: what it says from now on, `heard` before that, is the protocol's. */
  comeIn(heard: Uint8Array): void;
}

/** What becomes of one client in the reception. */
export interface Entering {
  /** What it says; borrowed. */
  hear(chunk: Uint8Array): void;
  /** It hangs up. True: that was said in the log, and the connection is closed. */
  hungUp(reason: CloseReason): boolean;
  /** The connection has ended. */
  stop(): void;
}
