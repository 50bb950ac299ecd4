/**
 * What a client sends, written into an outbox without an object or a string
 * per message: PUB and HPUB, SUB, UNSUB and PING. What was written in one
 * turn of the event loop leaves as one write, in the next microtask at the
 * latest.
 *
 * Without a socket only publishes are kept, whole and up to a limit, for the
 * connection to come. What a socket was given is not sent again on the next
 * one: nobody knows how much of it arrived, and a message must not arrive twice.
 */
import { CR, LF, SPACE, writeBytes, writeDecimal } from "../core/ascii.ts";
import { type ByteSink, Outbox, type SlabPool } from "../core/outbox.ts";
import { copyBytes, PING_LINE } from "../wire/encode.ts";
import { BufferFullError, MaxPayloadError } from "./errors.ts";

const utf8 = new TextEncoder();
/** `HPUB `, blanks between words, two sizes and two line ends. */
const FRAME_BYTES = 32;
/** From this length on `encodeInto` is faster than a loop. */
const ENCODE_INTO_CHARS = 64;

export class Outgoing {
  /** The server's limit for headers and payload together; 0: not known. */
  maxPayloadBytes = 0;
  readonly #outbox: Outbox;
  readonly #maxBufferedBytes: number;
  #socket: ByteSink | undefined;
  #flushIsDue = false;
  readonly #flushNow = (): void => this.flush();

  constructor(slabs: SlabPool, maxBufferedBytes: number) {
    this.#maxBufferedBytes = maxBufferedBytes;
    this.#outbox = new Outbox(slabs, this.#sink());
  }

  /** Bytes that the system has not taken yet. */
  get pendingBytes(): number {
    return this.#outbox.pendingBytes;
  }

  /** Sends to `socket` from now on: `lines`, then what was kept. */
  attach(socket: ByteSink, lines: string): void {
    if (lines !== "") socket.write(utf8.encode(lines));
    this.#socket = socket;
    this.flush();
  }

  /** From now on publishes are kept. */
  detach(): void {
    this.flush();
    this.#outbox.discard();
    this.#socket = undefined;
  }

  /** One message; `payload` (borrowed) is copied. Gives the bytes of headers and payload. */
  publish(
    subject: string,
    reply: string,
    headers: Uint8Array | undefined,
    payload: Uint8Array | string,
  ): number {
    const headerSize = headers === undefined ? 0 : headers.length;
    const size = headerSize + payloadSize(payload);
    if (size > this.maxPayloadBytes && this.maxPayloadBytes > 0) {
      throw new MaxPayloadError(size, this.maxPayloadBytes);
    }
    const room = 3 * (subject.length + reply.length) + size + FRAME_BYTES;
    if (this.#socket === undefined) this.#checkBuffer(room);
    const out = this.#outbox;
    out.reserve(room);
    const to = out.slab;
    let at = writeBytes(to, out.end, headers === undefined ? "PUB " : "HPUB ");
    at = writeText(to, at, subject);
    to[at++] = SPACE;
    if (reply !== "") {
      at = writeText(to, at, reply);
      to[at++] = SPACE;
    }
    if (headers !== undefined) {
      at = writeDecimal(to, at, headerSize);
      to[at++] = SPACE;
    }
    at = writeLineEnd(to, writeDecimal(to, at, size));
    if (headers !== undefined) at = copyBytes(to, at, headers, 0, headerSize);
    at = typeof payload === "string"
      ? writeText(to, at, payload)
      : copyBytes(to, at, payload, 0, payload.length);
    out.end = writeLineEnd(to, at);
    this.#flushSoon();
    return size;
  }

  /** Without a socket this and the next two do nothing: a new connection starts from the tables. */
  subscribe(sid: number, subject: string, queue: string): void {
    this.#lines(subLine(sid, subject, queue));
  }

  /** `max` deliveries in all, counted by the server; 0: none from now on. */
  unsubscribe(sid: number, max: number): void {
    this.#lines(unsubLine(sid, max));
  }

  /** Leaves at once, behind all that was written so far. */
  ping(): void {
    if (this.#socket === undefined) return;
    this.#outbox.append(PING_LINE);
    this.flush();
  }

  flush(): void {
    this.#flushIsDue = false;
    if (this.#socket !== undefined) this.#outbox.flush();
  }

  #lines(text: string): void {
    if (this.#socket === undefined) return;
    this.#outbox.append(utf8.encode(text));
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#flushIsDue || this.#socket === undefined) return;
    this.#flushIsDue = true;
    queueMicrotask(this.#flushNow);
  }

  #checkBuffer(bytes: number): void {
    if (this.#outbox.size + bytes > this.#maxBufferedBytes) {
      throw new BufferFullError(this.#maxBufferedBytes);
    }
  }

  /** The outbox outlives its sockets. */
  #sink(): ByteSink {
    const socket = (): ByteSink | undefined => this.#socket;
    return {
      get pendingBytes(): number {
        return socket()?.pendingBytes ?? 0;
      },
      write: (bytes) => socket()?.write(bytes) ?? false,
    };
  }
}

export function subLine(sid: number, subject: string, queue: string): string {
  return queue === ""
    ? `SUB ${subject} ${sid}\r\n`
    : `SUB ${subject} ${queue} ${sid}\r\n`;
}

export function unsubLine(sid: number, max: number): string {
  return max === 0 ? `UNSUB ${sid}\r\n` : `UNSUB ${sid} ${max}\r\n`;
}

function payloadSize(payload: Uint8Array | string): number {
  return typeof payload === "string" ? utf8Length(payload) : payload.length;
}

/** How many bytes a text has in UTF-8; half a surrogate pair becomes U+FFFD, as `TextEncoder` does. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      length++;
      continue;
    }
    length += 2;
    if (isPair(unit, text.charCodeAt(i + 1))) i++;
  }
  return length;
}

/** Two units that together take four bytes. */
function isPair(high: number, low: number): boolean {
  return high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000;
}

/** Writes a text as UTF-8; there is room for it. */
function writeText(to: Uint8Array, at: number, text: string): number {
  if (text.length < ENCODE_INTO_CHARS) {
    const end = writeShortAscii(to, at, text);
    if (end >= 0) return end;
  }
  return at + utf8.encodeInto(text, to.subarray(at)).written;
}

/** Gives -1 at the first char that is not ASCII. */
function writeShortAscii(to: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return -1;
    to[at + i] = unit;
  }
  return at + text.length;
}

function writeLineEnd(to: Uint8Array, at: number): number {
  to[at] = CR;
  to[at + 1] = LF;
  return at + 2;
}
