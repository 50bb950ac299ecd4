/**
 * A message as a subscriber sees it. Its bytes are the subscriber's own: they
 * were copied out of the chunk that they came in, all of them in one run. Texts
 * and headers are made only when they are asked for.
 */
import { byteString, utf8Text } from "../../core/ascii.ts";
import { decodeHeaders, type MsgHdrs } from "../../core/headers.ts";
import { optional } from "../../core/optional.ts";
import type { ChunkLender } from "../../platform/socket.ts";
import { Message, NO_HEADERS } from "../../wire/message.ts";
import { copyBytes } from "../../wire/encode.ts";
import type {
  Msg,
  Payload,
  PublishOptions,
  ReviverFn,
} from "../api/message.ts";
import { MessageMemory } from "./message_memory.ts";

/** How a message sends an answer; the connection that it came over. */
export interface Publisher {
  publish(subject: string, payload?: Payload, options?: PublishOptions): void;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** A message may keep memory alive that is as many times its size. */
const KEPT_SHARE = 64;

/** All connections of a process fill one block after the other. */
const memory = new MessageMemory();

export class ReceivedMsg implements Msg {
  readonly sid: number;
  readonly data: Uint8Array;
  /** Its subject, its reply subject and its headers are in here. */
  readonly #bytes: Uint8Array;
  readonly #subjectStart: number;
  readonly #subjectEnd: number;
  readonly #replyStart: number;
  readonly #replyEnd: number;
  /** 0: it has none. The headers stand before `data`. */
  readonly #headerSize: number;
  #subject: string | undefined;
  #reply: string | undefined;
  #headers: MsgHdrs | undefined;
  readonly #publisher: Publisher;

  /**
   * `message` is borrowed, and lies in a chunk of `lender`, where there is one;
   * `subject` is its subject, where that is known as a text.
   */
  constructor(
    subject: string | undefined,
    sid: number,
    message: Message,
    publisher: Publisher,
    lender?: ChunkLender,
  ) {
    const from = isInOneBuffer(message) ? message : inOneBuffer(message);
    const { hasReply, payloadStart, headerSize, size } = from;
    const isLong = subject === undefined;
    const start = isLong ? from.subjectStart : replyOrBody(from);
    const headers = headerSize === NO_HEADERS ? 0 : headerSize;
    const dataStart = payloadStart + headers;
    const end = payloadStart + size;
    let bytes = from.bodyBuffer;
    let shift = 0;
    if (lender === undefined || !keeps(lender, bytes, end - start)) {
      shift = memory.take(dataStart - start, end - dataStart) - start;
      copyBytes(memory.bytes, start + shift, bytes, start, end);
      bytes = memory.bytes;
    }
    this.sid = sid;
    this.data = bytes.subarray(dataStart + shift, end + shift);
    this.#bytes = bytes;
    this.#headerSize = headers;
    this.#subject = subject;
    this.#subjectStart = isLong ? start + shift : 0;
    this.#subjectEnd = isLong ? from.subjectEnd + shift : subject.length;
    this.#replyStart = hasReply ? from.replyStart + shift : 0;
    this.#replyEnd = hasReply ? from.replyEnd + shift : 0;
    this.#publisher = publisher;
  }

  get subject(): string {
    return this.#subject ??= textOf(
      this.#bytes,
      this.#subjectStart,
      this.#subjectEnd,
    );
  }

  get reply(): string {
    if (this.#reply === undefined && this.#replyEnd > 0) {
      this.#reply = textOf(this.#bytes, this.#replyStart, this.#replyEnd);
    }
    return optional(this.#reply);
  }

  get headers(): MsgHdrs {
    if (this.#headers === undefined && this.#headerSize > 0) {
      this.#headers = readHeaders(this.#headerBytes());
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
    return this.#subjectEnd - this.#subjectStart + this.#replyEnd -
      this.#replyStart + this.#headerSize + this.data.length;
  }

  string(): string {
    return utf8.decode(this.data);
  }

  json<T>(reviver?: ReviverFn): T {
    return JSON.parse(this.string(), reviver) as T;
  }

  #headerBytes(): Uint8Array {
    const start = this.data.byteOffset - this.#bytes.byteOffset;
    return this.#bytes.subarray(start - this.#headerSize, start);
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

/** Where the first of them begins. */
function replyOrBody({ hasReply, replyStart, payloadStart }: Message): number {
  return hasReply ? replyStart : payloadStart;
}

/** Whether a message keeps the chunk that it lies in, and with it the rest of that. */
function keeps(
  lender: ChunkLender,
  { buffer }: Uint8Array,
  bytes: number,
): boolean {
  return bytes * KEPT_SHARE >= buffer.byteLength &&
    lender.keepChunk?.() === true;
}

/** As they stand in a line that is written as usual. */
function isInOneBuffer({ subjectBuffer, bodyBuffer }: Message): boolean {
  return subjectBuffer === bodyBuffer;
}

function inOneBuffer(message: Message): Message {
  const { subjectStart, subjectEnd, replyStart, replyEnd } = message;
  const { headerSize, size, payloadStart, bodyBuffer } = message;
  const one = new Message();
  const replyAt = one.subjectEnd = subjectEnd - subjectStart;
  one.replyStart = replyAt;
  one.payloadStart = one.replyEnd = replyAt + replyEnd - replyStart;
  one.headerSize = headerSize;
  one.size = size;
  const bytes = one.bodyBuffer = new Uint8Array(one.payloadStart + size);
  copyBytes(bytes, 0, message.subjectBuffer, subjectStart, subjectEnd);
  copyBytes(bytes, replyAt, message.replyBuffer, replyStart, replyEnd);
  const end = payloadStart + size;
  copyBytes(bytes, one.payloadStart, bodyBuffer, payloadStart, end);
  return one;
}

/** The text whose UTF-8 is `bytes[start, end)`. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  const text = byteString(bytes, start, end);
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) >= 0x80) return utf8Text(text);
  }
  return text;
}
