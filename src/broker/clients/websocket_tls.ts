/**
 * TLS in front of WebSockets: it always comes first, and who speaks HTTP in
 * clear is told so. NATS: in the words of Go's server of HTTP. nats-server takes
 * `pinned_certs` and `connection_rate_limit` here as well, and looks at neither.
 */
import { asciiBytes, byteString } from "../../core/ascii.ts";
import type { Logger } from "../../core/log.ts";
import { pinnedFault } from "../../core/pinned.ts";
import { formatAddress } from "../../net/address.ts";
import { PeekedSocket } from "../../net/peeked_socket.ts";
import type { TlsSettings } from "../../options/tls.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Socket, TlsUpgrade } from "../../platform/socket.ts";
import { HandshakeRate } from "./handshake_rate.ts";
import type { ReceptionHost } from "./tls_reception.ts";

/** The header of a record, by which one tells what comes. */
const RECORD_HEADER_BYTES = 5;
const ALERT = 21;
const HANDSHAKE = 22;
const HTTP = /^(?:GET \/|HEAD |POST |PUT \/|OPTIO)/;
const NOT_HTTPS = asciiBytes(
  "HTTP/1.0 400 Bad Request\r\n\r\n" +
    "Client sent an HTTP request to an HTTPS server.\n",
);

export class WebSocketTls {
  readonly #clock: Clock;
  readonly #log: Logger;
  #settings: TlsSettings;
  /** The same object until a reload: much is made of it once. */
  #upgrade: TlsUpgrade;
  #rate: HandshakeRate;

  constructor(settings: TlsSettings, { clock, log }: ReceptionHost) {
    this.#clock = clock;
    this.#log = log;
    this.#settings = settings;
    this.#upgrade = { role: "server", ...settings };
    this.#rate = this.#rateOf(settings);
  }

  reconfigure(settings: TlsSettings): void {
    if (settings.connectionRateLimit !== this.#settings.connectionRateLimit) {
      this.#rate = this.#rateOf(settings);
    }
    this.#settings = settings;
    this.#upgrade = { role: "server", ...settings };
  }

  /** Whether the key of a socket that is secured may come in. */
  isPinned(socket: Socket): boolean {
    const fault = pinnedFault(socket.tls, this.#settings.pinnedCerts);
    if (fault === "") return true;
    this.#log.debug(`${formatAddress(socket.remote)} - ${fault}`);
    return false;
  }

  /** The socket under TLS; undefined where it is of no use, and closed then. */
  async secured(raw: Socket): Promise<Socket | undefined> {
    if (!this.#rate.allows()) {
      raw.destroy();
      return undefined;
    }
    const socket = await this.#securedFirst(raw);
    if (typeof socket === "string") return this.#failed(raw, socket);
    if (this.isPinned(socket)) return socket;
    socket.destroy();
    return this.#failed(raw, "certificate not pinned");
  }

  #failed({ remote }: Socket, why: string): undefined {
    const from = formatAddress(remote);
    this.#log.error(`websocket: TLS handshake error from ${from}: ${why}`);
  }

  /** The socket under TLS, or why it is of no use; then it is closed. */
  async #securedFirst(socket: Socket): Promise<Socket | string> {
    const peeked = new PeekedSocket(socket);
    const { timeoutMs } = this.#settings;
    const timer = this.#clock.after(timeoutMs, () => peeked.destroy());
    const first = await peeked.firstBytes(RECORD_HEADER_BYTES);
    timer.cancel();
    if (first.length < RECORD_HEADER_BYTES) {
      peeked.destroy();
      return "EOF";
    }
    if (HTTP.test(byteString(first, 0, RECORD_HEADER_BYTES))) {
      peeked.write(NOT_HTTPS);
      peeked.end();
      return "client sent an HTTP request to an HTTPS server";
    }
    if (first[0] !== HANDSHAKE && first[0] !== ALERT) {
      peeked.destroy();
      return "tls: first record does not look like a TLS handshake";
    }
    try {
      // As it is once the handshake begins.
      await peeked.secure(this.#upgrade);
      return peeked;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      return text.replace(/^TLS handshake failed: /, "");
    }
  }

  #rateOf({ connectionRateLimit }: TlsSettings): HandshakeRate {
    return new HandshakeRate(connectionRateLimit, this.#clock, this.#log);
  }
}
