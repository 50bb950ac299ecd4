/**
 * What no client may do, and the texts in which it is told so.
 * NATS: some names belong to the servers.
 */
import { quotedBytes } from "../../core/quote.ts";

const DOLLAR = 0x24;
const UNDERSCORE = 0x5f;

/** A queue group of this name is the server's own. */
export const RESERVED_QUEUE = "_sys_";

/**
 * What reply subjects of servers begin with, and how long such a subject is at
 * least: services' replies, JetStream's subjects, and replies that gateways carry.
 */
const RESERVED_REPLIES: readonly (readonly [string, least: number])[] = [
  ["_R_.", 4],
  ["$JS.", 5],
  ["_GR_.", 6],
  ["$GR.", 5],
];

/** Whether the reply subject `buffer[start, end)` is a server's. */
export function isReservedReply(
  buffer: Uint8Array,
  start: number,
  end: number,
): boolean {
  const first = buffer[start];
  if (first !== DOLLAR && first !== UNDERSCORE) return false;
  for (let i = 0; i < RESERVED_REPLIES.length; i++) {
    const [prefix, least] = RESERVED_REPLIES[i]!;
    if (end - start >= least && hasPrefix(buffer, start, prefix)) return true;
  }
  return false;
}

/** `subject` is a byte string, here and below. */
export function publishViolation(subject: string): string {
  return `Permissions Violation for Publish to ${quotedBytes(subject)}`;
}

export function replyViolation(reply: string): string {
  return `Permissions Violation for Publish with Reply of ${
    quotedBytes(reply)
  }`;
}

export function subscriptionViolation(subject: string, queue: string): string {
  const group = queue === "" ? "" : ` using queue ${quotedBytes(queue)}`;
  return `Permissions Violation for Subscription to ${
    quotedBytes(subject)
  }${group}`;
}

function hasPrefix(buffer: Uint8Array, start: number, prefix: string): boolean {
  for (let i = 0; i < prefix.length; i++) {
    if (buffer[start + i] !== prefix.charCodeAt(i)) return false;
  }
  return true;
}
