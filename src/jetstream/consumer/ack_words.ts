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
  if (text.startsWith("+WPI")) return { kind: "progress" };
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
    return typeof delay === "number" ? Math.max(0, usOf(delay)) : 0;
  } catch {
    return 0;
  }
}

const SHORT_TOKENS = 9;
const LONG_TOKENS = 11;

/** The sequence that the subject of an acknowledgement is about; undefined: none. */
export function ackedSeq(subject: string): number | undefined {
  const tokens = subject.split(".");
  const isLong = tokens.length >= LONG_TOKENS;
  if (!isLong && tokens.length !== SHORT_TOKENS) return undefined;
  const seq = Number(tokens[isLong ? 7 : 5]);
  return Number.isInteger(seq) && seq > 0 ? seq : undefined;
}
