/**
 * A connection that may begin with the header of a proxy. Its owner has it as
 * soon as it is accepted, may write at once, and hears only what comes behind
 * the header, from then on with the address of the client as the remote one.
 *
 * NATS: a peer has 5 s for the six bytes that tell whether there is a header,
 * and 5 s more for the rest of it. One that said a part of the six in time has
 * the second 5 s for all that is missing.
 */
import { assert } from "../core/assert.ts";
import { deferred } from "../core/deferred.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import {
  type Address,
  type CloseReason,
  NetworkError,
  type Socket,
  type SocketEvents,
  type TlsState,
  type TlsUpgrade,
} from "../platform/socket.ts";
import { formatAddress } from "./address.ts";
import { ProxyHeaderError, ProxyHeaderReader } from "./proxy_header.ts";

/** For each of the two parts. */
const HEADER_MS = 5000;

/** What is told of the header, once. */
export interface HeaderEvents {
  /** It was read, or there is none. */
  headerRead(): void;
  /** It cannot be read, or did not come: nothing else will. */
  headerFailed(why: string): void;
}

/** A handshake that begins behind the header. */
interface SecuringLater {
  begin(head: Uint8Array): void;
  giveUp(): void;
}

/** More than a dozen members: because it is a socket, and receives what another one tells. */
export class ProxiedSocket implements Socket, SocketEvents {
  readonly local: Address;
  readonly #inner: Socket;
  readonly #clock: Clock;
  readonly #reader = new ProxyHeaderReader();
  #header: HeaderEvents | undefined = undefined;
  #events: SocketEvents | undefined = undefined;
  #remote: Address;
  #timer: Timer | undefined = undefined;
  #isLastTime = false;
  #securing: SecuringLater | undefined = undefined;
  /** The header failed, or nobody wants it any more. */
  #isOver = false;

  constructor(inner: Socket, clock: Clock) {
    this.local = inner.local;
    this.#inner = inner;
    this.#clock = clock;
    this.#remote = inner.remote;
  }

  /** The header, or what tells that there is none, is still to come. */
  get awaitsHeader(): boolean {
    return !this.#reader.isDone && !this.#isOver;
  }

  /** The client's, once the header was read; the proxy's before. */
  get remote(): Address {
    return this.#remote;
  }

  get tls(): TlsState | undefined {
    return this.#inner.tls;
  }

  get pendingBytes(): number {
    return this.#inner.pendingBytes;
  }

  /** Whom to tell of the header; before `open`. */
  set header(events: HeaderEvents) {
    this.#header = events;
  }

  /** Starts reading, and with it the time for the header. */
  open(events: SocketEvents): void {
    assert(this.#events === undefined, "a socket is opened once");
    this.#events = events;
    if (this.awaitsHeader) this.#giveTime();
    this.#inner.open(this);
  }

  write(bytes: Uint8Array): boolean {
    return this.#inner.write(bytes);
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  /** The handshake follows the header, which may be still to come. */
  secure(tls: TlsUpgrade, head?: Uint8Array): Promise<void> {
    if (!this.awaitsHeader) return this.#inner.secure(tls, head);
    const { promise, resolve, reject } = deferred<void>();
    this.#securing = {
      begin: (rest) => resolve(this.#inner.secure(tls, rest)),
      giveUp: () => reject(new NetworkError("No PROXY header", "ECONNRESET")),
    };
    return promise;
  }

  end(why?: string): void {
    this.#stopWaiting();
    this.#inner.end(why);
  }

  destroy(): void {
    this.#stopWaiting();
    this.#inner.destroy();
  }

  onData(chunk: Uint8Array): void {
    if (this.#reader.isDone) return this.#events!.onData(chunk);
    const rest = this.#isOver ? undefined : this.#readHeader(chunk);
    if (rest === undefined) return;
    this.#timer?.cancel();
    this.#remote = this.#reader.source ?? this.#remote;
    this.#header?.headerRead();
    if (this.#securing !== undefined) this.#securing.begin(rest);
    else if (rest.length > 0) this.#events!.onData(rest);
  }

  onDrain(): void {
    this.#events!.onDrain();
  }

  onClose(reason: CloseReason): void {
    if (this.awaitsHeader) this.#fail(this.#wordsOf(reason));
    this.#events!.onClose(reason);
  }

  /** What stands behind the header in `chunk`; undefined while more is wanted, and when it failed. */
  #readHeader(chunk: Uint8Array): Uint8Array | undefined {
    const reader = this.#reader;
    const wasDetected = reader.isDetected;
    try {
      const used = reader.take(chunk);
      if (reader.isDone) return joined(reader.givenBack, chunk.subarray(used));
      if (reader.isDetected && !wasDetected) this.#giveLastTime();
    } catch (error) {
      if (!(error instanceof ProxyHeaderError)) throw error;
      this.#failed(error.message);
    }
    return undefined;
  }

  #giveTime(): void {
    this.#timer = this.#clock.after(HEADER_MS, () => {
      if (this.#reader.isEmpty) this.#fail("EOF");
      else this.#giveLastTime();
    });
  }

  /** Once: what comes from now on does not prolong it. */
  #giveLastTime(): void {
    if (this.#isLastTime) return;
    this.#isLastTime = true;
    this.#timer?.cancel();
    this.#timer = this.#clock.after(HEADER_MS, () => {
      this.#fail(this.#wordsOf({ kind: "timeout" }));
    });
  }

  /** Nothing more comes, for the reason `why`. */
  #fail(why: string): void {
    this.#failed(this.#reader.missing(why));
  }

  #failed(text: string): void {
    this.#stopWaiting();
    this.#header?.headerFailed(text);
  }

  #stopWaiting(): void {
    if (!this.awaitsHeader) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#securing?.giveUp();
  }

  /** Why nothing more could be read, as Go says it. */
  #wordsOf({ kind }: Pick<CloseReason, "kind">): string {
    if (kind === "ended") return "EOF";
    const { local, remote } = this.#inner;
    const ends = `${formatAddress(local)}->${formatAddress(remote)}`;
    const why = kind === "timeout"
      ? "i/o timeout"
      : "read: connection reset by peer";
    return `read tcp ${ends}: ${why}`;
  }
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  if (head.length === 0) return tail;
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}
