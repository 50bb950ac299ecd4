/**
 * How the messages of one subscription reach the program: through a callback,
 * or kept in a queue that is read as an async iterator.
 */
import type { Msg } from "../api/message.ts";
import type { StatusSink } from "../api/status.ts";
import type {
  MsgCallback,
  Subscription,
  SubscriptionOptions,
} from "../api/subscription.ts";
import { InvalidArgumentError } from "../../core/errors.ts";
import { Reading } from "./reading.ts";
import { carriedWith, Task, type Work } from "./work.ts";
import { AsyncQueue } from "../../core/async_queue.ts";

export interface Handover {
  /** Messages that the callback or the reader was given. */
  readonly processed: number;
  /** Messages that wait for the reader. */
  readonly pending: number;
  /** Messages that found no room to wait. */
  readonly dropped: number;
  /** One more reader; undefined: the messages go to a callback. */
  read(): AsyncIterator<Msg> | undefined;
  take(message: Msg): void;
  /** Nothing comes any more; `error` is why, if the program did not want it so. */
  end(error: Error | undefined): void;
}

/** A callback that fails must not take the connection with it: it is told as a status. */
export class CallbackHandover implements Handover {
  readonly pending = 0;
  readonly dropped = 0;
  processed = 0;
  readonly #callback: MsgCallback;
  readonly #work: Work;
  readonly #tell: (thrown: unknown) => void;
  /** What a callback gets together with an error. */
  readonly #emptyMessage: () => Msg;
  /** The task of calls that are over when they return, all of them in turn. */
  #plainTask: Task;
  /** A call that goes on after it has returned is found in its flow; to carry it there costs a little. */
  #goesOn = false;
  #runsInFlow = true;

  constructor(
    callback: MsgCallback,
    work: Work,
    tell: (thrown: unknown) => void,
    emptyMessage: () => Msg,
  ) {
    this.#callback = callback;
    this.#work = work;
    this.#plainTask = new Task(work);
    this.#tell = tell;
    this.#emptyMessage = emptyMessage;
  }

  take(message: Msg): void {
    this.processed++;
    this.#call(null, message);
  }

  end(error: Error | undefined): void {
    if (error !== undefined) this.#call(error, this.#emptyMessage());
  }

  read(): undefined {
    return undefined;
  }

  #call(error: Error | null, message: Msg): void {
    const work = this.#work;
    const { flow, caller: outer } = work;
    const task = this.#runsInFlow ? new Task(work) : this.#plainTask;
    work.caller = task;
    work.begin();
    const goesOn = this.#runsInFlow
      ? flow.run(carriedWith(task, flow), this.#invoke, error, message)
      : this.#invoke(error, message);
    work.caller = outer;
    if (task !== this.#plainTask) {
      if (!goesOn) work.end(task);
    } else if (goesOn) this.#plainTask = new Task(work);
    else work.endPlain(task);
    this.#goesOn ||= goesOn;
    this.#runsInFlow = this.#goesOn;
  }

  /** Gives whether the call goes on after it has returned. */
  readonly #invoke = (error: Error | null, message: Msg): boolean => {
    const task = this.#work.caller!;
    try {
      const done = this.#callback(error, message);
      if (!isPromise(done)) return false;
      done.then(
        () => this.#work.end(task),
        (thrown: unknown) => {
          this.#work.end(task);
          this.#tell(thrown);
        },
      );
      return true;
    } catch (thrown) {
      this.#tell(thrown);
      return false;
    }
  };
}

/** Of whichever realm or library. */
function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}

/** How many messages may wait for a reader. */
export interface QueueLimits {
  /** More than these are told as a status. */
  readonly slow: number;
  /** More than these are dropped. */
  readonly maxPending: number;
  readonly maxPendingBytes: number;
}

/** Enough for a second at full speed; a reader that lags further will not catch up. */
const PENDING_MAX = 524_288;
const PENDING_BYTES_MAX = 256 * 1024 * 1024;

/** The options with their defaults; throws `InvalidArgumentError` for what makes no sense. */
export function queueLimits(options: SubscriptionOptions): QueueLimits {
  const {
    slow = Infinity,
    maxPending = PENDING_MAX,
    maxPendingBytes = PENDING_BYTES_MAX,
  } = options;
  for (const [name, value] of Object.entries({ maxPending, maxPendingBytes })) {
    if (value >= 1) continue;
    throw new InvalidArgumentError(`Option "${name}" is below 1: ${value}`);
  }
  return { slow, maxPending, maxPendingBytes };
}

/** Whether one more message may wait; a single one may always, whatever its size. */
export function hasRoom(
  { pending, pendingSize }: AsyncQueue<Msg>,
  message: Msg,
  { maxPending, maxPendingBytes }: QueueLimits,
): boolean {
  return pending === 0 || (pending < maxPending &&
    pendingSize + payloadBytes(message) <= maxPendingBytes);
}

/** The size of a message in a queue that waits for its reader. */
export function payloadBytes({ data }: Msg): number {
  return data.length;
}

/** Messages wait for their reader, in order; those that come when it is full are dropped. */
export class QueueHandover implements Handover {
  dropped = 0;
  readonly messages: AsyncQueue<Msg>;
  readonly #subscription: Subscription;
  readonly #work: Work;
  readonly #limits: QueueLimits;
  readonly #statuses: StatusSink;
  #lags = false;
  #drops = false;

  constructor(
    subscription: Subscription,
    work: Work,
    limits: QueueLimits,
    statuses: StatusSink,
  ) {
    this.#work = work;
    this.messages = new AsyncQueue(
      () => subscription.unsubscribe(),
      payloadBytes,
    );
    this.#subscription = subscription;
    this.#limits = limits;
    this.#statuses = statuses;
  }

  get processed(): number {
    return this.messages.taken;
  }

  get pending(): number {
    return this.messages.pending;
  }

  take(message: Msg): void {
    const { messages } = this;
    const lagged = this.#lags;
    const dropped = this.#drops;
    this.#drops = !hasRoom(messages, message, this.#limits);
    if (this.#drops) this.dropped++;
    else messages.push(message);
    this.#lags = messages.pending > this.#limits.slow;
    if ((this.#lags && !lagged) || (this.#drops && !dropped)) this.#tell();
  }

  end(error: Error | undefined): void {
    this.messages.end(error);
  }

  read(): AsyncIterator<Msg> {
    return new Reading(this.messages, this.#work);
  }

  #tell(): void {
    const { pending, dropped } = this;
    const sub = this.#subscription;
    this.#statuses.tell({ type: "slowConsumer", sub, pending, dropped });
  }
}
