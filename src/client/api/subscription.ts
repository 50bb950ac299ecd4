/**
 * Subscriptions, as a program makes and holds them. More than a dozen members:
 * because `Subscription` has those of nats.js.
 */
import type { Msg } from "./message.ts";

/**
 * Handles one message. An error ends the subscription; the message that comes
 * with it is empty. A promise that it returns is waited for by `drain`; one that
 * rejects is told by `status()`, as what it throws is.
 */
export type MsgCallback = (error: Error | null, message: Msg) => unknown;

/** What `subscribe` takes; every field may be left out. */
export interface SubscriptionOptions {
  /** Of all members of a queue group, one gets each message. Empty: no group. */
  readonly queue?: string;
  /** Ends the subscription after this number of messages. */
  readonly max?: number;
  /** Ends the subscription with a `TimeoutError` when no first message comes within these milliseconds. */
  readonly timeout?: number;
  /** Tells `status()` when more messages than this wait for the iterator's reader. */
  readonly slow?: number;
  /**
   * Messages that may wait for the iterator's reader; those that come beyond it
   * are dropped, counted and told by `status()`. Default: 524,288.
   */
  readonly maxPending?: number;
  /** The same for the bytes of their payloads. Default: 256 MiB. */
  readonly maxPendingBytes?: number;
  /** Without it, the subscription is an async iterator. */
  readonly callback?: MsgCallback;
}

/**
 * A live interest in a subject. Without a callback it is an async iterator:
 * messages wait in it until they are read, up to `maxPending`.
 */
export interface Subscription extends AsyncIterable<Msg>, AsyncDisposable {
  /** Resolves when it ends: with the error if one ended it. */
  readonly closed: Promise<void | Error>;
  /**
   * Hands a message to the program, to the callback or into the iterator, as if
   * it had arrived; an error ends the subscription.
   *
   * @internal nats.js has it, and its types ask for it.
   */
  callback(error: Error | null, message: Msg): void;
  /** Ends it, at once or after `max` messages counted from its beginning. */
  unsubscribe(max?: number): void;
  /**
   * Ends it once all that is under way has arrived, and resolves when the
   * program has done with it: the promises that a callback returned are settled,
   * and a `for await` loop has asked for a message behind the last one, or was
   * left. Where nobody reads, what an iterator holds can still be read
   * afterwards. What waits for this promise itself is not waited for. After
   * `drainTimeout` it rejects with a `DrainTimeoutError`, which `status()` tells
   * as well.
   */
  drain(): Promise<void>;
  /** Whether it has ended. */
  isClosed(): boolean;
  /** Whether it is about to end, see `drain`. */
  isDraining(): boolean;
  /** Its number on the connection, `sid` in a message. */
  getID(): number;
  /** The subject that it was made for. */
  getSubject(): string;
  /** Its queue group, if it is in one. */
  getQueue(): string | undefined;
  /** After how many messages it ends, if it does. */
  getMax(): number | undefined;
  /** Messages that arrived. */
  getReceived(): number;
  /** Messages that the callback or the iterator's reader was given. */
  getProcessed(): number;
  /** Messages that wait for the iterator's reader. */
  getPending(): number;
  /** Messages that were dropped, as too many waited for the iterator's reader. */
  getDropped(): number;
  /** Drains it, see `drain`. */
  [Symbol.asyncDispose](): Promise<void>;
}
