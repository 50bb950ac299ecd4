/**
 * What an acknowledgement says, and about which message.
 *
 * NATS JetStream: the kind of an acknowledgement is the beginning of its payload,
 * in exactly that case; what it is about is in its subject, `$JS.ACK.<stream>.
 * <consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>`, or with the
 * domain and a hash of the account behind `$JS.ACK`.
 */
import { asciiBytes, byteString, DOT, equalBytes } from "../../core/ascii.ts";
import { parseDuration } from "../../core/duration.ts";
import type { Message } from "../../wire/message.ts";
import { usOf } from "../moments.ts";

/** What is wanted of a message that was delivered. */
export type Ack =
  | { readonly kind: "ack" | "progress" | "nothing" }
  /** It is to be delivered again, perhaps not at once. */
  | { readonly kind: "nak"; readonly delayUs: number }
  /** It is done, and more is asked for. */
  | { readonly kind: "next"; readonly request: string }
  | { readonly kind: "term"; readonly reason: string };

const US_PER_MS = 1000;

const ZERO = 0x30;
const DONE: Ack = { kind: "ack" };
const DONE_BYTES = asciiBytes("+ACK");

/** What `message` says. */
export function ackIn(message: Message): Ack {
  const { bodyBuffer, bodyEnd, payloadStart, headerSize } = message;
  const start = payloadStart + Math.max(0, headerSize);
  const end = bodyEnd - 2;
  const { length } = DONE_BYTES;
  const isDone = end - start === length &&
    equalBytes(DONE_BYTES, 0, bodyBuffer, start, length);
  return isDone ? DONE : readAck(byteString(bodyBuffer, start, end));
}

function readAck(text: string): Ack {
  if (text === "" || text === "+OK") return DONE;
  if (text.startsWith("-NAK")) {
    return { kind: "nak", delayUs: delayOf(text.slice(4).trim()) };
  }
  if (text === "+WPI") return { kind: "progress" };
  if (text.startsWith("+NXT")) {
    return { kind: "next", request: text.slice(4).trim() };
  }
  if (text.startsWith("+TERM")) {
    return { kind: "term", reason: text.slice(5).trim() };
  }
  return { kind: "nothing" };
}

function delayOf(text: string): number {
  if (text === "") return 0;
  if (!text.startsWith("{")) return (parseDuration(text) ?? 0) * US_PER_MS;
  try {
    const { delay } = JSON.parse(text) as { delay?: unknown };
    return isDuration(delay) ? Math.max(0, usOf(delay)) : 0;
  } catch {
    return 0;
  }
}

/** In nanoseconds. */
function isDuration(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) < 2 ** 63;
}

const SHORT_TOKENS = 9;
const LONG_TOKENS = 11;

/** The delivery that an acknowledgement is about. */
export interface AckedDelivery {
  /** How often the message had been delivered. */
  readonly times: number;
  readonly seq: number;
  readonly consumerSeq: number;
}

/** The delivery that the subject `bytes[start, end)` of an acknowledgement names; undefined: none. */
export function ackedDelivery(
  bytes: Uint8Array,
  start: number,
  end: number,
): AckedDelivery | undefined {
  let tokens = 1;
  for (let i = start; i < end; i++) if (bytes[i] === DOT) tokens++;
  const isLong = tokens >= LONG_TOKENS;
  if (!isLong && tokens !== SHORT_TOKENS) return undefined;
  let at = start;
  for (let left = isLong ? 6 : 4; left > 0; left--) {
    at = tokenEnd(bytes, at, end) + 1;
  }
  const timesEnd = tokenEnd(bytes, at, end);
  const seqEnd = tokenEnd(bytes, timesEnd + 1, end);
  return {
    times: numberOf(bytes, at, timesEnd),
    seq: numberOf(bytes, timesEnd + 1, seqEnd),
    consumerSeq: numberOf(bytes, seqEnd + 1, tokenEnd(bytes, seqEnd + 1, end)),
  };
}

function tokenEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== DOT) at++;
  return at;
}

/** NATS JetStream: what is no number is beyond all of them. */
function numberOf(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - ZERO;
    if (digit < 0 || digit > 9) return Infinity;
    value = value * 10 + digit;
  }
  return end > start ? value : Infinity;
}
