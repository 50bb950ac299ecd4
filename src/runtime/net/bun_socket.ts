/**
 * One of Bun's own sockets, without the streams of `node:net` around it: what is
 * read goes straight to the receiver, what is written straight to the system.
 * How it ends is `SocketLife`'s.
 *
 * More than a dozen members: because it is a `Socket`, and is told by its
 * listener's handlers what happens.
 */
import { assert } from "../../core/assert.ts";
import { runAtEndOfTask } from "../../core/microtask.ts";
import type {
  Address,
  Socket,
  SocketEvents,
  TlsState,
} from "../../platform/socket.ts";
import { endpoint } from "./addresses.ts";
import type { BunConnection, BunHandlers } from "./bun_sockets.ts";
import { PartialWriter } from "./bun_writing.ts";
import { closeReason } from "./close_reason.ts";
import type { SocketAction } from "./closing.ts";
import { giveBack, LentChunks } from "./read_memory.ts";
import { type LivingSocket, SocketLife } from "./socket_life.ts";
import { noUpgrade } from "./tls_failures.ts";
import type { AnswerWatch } from "./wakefulness.ts";
import { setImmediate } from "../process/timers.ts";

/** A connection finds its socket in `data`, once it has one. */
export type TakenConnection = BunConnection<BunSocket | undefined>;

/** The members are those of `Socket`, and what its handlers are told. */
export class BunSocket implements Socket, LivingSocket {
  readonly remote: Address;
  readonly tls: TlsState | undefined = undefined;
  readonly #connection: TakenConnection;
  readonly #writer: PartialWriter;
  readonly #life: SocketLife;
  readonly #answers: AnswerWatch | undefined;
  #events: SocketEvents | undefined;
  #isPaused = false;
  readonly #lent = new LentChunks();

  constructor(connection: TakenConnection, answers?: AnswerWatch) {
    const { remoteAddress, remotePort } = connection;
    this.remote = endpoint(remoteAddress, remotePort);
    this.#connection = connection;
    this.#writer = new PartialWriter(connection);
    this.#life = new SocketLife(this);
    this.#answers = answers;
    connection.data = this;
    connection.setNoDelay(true);
    connection.pause();
  }

  get local(): Address {
    const { localAddress, localPort } = this.#connection;
    return endpoint(localAddress, localPort);
  }

  get pendingBytes(): number {
    return this.#writer.pendingBytes;
  }

  open(events: SocketEvents): void {
    assert(this.#events === undefined, "a socket is opened once");
    this.#events = events;
    if (this.#life.isClosed) setImmediate(() => this.#report());
    else if (!this.#isPaused) this.#connection.resume();
  }

  write(bytes: Uint8Array): boolean {
    this.#answers?.sent();
    return this.#life.reason !== undefined || this.#writer.write(bytes);
  }

  pause(): void {
    if (this.#life.reason !== undefined) return;
    this.#isPaused = true;
    this.#connection.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#life.reason === undefined) this.#lent.giveBack();
    if (this.#events !== undefined) this.#connection.resume();
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

  received(chunk: Uint8Array): void {
    if (this.#life.reason !== undefined) return;
    this.#answers?.heard();
    this.#events?.onData(chunk);
    // The receiver's until it is resumed, or for good.
    if (this.#life.reason !== undefined) return;
    if (this.#isPaused) this.#lent.lend(chunk);
    else giveBack(chunk);
  }

  hasRoom(): void {
    if (this.#writer.pendingBytes === 0 || !this.#writer.goOn()) return;
    if (this.#life.reason !== undefined) {
      return this.#act(this.#life.after("sent"));
    }
    this.#events?.onDrain();
  }

  peerEnded(): void {
    this.#act(this.#life.after("peerEnded"));
  }

  failed(error: Error): void {
    this.#act(this.#life.after("failed", closeReason(error)));
  }

  /** The system has closed it, because of `error` if there is one. */
  gone(error?: Error): void {
    if (error) this.failed(error);
    // What `close` brings about is told in a later step.
    if (this.#life.isClosed) return;
    this.#act(this.#life.after("gone"));
    this.#writer.drop();
    this.#report();
  }

  #act(action: SocketAction): void {
    if (action === "finish") this.#finish();
    else if (action === "sayEnd") this.#connection.shutdown();
    else if (action === "close") this.#close();
  }

  #finish(): void {
    // What comes is read and dropped.
    this.#isPaused = false;
    this.#connection.resume();
    if (this.#writer.pendingBytes === 0) this.#act(this.#life.after("sent"));
  }

  #close(): void {
    this.#writer.drop();
    this.#connection.close();
    runAtEndOfTask(() => this.#report());
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

/** What tells each socket of a listener what happens to it. */
export function bunHandlers(
  accept: (connection: TakenConnection) => void,
): BunHandlers<BunSocket | undefined> {
  return {
    binaryType: "uint8array",
    open: accept,
    // A connection that was not taken has no socket.
    data: ({ data }, chunk) => data?.received(chunk),
    drain: ({ data }) => data?.hasRoom(),
    end: ({ data }) => data?.peerEnded(),
    close: ({ data }, error) => data?.gone(error),
    error: ({ data }, error) => data?.failed(error),
  };
}
