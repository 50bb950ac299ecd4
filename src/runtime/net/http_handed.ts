/**
 * Connections that are handed to a server of `node:http` which never listens.
 * Runtimes limit the time of connections of their own alone, so that here each
 * has a limit for what it is about.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { timerDelay } from "../process/system.ts";
import { clearTimeout, setTimeout } from "../process/timers.ts";

/** How long a client may take. */
export interface HandedPace {
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

export class HandedConnections {
  readonly #http: Server;
  readonly #pace: HandedPace;
  #isOpen = true;
  /** The time that each connection has left. */
  readonly #limits = new WeakMap<Duplex, () => void>();
  /** What they go over. */
  readonly #belows = new WeakMap<Duplex, Duplex>();

  constructor(http: Server, pace: HandedPace) {
    this.#http = http;
    this.#pace = pace;
    // Deno ends a connection behind each answer where the server does not listen.
    Object.defineProperty(http, "listening", { get: () => this.#isOpen });
    http.prependListener(
      "request",
      (request, response) => this.#requested(request, response),
    );
  }

  /** Connections end behind the answer that is under way. */
  close(): void {
    this.#isOpen = false;
  }

  /** Hands `stream` over, which goes over `below`: that is destroyed when its time is over. */
  take(stream: Duplex, below: Duplex = stream): void {
    stream.on("error", () => {});
    this.#belows.set(stream, below);
    this.#limit(stream, this.#pace.headersTimeoutMs);
    this.#http.emit("connection", stream);
  }

  #limit(stream: Duplex, ms: number): void {
    this.#limits.get(stream)?.();
    const below = this.#belows.get(stream) ?? stream;
    const timer = setTimeout(() => below.destroy(), timerDelay(ms));
    const cancel = (): void => {
      clearTimeout(timer);
      below.off("close", cancel);
    };
    below.once("close", cancel);
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
}
