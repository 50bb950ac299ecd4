/**
 * One of Deno's own sockets: TCP that was accepted, or a unix socket. It reads
 * into buffers that are used again and writes in order; how it ends is
 * `SocketLife`'s.
 *
 * More than a dozen members: because it is a `Socket`, and its life and its
 * writer ask things of it as well.
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
import type { AwaitedLoans } from "./deno_reading.ts";
import type { DenoConnection } from "./deno_sockets.ts";
import { type WriteEvents, Writer } from "./deno_writing.ts";
import { ReadBuffers } from "./read_loans.ts";
import { type LivingSocket, SocketLife } from "./socket_life.ts";
import { noUpgrade } from "./tls_failures.ts";
import type { AnswerWatch } from "./wakefulness.ts";
import { setImmediate } from "../process/timers.ts";

/**
 * Pending bytes from which on a `write` asks its caller to wait. They are few, so
 * that a caller who wrote much hears of the end and gets the memory back.
 */
const WRITE_PENDING_BYTES = 16_384;

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** What the sockets of a process share. */
export interface DenoShared {
  readonly news: DenoNews;
  readonly fairness: Fairness;
  readonly loans: AwaitedLoans;
}

/** What a socket has beside its connection. */
export interface DenoSocketParts {
  /** That of a unix socket. */
  readonly path?: string | undefined;
  /** A server's socket tells it of answers. */
  readonly answers?: AnswerWatch | undefined;
}

/** What becomes of the buffer that is read into. */
type ReadStage =
  /** There is none. */
  | "none"
  /** The system has it. */
  | "reading"
  /** It has brought something, which waits while the socket is paused. */
  | "arrived"
  /** The receiver has it. */
  | "lent";

/** The members are those of `Socket`, and what its life and its writer ask of it. */
export class DenoSocket implements Socket, LivingSocket, WriteEvents {
  readonly remote: Address;
  readonly tls: TlsState | undefined = undefined;
  /** Where it is, if it is a unix socket. */
  readonly #unix: Address | undefined;
  readonly #connection: DenoConnection;
  readonly #shared: DenoShared;
  readonly #answers: AnswerWatch | undefined;
  readonly #writer: Writer;
  readonly #life: SocketLife;
  #events: SocketEvents | undefined;
  #hasStarted = false;
  #isPaused = false;
  readonly #buffers: ReadBuffers;
  #stage: ReadStage = "none";
  #into: Uint8Array = NO_BYTES;
  /** Bytes that were read into it; 0: nothing will come any more. */
  #count = 0;
  #isDrainAwaited = false;
  // Made once for a connection: an `await` makes two functions for each read.
  readonly #onRead = (count: number | null): void => this.#arrived(count ?? 0);
  readonly #onReadFailed = (error: unknown): void => {
    this.failed(error);
    this.#arrived(0);
  };
  readonly #readOn = (): void => this.#read();
  readonly #goOn = (): void => this.#handOver();

  constructor(
    connection: DenoConnection,
    shared: DenoShared,
    { path, answers }: DenoSocketParts = {},
  ) {
    const { remoteAddr } = connection;
    const unix = path === undefined ? undefined : unixAddress(path);
    shared.news.opened();
    setNoDelay(connection);
    this.remote = unix ?? endpoint(remoteAddr.hostname, remoteAddr.port);
    this.#unix = unix;
    this.#connection = connection;
    this.#shared = shared;
    this.#answers = answers;
    this.#buffers = new ReadBuffers(shared.loans);
    this.#writer = new Writer(connection, this);
    this.#life = new SocketLife(this);
  }

  get local(): Address {
    const { hostname, port } = this.#connection.localAddr;
    return this.#unix ?? endpoint(hostname, port);
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
    this.#answers?.sent();
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
    // Its caller is not called back before it is done.
    if (this.#stage === "arrived" || this.#stage === "lent") {
      runAtEndOfTask(this.#goOn);
    }
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

  stuck(): void {
    this.#act(this.#life.after("stuck"));
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
    this.#connection.closeWrite().catch((error) => this.failed(error));
  }

  #close(): void {
    this.#connection.close();
    this.#shared.news.closed();
    this.resume();
    runAtEndOfTask(() => this.#report());
  }

  sentAll(): void {
    if (this.#life.reason !== undefined) {
      return this.#act(this.#life.after("sent"));
    }
    if (!this.#isDrainAwaited) return;
    this.#isDrainAwaited = false;
    this.#events?.onDrain();
  }

  failed(error: unknown): void {
    this.#act(this.#life.after("failed", closeReason(error as Error)));
  }

  #startReading(): void {
    if (this.#hasStarted || this.#life.isClosed) return;
    this.#hasStarted = true;
    this.#read();
  }

  #read(): void {
    if (this.#life.isClosed) return;
    const { loans } = this.#shared;
    const into = loans.areStuck
      ? this.#buffers.takeAny()
      : this.#buffers.take();
    if (into === undefined) return loans.whenThereIs(this.#readOn);
    this.#stage = "reading";
    this.#into = into;
    void this.#connection.read(into).then(this.#onRead, this.#onReadFailed);
  }

  #arrived(count: number): void {
    this.#answers?.heard();
    this.#stage = "arrived";
    this.#count = count;
    this.#handOver();
  }

  /** What has arrived goes to the receiver, and then its buffer comes back. */
  #handOver(): void {
    if (this.#isPaused) return;
    if (this.#stage === "arrived") {
      if (this.#life.isClosed || this.#count === 0) return this.#readLast();
      this.#stage = "lent";
      this.#received(this.#into.subarray(0, this.#count));
    }
    // While it is paused the receiver keeps it.
    if (this.#stage !== "lent" || this.#isPaused) return;
    this.#stage = "none";
    if (this.#life.isClosed) return this.#buffers.leave();
    this.#buffers.give(this.#into, this.#count);
    const turn = this.#shared.fairness.spend(this.#count);
    if (turn === undefined) this.#read();
    else void turn.then(this.#readOn);
  }

  #readLast(): void {
    this.#stage = "none";
    this.#buffers.drop(this.#into);
    this.#into = NO_BYTES;
    if (!this.#life.isClosed) this.#act(this.#life.after("peerEnded"));
  }

  #received(chunk: Uint8Array): void {
    if (this.#life.reason === undefined) this.#events?.onData(chunk);
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
