/**
 * Keeps one busy connection from shutting out the others on Deno. A read whose
 * bytes are there already completes at once, so a peer that sends faster than
 * it is read could keep all others waiting for a second and more. After some
 * bytes each reader therefore waits for `DenoNews`.
 */
import type { DenoNews } from "./deno_news.ts";

/** About a millisecond of small messages. */
const BYTES_A_TURN = 524_288;

/** One for the process, whose time it is that sockets share. */
export class Fairness {
  readonly #news: DenoNews;
  #bytes = 0;
  #turn: Promise<void> | undefined;

  constructor(news: DenoNews) {
    this.#news = news;
  }

  /** `bytes` more were read. Undefined: go on; else not before the promise is kept. */
  spend(bytes: number): Promise<void> | undefined {
    this.#bytes += bytes;
    if (this.#bytes >= BYTES_A_TURN) this.#turn ??= this.#takeTurn();
    return this.#turn;
  }

  async #takeTurn(): Promise<void> {
    await this.#news.next();
    this.#bytes = 0;
    this.#turn = undefined;
  }
}
