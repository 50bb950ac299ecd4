/**
 * A socket of `node:net` on Deno that shares the time of the process with the
 * others: one that was dialled, or accepted where it may go over to TLS. What
 * it reads is charged, and behind too much it waits like all readers do
 * (`deno_fairness.ts`).
 */
import type {
  Address,
  CloseReason,
  Socket,
  SocketEvents,
  TlsState,
  TlsUpgrade,
} from "../../platform/socket.ts";
import type { Fairness } from "./deno_fairness.ts";
import type { DenoNews } from "./deno_news.ts";

/** The members are those of `Socket`. */
export class FairSocket implements Socket {
  readonly #socket: Socket;
  readonly #news: DenoNews;
  readonly #fairness: Fairness;
  /** Its owner has paused it. */
  #isPaused = false;
  /** It is paused for the others' sake. */
  #isWaiting = false;

  constructor(socket: Socket, news: DenoNews, fairness: Fairness) {
    this.#socket = socket;
    this.#news = news;
    this.#fairness = fairness;
  }

  get remote(): Address {
    return this.#socket.remote;
  }

  get local(): Address {
    return this.#socket.local;
  }

  get tls(): TlsState | undefined {
    return this.#socket.tls;
  }

  get pendingBytes(): number {
    return this.#socket.pendingBytes;
  }

  get givesChunks(): boolean {
    return this.#socket.givesChunks === true;
  }

  open(events: SocketEvents): void {
    this.#news.opened();
    this.#socket.open({
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

  write(bytes: Uint8Array): boolean {
    return this.#socket.write(bytes);
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isWaiting) this.#socket.resume();
  }

  secure(tls: TlsUpgrade, head?: Uint8Array): Promise<void> {
    // Nothing but the handshake is to decide when it is read from.
    if (this.#isWaiting && !this.#isPaused) this.#socket.resume();
    this.#isWaiting = false;
    return this.#socket.secure(tls, head);
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #spend(bytes: number): void {
    const turn = this.#fairness.spend(bytes);
    if (turn === undefined || this.#isWaiting) return;
    this.#isWaiting = true;
    this.#socket.pause();
    void turn.then(() => this.#goOn());
  }

  #goOn(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    if (!this.#isPaused) this.#socket.resume();
  }
}
