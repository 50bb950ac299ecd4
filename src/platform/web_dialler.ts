/**
 * The seam to WebSockets that a client dials: on a machine a socket is dialled
 * and the WebSocket is made over it, in a browser page the browser does both.
 */
import type { Network, Socket, TlsUpgrade } from "./socket.ts";

/** Where a `ws://` or `wss://` URL leads to. */
export interface WebTarget {
  /** As in the URL, without brackets. */
  readonly host: string;
  readonly port: number;
  /** With its query; it begins with a slash. */
  readonly path: string;
  /** For `wss://`. */
  readonly tls: TlsUpgrade | undefined;
  /** Milliseconds until it is given up, for all of it. */
  readonly timeoutMs: number;
}

/**
 * Gives the stream that is in the binary messages of a WebSocket at `address`,
 * one of those that `network.lookup` has given for the host. Rejects with a
 * `NetworkError`.
 */
export type DialWeb = (
  network: Network,
  address: string,
  target: WebTarget,
) => Promise<Socket>;
