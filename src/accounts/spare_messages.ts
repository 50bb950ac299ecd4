/**
 * Messages of the server itself, made of texts and bytes. One is borrowed for the
 * call that delivers it, and its memory serves the next one; handlers may publish
 * others meanwhile, each of which has memory of its own.
 */
import { asciiBytes, writeBytes, writeDecimal } from "../core/ascii.ts";
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

const LINE_END = asciiBytes("\r\n");
/** Room for what a line has besides texts. */
const LINE_BYTES = 64;
const FIRST_ROOM = 512;
/** What is longer gets memory of its own. */
const ROOM_MAX = 64 * 1024;

class SpareMessage {
  readonly message: Message = new Message();
  #names = new Uint8Array(FIRST_ROOM);
  #body = new Uint8Array(FIRST_ROOM);

  fill({ subject, reply, before, headers, payload }: Parts): Message {
    const { message } = this;
    const size = headers.length + payload.length;
    this.#names = withRoom(this.#names, subject.length + reply.length);
    const names = this.#names;
    message.publishedOn = undefined;
    message.memo = undefined;
    message.subjectBuffer = names;
    message.subjectStart = 0;
    message.subjectEnd = writeBytes(names, 0, subject);
    message.replyBuffer = names;
    message.replyStart = message.subjectEnd;
    message.replyEnd = writeBytes(names, message.subjectEnd, reply);
    this.#body = withRoom(this.#body, LINE_BYTES + before.length + size);
    const body = this.#body;
    let at = writeBytes(body, 0, before);
    if (headers.length > 0) {
      at = writeDecimal(body, at, headers.length);
      at = writeBytes(body, at, " ");
    }
    at = writeDecimal(body, at, size);
    body.set(LINE_END, at);
    at += LINE_END.length;
    message.payloadStart = at;
    body.set(headers, at);
    body.set(payload, at + headers.length);
    body.set(LINE_END, at + size);
    message.bodyBuffer = body;
    message.bodyStart = 0;
    message.bodyEnd = at + size + LINE_END.length;
    message.size = size;
    message.headerSize = headers.length > 0 ? headers.length : NO_HEADERS;
    return message;
  }

  /** Keeps no large memory. */
  empty(): void {
    if (this.#body.length > ROOM_MAX) this.#body = new Uint8Array(FIRST_ROOM);
  }
}

export class SpareMessages {
  /** By how many are under way. */
  readonly #spares: SpareMessage[] = [];
  #underWay = 0;

  /** A message until `giveBack`, which is called in the opposite order. */
  take(parts: Parts): Message {
    const spare = this.#spares[this.#underWay] ??= new SpareMessage();
    this.#underWay++;
    return spare.fill(parts);
  }

  giveBack(): void {
    this.#spares[--this.#underWay]!.empty();
  }
}

function withRoom(
  bytes: Uint8Array<ArrayBuffer>,
  needed: number,
): Uint8Array<ArrayBuffer> {
  if (needed <= bytes.length) return bytes;
  return new Uint8Array(Math.max(needed, 2 * bytes.length));
}
