/**
 * Errors with a stable `code`. Messages for people are sentence case without
 * a full stop; texts that go out as `-ERR` are nats-server's, byte for byte,
 * because clients compare them.
 */
import type { ClosedReason } from "./closed.ts";

/**
 * The root of every error that Midge throws on purpose. What is an instance is
 * decided by the classes, not by the prototypes: those of a client's errors lead
 * to the official client's errors (`client/api/nats_core.ts`).
 */
export class MidgeError extends Error {
  override readonly name: string = "MidgeError";
  /** Stable and upper case; programs compare this, not the message. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Whether the class of `value` is this one, or descends from it. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== "object" || value === null) return false;
    const made: unknown = value.constructor;
    return made === this ||
      Object.prototype.isPrototypeOf.call(this, made as object);
  }
}

/**
 * Whether a value is an error, be it of another realm: in jest a test and all
 * that it imports have an `Error` of their own, and Node's errors are none of it.
 */
export function isError(value: unknown): value is Error {
  return value instanceof Error ||
    /^\[object (?:Error|DOMException)\]$/.test(
      Object.prototype.toString.call(value),
    );
}

/** A peer broke the protocol; its connection ends for `reason`. */
export class ProtocolError extends MidgeError {
  override readonly name = "ProtocolError";
  /** Why the connection ends, as monitoring tells it. */
  readonly reason: ClosedReason;
  /** What the peer is told as `-ERR '...'`; empty: it is told nothing. */
  readonly wire: string;

  constructor(reason: ClosedReason, wire: string, message: string = wire) {
    super("PROTOCOL", message);
    this.reason = reason;
    this.wire = wire;
  }
}

/** An option or argument that makes no sense. */
export class InvalidArgumentError extends MidgeError {
  override readonly name = "InvalidArgumentError";

  constructor(message: string, options?: ErrorOptions) {
    super("INVALID_ARGUMENT", message, options);
  }
}

/** A call that this object does not serve, such as iterating a subscription with a callback. */
export class InvalidOperationError extends MidgeError {
  override readonly name = "InvalidOperationError";

  constructor(message: string) {
    super("INVALID_OPERATION", message);
  }
}

/** The texts of `-ERR '...'` lines. Source: nats-server's client protocol. */
export const WireError = {
  UNKNOWN_OPERATION: "Unknown Protocol Operation",
  AUTHORIZATION_VIOLATION: "Authorization Violation",
  AUTHENTICATION_TIMEOUT: "Authentication Timeout",
  USER_EXPIRED: "User Authentication Expired",
  ACCOUNT_EXPIRED: "Account Authentication Expired",
  USER_REVOKED: "User Authentication Revoked",
  TOO_MANY_LOGINS: "Too Many Logins",
  THROTTLED: "Connection throttling is active. Please try again later.",
  STALE_CONNECTION: "Stale Connection",
  MAX_CONNECTIONS: "maximum connections exceeded",
  MAX_ACCOUNT_CONNECTIONS: "maximum account active connections exceeded",
  MAX_CONTROL_LINE: "maximum control line exceeded",
  MAX_PAYLOAD: "Maximum Payload Violation",
  MAX_SUBSCRIPTIONS: "maximum subscriptions exceeded",
  INVALID_SUBJECT: "Invalid Subject",
  INVALID_PUBLISH_SUBJECT: "Invalid Publish Subject",
  INVALID_CLIENT_PROTOCOL: "invalid client protocol",
  NO_RESPONDERS_NEED_HEADERS: "no responders requires headers support",
  INVALID_SUBSCRIPTION: "Invalid Subscription",
  ROUTE_PORT: "attempted to connect to route port",
} as const;
