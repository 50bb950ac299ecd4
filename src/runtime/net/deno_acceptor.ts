/** What accepts from one of Deno's own listeners, until it is closed. */
import { setTimeout } from "../process/timers.ts";
import type { DenoNews } from "./deno_news.ts";
import type { DenoConnection, DenoListener } from "./deno_sockets.ts";

/** What goes wrong for one connection, such as too many open files, is over soon. */
const ACCEPT_AGAIN_MS = 100;

export class Acceptor {
  readonly #listener: DenoListener;
  readonly #news: DenoNews;
  readonly #onConnection: (connection: DenoConnection) => void;
  readonly #onTrouble: (error: unknown) => void;
  readonly #done: Promise<void>;
  #closed = false;

  constructor(
    listener: DenoListener,
    news: DenoNews,
    onConnection: (connection: DenoConnection) => void,
    onTrouble: (error: unknown) => void,
  ) {
    this.#listener = listener;
    this.#news = news;
    this.#onConnection = onConnection;
    this.#onTrouble = onTrouble;
    news.opened();
    this.#done = this.#run();
  }

  /** The port is free only when the call that accepts has given up. */
  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#listener.close();
      this.#news.closed();
    }
    return this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const connection = await this.#accept();
      if (connection !== undefined) this.#onConnection(connection);
    }
  }

  async #accept(): Promise<DenoConnection | undefined> {
    try {
      return await this.#listener.accept();
    } catch (error) {
      if (this.#closed) return undefined;
      this.#onTrouble(error);
      await new Promise((resolve) => setTimeout(resolve, ACCEPT_AGAIN_MS));
    }
  }
}
