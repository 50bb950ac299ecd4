/**
 * Does the peer read what it is sent? While bytes are pending, a consumer that
 * lags first stops those who feed it, then is given up: when too much is
 * pending, or when it took nothing for a whole write deadline.
 */
import type { Clock, Timer } from "../../platform/clock.ts";
import { ClosedReason } from "../../core/closed.ts";
import type { Outbox } from "../../core/outbox.ts";
import type { Socket } from "../../platform/socket.ts";

export interface ConsumerLimits {
  /** Outgoing bytes that the peer may leave unread; `Infinity` for no limit. */
  readonly maxPendingBytes: number;
  /** With more than this unread, those who feed the connection are stopped. */
  readonly stallPendingBytes: number;
  readonly writeDeadlineMs: number;
}

/** A connection that feeds others: `producer.ts`, as far as its consumers know it. */
export interface HeldProducer {
  readonly mayBeHeld: boolean;
  hold(): void;
  letGo(): void;
}

/** The connection that is watched. */
export interface WatchedConsumer {
  readonly closed: boolean;
  readonly outbox: Outbox;
  readonly socket: Socket;
  /** It is too slow: `text` is for the log. */
  gaveUp(reason: ClosedReason, text: string): void;
}

/** Producers stopped at the stall mark may go on below this part of it. */
const RELEASE_FRACTION = 0.5;

export class ConsumerWatch {
  readonly #clock: Clock;
  readonly #limits: ConsumerLimits;
  readonly #consumer: WatchedConsumer;
  #deadline: Timer | undefined = undefined;
  /** Bytes that the system had taken when the deadline was armed. */
  #takenBytes = 0;
  /** Producers that wait for this consumer. */
  #stalled: Set<HeldProducer> | undefined = undefined;

  constructor(
    clock: Clock,
    limits: ConsumerLimits,
    consumer: WatchedConsumer,
  ) {
    this.#clock = clock;
    this.#limits = limits;
    this.#consumer = consumer;
  }

  /**
   * Something is pending after a flush, for which `producer` may be to blame.
   * True when the producer was stopped for it.
   */
  lags(producer: HeldProducer | undefined): boolean {
    const { maxPendingBytes, stallPendingBytes } = this.#limits;
    const { outbox } = this.#consumer;
    const pending = outbox.pendingBytes;
    if (pending > maxPendingBytes) {
      this.#consumer.gaveUp(
        ClosedReason.SLOW_CONSUMER_PENDING,
        `MaxPending of ${maxPendingBytes} Exceeded`,
      );
      return false;
    }
    this.#armDeadline();
    // Only a socket that is blocked tells when the producer may go on.
    return producer !== undefined && pending > stallPendingBytes &&
      outbox.blocked && this.#stall(producer);
  }

  /** The socket took everything that it was given. */
  drained(): void {
    this.#disarmDeadline();
  }

  /** Lets the producers go on, if what is pending now allows it. */
  release(): void {
    const { outbox } = this.#consumer;
    const mark = this.#limits.stallPendingBytes * RELEASE_FRACTION;
    if (!outbox.blocked || outbox.pendingBytes <= mark) this.#releaseAll();
  }

  /** The consumer is gone. */
  stop(): void {
    this.#disarmDeadline();
    this.#releaseAll();
  }

  #stall(producer: HeldProducer): boolean {
    if (!producer.mayBeHeld || this.#stalled?.has(producer)) return false;
    this.#stalled ??= new Set();
    this.#stalled.add(producer);
    producer.hold();
    return true;
  }

  #releaseAll(): void {
    const producers = this.#stalled;
    this.#stalled = undefined;
    for (const producer of producers ?? []) producer.letGo();
  }

  #armDeadline(): void {
    if (this.#deadline !== undefined) return;
    this.#takenBytes = this.#bytesTaken;
    this.#deadline = this.#clock.after(
      this.#limits.writeDeadlineMs,
      () => this.#deadlineDue(),
    );
  }

  #disarmDeadline(): void {
    this.#deadline?.cancel();
    this.#deadline = undefined;
  }

  /** Bytes that the system took from the socket. */
  get #bytesTaken(): number {
    const { outbox, socket } = this.#consumer;
    return outbox.writtenBytes - socket.pendingBytes;
  }

  #deadlineDue(): void {
    this.#deadline = undefined;
    const pending = this.#consumer.outbox.pendingBytes;
    if (this.#consumer.closed || pending === 0) return;
    if (this.#bytesTaken > this.#takenBytes) return this.#armDeadline();
    const seconds = this.#limits.writeDeadlineMs / 1000;
    this.#consumer.gaveUp(
      ClosedReason.SLOW_CONSUMER_DEADLINE,
      `WriteDeadline of ${seconds}s exceeded with ${pending} total bytes.`,
    );
  }
}
