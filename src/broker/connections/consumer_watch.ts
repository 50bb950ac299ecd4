/**
 * Does the peer read what it is sent? A consumer that lags holds those who feed
 * it: until it has caught up while it has an allowance (`hold_allowance.ts`),
 * then for ten milliseconds each time that it was given another portion. It is
 * closed when too much is pending, or when it has not taken in time what was
 * pending (`write_deadline.ts`).
 */
import type { Clock, Timer } from "../../platform/clock.ts";
import { ClosedReason } from "../../core/closed.ts";
import type { Outbox } from "../../core/outbox.ts";
import type { Socket } from "../../platform/socket.ts";
import { HoldAllowance, LOOK_MS } from "./hold_allowance.ts";
import { type DeadlineOwner, WriteDeadline } from "./write_deadline.ts";

export interface ConsumerLimits {
  /** Outgoing bytes that the peer may leave unread; `Infinity` for no limit. */
  readonly maxPendingBytes: number;
  /** With more than this unread, those who feed the connection are stopped. */
  readonly stallPendingBytes: number;
  readonly writeDeadlineMs: number;
  /** A deadline is kept by any progress, not only by taking all that was pending. */
  readonly isDeadlineLenient: boolean;
}

/** A connection that feeds others: `producer.ts`, as far as its consumers know it. */
export interface HeldProducer {
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

/** Producers go on when this much less than the stall mark is pending, or this part of it. */
const RELEASE_BYTES = 1_048_576;
const RELEASE_FRACTION = 0.5;
/**
 * A consumer at full speed may be above `max_pending` by this much, which is
 * more than one turn writes. Its producers are held until it is not.
 */
const OVERFLOW_BYTES = 33_554_432;
/**
 * What a consumer without an allowance is given between two holds. The distance
 * from the stall mark to its limit has at least 16 portions, and at most 128:
 * each of them holds the producers once.
 */
const PORTION_BYTES = 131_072;
const PORTIONS_MIN = 16;
const PORTIONS_MAX = 128;

export class ConsumerWatch implements DeadlineOwner {
  readonly #clock: Clock;
  #limits: ConsumerLimits;
  readonly #consumer: WatchedConsumer;
  readonly #deadline: WriteDeadline;
  #releaseBytes: number;
  #portionBytes: number;
  /** Made when the stall mark is passed for the first time. */
  #allowance: HoldAllowance | undefined = undefined;
  #look: Timer | undefined = undefined;
  /** Producers that wait for this consumer. */
  #stalled: Set<HeldProducer> | undefined = undefined;
  /** Without an allowance: bytes given when the next producer is held. */
  #nextHoldBytes = 0;

  constructor(
    clock: Clock,
    limits: ConsumerLimits,
    consumer: WatchedConsumer,
  ) {
    this.#clock = clock;
    this.#limits = limits;
    this.#consumer = consumer;
    this.#deadline = new WriteDeadline(
      clock,
      limits.writeDeadlineMs,
      limits.isDeadlineLenient,
      this,
    );
    this.#releaseBytes = releaseBytes(limits);
    this.#portionBytes = portionBytes(limits);
  }

  /** Other limits hold from now on. */
  reconfigure(limits: ConsumerLimits): void {
    const { writeDeadlineMs } = this.#limits;
    this.#limits = limits;
    this.#releaseBytes = releaseBytes(limits);
    this.#portionBytes = portionBytes(limits);
    if (limits.writeDeadlineMs !== writeDeadlineMs) {
      this.#deadline.reconfigure(limits.writeDeadlineMs);
    }
    // Producers that are not to be held any more go on.
    if (limits.stallPendingBytes === Infinity) this.#release();
  }

  get takenBytes(): number {
    const { outbox, socket } = this.#consumer;
    return outbox.writtenBytes - socket.pendingBytes;
  }

  get givenBytes(): number {
    const { outbox } = this.#consumer;
    return outbox.writtenBytes + outbox.size;
  }

  /** Above the stall mark: bytes that may be written until the next flush. */
  get growthBytes(): number {
    return this.#isSpent() ? this.#portionBytes : 0;
  }

  /**
   * Something is pending after a flush, for which `producer` may be to blame.
   * True when the producer was stopped for it.
   */
  lags(producer: HeldProducer | undefined): boolean {
    const { outbox } = this.#consumer;
    const pending = outbox.pendingBytes;
    if (this.#isTooMuch(pending)) {
      this.#giveUpPending();
      return false;
    }
    this.#deadline.watch();
    if (pending <= this.#limits.stallPendingBytes) return false;
    if (!this.#isSpent()) this.#lookSoon();
    // Only a socket that is blocked tells when the producer may go on.
    return producer !== undefined && outbox.blocked && this.#stall(producer);
  }

  /** The socket took everything that it was given; more may have followed. */
  drained(): void {
    const { outbox } = this.#consumer;
    const pending = outbox.pendingBytes;
    if (pending === 0) {
      this.#deadline.stop();
      this.#allowance?.restore();
    }
    // A socket that is not blocked will not tell of its drain.
    if (!outbox.blocked || pending <= this.#releaseBytes) this.#release();
  }

  /** The consumer is gone. */
  stop(): void {
    this.#deadline.stop();
    this.#release();
  }

  deadlineMissed(): void {
    if (this.#consumer.closed) return;
    const seconds = this.#limits.writeDeadlineMs / 1000;
    const pending = this.#consumer.outbox.pendingBytes;
    this.#consumer.gaveUp(
      ClosedReason.SLOW_CONSUMER_DEADLINE,
      `WriteDeadline of ${seconds}s exceeded with ${pending} total bytes.`,
    );
  }

  /** Producers are not held for it until it has caught up. */
  #isSpent(): boolean {
    return this.#allowance?.isSpent === true;
  }

  #isTooMuch(pending: number): boolean {
    const { maxPendingBytes, stallPendingBytes } = this.#limits;
    if (pending <= maxPendingBytes) return false;
    return this.#isSpent() || stallPendingBytes === Infinity ||
      pending > maxPendingBytes + OVERFLOW_BYTES;
  }

  #giveUpPending(): void {
    this.#consumer.gaveUp(
      ClosedReason.SLOW_CONSUMER_PENDING,
      `MaxPending of ${this.#limits.maxPendingBytes} Exceeded`,
    );
  }

  #stall(producer: HeldProducer): boolean {
    if (this.#stalled?.has(producer)) return false;
    if (this.#isSpent()) {
      const { givenBytes } = this;
      if (givenBytes < this.#nextHoldBytes) return false;
      this.#nextHoldBytes = givenBytes + this.#portionBytes;
    }
    this.#stalled ??= new Set();
    this.#stalled.add(producer);
    producer.hold();
    this.#lookSoon();
    return true;
  }

  #release(): void {
    this.#look?.cancel();
    this.#look = undefined;
    const producers = this.#stalled;
    this.#stalled = undefined;
    for (const producer of producers ?? []) producer.letGo();
  }

  #lookSoon(): void {
    if (this.#look !== undefined) return;
    this.#allowance ??= new HoldAllowance();
    this.#allowance.begin(this.#clock.monotonic(), this.takenBytes);
    this.#lookAgain();
  }

  #lookAgain(): void {
    this.#look = this.#clock.after(LOOK_MS, () => this.#lookNow());
  }

  #lookNow(): void {
    const pending = this.#consumer.outbox.pendingBytes;
    this.#allowance?.look(this.#clock.monotonic(), this.takenBytes);
    if (this.#isTooMuch(pending)) return this.#giveUpPending();
    if (this.#isSpent() || pending <= this.#releaseBytes) {
      this.#release();
    } else this.#lookAgain();
  }
}

function releaseBytes({ stallPendingBytes }: ConsumerLimits): number {
  return Math.max(
    stallPendingBytes * RELEASE_FRACTION,
    stallPendingBytes - RELEASE_BYTES,
  );
}

function portionBytes(
  { maxPendingBytes, stallPendingBytes }: ConsumerLimits,
): number {
  const bytes = maxPendingBytes - stallPendingBytes;
  if (!Number.isFinite(bytes)) return PORTION_BYTES;
  return Math.max(
    Math.min(PORTION_BYTES, bytes / PORTIONS_MIN),
    bytes / PORTIONS_MAX,
  );
}
