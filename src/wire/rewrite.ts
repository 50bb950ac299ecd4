/**
 * A message with another subject, reply or headers than it came with: for
 * subject mappings, imports between accounts, and headers that the server adds.
 * A message belongs to the connection that it came by, so what is to differ
 * for some of its receivers only is changed in a copy of its parts.
 */
import { asciiBytes, CASE_BIT, CR, LF, SPACE } from "../core/ascii.ts";
import { SharedMemory } from "../core/shared_memory.ts";
import { Message, NO_HEADERS } from "./message.ts";

/** NATS headers: the first line of a header block, which may carry a status. */
const VERSION_LINE = asciiBytes("NATS/1.0\r\n");
const LINE_END = asciiBytes("\r\n");
const COLON = 0x3a;

/** Makes `to` say the same as `from`. Bytes are shared, not copied. */
export function copyParts(from: Message, to: Message): void {
  to.subjectBuffer = from.subjectBuffer;
  to.subjectStart = from.subjectStart;
  to.subjectEnd = from.subjectEnd;
  to.replyBuffer = from.replyBuffer;
  to.replyStart = from.replyStart;
  to.replyEnd = from.replyEnd;
  to.headerSize = from.headerSize;
  to.size = from.size;
  to.bodyBuffer = from.bodyBuffer;
  to.bodyStart = from.bodyStart;
  to.bodyEnd = from.bodyEnd;
  to.payloadStart = from.payloadStart;
  to.shared = from.shared;
  to.publishedOn = from.publishedOn;
  to.memo = from.memo;
}

/** A copy that owns its bytes, for a message that is wanted after its call. */
export function ownCopy(message: Message): Message {
  const copy = new Message();
  copyParts(message, copy);
  const { subjectBuffer, replyBuffer } = message;
  setSubject(
    copy,
    subjectBuffer.slice(message.subjectStart, message.subjectEnd),
  );
  setReply(copy, replyBuffer.slice(message.replyStart, message.replyEnd));
  // It is wanted for nobody knows how long.
  if (message.hasSharedBody) message.shared!.enter();
  else copyBody(copy);
  return copy;
}

function copyBody(message: Message): void {
  const { bodyBuffer, bodyStart, bodyEnd } = message;
  message.bodyBuffer = bodyBuffer.slice(bodyStart, bodyEnd);
  message.shared = new SharedMemory(message.bodyBuffer);
  message.bodyStart = 0;
  message.bodyEnd -= bodyStart;
  message.payloadStart -= bodyStart;
}

/** Gives `message` the subject `bytes`, which are kept and must not change. */
export function setSubject(message: Message, bytes: Uint8Array): void {
  message.publishedOn = undefined;
  message.memo = undefined;
  message.crowd = 0;
  message.subjectBuffer = bytes;
  message.subjectStart = 0;
  message.subjectEnd = bytes.length;
}

/** Gives `message` the reply subject `bytes`, which are kept; empty: none. */
export function setReply(message: Message, bytes: Uint8Array): void {
  message.crowd = 0;
  message.replyBuffer = bytes;
  message.replyStart = 0;
  message.replyEnd = bytes.length;
}

/**
 * Gives `message` one more header line, behind those that it has; a message
 * without headers gets some. `name` and `value` are byte strings without a
 * line end.
 */
export function addHeader(message: Message, name: string, value: string): void {
  addHeaderLine(message, asciiBytes(`${name}: ${value}\r\n`));
}

/** As `addHeader`, with the line as it is written, with its end. */
export function addHeaderLine(message: Message, line: Uint8Array): void {
  const { bodyBuffer, payloadStart, headerSize } = message;
  const hasHeaders = headerSize !== NO_HEADERS && headerSize > 0;
  const linesEnd = hasHeaders
    ? behindLastLine(bodyBuffer, payloadStart, payloadStart + headerSize)
    : payloadStart;
  setHeaders(message, [
    hasHeaders ? bodyBuffer.subarray(payloadStart, linesEnd) : VERSION_LINE,
    line,
    LINE_END,
  ]);
}

/**
 * As `addHeader`, in place of all lines of that name that `message` has, however
 * they are written.
 */
export function replaceHeader(
  message: Message,
  name: string,
  value: string,
): void {
  removeHeader(message, name);
  addHeader(message, name, value);
}

/**
 * Takes all lines of that name from `message`, however they are written. Some who
 * read headers take a bare LF, or CR, for the end of a line: so does this.
 */
export function removeHeader(message: Message, name: string): void {
  const { bodyBuffer, payloadStart, headerSize } = message;
  const end = payloadStart + headerSize;
  const letters = asciiBytes(name.toLowerCase());
  const kept: Uint8Array[] = [];
  let from = payloadStart;
  for (let at = payloadStart; at < end;) {
    const next = behindLine(bodyBuffer, at, end);
    if (isHeader(bodyBuffer, at, next, letters)) {
      if (at > from) kept.push(bodyBuffer.subarray(from, at));
      from = next;
    }
    at = next;
  }
  if (from === payloadStart) return;
  kept.push(bodyBuffer.subarray(from, end));
  setHeaders(message, kept);
}

/** Where the line that begins at `at` has ended. */
function behindLine(buffer: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const byte = buffer[at++];
    if (byte === LF) return at;
    if (byte === CR) return at < end && buffer[at] === LF ? at + 1 : at;
  }
  return end;
}

/** Whether the line `buffer[at, end)` has the name whose small `letters` these are, blanks around it or not. */
function isHeader(
  buffer: Uint8Array,
  at: number,
  end: number,
  letters: Uint8Array,
): boolean {
  while (at < end && buffer[at]! <= SPACE) at++;
  for (let i = 0; i < letters.length; i++, at++) {
    if (at >= end || smallLetter(buffer[at]!) !== letters[i]) return false;
  }
  while (at < end && buffer[at]! <= SPACE) at++;
  return at < end && buffer[at] === COLON;
}

function smallLetter(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | CASE_BIT : byte;
}

/** The blank line that ends a block is looked for at its end, and may be missing. */
function behindLastLine(
  buffer: Uint8Array,
  start: number,
  end: number,
): number {
  const endsBlank = end - start >= 4 && buffer[end - 1] === LF &&
    buffer[end - 2] === CR && buffer[end - 3] === LF;
  return endsBlank ? end - 2 : end;
}

/** Replaces the header block by `pieces`; none makes a message without headers. */
function setHeaders(message: Message, pieces: readonly Uint8Array[]): void {
  const { bodyBuffer, bodyEnd, payloadStart } = message;
  const oldHeaderBytes = Math.max(message.headerSize, 0);
  const headerBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const size = message.size - oldHeaderBytes + headerBytes;
  const sizes = asciiBytes(
    headerBytes === 0 ? `${size}\r\n` : `${headerBytes} ${size}\r\n`,
  );
  const content = bodyBuffer.subarray(payloadStart + oldHeaderBytes, bodyEnd);
  message.bodyBuffer = joinedBytes([sizes, ...pieces, content]);
  message.bodyStart = 0;
  message.bodyEnd = message.bodyBuffer.length;
  message.payloadStart = sizes.length;
  message.headerSize = headerBytes === 0 ? NO_HEADERS : headerBytes;
  message.size = size;
  message.crowd = 0;
}

function joinedBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const joined = new Uint8Array(total);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
