/**
 * Messages of the server itself, made of texts and bytes. One is borrowed for the
 * call that delivers it, and its memory serves the next one; handlers may publish
 * others meanwhile, each of which has memory of its own.
 */
import { writeBytes, writeDecimal } from "../core/ascii.ts";
import { Message, NO_HEADERS } from "../wire/message.ts";

/** What a message is made of. Texts are byte strings. */
interface Parts {
  readonly subject: string;
  readonly reply: string;
  /** Stands before the sizes. */
  readonly before: string;
  readonly headers: Uint8Array;
  readonly payload: Uint8Array;
}

/** Bytes that a piece of memory begins with. */
export interface Leading {
  readonly bytes: Uint8Array;
  readonly length: number;
}

const LINE_END = "\r\n";
/** Room for what a line has besides texts. */
const LINE_BYTES = 64;
const FIRST_ROOM = 512;
/** What is longer gets memory of its own. */
const ROOM_MAX = 64 * 1024;

class SpareMessage {
  readonly message: Message = new Message();
  /** The whole message in one piece, so that it is copied by words: subject, reply, sizes, headers and payload. */
  #room = new Uint8Array(FIRST_ROOM);

  fill({ subject, reply, before, headers, payload }: Parts): Message {
    const names = subject.length + reply.length + before.length;
    const room = this.#roomFor(names + headers.length + payload.length);
    const subjectEnd = writeBytes(room, 0, subject);
    const replyEnd = writeBytes(room, subjectEnd, reply);
    const at = writeBytes(room, replyEnd, before);
    return this.#finish(subjectEnd, replyEnd, at, headers, payload);
  }

  fillWith(
    subject: string,
    reply: Leading,
    headers: Uint8Array,
    payload: Uint8Array,
  ): Message {
    const names = subject.length + reply.length;
    const room = this.#roomFor(names + headers.length + payload.length);
    const subjectEnd = writeBytes(room, 0, subject);
    for (let i = 0; i < reply.length; i++) {
      room[subjectEnd + i] = reply.bytes[i]!;
    }
    return this.#finish(subjectEnd, names, names, headers, payload);
  }

  /** Keeps no large memory. */
  empty(): void {
    if (this.#room.length > ROOM_MAX) this.#room = new Uint8Array(FIRST_ROOM);
  }

  /** Subject and reply are written: adds the sizes, from `sizesAt` on, headers and payload. */
  #finish(
    subjectEnd: number,
    replyEnd: number,
    sizesAt: number,
    headers: Uint8Array,
    payload: Uint8Array,
  ): Message {
    const { message } = this;
    const room = this.#room;
    const size = headers.length + payload.length;
    message.publishedOn = undefined;
    message.memo = undefined;
    message.subjectBuffer = room;
    message.subjectStart = 0;
    message.subjectEnd = subjectEnd;
    message.replyBuffer = room;
    message.replyStart = subjectEnd;
    message.replyEnd = replyEnd;
    message.bodyBuffer = room;
    message.bodyStart = replyEnd;
    message.size = size;
    message.headerSize = headers.length > 0 ? headers.length : NO_HEADERS;
    let at = sizesAt;
    if (headers.length > 0) {
      at = writeDecimal(room, at, headers.length);
      at = writeBytes(room, at, " ");
    }
    at = writeBytes(room, writeDecimal(room, at, size), LINE_END);
    message.payloadStart = at;
    if (headers.length > 0) room.set(headers, at);
    room.set(payload, at + headers.length);
    at += size;
    message.bodyEnd = writeBytes(room, at, LINE_END);
    return message;
  }

  #roomFor(bytes: number): Uint8Array {
    const needed = LINE_BYTES + bytes;
    if (needed > this.#room.length) {
      this.#room = new Uint8Array(Math.max(needed, 2 * this.#room.length));
    }
    return this.#room;
  }
}

export class SpareMessages {
  /** One for each message that may be under way at a time, the outermost first. */
  readonly #spares: SpareMessage[] = [];
  #underWay = 0;

  /** A message until `giveBack`, which is called in the opposite order. */
  take(parts: Parts): Message {
    return this.#next().fill(parts);
  }

  /** As `take`, with a reply in bytes. Makes no object. */
  takeWith(
    subject: string,
    reply: Leading,
    headers: Uint8Array,
    payload: Uint8Array,
  ): Message {
    return this.#next().fillWith(subject, reply, headers, payload);
  }

  giveBack(): void {
    this.#spares[--this.#underWay]!.empty();
  }

  #next(): SpareMessage {
    return this.#spares[this.#underWay++] ??= new SpareMessage();
  }
}
