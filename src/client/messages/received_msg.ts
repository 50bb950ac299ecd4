/**
 * A message as a subscriber sees it. Its bytes are the subscriber's own: they
 * were copied out of the chunk that they came in. Texts and headers are made
 * only when they are asked for.
 */
import { byteString, utf8Text } from "../../core/ascii.ts";
import { decodeHeaders, type MsgHdrs } from "../../core/headers.ts";
import { optional } from "../../core/optional.ts";
import { type Message, NO_HEADERS } from "../../wire/message.ts";
import { copyBytes } from "../../wire/encode.ts";
import type {
  Msg,
  Payload,
  PublishOptions,
  ReviverFn,
} from "../api/message.ts";
import { utf8Length } from "./frame.ts";

/** How a message sends an answer; the connection that it came over. */
export interface Publisher {
  publish(subject: string, payload?: Payload, options?: PublishOptions): void;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

export class ReceivedMsg implements Msg {
  readonly subject: string;
  readonly sid: number;
  readonly reply: string;
  readonly data: Uint8Array;
  readonly #headerBytes: Uint8Array | undefined;
  #headers: MsgHdrs | undefined;
  readonly #publisher: Publisher;

  /** `message` is borrowed. */
  constructor(
    subject: string,
    sid: number,
    message: Message,
    publisher: Publisher,
  ) {
    const { headerSize, payloadStart, bodyBuffer, size } = message;
    const dataStart = payloadStart +
      (headerSize === NO_HEADERS ? 0 : headerSize);
    this.subject = subject;
    this.sid = sid;
    this.reply = optional(
      message.hasReply
        ? textOf(message.replyBuffer, message.replyStart, message.replyEnd)
        : undefined,
    );
    this.data = ownBytes(bodyBuffer, dataStart, payloadStart + size);
    this.#headerBytes = headerSize === NO_HEADERS
      ? undefined
      : ownBytes(bodyBuffer, payloadStart, dataStart);
    this.#publisher = publisher;
  }

  get headers(): MsgHdrs {
    if (this.#headers === undefined && this.#headerBytes !== undefined) {
      this.#headers = readHeaders(this.#headerBytes);
    }
    return optional(this.#headers);
  }

  /** The way back, which `@nats-io/jetstream` takes for acknowledgements. */
  get publisher(): Publisher {
    return this.#publisher;
  }

  respond(payload?: Payload, options?: PublishOptions): boolean {
    if (this.reply === undefined) return false;
    this.#publisher.publish(this.reply, payload, options);
    return true;
  }

  /**
   * Bytes of subject, reply subject, headers and payload together, as
   * `@nats-io/jetstream` counts what it has asked for.
   */
  size(): number {
    return utf8Length(this.subject) + utf8Length(this.reply ?? "") +
      (this.#headerBytes?.length ?? 0) + this.data.length;
  }

  string(): string {
    return utf8.decode(this.data);
  }

  json<T>(reviver?: ReviverFn): T {
    return JSON.parse(this.string(), reviver) as T;
  }
}

/** Servers pass on whatever a publisher calls headers. */
function readHeaders(bytes: Uint8Array): MsgHdrs | undefined {
  try {
    return decodeHeaders(bytes);
  } catch {
    return undefined;
  }
}

/** A copy; `slice` would share the memory when the bytes are a Node buffer. */
function ownBytes(from: Uint8Array, start: number, end: number): Uint8Array {
  const bytes = new Uint8Array(end - start);
  copyBytes(bytes, 0, from, start, end);
  return bytes;
}

/** The text whose UTF-8 is `bytes[start, end)`. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  const text = byteString(bytes, start, end);
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) >= 0x80) return utf8Text(text);
  }
  return text;
}
