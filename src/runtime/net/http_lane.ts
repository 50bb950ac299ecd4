/**
 * The requests of one HTTP connection, one at a time: a client may send the
 * next ones before it has an answer, but each is handled only when the answer
 * before it was taken. Meanwhile nothing more is read where the runtime can
 * stop reading; Deno cannot, so the number of requests that wait is bounded.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** More than the shortest requests in one chunk: only a client that never reads gets there. */
const WAITING_REQUESTS_MAX = 4096;

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Resolves when the answer was taken, or never will be. */
export type ServeRequest = (
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>;

export class HttpLane {
  readonly #socket: Socket;
  readonly #serve: ServeRequest;
  readonly #waiting: Exchange[] = [];
  #isServing = false;

  constructor(socket: Socket, serve: ServeRequest) {
    this.#socket = socket;
    this.#serve = serve;
    // node:http reads on behind each request that it is done with.
    socket.on("resume", () => {
      if (this.#waiting.length > 0) socket.pause();
    });
  }

  add(request: IncomingMessage, response: ServerResponse): void {
    this.#waiting.push({ request, response });
    if (!this.#isServing) void this.#serveWaiting();
    else if (this.#waiting.length > WAITING_REQUESTS_MAX) {
      this.#socket.destroy();
    } else this.#socket.pause();
  }

  async #serveWaiting(): Promise<void> {
    this.#isServing = true;
    let next = this.#waiting.shift();
    while (next !== undefined) {
      const { request, response } = next;
      if (!this.#socket.destroyed) await this.#serve(request, response);
      next = this.#waiting.shift();
    }
    this.#isServing = false;
    if (this.#socket.isPaused()) this.#socket.resume();
  }
}
