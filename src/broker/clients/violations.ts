/**
 * What no client may do, and the texts in which it is told so.
 * NATS: some names belong to the servers.
 */
import { quotedBytes } from "../../core/quote.ts";

/** A queue group of this name is the server's own. */
export const RESERVED_QUEUE = "_sys_";

/** Reply subjects that only servers hand out. */
const RESERVED_REPLIES: readonly string[] = ["_R_.", "_GR_.", "$JS.ACK."];

/** Whether the reply subject `buffer[start, end)` is a server's. */
export function isReservedReply(
  buffer: Uint8Array,
  start: number,
  end: number,
): boolean {
  for (let i = 0; i < RESERVED_REPLIES.length; i++) {
    if (hasPrefix(buffer, start, end, RESERVED_REPLIES[i]!)) return true;
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

function hasPrefix(
  buffer: Uint8Array,
  start: number,
  end: number,
  prefix: string,
): boolean {
  if (end - start < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) {
    if (buffer[start + i] !== prefix.charCodeAt(i)) return false;
  }
  return true;
}
