/**
 * One socket of `node:net`, accepted or dialled: TCP or a unix socket, or TLS
 * on top of it once it is secured. How it ends is `SocketLife`'s; it carries
 * that out on streams.
 *
 * More than a dozen members: because it is a `Socket`, and its life and its reader
 * ask things of it as well.
 */
import type { Socket as TcpSocket } from "node:net";
import { assert } from "../../core/assert.ts";
import { unixAddress } from "../../net/address.ts";
import type {
  Address,
  CloseReason,
  Socket,
  SocketEvents,
  TlsState,
  TlsUpgrade,
} from "../../platform/socket.ts";
import { endpoint } from "./addresses.ts";
import { closeReason } from "./close_reason.ts";
import type { SocketAction } from "./closing.ts";
import type { ChunkReceiver, NodeReader } from "./node_reading.ts";
import { giveBack, LentChunks } from "./read_memory.ts";
import { type LivingSocket, SocketLife } from "./socket_life.ts";
import { startHandshake } from "./tls.ts";
import { failureText, noUpgrade } from "./tls_failures.ts";
import { readBelow } from "./tls_reading.ts";
import { serverHandshake } from "./tls_server.ts";
import type { AnswerWatch } from "./wakefulness.ts";
import { setImmediate } from "../process/timers.ts";

/** Finds the socket of a stream: all streams share their listeners. */
const OWNER = Symbol("owner");

type OwnedStream = TcpSocket & { [OWNER]?: NodeSocket };

/** What a socket has beside its stream. */
export interface NodeSocketParts {
  /** That of a unix socket. */
  readonly path?: string | undefined;
  readonly reader?: NodeReader | undefined;
  /** A server's socket tells it of answers. */
  readonly answers?: AnswerWatch | undefined;
}

/** The members are those of `Socket`, and what its life and its reader ask of it. */
export class NodeSocket implements Socket, LivingSocket, ChunkReceiver {
  readonly remote: Address;
  /** The stream that carries our bytes: TCP's, or TLS's on top of it. */
  #raw: TcpSocket;
  #tls: TlsState | undefined;
  /** What carries TLS, once it does. */
  #below: TcpSocket | undefined;
  /** Where it is, if it is a unix socket. */
  readonly #unix: Address | undefined;
  #events: SocketEvents | undefined;
  #isPaused = false;
  /** The receiver keeps the chunk that it is being told of. */
  #isKept = false;
  readonly #lent = new LentChunks();
  /** Has the memory that is read into; undefined: each read makes its own. */
  readonly #reader: NodeReader | undefined;
  readonly #answers: AnswerWatch | undefined;
  readonly #life: SocketLife;
  /** The system has closed it. */
  #isGone = false;
  /** A server's handshake goes on, and says how it ends. */
  #isHandedOver = false;

  constructor(raw: TcpSocket, { path, reader, answers }: NodeSocketParts) {
    const unix = path === undefined ? undefined : unixAddress(path);
    this.remote = unix ?? endpoint(raw.remoteAddress, raw.remotePort);
    this.#unix = unix;
    this.#raw = raw;
    this.#life = new SocketLife(this);
    this.#answers = answers;
    this.#reader = reader;
    if (reader !== undefined) reader.receiver = this;
    raw.pause();
    this.#listenTo(raw);
  }

  get tls(): TlsState | undefined {
    return this.#tls;
  }

  get local(): Address {
    const { localAddress, localPort } = this.#raw;
    return this.#unix ?? endpoint(localAddress, localPort);
  }

  get pendingBytes(): number {
    return this.#raw.destroyed ? 0 : this.#raw.writableLength;
  }

  open(events: SocketEvents): void {
    assert(this.#events === undefined, "a socket is opened once");
    this.#events = events;
    if (this.#isGone) setImmediate(() => this.#report());
    else if (!this.#life.isSecuring) this.#read();
  }

  // Several writes of one turn need no cork: while the first is under way the
  // stream gathers the rest, and sends them together.
  write(bytes: Uint8Array): boolean {
    this.#answers?.sent();
    // In the middle of a handshake there is nobody to hear it.
    return this.#isHandedOver || this.#life.reason !== undefined ||
      this.#raw.write(bytes);
  }

  pause(): void {
    if (this.#life.reason !== undefined) return;
    this.#isPaused = true;
    this.#raw.pause();
    if (this.#below !== undefined) readBelow(this.#below, false);
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#life.reason === undefined) this.#lent.giveBack();
    if (this.#below !== undefined) readBelow(this.#below, true);
    this.#raw.resume();
  }

  keepChunk(): boolean {
    if (this.#reader !== undefined) return false;
    this.#isKept = true;
    return true;
  }

  async secure(tls: TlsUpgrade, borrowed?: Uint8Array): Promise<void> {
    if (this.#reader !== undefined) throw noUpgrade();
    assert(!this.#life.isSecuring && !this.#tls, "a socket is secured once");
    // A part of the chunk that is being handled, whose memory goes back.
    const head = borrowed?.slice();
    this.#raw.off("data", NodeSocket.#onData);
    this.#act(this.#life.after("secure"));
    try {
      this.#tls = tls.role === "server"
        ? await this.#secureAsServer(tls, head)
        : await this.#secureAsClient(tls, head);
    } catch (error) {
      const detail = failureText(error);
      this.#act(this.#life.after("failed", { kind: "tls", detail }));
      // What the raw socket told of its end meanwhile was not heard.
      if (this.#raw.closed && !this.#isGone) this.#gone();
      throw error;
    }
    this.#act(this.#life.after("secured"));
    if (this.#events !== undefined) this.#read();
  }

  #secureAsClient(tls: TlsUpgrade, head?: Uint8Array): Promise<TlsState> {
    const raw = this.#raw;
    const { stream, done } = startHandshake(raw, tls, head);
    this.#below = raw;
    this.#raw = stream;
    this.#listenTo(stream);
    return done;
  }

  async #secureAsServer(
    tls: TlsUpgrade,
    head?: Uint8Array,
  ): Promise<TlsState> {
    this.#isHandedOver = true;
    try {
      const raw = this.#raw;
      const { stream, state } = await serverHandshake(raw, tls, head);
      this.#below = raw;
      this.#raw = stream;
      this.#listenTo(stream);
      return state;
    } finally {
      this.#isHandedOver = false;
    }
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

  #listenTo(raw: OwnedStream): void {
    raw[OWNER] = this;
    raw.on("error", NodeSocket.#onError);
    raw.on("end", NodeSocket.#onEnd);
    raw.on("close", NodeSocket.#onClose);
    raw.on("drain", NodeSocket.#onDrain);
  }

  /** A stream that another has taken the place of is not heard any more. */
  #hears(raw: TcpSocket): boolean {
    return raw === this.#raw && !this.#isHandedOver;
  }

  static #onData(this: OwnedStream, chunk: Uint8Array): void {
    this[OWNER]!.#received(chunk);
  }

  static #onError(this: OwnedStream, error: Error): void {
    const owner = this[OWNER]!;
    if (owner.#hears(this)) owner.#failed(error);
  }

  static #onEnd(this: OwnedStream): void {
    const owner = this[OWNER]!;
    if (owner.#hears(this)) owner.#peerEnded();
  }

  static #onClose(this: OwnedStream): void {
    const owner = this[OWNER]!;
    if (owner.#hears(this)) owner.#gone();
  }

  static #onDrain(this: OwnedStream): void {
    const owner = this[OWNER]!;
    if (owner.#hears(this)) owner.#drained();
  }

  #peerEnded(): void {
    this.#act(this.#life.after("peerEnded"));
  }

  #act(action: SocketAction): void {
    if (action === "close") this.#raw.destroy();
    if (action !== "finish") return;
    // A stream says its end by itself once all is sent, and closes when both
    // ends are said. What comes until then is read and dropped.
    this.#raw.end();
    this.#reader?.keep();
    this.resume();
  }

  #read(): void {
    if (this.#reader === undefined) this.#raw.on("data", NodeSocket.#onData);
    this.#raw.resume();
  }

  heard(chunk: Uint8Array): boolean {
    if (this.#life.reason === undefined) {
      this.#answers?.heard();
      this.#events?.onData(chunk);
    }
    return this.#isPaused;
  }

  #received(chunk: Uint8Array): void {
    if (this.#life.reason !== undefined) return;
    this.#answers?.heard();
    const { buffer, byteOffset, length } = chunk;
    this.#isKept = false;
    // A plain view, because `slice` of a Buffer does not copy.
    this.#events?.onData(new Uint8Array(buffer, byteOffset, length));
    // The receiver's until it is resumed, or for good.
    if (this.#isKept || this.#life.reason !== undefined) return;
    if (this.#isPaused) this.#lent.lend(chunk);
    else giveBack(chunk);
  }

  #drained(): void {
    if (this.#life.reason === undefined) this.#events?.onDrain();
  }

  #failed(error: Error): void {
    const reason: CloseReason = this.#life.isSecuring
      ? { kind: "tls", detail: failureText(error) }
      : closeReason(error);
    this.#act(this.#life.after("failed", reason));
  }

  #gone(): void {
    this.#isGone = true;
    this.#reader?.close();
    this.#act(this.#life.after("gone"));
    this.#report();
  }

  #report(): void {
    const { reason } = this.#life;
    if (reason !== undefined) this.#events?.onClose(reason);
  }
}
