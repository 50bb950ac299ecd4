/**
 * Whether a connection is read from. Several may ask for a stop at once, each
 * for reasons of its own: a login under way, a slow consumer. It goes on when
 * the last of them is content.
 */
import type { Socket } from "../../platform/socket.ts";

export class Reading {
  readonly #socket: Socket;
  #stops = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** The peer feels it. Each call wants one call of `resume`. */
  stop(): void {
    if (this.#stops++ === 0) this.#socket.pause();
  }

  resume(): void {
    if (--this.#stops === 0) this.#socket.resume();
  }
}
