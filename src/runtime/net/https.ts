/**
 * The port of HTTP over TLS: each connection is secured, and then handed to the
 * server for HTTP, which never listens itself. Runtimes can do both at once, but
 * none of them tells a client that speaks in clear what is wrong with that.
 */
import type { Server } from "node:http";
import {
  createServer,
  type Server as TcpServer,
  type Socket as TcpSocket,
} from "node:net";
import type { HttpsOptions } from "../../platform/http.ts";
import { timerDelay } from "../process/system.ts";
import { clearTimeout, setTimeout } from "../process/timers.ts";
import { endpoint } from "./addresses.ts";
import { HandedConnections, type HandedPace } from "./http_handed.ts";
import { failureText } from "./tls_failures.ts";
import { serverHandshake } from "./tls_server.ts";

/** The first byte of a handshake. */
const TLS_HANDSHAKE = 0x16;
/** A TLS record begins with five bytes, and a method of HTTP is among the first of these. */
const METHOD = /^(?:GET|HEAD|POST|PUT|OPTI)/;
const METHOD_BYTES = 5;

/** NATS monitoring: what Go says. */
const NOT_HTTPS = "HTTP/1.0 400 Bad Request\r\n\r\n" +
  "Client sent an HTTP request to an HTTPS server.\n";
const NOT_HTTPS_TEXT = "client sent an HTTP request to an HTTPS server";
const NO_TLS_TEXT = "tls: first record does not look like a TLS handshake";

export class HttpsPort {
  /** What is to listen. */
  readonly listener: TcpServer;
  readonly #options: HttpsOptions;
  readonly #pace: HandedPace;
  readonly #handed: HandedConnections;
  readonly #open = new Set<TcpSocket>();

  constructor(http: Server, options: HttpsOptions, pace: HandedPace) {
    this.#options = options;
    this.#pace = pace;
    this.#handed = new HandedConnections(http, pace);
    this.listener = createServer({ noDelay: true }, (raw) => this.#accept(raw));
  }

  /** Ends all connections, and resolves when the port is free. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#handed.close();
      this.listener.close(() => resolve());
      for (const socket of this.#open) socket.destroy();
    });
  }

  #accept(raw: TcpSocket): void {
    this.#open.add(raw);
    raw.on("close", () => this.#open.delete(raw));
    raw.on("error", () => {});
    const { timeoutMs } = this.#options.tls();
    const timer = setTimeout(() => {
      raw.off("end", onEnd);
      this.#failed(raw, "i/o timeout");
      raw.destroy();
    }, timerDelay(timeoutMs));
    let said: Uint8Array = new Uint8Array();
    const onEnd = (): void => this.#failed(raw, "EOF");
    const onData = (chunk: Uint8Array): void => {
      said = said.length === 0 ? chunk : joined(said, chunk);
      const isTls = said[0] === TLS_HANDSHAKE;
      if (!isTls && said.length < METHOD_BYTES) return;
      clearTimeout(timer);
      raw.off("data", onData);
      raw.off("end", onEnd);
      if (isTls) void this.#secure(raw, said);
      else this.#refuse(raw, said);
    };
    raw.on("close", () => clearTimeout(timer));
    raw.on("data", onData);
    raw.once("end", onEnd);
  }

  #refuse(raw: TcpSocket, said: Uint8Array): void {
    const isHttp = METHOD.test(new TextDecoder().decode(said));
    this.#failed(raw, isHttp ? NOT_HTTPS_TEXT : NO_TLS_TEXT);
    if (!isHttp) return void raw.destroy();
    raw.end(NOT_HTTPS);
    raw.resume();
    const timer = setTimeout(() => raw.destroy(), this.#pace.headersTimeoutMs);
    raw.on("close", () => clearTimeout(timer));
  }

  async #secure(raw: TcpSocket, head: Uint8Array): Promise<void> {
    try {
      const { stream } = await serverHandshake(raw, this.#options.tls(), head);
      this.#handed.take(stream, raw);
    } catch (error) {
      this.#failed(raw, failureText(error));
      raw.destroy();
    }
  }

  #failed({ remoteAddress, remotePort }: TcpSocket, detail: string): void {
    this.#options.onFailure(endpoint(remoteAddress, remotePort), detail);
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
