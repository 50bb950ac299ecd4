/**
 * The port for clients that speak through WebSockets, if there is to be one:
 * what comes in there asks for a WebSocket first, and is a client once it has
 * one. With TLS the handshake of that comes before anything else.
 */
import type { Logger } from "../../core/log.ts";
import type { SlabPool } from "../../core/slab_pool.ts";
import { formatAddress } from "../../net/address.ts";
import type { WebSocketOptions } from "../../options/options.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Deflate } from "../../platform/deflate.ts";
import type { Sha1 } from "../../platform/signatures.ts";
import type {
  Address,
  Listener,
  Network,
  Socket,
} from "../../platform/socket.ts";
import { type RunSoon, runSoonOn } from "../../platform/turns.ts";
import {
  acceptWebSocket,
  type WebSocketAcceptor,
  type WebSocketSettings,
} from "../../websocket/accept.ts";
import type { WebSocketHost } from "../../websocket/host.ts";
import { originOf } from "../../websocket/origin.ts";
import type { WebSocketArrival } from "./client_host.ts";
import type { TlsInfo } from "./reception.ts";
import { credentialsIn } from "./websocket_login.ts";
import { WebSocketTls } from "./websocket_tls.ts";

/** What the port stands on. */
export interface WebSocketPortHost {
  readonly network: Network;
  readonly clock: Clock;
  readonly log: Logger;
  readonly slabs: SlabPool;
  readonly deflate: Deflate;
  readonly sha1: Sha1;
  readonly runSoon?: RunSoon;
}

type Take = (socket: Socket) => void;

export class WebSocketPort {
  readonly #options: WebSocketOptions | undefined;
  readonly #tls: WebSocketTls | undefined;
  readonly #maxPayloadBytes: number;
  readonly #host: WebSocketPortHost & WebSocketHost;
  /** Those whose request is still to come, or refused. */
  readonly #asking = new Set<Socket>();
  #listener: Listener | undefined = undefined;
  #lastAddress: Address = { host: "", port: 0 };

  constructor(
    options: WebSocketOptions | undefined,
    maxPayloadBytes: number,
    host: WebSocketPortHost,
  ) {
    this.#options = options;
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#host = { ...host, runSoon: host.runSoon ?? runSoonOn(host.clock) };
    this.#tls = options?.tls && new WebSocketTls(options.tls, this.#host);
  }

  /** Where clients connect; undefined while none are accepted, and without a port. */
  get address(): Address | undefined {
    return this.#listener?.address;
  }

  /** Where clients connect, or did when it was open; port 0 stands for no port. */
  get lastAddress(): Address {
    return this.#lastAddress;
  }

  /** What INFO says of TLS. NATS: never that a certificate is asked for. */
  get tls(): TlsInfo | undefined {
    return this.#isSecure
      ? { isRequired: true, isAvailable: true, verifies: false }
      : undefined;
  }

  /** `ws://host:port`, or `wss://`; undefined while it is not open. */
  get url(): string | undefined {
    const { address } = this;
    if (address === undefined) return undefined;
    return `${this.#isSecure ? "wss" : "ws"}://${formatAddress(address)}`;
  }

  /**
   * Opens the port, if there is to be one. Rejects with a `NetworkError`.
   * `admit` says when a socket that has come in gets its turn.
   */
  async open(
    admit: (take: Take) => Take,
    onClient: (socket: Socket, arrival: WebSocketArrival) => void,
  ): Promise<void> {
    const options = this.#options;
    if (options === undefined) return;
    const { host, port } = options;
    const settings = settingsOf(options, this.#maxPayloadBytes);
    this.#listener = await this.#host.network.listen(
      { host, port },
      { mayUpgrade: this.#isSecure },
      admit((raw) =>
        void this.#arrived(raw, (socket) => {
          const acceptor = this.#acceptor(raw, options, onClient);
          acceptWebSocket(socket, settings, this.#host, acceptor);
        })
      ),
    );
    this.#lastAddress = this.#listener.address;
  }

  /** Other certificates are shown from now on, and other keys pinned. */
  reconfigure({ tls }: WebSocketOptions): void {
    if (this.#tls === undefined || tls === undefined) return;
    this.#tls.reconfigure(tls);
    // Those in their handshake are looked at behind it.
    for (const socket of this.#asking) {
      if (socket.tls !== undefined && !this.#tls.isPinned(socket)) {
        socket.destroy();
      }
    }
  }

  /** From now on nobody comes in; resolves when the port is free. */
  async close(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    for (const socket of this.#asking) socket.destroy();
    await listener?.close();
  }

  get #isSecure(): boolean {
    return this.#options?.tls !== undefined;
  }

  /** Calls `take` with the socket behind the handshake of TLS, if there is to be one. */
  async #arrived(raw: Socket, take: Take): Promise<void> {
    this.#asking.add(raw);
    const socket = this.#tls === undefined ? raw : await this.#tls.secured(raw);
    if (socket !== undefined) return take(socket);
    this.#asking.delete(raw);
  }

  #acceptor(
    raw: Socket,
    options: WebSocketOptions,
    onClient: (socket: Socket, arrival: WebSocketArrival) => void,
  ): WebSocketAcceptor {
    const { log } = this.#host;
    const from = formatAddress(raw.remote);
    return {
      accepted(socket, { kind, cookies, forwardedFor }) {
        if (kind === "leafnode") {
          log.error("Not configured to accept leaf node connections");
          return socket.destroy();
        }
        const credentials = credentialsIn(cookies, options);
        onClient(socket, { forwardedFor, credentials });
      },
      refused: (why) =>
        log.error(`${from} - websocket handshake error: ${why}`),
      over: () => this.#asking.delete(raw),
    };
  }
}

function settingsOf(
  options: WebSocketOptions,
  maxPayloadBytes: number,
): WebSocketSettings {
  const { tls, sameOrigin, allowedOrigins, compression, headers } = options;
  return {
    isSecure: tls !== undefined,
    origins: { isSame: sameOrigin, allowed: allowedOrigins.map(originOf) },
    compression,
    headers: Object.entries(headers),
    handshakeTimeoutMs: options.handshakeTimeoutMs,
    maxPayloadBytes,
  };
}
