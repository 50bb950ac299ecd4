/**
 * A connection whose first bytes are looked at before anybody reads it: they may
 * say that it is of no use, or of another kind. They are given to a handshake
 * then, or to the owner that opens the socket.
 */
import { assert } from "../core/assert.ts";
import { deferred } from "../core/deferred.ts";
import type {
  Address,
  CloseReason,
  Socket,
  SocketEvents,
  TlsState,
  TlsUpgrade,
} from "../platform/socket.ts";

/** More than a dozen members: because it is a socket, and receives what another one tells. */
export class PeekedSocket implements Socket, SocketEvents {
  readonly remote: Address;
  readonly local: Address;
  readonly #inner: Socket;
  #events: SocketEvents | undefined = undefined;
  /** What came before anybody read it. */
  #held: Uint8Array = new Uint8Array(0);
  #ended: CloseReason | undefined = undefined;
  #onNews: () => void = () => {};

  constructor(inner: Socket) {
    this.remote = inner.remote;
    this.local = inner.local;
    this.#inner = inner;
  }

  get tls(): TlsState | undefined {
    return this.#inner.tls;
  }

  get pendingBytes(): number {
    return this.#inner.pendingBytes;
  }

  /** The first bytes, `count` or more of them; fewer where the peer ends before. They stay there. */
  async firstBytes(count: number): Promise<Uint8Array> {
    this.#inner.open(this);
    while (this.#held.length < count && this.#ended === undefined) {
      const { promise, resolve } = deferred<void>();
      this.#onNews = resolve;
      await promise;
    }
    return this.#held;
  }

  /** Behind `firstBytes`. */
  open(events: SocketEvents): void {
    assert(this.#events === undefined, "a socket is opened once");
    const held = this.#held;
    this.#events = events;
    this.#held = new Uint8Array(0);
    if (held.length > 0) events.onData(held);
    if (this.#ended !== undefined) events.onClose(this.#ended);
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

  /** The handshake begins with what is held. */
  secure(tls: TlsUpgrade): Promise<void> {
    const held = this.#held;
    this.#held = new Uint8Array(0);
    return this.#inner.secure(tls, held);
  }

  end(why?: string): void {
    this.#inner.end(why);
  }

  destroy(): void {
    this.#inner.destroy();
  }

  onData(chunk: Uint8Array): void {
    if (this.#events !== undefined) return this.#events.onData(chunk);
    const held = new Uint8Array(this.#held.length + chunk.length);
    held.set(this.#held);
    held.set(chunk, this.#held.length);
    this.#held = held;
    this.#onNews();
  }

  onDrain(): void {
    this.#events?.onDrain();
  }

  onClose(reason: CloseReason): void {
    this.#ended = reason;
    this.#onNews();
    this.#events?.onClose(reason);
  }
}
