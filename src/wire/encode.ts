/**
 * Operations written into an outbox, byte by byte, without a string or an
 * object per message. What a message looked like when it came in is described
 * by `Message`.
 */
import {
  asciiBytes,
  CR,
  decimalLength,
  LF,
  PIPE,
  PLUS,
  SPACE,
  utf8ByteString,
  writeDecimal,
} from "../core/ascii.ts";
import type { Outbox } from "../core/outbox.ts";
import { Message, NO_HEADERS } from "./message.ts";

export const PING_LINE: Uint8Array = asciiBytes("PING\r\n");
export const PONG_LINE: Uint8Array = asciiBytes("PONG\r\n");
export const OK_LINE: Uint8Array = asciiBytes("+OK\r\n");

const MSG = asciiBytes("MSG ");
const HMSG = asciiBytes("HMSG ");
const LETTER_H = 0x48;
const LETTER_R = 0x52;
const NO_RESPONDERS_START = asciiBytes("NATS/1.0 503\r\nNats-Subject: ");
const NO_RESPONDERS_END = asciiBytes("\r\n\r\n");

/** From this length on a block copy is faster than a loop. */
const BLOCK_COPY_BYTES = 48;

/** Copies `from[start, end)` to `at`; gives the place behind it. */
export function copyBytes(
  to: Uint8Array,
  at: number,
  from: Uint8Array,
  start: number,
  end: number,
): number {
  if (end - start >= BLOCK_COPY_BYTES) {
    to.set(from.subarray(start, end), at);
    return at + end - start;
  }
  while (start < end) to[at++] = from[start++]!;
  return at;
}

/** From this length on a body in shared memory is sent from where it stands. */
const SHARED_BYTES = 65_536;

/** `MSG `, in which the verbs of all messages end. */
const MSG_WORD = 0x4d534720;

/** From this length on a block copy is faster than one by words. */
const WORD_COPY_BYTES = 192;

/**
 * Copies `from[start, end)` to `at`, four bytes at a time; gives the place behind
 * it. The last word overlaps the one before.
 */
function copyWords(
  to: DataView,
  at: number,
  from: DataView,
  start: number,
  end: number,
): number {
  const last = end - 4;
  if (start > last) {
    while (start < end) to.setUint8(at++, from.getUint8(start++));
    return at;
  }
  for (; start < last; start += 4, at += 4) {
    to.setInt32(at, from.getInt32(start));
  }
  at += last - start;
  to.setInt32(at, from.getInt32(last));
  return at + 4;
}

/** `-ERR '<text>'`, in UTF-8. */
export function errLine(text: string): Uint8Array {
  return asciiBytes(utf8ByteString(`-ERR '${text}'\r\n`));
}

/** What `writeMsg` gives for a message that is not there as it came, or not all in one place. */
export const IN_PIECES = -1;

/**
 * The message for a client's subscription: MSG, or HMSG when it has headers.
 * `headers` tells whether the client understands them; if not they are left out.
 * Gives where it begins in the outbox's slab, or `IN_PIECES`.
 * One function for the whole line, unlike elsewhere: it is run for each delivery,
 * and was measured to be faster so.
 */
export function writeMsg(
  out: Outbox,
  message: Message,
  sid: Uint8Array,
  headers: boolean,
): number {
  const plain = message.headerSize === NO_HEADERS;
  if (!plain && (!headers || message.headerSize === 0)) {
    writeStrippedMsg(out, message, sid);
    return IN_PIECES;
  }
  const { subjectStart, subjectEnd, replyStart, replyEnd, bodyStart, bodyEnd } =
    message;
  const isShared = bodyEnd - bodyStart >= SHARED_BYTES &&
    message.hasSharedBody;
  out.reserve(
    HMSG.length + subjectEnd - subjectStart + replyEnd - replyStart +
      sid.length + (isShared ? 0 : bodyEnd - bodyStart) + 3,
  );
  const to = out.slab;
  const toWords = out.view;
  const { bodyBuffer, bodyView } = message;
  const start = out.end;
  let at = start;
  if (!plain) to[at++] = LETTER_H;
  toWords.setInt32(at, MSG_WORD);
  at = message.subjectBuffer === bodyBuffer
    ? copyWords(toWords, at + 4, bodyView, subjectStart, subjectEnd)
    : copyBytes(to, at + 4, message.subjectBuffer, subjectStart, subjectEnd);
  to[at++] = SPACE;
  at = copyBytes(to, at, sid, 0, sid.length);
  to[at++] = SPACE;
  if (replyEnd > replyStart) {
    at = message.replyBuffer === bodyBuffer
      ? copyWords(toWords, at, bodyView, replyStart, replyEnd)
      : copyBytes(to, at, message.replyBuffer, replyStart, replyEnd);
    to[at++] = SPACE;
  }
  if (isShared) {
    shareBody(out, at, message);
    return IN_PIECES;
  }
  out.end = bodyEnd - bodyStart < WORD_COPY_BYTES
    ? copyWords(toWords, at, bodyView, bodyStart, bodyEnd)
    : copyBytes(to, at, bodyBuffer, bodyStart, bodyEnd);
  return start;
}

/** Bytes of MSG before the body, for a message without a reply. */
export function msgHeadBytes(message: Message, sid: Uint8Array): number {
  const { subjectStart, subjectEnd } = message;
  return MSG.length + subjectEnd - subjectStart + sid.length + 2;
}

/** The same of RMSG, without queue groups. */
export function rmsgHeadBytes(message: Message, account: Uint8Array): number {
  return 1 + msgHeadBytes(message, account);
}

/** How many messages like `message` have room in `bytes` bytes, behind heads of `headBytes`. */
export function mostMore(
  { bodyStart, bodyEnd }: Message,
  headBytes: number,
  bytes: number,
): number {
  return Math.floor(bytes / (headBytes + bodyEnd - bodyStart));
}

/**
 * What was written last, `message` behind a head of `headBytes`, for `count`
 * messages that are like it but for their payloads, and stand behind it, each
 * `stride` bytes further on. There is room for all of them in the slab.
 */
export function writeMore(
  out: Outbox,
  message: Message,
  headBytes: number,
  count: number,
  stride: number,
): void {
  const { slab, view } = out;
  const { bodyBuffer, bodyView, bodyStart } = message;
  const bytes = message.bodyEnd - bodyStart;
  const head = out.end - headBytes - bytes;
  let from = bodyStart;
  for (let i = 0; i < count; i++) {
    from += stride;
    const at = copyWords(view, out.end, view, head, head + headBytes);
    out.end = bytes < WORD_COPY_BYTES
      ? copyWords(view, at, bodyView, from, from + bytes)
      : copyBytes(slab, at, bodyBuffer, from, from + bytes);
  }
}

/** What was written up to `at`, and the body of `message` behind it. */
function shareBody(out: Outbox, at: number, message: Message): void {
  out.end = at;
  out.share(message.shared!, message.bodyStart, message.bodyEnd);
}

/** `<subject> <sid> [reply] `; gives the place behind it. */
function putAddress(
  to: Uint8Array,
  start: number,
  message: Message,
  sid: Uint8Array,
): number {
  const { subjectStart, subjectEnd, replyStart, replyEnd } = message;
  let at = copyBytes(
    to,
    start,
    message.subjectBuffer,
    subjectStart,
    subjectEnd,
  );
  to[at++] = SPACE;
  at = copyBytes(to, at, sid, 0, sid.length);
  to[at++] = SPACE;
  if (replyEnd > replyStart) {
    at = copyBytes(to, at, message.replyBuffer, replyStart, replyEnd);
    to[at++] = SPACE;
  }
  return at;
}

/** MSG without the message's headers. NATS protocol: receivers without header support. */
function writeStrippedMsg(
  out: Outbox,
  message: Message,
  sid: Uint8Array,
): void {
  const { subjectStart, subjectEnd, replyStart, replyEnd } = message;
  const size = message.size - message.headerSize;
  const payloadStart = message.payloadStart + message.headerSize;
  out.reserve(
    MSG.length + subjectEnd - subjectStart + replyEnd - replyStart +
      sid.length +
      decimalLength(size) + message.bodyEnd - payloadStart + 5,
  );
  const to = out.slab;
  let at = copyBytes(to, out.end, MSG, 0, MSG.length);
  at = putAddress(to, at, message, sid);
  at = writeDecimal(to, at, size);
  to[at++] = CR;
  to[at++] = LF;
  out.end = copyBytes(
    to,
    at,
    message.bodyBuffer,
    payloadStart,
    message.bodyEnd,
  );
}

/**
 * The message for another server: RMSG, or HMSG with RMSG's arguments.
 * `queues` holds the `queueCount` groups that one member each shall serve it.
 * NATS route protocol: `+` announces a reply before the groups, `|` none.
 */
export function writeRoutedMsg(
  out: Outbox,
  message: Message,
  account: Uint8Array,
  queues: readonly Uint8Array[],
  queueCount: number,
): void {
  const plain = message.headerSize === NO_HEADERS;
  const { subjectStart, subjectEnd, replyStart, replyEnd, bodyStart, bodyEnd } =
    message;
  let queueBytes = 2;
  for (let i = 0; i < queueCount; i++) queueBytes += queues[i]!.length + 1;
  const isShared = bodyEnd - bodyStart >= SHARED_BYTES &&
    message.hasSharedBody;
  out.reserve(
    HMSG.length + account.length + subjectEnd - subjectStart + replyEnd -
      replyStart + queueBytes + (isShared ? 0 : bodyEnd - bodyStart) + 3,
  );
  const to = out.slab;
  const toWords = out.view;
  const { bodyBuffer, bodyView } = message;
  const hasReply = replyEnd > replyStart;
  let at = out.end;
  to[at++] = plain ? LETTER_R : LETTER_H;
  toWords.setInt32(at, MSG_WORD);
  at = copyBytes(to, at + 4, account, 0, account.length);
  to[at++] = SPACE;
  at = message.subjectBuffer === bodyBuffer
    ? copyWords(toWords, at, bodyView, subjectStart, subjectEnd)
    : copyBytes(to, at, message.subjectBuffer, subjectStart, subjectEnd);
  to[at++] = SPACE;
  if (queueCount > 0) {
    to[at++] = hasReply ? PLUS : PIPE;
    to[at++] = SPACE;
  }
  if (hasReply) {
    at = message.replyBuffer === bodyBuffer
      ? copyWords(toWords, at, bodyView, replyStart, replyEnd)
      : copyBytes(to, at, message.replyBuffer, replyStart, replyEnd);
    to[at++] = SPACE;
  }
  for (let i = 0; i < queueCount; i++) {
    const queue = queues[i]!;
    at = copyBytes(to, at, queue, 0, queue.length);
    to[at++] = SPACE;
  }
  if (isShared) return shareBody(out, at, message);
  out.end = bodyEnd - bodyStart < WORD_COPY_BYTES
    ? copyWords(toWords, at, bodyView, bodyStart, bodyEnd)
    : copyBytes(to, at, bodyBuffer, bodyStart, bodyEnd);
}

/** A copy of a message with headers as it is for those who understand none. */
export function stripped(message: Message): Message {
  const { bodyBuffer, bodyEnd, payloadStart, headerSize } = message;
  const size = message.size - headerSize;
  const line = asciiBytes(`${size}\r\n`);
  const payload = bodyBuffer.subarray(payloadStart + headerSize, bodyEnd);
  const body = new Uint8Array(line.length + payload.length);
  body.set(line);
  body.set(payload, line.length);
  return Object.assign(new Message(), message, {
    size,
    headerSize: NO_HEADERS,
    bodyBuffer: body,
    bodyStart: 0,
    bodyEnd: body.length,
    payloadStart: line.length,
  });
}

/**
 * The answer to a request that nobody serves: status 503 on the reply subject,
 * with the subject asked for in a header.
 */
export function writeNoResponders(
  out: Outbox,
  message: Message,
  sid: Uint8Array,
): void {
  const { subjectBuffer, subjectStart, subjectEnd } = message;
  const { replyBuffer, replyStart, replyEnd } = message;
  const size = NO_RESPONDERS_START.length + subjectEnd - subjectStart +
    NO_RESPONDERS_END.length;
  out.append(HMSG);
  out.append(replyBuffer.subarray(replyStart, replyEnd));
  out.append(BLANK);
  out.append(sid);
  out.append(asciiBytes(` ${size} ${size}\r\n`));
  out.append(NO_RESPONDERS_START);
  out.append(subjectBuffer.subarray(subjectStart, subjectEnd));
  out.append(NO_RESPONDERS_END);
  out.append(LINE_END);
}

const BLANK = asciiBytes(" ");
const LINE_END = asciiBytes("\r\n");

/** `RS+` or, with no members left, `RS-`. */
export function interestLine(
  account: string,
  subject: string,
  queue: string,
  members: number,
): Uint8Array {
  if (members === 0) {
    const group = queue === "" ? "" : ` ${queue}`;
    return asciiBytes(`RS- ${account} ${subject}${group}\r\n`);
  }
  const group = queue === "" ? "" : ` ${queue} ${members}`;
  return asciiBytes(`RS+ ${account} ${subject}${group}\r\n`);
}
