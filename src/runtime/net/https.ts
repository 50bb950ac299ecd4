/**
 * The port of HTTP over TLS: each connection is secured, and then handed to the
 * server for HTTP, which never listens itself. Runtimes can do both at once, but
 * none of them tells a client that speaks in clear what is wrong with that.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import {
  createServer,
  type Server as TcpServer,
  type Socket as TcpSocket,
} from "node:net";
import type { HttpsOptions } from "../../platform/http.ts";
import { timerDelay } from "../process/system.ts";
import { clearTimeout, setTimeout } from "../process/timers.ts";
import { endpoint } from "./addresses.ts";
import { failureText } from "./tls_failures.ts";
import { serverHandshake } from "./tls_server.ts";

/** How long a client may take; the runtimes look after connections of their own alone. */
export interface HttpsPace {
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

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
  readonly #http: Server;
  readonly #options: HttpsOptions;
  readonly #pace: HttpsPace;
  /** The time that each connection has left for what it is about. */
  readonly #limits = new WeakMap<TcpSocket, () => void>();
  /** What secured connections go over. */
  readonly #raws = new WeakMap<TcpSocket, TcpSocket>();
  readonly #open = new Set<TcpSocket>();

  constructor(http: Server, options: HttpsOptions, pace: HttpsPace) {
    this.#http = http;
    this.#options = options;
    this.#pace = pace;
    this.listener = createServer({ noDelay: true }, (raw) => this.#accept(raw));
    http.prependListener(
      "request",
      (request, response) => this.#requested(request, response),
    );
  }

  /** Ends all connections, and resolves when the port is free. */
  close(): Promise<void> {
    return new Promise((resolve) => {
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
      stream.on("error", () => {});
      this.#raws.set(stream, raw);
      this.#limit(stream, this.#pace.headersTimeoutMs);
      this.#http.emit("connection", stream);
    } catch (error) {
      this.#failed(raw, failureText(error));
      raw.destroy();
    }
  }

  #limit(stream: TcpSocket, ms: number): void {
    this.#limits.get(stream)?.();
    const raw = this.#raws.get(stream) ?? stream;
    const timer = setTimeout(() => raw.destroy(), timerDelay(ms));
    const cancel = (): void => {
      clearTimeout(timer);
      raw.off("close", cancel);
    };
    raw.once("close", cancel);
    this.#limits.set(stream, cancel);
  }

  #requested(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#limit(socket, this.#pace.requestTimeoutMs);
    // From here on an answer that is not taken is looked after by itself.
    request.once("end", () => this.#limits.get(socket)?.());
    response.once("finish", () => {
      if (!socket.destroyed) this.#limit(socket, this.#pace.idleTimeoutMs);
    });
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
