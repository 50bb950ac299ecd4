/**
 * What an acknowledgement says, and about which message.
 *
 * NATS JetStream: the kind of an acknowledgement is the beginning of its payload,
 * in exactly that case; what it is about is in its subject, `$JS.ACK.<stream>.
 * <consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>`, or with the
 * domain and a hash of the account behind `$JS.ACK`.
 */
import { parseDuration } from "../../core/duration.ts";
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

export function readAck(text: string): Ack {
  if (text === "" || text === "+ACK" || text === "+OK") return { kind: "ack" };
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

/** The delivery that the subject of an acknowledgement names; undefined: none. */
export function ackedDelivery(subject: string): AckedDelivery | undefined {
  const tokens = subject.split(".");
  const isLong = tokens.length >= LONG_TOKENS;
  if (!isLong && tokens.length !== SHORT_TOKENS) return undefined;
  const from = isLong ? 6 : 4;
  return {
    times: numberOf(tokens[from]!),
    seq: numberOf(tokens[from + 1]!),
    consumerSeq: numberOf(tokens[from + 2]!),
  };
}

/** NATS JetStream: what is no number is beyond all of them. */
function numberOf(token: string): number {
  return /^\d+$/.test(token) ? Number(token) : Infinity;
}
