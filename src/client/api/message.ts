/**
 * Messages, as a program publishes and receives them, and what may go along
 * with one. `messages/received_msg.ts` makes those that come in.
 */
import type { MsgHdrs } from "../../core/headers.ts";

/** What is published: bytes as they are, text as UTF-8. */
export type Payload = Uint8Array | string;

/** What goes along with a message. */
export interface RequestHeaders {
  /** The headers of the message. */
  readonly headers?: MsgHdrs;
  /** Where servers from 2.11 on tell which way the message went. */
  readonly traceDestination?: string;
  /** With `traceDestination`: tell the way and deliver to nobody. */
  readonly traceOnly?: boolean;
}

/** What `publish` takes; every field may be left out. */
export interface PublishOptions extends RequestHeaders {
  /** The subject for answers. Empty: none. */
  readonly reply?: string;
}

/**
 * When no more fits the buffer of publishes that wait for a connection:
 * `error` throws `BufferFullError`, `wait` gives a promise that resolves when
 * there is room, the other two drop whole messages.
 */
export type BufferPolicy = "error" | "wait" | "drop-oldest" | "drop-newest";

/** A received message. */
export interface Msg {
  /** The subject that it was published to. */
  readonly subject: string;
  /** The number of the subscription that it came for. */
  readonly sid: number;
  /** The subject for answers, if the publisher wants any. */
  readonly reply?: string;
  /**
   * The payload. It is the program's own; its `buffer` may hold other messages
   * as well, so who hands the buffer on copies the payload first.
   */
  readonly data: Uint8Array;
  /** Undefined when the message has none, or none that make sense. */
  readonly headers?: MsgHdrs;
  /** Publishes an answer; false when the publisher wants none. */
  respond(payload?: Payload, options?: PublishOptions): boolean;
  /** The payload, read as UTF-8. */
  string(): string;
  /** The payload, read as JSON; `reviver` is that of `JSON.parse`. */
  json<T>(reviver?: ReviverFn): T;
}

/** Changes a value on its way out of JSON. */
export type ReviverFn = (key: string, value: unknown) => unknown;

/** A payload of no bytes. */
export const Empty: Uint8Array = new Uint8Array(0);
