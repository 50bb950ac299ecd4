/**
 * One subscription: what its program holds, and its life from SUB to its end.
 * The table of all subscriptions is in `subscriptions.ts`, the ways in which
 * messages reach the program are in `handover.ts`.
 */
import type { Clock, Timer } from "../../platform/clock.ts";
import { deferred } from "../../core/deferred.ts";
import { InvalidOperationError, isError } from "../../core/errors.ts";
import { Message } from "../../wire/message.ts";
import type { Flow } from "../../platform/flow.ts";
import type { ChunkLender } from "../../platform/socket.ts";
import { AwaitedPromise } from "../../core/awaited_promise.ts";
import {
  DrainTimeoutError,
  TimeoutError,
  type Unfinished,
} from "../api/errors.ts";
import type { Msg } from "../api/message.ts";
import type { StatusSink } from "../api/status.ts";
import type { Subscription, SubscriptionOptions } from "../api/subscription.ts";
import type { Gate } from "./gate.ts";
import {
  CallbackHandover,
  type Handover,
  QueueHandover,
  queueLimits,
} from "./handover.ts";
import { type Publisher, ReceivedMsg } from "./received_msg.ts";
import { type Wait, Work } from "./work.ts";

/** What a subscription asks of the table that it stands in. */
export interface SubscriptionOwner {
  readonly clock: Clock;
  readonly statuses: StatusSink;
  /** Sends the answers to its messages. */
  readonly publisher: Publisher;
  /** Tells the server; `max` 0 means now. */
  withdraw(subscription: LiveSubscription, max: number): void;
  /** Takes it out of the table. */
  forget(subscription: LiveSubscription): void;
  /** Resolves when all that the server has sent for it until now is here; rejects when that takes too long. */
  flush(): Promise<void>;
  /** It has ended, and something is under way for it. */
  remember(subscription: LiveSubscription): void;
  /** The most that a drain waits for what is under way. */
  readonly drainTimeoutMs: number;
  readonly gate: Gate;
  readonly flow: Flow;
}

/** More than a dozen members: because it has those of nats.js's `Subscription`. */
export class LiveSubscription implements Subscription {
  /** It and the subject change in `moveTo` only. */
  sid: number;
  subject: string;
  /** Empty: in no queue group. */
  readonly queue: string;
  readonly closed: Promise<void | Error>;
  /** What the program has under way for it. */
  readonly work: Work;
  readonly #owner: SubscriptionOwner;
  readonly #handover: Handover;
  readonly #resolveClosed: (error: void | Error) => void;
  /** Runs until the first message, with the option `timeout`. */
  #timer: Timer | undefined;
  /** 0: no limit. */
  #max: number;
  #received = 0;
  /** Received before the server of now was told of it, which does not count them. */
  #receivedBefore = 0;
  #isClosed = false;
  /** Under way from the first drain on. */
  #ending: Promise<void> | undefined;

  constructor(
    sid: number,
    subject: string,
    options: SubscriptionOptions,
    owner: SubscriptionOwner,
  ) {
    this.sid = sid;
    this.subject = subject;
    this.queue = options.queue ?? "";
    this.#owner = owner;
    this.work = new Work(owner.flow, () => this.#onBusy());
    this.#handover = this.#handoverFor(options);
    this.#max = options.max ?? 0;
    const { promise, resolve } = deferred<void | Error>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    if (options.timeout !== undefined) this.#expect(options.timeout);
  }

  /** Messages still to come before it ends by itself; 0: no limit. */
  get remaining(): number {
    return this.#max === 0 ? 0 : this.#max - this.#received;
  }

  /** `max`, as the server counts. */
  countedByServer(max: number): number {
    return max - this.#receivedBefore;
  }

  /** A server is told of it, and counts from here. */
  beginCount(): void {
    this.#receivedBefore = this.#received;
  }

  unsubscribe(max: number = 0): void {
    if (this.#isClosed) return;
    this.#max = max;
    if (max > this.#received) {
      this.#owner.withdraw(this, max);
    } else {
      this.#owner.withdraw(this, 0);
      this.end();
    }
  }

  drain(): Promise<void> {
    const isOver = this.#owner.gate.isClosed || this.work.count === 0;
    if (this.#isClosed && isOver) return Promise.resolve();
    const wait = this.work.wait();
    const drained = this.#drain(wait);
    return AwaitedPromise.of(drained, () => wait.excuseCaller());
  }

  isClosed(): boolean {
    return this.#isClosed;
  }

  isDraining(): boolean {
    return this.#ending !== undefined && !this.#isClosed;
  }

  getID(): number {
    return this.sid;
  }

  getSubject(): string {
    return this.subject;
  }

  getQueue(): string | undefined {
    return this.queue === "" ? undefined : this.queue;
  }

  getMax(): number | undefined {
    return this.#max === 0 ? undefined : this.#max;
  }

  getReceived(): number {
    return this.#received;
  }

  getProcessed(): number {
    return this.#handover.processed;
  }

  getPending(): number {
    return this.#handover.pending;
  }

  getDropped(): number {
    return this.#handover.dropped;
  }

  [Symbol.asyncIterator](): AsyncIterator<Msg> {
    const reading = this.#handover.read();
    if (reading !== undefined) return reading;
    throw new InvalidOperationError(
      "A subscription with a callback cannot be iterated",
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  callback(error: Error | null, message: Msg): void {
    if (error !== null) this.end(error);
    else if (!this.#isClosed) this.#handover.take(message);
  }

  /**
   * Stands for another subject from now on, under another number, so that what
   * still comes for the one before finds nobody. It ends after `max` more
   * messages; 0: no limit.
   */
  moveTo(sid: number, subject: string, max: number): void {
    this.sid = sid;
    this.subject = subject;
    this.#max = max === 0 ? 0 : this.#received + max;
  }

  /** Takes a message in, which is borrowed, from `lender` where that is known. */
  deliver(message: Message, lender: ChunkLender | undefined): void {
    this.#timer?.cancel();
    this.#received++;
    const { publisher } = this.#owner;
    const subject = this.#knownSubjectOf(message);
    this.#handover.take(
      new ReceivedMsg(subject, this.sid, message, publisher, lender),
    );
    if (this.#max > 0 && this.#received >= this.#max) this.end();
  }

  /** Nothing comes any more. Says nothing to the server. */
  end(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#owner.forget(this);
    this.#handover.end(error);
    this.#resolveClosed(error);
    this.#onBusy();
  }

  /** The connection is closed: nobody waits for what is under way. */
  abandon(): void {
    this.end();
    this.work.giveUp();
  }

  /**
   * Ends it when all that is under way has arrived, and waits until the program
   * has done with it; gives what was left when that took too long.
   */
  async finish(wait: Wait): Promise<Unfinished | undefined> {
    try {
      if (!this.#isClosed) await (this.#ending ??= this.#end());
    } finally {
      await this.#waitFor(wait);
    }
    if (wait.isDone) return undefined;
    this.#owner.gate.checkOpen();
    const { subject, work: { count: underWay } } = this;
    return { subject, underWay, pending: this.getPending() };
  }

  #handoverFor(options: SubscriptionOptions): Handover {
    const { statuses } = this.#owner;
    const { callback } = options;
    return callback === undefined
      ? new QueueHandover(this, this.work, queueLimits(options), statuses)
      : new CallbackHandover(
        callback,
        this.work,
        (thrown) => this.#tell(thrown),
        () => this.#emptyMessage(),
      );
  }

  #tell(thrown: unknown): void {
    const error = isError(thrown) ? thrown : new Error(String(thrown));
    const { subject } = this;
    this.#owner.statuses.tell({ type: "error", error, subject });
  }

  /** One that is gone from the table is found by a drain all the same. */
  #onBusy(): void {
    if (this.#isClosed && this.work.count > 0) this.#owner.remember(this);
  }

  async #drain(wait: Wait): Promise<void> {
    const left = await this.finish(wait);
    if (left === undefined) return;
    const { drainTimeoutMs, statuses } = this.#owner;
    const error = new DrainTimeoutError(drainTimeoutMs, [left]);
    statuses.tell({ type: "error", error });
    throw error;
  }

  async #waitFor(wait: Wait): Promise<void> {
    const { clock, drainTimeoutMs } = this.#owner;
    const timer = drainTimeoutMs === Infinity
      ? undefined
      : clock.after(drainTimeoutMs, () => wait.giveUp());
    await wait.start();
    timer?.cancel();
  }

  async #end(): Promise<void> {
    this.#owner.withdraw(this, 0);
    try {
      await this.#owner.flush();
    } finally {
      this.end();
    }
  }

  #expect(timeoutMs: number): void {
    this.#timer = this.#owner.clock.after(timeoutMs, () => {
      this.#owner.withdraw(this, 0);
      this.end(
        new TimeoutError(
          `No message on "${this.subject}" within ${timeoutMs} ms`,
        ),
      );
    });
  }

  /** Nearly always the subject that was subscribed to, or one of many that its wildcards stand for. */
  #knownSubjectOf(message: Message): string | undefined {
    const { subjectBuffer, subjectStart, subjectEnd } = message;
    return spells(subjectBuffer, subjectStart, subjectEnd, this.subject)
      ? this.subject
      : undefined;
  }

  #emptyMessage(): Msg {
    const { publisher } = this.#owner;
    return new ReceivedMsg(this.subject, this.sid, new Message(), publisher);
  }
}

/** Whether the bytes are those of an ASCII text. */
function spells(
  bytes: Uint8Array,
  start: number,
  end: number,
  text: string,
): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char !== bytes[start + i] || char >= 0x80) return false;
  }
  return true;
}
