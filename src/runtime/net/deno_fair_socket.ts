/**
 * A socket of `node:net` on Deno that shares the time of the process with the
 * others: one that was dialled, or accepted where it may go over to TLS. What
 * it reads is charged, and behind too much it waits like all readers do
 * (`deno_fairness.ts`).
 */
import type {
  CloseReason,
  Socket,
  SocketEvents,
  TlsUpgrade,
} from "../../platform/socket.ts";
import { SocketAround } from "../../net/socket_around.ts";
import type { Fairness } from "./deno_fairness.ts";
import type { DenoNews } from "./deno_news.ts";

/** The members are those of `Socket`. */
export class FairSocket extends SocketAround {
  readonly #news: DenoNews;
  readonly #fairness: Fairness;
  /** Its owner has paused it. */
  #isPaused = false;
  /** It is paused for the others' sake. */
  #isWaiting = false;

  constructor(socket: Socket, news: DenoNews, fairness: Fairness) {
    super(socket);
    this.#news = news;
    this.#fairness = fairness;
  }

  override open(events: SocketEvents): void {
    this.#news.opened();
    this.inner.open({
      onData: (chunk: Uint8Array): void => {
        events.onData(chunk);
        this.#spend(chunk.length);
      },
      onDrain: (): void => events.onDrain(),
      onClose: (reason: CloseReason): void => {
        this.#news.closed();
        events.onClose(reason);
      },
    });
  }

  override pause(): void {
    this.#isPaused = true;
    this.inner.pause();
  }

  override resume(): void {
    this.#isPaused = false;
    if (!this.#isWaiting) this.inner.resume();
  }

  override secure(tls: TlsUpgrade, head?: Uint8Array): Promise<void> {
    // Nothing but the handshake is to decide when it is read from.
    if (this.#isWaiting && !this.#isPaused) this.inner.resume();
    this.#isWaiting = false;
    return this.inner.secure(tls, head);
  }

  #spend(bytes: number): void {
    const turn = this.#fairness.spend(bytes);
    if (turn === undefined || this.#isWaiting) return;
    this.#isWaiting = true;
    this.inner.pause();
    void turn.then(() => this.#goOn());
  }

  #goOn(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    if (!this.#isPaused) this.inner.resume();
  }
}
