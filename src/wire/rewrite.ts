/**
 * A message with another subject, reply or headers than it came with: for
 * subject mappings, imports between accounts, and headers that the server adds.
 * A message belongs to the connection that it came by, so what is to differ
 * for some of its receivers only is changed in a copy of its parts.
 */
import { asciiBytes, byteString, CR, LF } from "../core/ascii.ts";
import { Message, NO_HEADERS } from "./message.ts";

/** NATS headers: the first line of a header block, which may carry a status. */
const VERSION_LINE = asciiBytes("NATS/1.0\r\n");
const LINE_END = asciiBytes("\r\n");
/** A line with its end, whichever that is. */
const LINE = /[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g;

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
}

/** A copy that owns its bytes, for a message that is wanted after its call. */
export function ownCopy(message: Message): Message {
  const copy = new Message();
  copyParts(message, copy);
  const { subjectBuffer, replyBuffer, bodyBuffer, bodyStart } = message;
  setSubject(
    copy,
    subjectBuffer.slice(message.subjectStart, message.subjectEnd),
  );
  setReply(copy, replyBuffer.slice(message.replyStart, message.replyEnd));
  copy.bodyBuffer = bodyBuffer.slice(bodyStart, message.bodyEnd);
  copy.bodyStart = 0;
  copy.bodyEnd -= bodyStart;
  copy.payloadStart -= bodyStart;
  return copy;
}

/** Gives `message` the subject `bytes`, which are kept and must not change. */
export function setSubject(message: Message, bytes: Uint8Array): void {
  message.subjectBuffer = bytes;
  message.subjectStart = 0;
  message.subjectEnd = bytes.length;
}

/** Gives `message` the reply subject `bytes`, which are kept; empty: none. */
export function setReply(message: Message, bytes: Uint8Array): void {
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
  if (headerSize <= 0) return;
  const block = byteString(
    bodyBuffer,
    payloadStart,
    payloadStart + headerSize,
  );
  const lines = block.match(LINE) ?? [];
  const kept = lines.filter((line) => !isHeader(line, name));
  if (kept.length < lines.length) {
    setHeaders(message, [asciiBytes(kept.join(""))]);
  }
}

function isHeader(line: string, name: string): boolean {
  const colon = line.indexOf(":");
  return colon >= 0 &&
    line.slice(0, colon).trim().toLowerCase() === name.toLowerCase();
}

/** Takes all headers from `message`. */
export function removeHeaders(message: Message): void {
  if (message.headerSize !== NO_HEADERS) setHeaders(message, []);
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
