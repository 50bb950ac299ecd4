/**
 * One subscription: what its user holds, and how messages reach it, through a
 * callback or as an async iterator. The table of all subscriptions is in
 * `subscriptions.ts`.
 */
import type { Clock, Timer } from "../../platform/clock.ts";
import { deferred } from "../../core/deferred.ts";
import { Message } from "../../wire/message.ts";
import { InvalidOperationError } from "../../core/errors.ts";
import { TimeoutError } from "../api/errors.ts";
import type { Msg } from "../api/message.ts";
import { type Publisher, ReceivedMsg, textOf } from "./message.ts";
import { AsyncQueue } from "./queue.ts";
import type {
  MsgCallback,
  Subscription,
  SubscriptionOptions,
} from "../api/subscription.ts";

/** What a subscription asks of the table that it stands in. */
export interface SubscriptionOwner extends Publisher {
  /** Tells the server; `max` 0 means now. */
  withdraw(subscription: LiveSubscription, max: number): void;
  /** Takes it out of the table. */
  forget(subscription: LiveSubscription): void;
  /** Resolves when all that the server has sent for it until now is here. */
  flush(): Promise<void>;
  /** A callback threw. */
  report(error: Error): void;
  /** More messages wait for the reader than the option `slow` says. */
  lags(subscription: Subscription, pending: number): void;
}

export class LiveSubscription implements Subscription {
  readonly sid: number;
  readonly subject: string;
  /** Empty: in no queue group. */
  readonly queue: string;
  readonly closed: Promise<void | Error>;
  readonly #owner: SubscriptionOwner;
  readonly #callback: MsgCallback | undefined;
  readonly #messages: AsyncQueue<Msg>;
  readonly #resolveClosed: (error: void | Error) => void;
  #timer: Timer | undefined;
  /** 0: no limit. */
  #max: number;
  readonly #slow: number;
  #lags = false;
  #received = 0;
  #isClosed = false;
  #drained: Promise<void> | undefined;

  constructor(
    sid: number,
    subject: string,
    options: SubscriptionOptions,
    owner: SubscriptionOwner,
    clock: Clock,
  ) {
    this.sid = sid;
    this.subject = subject;
    this.queue = options.queue ?? "";
    this.#owner = owner;
    this.#callback = options.callback;
    this.#messages = new AsyncQueue(() => this.unsubscribe());
    this.#max = options.max ?? 0;
    this.#slow = options.slow ?? Infinity;
    const { promise, resolve } = deferred<void | Error>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    if (options.timeout !== undefined) this.#expect(options.timeout, clock);
  }

  /** Messages still to come before it ends by itself; 0: no limit. */
  get remaining(): number {
    return this.#max === 0 ? 0 : this.#max - this.#received;
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
    if (this.#isClosed) return Promise.resolve();
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  isClosed(): boolean {
    return this.#isClosed;
  }

  isDraining(): boolean {
    return this.#drained !== undefined && !this.#isClosed;
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
    return this.#callback === undefined ? this.#messages.taken : this.#received;
  }

  getPending(): number {
    return this.#messages.pending;
  }

  [Symbol.asyncIterator](): AsyncIterator<Msg> {
    if (this.#callback !== undefined) {
      throw new InvalidOperationError(
        "A subscription with a callback cannot be iterated",
      );
    }
    return this.#messages;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  /** Takes a message in; it is borrowed. */
  deliver(message: Message): void {
    this.#timer?.cancel();
    this.#received++;
    const received = new ReceivedMsg(
      this.#subjectOf(message),
      this.sid,
      message,
      this.#owner,
    );
    if (this.#callback === undefined) this.#keep(received);
    else this.#call(this.#callback, null, received);
    if (this.#max > 0 && this.#received >= this.#max) this.end();
  }

  /** Nothing comes any more. Says nothing to the server. */
  end(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#owner.forget(this);
    this.#messages.end(error);
    this.#resolveClosed(error);
    if (error !== undefined && this.#callback !== undefined) {
      this.#call(this.#callback, error, this.#emptyMessage());
    }
  }

  #keep(message: Msg): void {
    this.#messages.push(message);
    const { pending } = this.#messages;
    const lagged = this.#lags;
    this.#lags = pending > this.#slow;
    if (this.#lags && !lagged) this.#owner.lags(this, pending);
  }

  async #drain(): Promise<void> {
    this.#owner.withdraw(this, 0);
    try {
      await this.#owner.flush();
    } finally {
      this.end();
    }
  }

  #expect(timeoutMs: number, clock: Clock): void {
    this.#timer = clock.after(timeoutMs, () => {
      this.#owner.withdraw(this, 0);
      this.end(
        new TimeoutError(
          `No message on "${this.subject}" within ${timeoutMs} ms`,
        ),
      );
    });
  }

  /** A callback that fails must not take the connection with it. */
  #call(callback: MsgCallback, error: Error | null, message: Msg): void {
    try {
      const done = callback(error, message);
      if (done instanceof Promise) done.catch(this.#report);
    } catch (thrown) {
      this.#report(thrown);
    }
  }

  readonly #report = (thrown: unknown): void => {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    this.#owner.report(error);
  };

  /** Nearly always the subject that was subscribed to, which needs no new string. */
  #subjectOf(message: Message): string {
    const { subjectBuffer, subjectStart, subjectEnd } = message;
    return spells(subjectBuffer, subjectStart, subjectEnd, this.subject)
      ? this.subject
      : textOf(subjectBuffer, subjectStart, subjectEnd);
  }

  #emptyMessage(): Msg {
    return new ReceivedMsg(
      this.subject,
      this.sid,
      new Message(),
      this.#owner,
    );
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
