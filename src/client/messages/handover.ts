/**
 * How the messages of one subscription reach the program: through a callback,
 * or kept in a queue that is read as an async iterator.
 */
import type { Msg } from "../api/message.ts";
import type { StatusSink } from "../api/status.ts";
import type { MsgCallback, Subscription } from "../api/subscription.ts";
import { AsyncQueue } from "../../core/async_queue.ts";

export interface Handover {
  /** Messages that the callback or the reader was given. */
  readonly processed: number;
  /** Messages that wait for the reader. */
  readonly pending: number;
  /** Undefined: the messages go to a callback. */
  readonly messages: AsyncIterator<Msg> | undefined;
  take(message: Msg): void;
  /** Nothing comes any more; `error` is why, if the program did not want it so. */
  end(error: Error | undefined): void;
}

/** A callback that fails must not take the connection with it: it is told as a status. */
export class CallbackHandover implements Handover {
  readonly pending = 0;
  readonly messages = undefined;
  processed = 0;
  readonly #callback: MsgCallback;
  readonly #statuses: StatusSink;
  /** What a callback gets together with an error. */
  readonly #emptyMessage: () => Msg;

  constructor(
    callback: MsgCallback,
    statuses: StatusSink,
    emptyMessage: () => Msg,
  ) {
    this.#callback = callback;
    this.#statuses = statuses;
    this.#emptyMessage = emptyMessage;
  }

  take(message: Msg): void {
    this.processed++;
    this.#call(null, message);
  }

  end(error: Error | undefined): void {
    if (error !== undefined) this.#call(error, this.#emptyMessage());
  }

  #call(error: Error | null, message: Msg): void {
    try {
      const done = this.#callback(error, message);
      if (done instanceof Promise) done.catch(this.#tell);
    } catch (thrown) {
      this.#tell(thrown);
    }
  }

  readonly #tell = (thrown: unknown): void => {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    this.#statuses.tell({ type: "error", error });
  };
}

/** Messages wait without a limit; more of them than `slow` are told as a status. */
export class QueueHandover implements Handover {
  readonly messages: AsyncQueue<Msg>;
  readonly #subscription: Subscription;
  readonly #slow: number;
  readonly #statuses: StatusSink;
  #lags = false;

  constructor(
    subscription: Subscription,
    slow: number,
    statuses: StatusSink,
  ) {
    this.messages = new AsyncQueue(() => subscription.unsubscribe());
    this.#subscription = subscription;
    this.#slow = slow;
    this.#statuses = statuses;
  }

  get processed(): number {
    return this.messages.taken;
  }

  get pending(): number {
    return this.messages.pending;
  }

  take(message: Msg): void {
    this.messages.push(message);
    const { pending } = this.messages;
    const lagged = this.#lags;
    this.#lags = pending > this.#slow;
    if (this.#lags && !lagged) {
      const sub = this.#subscription;
      this.#statuses.tell({ type: "slowConsumer", sub, pending });
    }
  }

  end(error: Error | undefined): void {
    this.messages.end(error);
  }
}
