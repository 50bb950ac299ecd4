/**
 * One of Deno's own sockets: TCP that was accepted, or a unix socket. It reads into buffers that are used
 * again and writes in order; how it ends is `SocketLife`'s.
 */
import { assert } from "../../core/assert.ts";
import { runAtEndOfTask } from "../../core/microtask.ts";
import { unixAddress } from "../../net/address.ts";
import type {
  Address,
  Socket,
  SocketEvents,
  TlsState,
} from "../../platform/socket.ts";
import { endpoint } from "./addresses.ts";
import { closeReason } from "./close_reason.ts";
import type { SocketAction } from "./closing.ts";
import type { Fairness } from "./deno_fairness.ts";
import type { DenoNews } from "./deno_news.ts";
import { ReadBuffers } from "./deno_reading.ts";
import type { DenoConnection } from "./deno_sockets.ts";
import { Writer } from "./deno_writing.ts";
import { SocketLife } from "./socket_life.ts";
import { noUpgrade } from "./tls_failures.ts";
import { setImmediate } from "../process/timers.ts";

/**
 * Pending bytes from which on a `write` asks its caller to wait. They are few, so
 * that a caller who wrote much hears of the end and gets the memory back.
 */
const WRITE_PENDING_BYTES = 16_384;

export class DenoSocket implements Socket {
  readonly remote: Address;
  readonly local: Address;
  readonly tls: TlsState | undefined = undefined;
  readonly #connection: DenoConnection;
  readonly #news: DenoNews;
  readonly #fairness: Fairness;
  readonly #writer: Writer;
  readonly #life: SocketLife;
  #events: SocketEvents | undefined;
  #isReading = false;
  #isPaused = false;
  #wakeReader: () => void = () => {};
  #isDrainAwaited = false;

  /** `path` is that of a unix socket. */
  constructor(
    connection: DenoConnection,
    news: DenoNews,
    fairness: Fairness,
    path?: string,
  ) {
    const { remoteAddr, localAddr } = connection;
    const unix = path === undefined ? undefined : unixAddress(path);
    news.opened();
    setNoDelay(connection);
    this.remote = unix ?? endpoint(remoteAddr.hostname, remoteAddr.port);
    this.local = unix ?? endpoint(localAddr.hostname, localAddr.port);
    this.#connection = connection;
    this.#news = news;
    this.#fairness = fairness;
    this.#writer = new Writer(connection, {
      sentAll: () => this.#sentAll(),
      failed: (error) => this.#failed(error),
    });
    this.#life = new SocketLife({
      pendingBytes: () => this.#writer.pendingBytes,
      stuck: () => this.#act(this.#life.after("stuck")),
    });
  }

  get pendingBytes(): number {
    return this.#life.isClosed ? 0 : this.#writer.pendingBytes;
  }

  open(events: SocketEvents): void {
    assert(this.#events === undefined, "a socket is opened once");
    this.#events = events;
    if (this.#life.isClosed) setImmediate(() => this.#report());
    else this.#startReading();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#life.reason !== undefined) return true;
    this.#writer.write(bytes);
    if (this.#writer.pendingBytes < WRITE_PENDING_BYTES) return true;
    this.#isDrainAwaited = true;
    return false;
  }

  pause(): void {
    if (this.#life.reason === undefined) this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#wakeReader();
  }

  secure(): Promise<void> {
    return Promise.reject(noUpgrade());
  }

  end(): void {
    this.#act(this.#life.after("end"));
  }

  destroy(): void {
    this.#act(this.#life.after("destroy"));
  }

  #act(action: SocketAction): void {
    if (action === "finish") this.#finish();
    else if (action === "sayEnd") this.#sayEnd();
    else if (action === "close") this.#close();
  }

  #finish(): void {
    // What comes is read and dropped.
    this.resume();
    this.#startReading();
    if (this.#writer.pendingBytes === 0) this.#act(this.#life.after("sent"));
  }

  #sayEnd(): void {
    this.#connection.closeWrite().catch((error) => this.#failed(error));
  }

  #close(): void {
    this.#connection.close();
    this.#news.closed();
    this.resume();
    runAtEndOfTask(() => this.#report());
  }

  #sentAll(): void {
    if (this.#life.reason !== undefined) {
      return this.#act(this.#life.after("sent"));
    }
    if (!this.#isDrainAwaited) return;
    this.#isDrainAwaited = false;
    this.#events?.onDrain();
  }

  #failed(error: unknown): void {
    this.#act(this.#life.after("failed", closeReason(error as Error)));
  }

  #startReading(): void {
    if (this.#isReading || this.#life.isClosed) return;
    this.#isReading = true;
    void this.#read();
  }

  async #read(): Promise<void> {
    const buffers = new ReadBuffers();
    while (!this.#life.isClosed) {
      const bytes = buffers.take();
      const count = await this.#readInto(bytes);
      // What was under way at a `pause` waits in the buffer.
      while (this.#isPaused) await this.#resumed();
      if (this.#life.isClosed) break;
      if (count === 0) return this.#act(this.#life.after("peerEnded"));
      this.#received(bytes.subarray(0, count));
      // Until then it is lent to the receiver.
      while (this.#isPaused) await this.#resumed();
      if (this.#life.isClosed) break;
      buffers.give(bytes, count);
      const turn = this.#fairness.spend(count);
      if (turn !== undefined) await turn;
    }
  }

  #received(chunk: Uint8Array): void {
    if (this.#life.reason === undefined) this.#events?.onData(chunk);
  }

  /** 0: nothing will come any more. */
  async #readInto(bytes: Uint8Array): Promise<number> {
    try {
      return await this.#connection.read(bytes) ?? 0;
    } catch (error) {
      this.#failed(error);
      return 0;
    }
  }

  #resumed(): Promise<void> {
    return new Promise((resolve) => this.#wakeReader = resolve);
  }

  #report(): void {
    const events = this.#events;
    const { reason } = this.#life;
    if (reason === undefined || events === undefined) return;
    // Nothing comes after it.
    this.#events = undefined;
    events.onClose(reason);
  }
}

// Some systems refuse it when the peer is gone already; reading tells the rest.
function setNoDelay(connection: DenoConnection): void {
  try {
    connection.setNoDelay?.();
  } catch {
    return;
  }
}
