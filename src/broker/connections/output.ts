/**
 * What goes to the peer: an outbox between those who write and the socket,
 * flushed at the end of a turn, or before that when much has piled up, and the
 * watch over whether the peer reads.
 *
 * More than a dozen members: because it is what a turn flushes, what a watch
 * looks at and what is counted as pending.
 */
import type { ClosedReason } from "../../core/closed.ts";
import { Outbox } from "../../core/outbox.ts";
import type { Socket } from "../../platform/socket.ts";
import { ConsumerWatch, type WatchedConsumer } from "./consumer_watch.ts";
import type { ConnectionHost, ConnectionSettings } from "./host.ts";
import type { PendingOutput } from "./pending_total.ts";
import type { TurnOutput } from "./turn.ts";

/** The connection that writes. */
export interface OutputOwner {
  readonly closed: boolean;
  /** The first message of a turn was written. */
  noteActivity(): void;
  /** The peer is too slow: `text` is for the log. */
  gaveUp(reason: ClosedReason, text: string): void;
  /** The socket threw. */
  writeFailed(error: unknown): void;
}

/** An outbox is flushed before the end of the turn when it has grown by this much. */
const FLUSH_BYTES = 262_144;
/** A smaller limit of pending bytes is reached in at least this many flushes. */
const FLUSHES_BEFORE_LIMIT = 8;
/**
 * What a socket that lags may hold. The rest waits in the outbox: there it is
 * packed, and a drain of the socket shows that the peer still reads.
 */
const SOCKET_BYTES_MAX = 262_144;

export class Output implements TurnOutput, WatchedConsumer, PendingOutput {
  readonly outbox: Outbox;
  readonly socket: Socket;
  isNoted = false;
  countedBytes = 0;
  readonly #host: ConnectionHost;
  readonly #owner: OutputOwner;
  /** Made when something is pending for the first time. */
  #watch: ConsumerWatch | undefined = undefined;
  #settings: ConnectionSettings;
  readonly #flushBytes: number;
  #flushAboveBytes: number;

  constructor(
    host: ConnectionHost,
    owner: OutputOwner,
    socket: Socket,
    settings: ConnectionSettings,
  ) {
    this.outbox = new Outbox(host.slabs, socket);
    this.socket = socket;
    this.#host = host;
    this.#owner = owner;
    this.#settings = settings;
    this.#flushBytes = Math.min(
      FLUSH_BYTES,
      settings.maxPendingBytes / FLUSHES_BEFORE_LIMIT,
    );
    this.#flushAboveBytes = this.#flushBytes;
  }

  /** Other limits hold for the peer from now on. */
  reconfigure(settings: ConnectionSettings): void {
    this.#settings = settings;
    this.#watch?.reconfigure(settings);
  }

  get closed(): boolean {
    return this.#owner.closed;
  }

  get waitingBytes(): number {
    return this.outbox.size;
  }

  /** Queues `bytes` (borrowed) for the peer. */
  append(bytes: Uint8Array): void {
    this.outbox.append(bytes);
    this.#host.turn.note(this);
  }

  /** To be called when a message was put into the outbox. */
  wroteMessage(): void {
    if (!this.isNoted) this.#firstMessage();
    else if (this.outbox.size > this.#flushAboveBytes) this.#flush();
  }

  /**
   * Bytes for which there is room behind the last message, before anything is
   * flushed; 0: it has been flushed itself.
   */
  get roomBytes(): number {
    const { slab, end } = this.outbox;
    return end === 0 ? 0 : Math.min(slab.length - end, this.bytesToFlush);
  }

  /** Bytes that more messages may have before it is flushed. */
  get bytesToFlush(): number {
    return this.#flushAboveBytes - this.outbox.size;
  }

  #firstMessage(): void {
    this.#owner.noteActivity();
    this.#host.turn.note(this);
  }

  /** Hands queued bytes to the socket and looks whether the peer keeps up. */
  flush(): void {
    this.isNoted = false;
    this.#flush();
  }

  /** The socket has taken all that it was given. */
  drained(): void {
    this.outbox.blocked = false;
    this.flush();
    if (!this.closed) this.#watch?.drained();
  }

  gaveUp(reason: ClosedReason, text: string): void {
    this.#owner.gaveUp(reason, text);
  }

  /** Nobody reads any more; what was not flushed is forgotten. */
  stop(): void {
    this.#watch?.stop();
    this.outbox.discard();
    this.#host.pending.count(this, 0);
  }

  #flush(): void {
    if (this.closed) return;
    try {
      this.outbox.flush(SOCKET_BYTES_MAX);
    } catch (error) {
      return this.#owner.writeFailed(error);
    }
    const { pendingBytes, size } = this.outbox;
    this.#flushAboveBytes = size + this.#flushBytes;
    this.#host.pending.count(this, pendingBytes);
    if (pendingBytes === 0) return;
    const watch = this.#watch ??= new ConsumerWatch(
      this.#host.clock,
      this.#settings,
      this,
    );
    if (watch.lags(this.#host.turn.owner)) {
      this.#host.counters.stalledProducers++;
    }
    // Where producers are to be held, each one is with its next message.
    if (pendingBytes > this.#settings.stallPendingBytes) {
      this.#flushAboveBytes = size + watch.growthBytes;
    }
  }
}
