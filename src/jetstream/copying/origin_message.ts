/**
 * What the consumer of an origin says: messages, and between them signs of life
 * and requests to answer.
 */
import { byteString } from "../../core/ascii.ts";
import { type Message, replyOf, subjectOf } from "../../wire/message.ts";
import { publishHeaders } from "../stream/publish_headers.ts";

/** A message of an origin. */
export interface OriginMessage {
  /** There. */
  readonly seq: number;
  readonly timeUs: number;
  /** A byte string. */
  readonly subject: string;
  readonly headers: Uint8Array;
  readonly payload: Uint8Array;
  /** Its number among those of the consumer, from 1 on. */
  readonly consumerSeq: number;
  /** How many are still to come. */
  readonly pending: number;
}

/** What is said besides messages. */
export interface OriginSign {
  /** The number of the consumer's last message; undefined: it is not told. */
  readonly consumerSeq: number | undefined;
  /** Wants an answer; empty: nothing does. */
  readonly reply: string;
}

const STATUS = "NATS/1.0 1";
const NS_DIGITS = 3;
const SHORT_TOKENS = 9;
const LONG_TOKENS = 11;

/** What a consumer's message tells; undefined: nothing that makes sense. */
export function readOrigin(
  message: Message,
): OriginMessage | OriginSign | undefined {
  const { bodyBuffer, bodyEnd, payloadStart, headerSize } = message;
  const payloadFrom = payloadStart + Math.max(0, headerSize);
  const reply = replyOf(message);
  if (isStatus(message)) {
    const headers = publishHeaders(
      bodyBuffer.subarray(payloadStart, payloadFrom),
    );
    const last = headers.get("Nats-Last-Consumer");
    return {
      consumerSeq: last === undefined ? undefined : Number(last),
      reply: reply.trim() || (headers.get("Nats-Consumer-Stalled") ?? ""),
    };
  }
  const facts = factsIn(reply);
  if (facts === undefined) return undefined;
  return {
    ...facts,
    subject: subjectOf(message),
    headers: bodyBuffer.slice(payloadStart, payloadFrom),
    payload: bodyBuffer.slice(payloadFrom, bodyEnd - 2),
  };
}

function isStatus({ bodyBuffer, payloadStart, headerSize }: Message): boolean {
  return headerSize > STATUS.length &&
    byteString(bodyBuffer, payloadStart, payloadStart + STATUS.length) ===
      STATUS;
}

/** NATS JetStream: what a message is stands in its reply subject. */
function factsIn(
  reply: string,
):
  | Pick<OriginMessage, "seq" | "timeUs" | "consumerSeq" | "pending">
  | undefined {
  const tokens = reply.split(".");
  const isLong = tokens.length >= LONG_TOKENS;
  if (!isLong && tokens.length !== SHORT_TOKENS) return undefined;
  const at = isLong ? 7 : 5;
  const seq = Number(tokens[at]);
  const consumerSeq = Number(tokens[at + 1]);
  const timeUs = Number(tokens[at + 2]!.slice(0, -NS_DIGITS));
  const pending = Number(tokens[at + 3]);
  const isNumber = [seq, consumerSeq, timeUs, pending].every(Number.isFinite);
  return isNumber ? { seq, timeUs, consumerSeq, pending } : undefined;
}
