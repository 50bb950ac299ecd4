/**
 * A socket at one end of a `FaultyLink`. As long as the link is open it hands on
 * every call and every event as it comes; while the link is slow or cut, what
 * is written and what arrives waits in lanes. Of two such ends of one
 * connection, one goes along the link and the other along a link that is
 * always open, so that nothing is late twice.
 */
import { assert } from "../../core/assert.ts";
import type { Clock } from "../../platform/clock.ts";
import { type FaultyLink, Lane } from "./link.ts";
import type {
  Address,
  CloseReason,
  Socket,
  SocketEvents,
  TlsState,
  TlsUpgrade,
} from "../../platform/socket.ts";

/** Bytes that a held lane takes, as a system does, before its writer has to wait. */
const HELD_BYTES_MAX = 65_536;

const CLOSED: CloseReason = { kind: "closed" };
const RESET: CloseReason = { kind: "reset", code: "ECONNRESET" };

/** What a socket tells the networks that it belongs to. */
export interface SocketWatcher {
  /** The owner of the socket was told something. */
  happened(): void;
  /** The socket beneath has closed. */
  closed(socket: LinkedSocket): void;
}

/**
 * More than a dozen members: because it is a whole socket, and has the faults
 * that befall one.
 */
export class LinkedSocket implements Socket {
  readonly #inner: Socket;
  readonly #clock: Clock;
  readonly #watcher: SocketWatcher;
  readonly #outgoing: Lane;
  readonly #incoming: Lane;
  #link: FaultyLink;
  #events: SocketEvents | undefined;
  /** Why it is over, for its owner; the socket beneath may live on for a while. */
  #reason: CloseReason | undefined;
  #isInnerOpen = false;
  #isInnerPaused = false;
  #isReported = false;
  #isPaused = false;
  #owesDrain = false;
  /** The socket beneath asked to wait, and its drain is to come. */
  #innerOwesDrain = false;

  constructor(
    inner: Socket,
    link: FaultyLink,
    clock: Clock,
    watcher: SocketWatcher,
  ) {
    this.#inner = inner;
    this.#link = link;
    this.#clock = clock;
    this.#watcher = watcher;
    this.#outgoing = new Lane(clock, link);
    this.#incoming = new Lane(clock, link);
    this.#outgoing.onPassed = () => this.#drained();
    this.#incoming.onPassed = () => this.#readOn();
  }

  get remote(): Address {
    return this.#inner.remote;
  }

  get local(): Address {
    return this.#inner.local;
  }

  get tls(): TlsState | undefined {
    return this.#inner.tls;
  }

  get pendingBytes(): number {
    if (this.#reason !== undefined) return 0;
    const { pendingBytes } = this.#inner;
    const { heldBytes } = this.#outgoing;
    // What the socket beneath still holds may be the caller's own memory, and
    // comes before what is held here.
    if (pendingBytes > 0) return pendingBytes + heldBytes;
    return Math.max(0, heldBytes - HELD_BYTES_MAX);
  }

  /** Goes along another link from now on. */
  moveTo(link: FaultyLink): void {
    this.#link = link;
    this.#outgoing.moveTo(link);
    this.#incoming.moveTo(link);
  }

  open(events: SocketEvents): void {
    assert(this.#events === undefined, "a socket is opened once");
    this.#events = events;
    if (this.#reason === undefined) this.#openInner();
    else this.#reportLater();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#reason !== undefined) return true;
    if (!this.#outgoing.isBusy) {
      const isTaken = this.#writeInner(bytes);
      if (!isTaken) this.#owesDrain = true;
      return isTaken;
    }
    const copy = bytes.slice();
    this.#outgoing.send(copy.length, () => this.#writeInner(copy));
    if (this.pendingBytes === 0) return true;
    this.#owesDrain = true;
    return false;
  }

  pause(): void {
    this.#isPaused = true;
    this.#incoming.block();
    this.#inner.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#incoming.unblock();
    if (!this.#isInnerPaused) this.#inner.resume();
  }

  secure(tls: TlsUpgrade, head?: Uint8Array): Promise<void> {
    return this.#inner.secure(tls, head);
  }

  end(): void {
    if (this.#reason !== undefined) return;
    this.#reason = CLOSED;
    this.#incoming.clear();
    this.#openInner();
    if (!this.#outgoing.isBusy) return this.#inner.end();
    this.#outgoing.send(0, () => this.#inner.end());
    this.#reportLater();
  }

  destroy(): void {
    this.#reason ??= CLOSED;
    this.#incoming.clear();
    this.#outgoing.clear();
    this.#openInner();
    if (this.#link.isOpen) return this.#inner.destroy();
    this.#outgoing.send(0, () => this.#inner.destroy());
    this.#reportLater();
  }

  /** The fault: what is under way is lost, and the owner sees a reset. */
  reset(): void {
    this.#reason ??= RESET;
    this.discard();
    this.#reportLater();
  }

  /** The owner's machine stopped: it hears of the end at once, the other side as the link lets it. */
  crash(): void {
    this.destroy();
    this.#report();
  }

  /** Closes the socket beneath, whatever the link says. */
  discard(): void {
    this.#reason ??= CLOSED;
    this.#incoming.clear();
    this.#outgoing.clear();
    this.#openInner();
    this.#inner.destroy();
  }

  #received(chunk: Uint8Array): void {
    if (this.#reason !== undefined) return;
    if (!this.#incoming.isBusy) return this.#deliver(chunk);
    const copy = chunk.slice();
    this.#incoming.send(copy.length, () => this.#deliver(copy));
    if (this.#incoming.heldBytes <= HELD_BYTES_MAX) return;
    this.#isInnerPaused = true;
    this.#inner.pause();
  }

  #innerDrained(): void {
    this.#innerOwesDrain = false;
    this.#drained();
  }

  #innerClosed(reason: CloseReason): void {
    this.#outgoing.clear();
    this.#watcher.closed(this);
    if (this.#reason !== undefined || !this.#incoming.isBusy) {
      return this.#end(reason);
    }
    this.#incoming.send(0, () => this.#end(reason));
  }

  #writeInner(bytes: Uint8Array): boolean {
    const isTaken = this.#inner.write(bytes);
    if (!isTaken) this.#innerOwesDrain = true;
    return isTaken;
  }

  #deliver(chunk: Uint8Array): void {
    this.#events?.onData(chunk);
    this.#watcher.happened();
  }

  #drained(): void {
    const isDrained = this.#outgoing.heldBytes === 0 && !this.#innerOwesDrain;
    if (!this.#owesDrain || !isDrained || this.#reason !== undefined) return;
    this.#owesDrain = false;
    this.#events?.onDrain();
    this.#watcher.happened();
  }

  #readOn(): void {
    if (!this.#isInnerPaused) return;
    if (this.#incoming.heldBytes > HELD_BYTES_MAX / 2) return;
    this.#isInnerPaused = false;
    if (!this.#isPaused) this.#inner.resume();
  }

  /** A socket tells of its end only once it is open. */
  #openInner(): void {
    if (this.#isInnerOpen) return;
    this.#isInnerOpen = true;
    this.#inner.open({
      onData: (chunk) => this.#received(chunk),
      onDrain: () => this.#innerDrained(),
      onClose: (reason) => this.#innerClosed(reason),
    });
  }

  #end(reason: CloseReason): void {
    this.#reason ??= reason;
    this.#report();
  }

  #reportLater(): void {
    if (!this.#isReported) this.#clock.after(0, () => this.#report());
  }

  #report(): void {
    const isOver = this.#reason !== undefined && this.#events !== undefined;
    if (!isOver || this.#isReported) return;
    this.#isReported = true;
    this.#events!.onClose(this.#reason!);
    this.#watcher.happened();
  }
}
