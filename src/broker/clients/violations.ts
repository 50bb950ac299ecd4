/**
 * What no client may do, and the texts in which it is told so.
 * NATS: some names belong to the servers.
 */
import { ClosedReason } from "../../core/closed.ts";
import { WireError } from "../../core/errors.ts";
import { printableBytes, quoted, quotedBytes } from "../../core/quote.ts";
import type { SubArgs } from "../../wire/subscriptions.ts";
import type { Connection } from "../connections/connection.ts";

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

/** Something that a client may not do: what it is told, and what the log says. */
export interface Violation {
  readonly wire: string;
  readonly log: string;
}

/** `subject` is a byte string, here and below. */
export function publishViolation(subject: string): Violation {
  const name = quotedBytes(subject);
  return {
    wire: `Permissions Violation for Publish to ${name}`,
    log: `Publish Violation - Subject ${name}`,
  };
}

export function replyViolation(reply: string): Violation {
  const name = quotedBytes(reply);
  return {
    wire: `Permissions Violation for Publish with Reply of ${name}`,
    log: `Publish Violation - Reply ${name}`,
  };
}

/** A SUB that names what its sender may not hear. */
export function subscriptionViolation(sub: SubArgs): Violation {
  const { subject, queue, sid } = sub;
  const group = queue === "" ? "" : `, Queue: ${quotedBytes(queue)}`;
  return {
    wire: subscriptionText(sub),
    log: `Subscription Violation - Subject ${
      quotedBytes(subject)
    }${group}, SID ${printableBytes(String(sid))}`,
  };
}

export function tokensViolation({ subject, sid }: SubArgs): Violation {
  const name = quotedBytes(subject);
  return {
    wire: `Permissions Violation for Subscription to ${name}, too many tokens`,
    log: `Subscription Violation Too Many Tokens - Subject ${name}, SID ${
      printableBytes(String(sid))
    }`,
  };
}

/** A subscription of `user` that was allowed, and is not any more. */
export function revocation(sub: SubArgs, user: string): Violation {
  const { subject, sid } = sub;
  const named = `(sid ${quotedBytes(String(sid))})`;
  return {
    wire: `${subscriptionText(sub)} ${named}`,
    log: `Removed sub ${quotedBytes(subject)} ${named} for User ${
      quoted(user)
    } - not authorized`,
  };
}

/** Tells the client, and the log, that it may not do something. */
export function violates(
  connection: Connection,
  { wire, log }: Violation,
): void {
  connection.sendError(wire);
  connection.log.error(log);
}

function subscriptionText({ subject, queue }: SubArgs): string {
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

/** A client that has more subscriptions than it may have is closed. */
export function tooManySubscriptions(connection: Connection): void {
  connection.log.error(WireError.MAX_SUBSCRIPTIONS);
  connection.close(
    ClosedReason.MAX_SUBSCRIPTIONS,
    WireError.MAX_SUBSCRIPTIONS,
  );
}

/** A client that sends -ERR is closed; `text`, a byte string, is what it said. */
export function clientError(connection: Connection, text: string): void {
  connection.log.error(`Client Error ${printableBytes(text)}`);
  connection.close(ClosedReason.PARSE_ERROR);
}
