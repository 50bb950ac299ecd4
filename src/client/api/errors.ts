/**
 * What can go wrong for a user of the client library. Each error is a class
 * with a stable `code`, keeps its `cause`, and has nats.js's name where nats.js
 * has the same error. It then is an instance of nats.js's class as well, so that
 * what is written for nats.js finds it. `server_errors.ts` turns the text of an
 * `-ERR` line into one of them.
 *
 * @module
 */
import {
  InvalidArgumentError,
  InvalidOperationError,
  MidgeError,
  ProtocolError,
} from "../../core/errors.ts";
import { HeaderError } from "../../core/headers.ts";
import { alsoIs } from "./nats_core.ts";

export {
  InvalidArgumentError,
  InvalidOperationError,
} from "../../core/errors.ts";

/** No server could be reached, or the connection to one broke. */
export class ConnectionError extends MidgeError {
  override readonly name = "ConnectionError";

  constructor(message: string, options?: ErrorOptions) {
    super("CONNECTION", message, options);
  }
}

/** The server does not let this client in, or no longer. */
export class AuthorizationError extends MidgeError {
  override readonly name: string = "AuthorizationError";

  constructor(message: string, options?: ErrorOptions) {
    super("AUTHORIZATION", message, options);
  }
}

/** The time of the user's JWT, or of the account's, is over. */
export class UserAuthenticationExpiredError extends AuthorizationError {
  override readonly name: string = "UserAuthenticationExpiredError";
}

/** The server refused one subject; the connection lives on. */
export class PermissionViolationError extends MidgeError {
  override readonly name = "PermissionViolationError";
  /** What was refused. */
  readonly operation: "publish" | "subscription";
  /** The subject as it was published or subscribed to. */
  readonly subject: string;
  /** The queue group of the subscription, if it was in one. */
  readonly queue: string | undefined;

  constructor(
    message: string,
    operation: "publish" | "subscription",
    subject: string,
    queue?: string,
  ) {
    super("PERMISSIONS_VIOLATION", message);
    this.operation = operation;
    this.subject = subject;
    this.queue = queue;
  }
}

/** Any other `-ERR` of the server; the message is the server's text. */
export class ServerError extends MidgeError {
  override readonly name = "ServerError";

  constructor(text: string) {
    super("SERVER", text);
  }
}

/** The server answers no pings. */
export class StaleConnectionError extends MidgeError {
  override readonly name = "StaleConnectionError";

  constructor(listen: string) {
    super("STALE_CONNECTION", `${listen} answers no pings`);
  }
}

/** Nothing came in time. */
export class TimeoutError extends MidgeError {
  override readonly name = "TimeoutError";

  constructor(message: string, options?: ErrorOptions) {
    super("TIMEOUT", message, options);
  }
}

/** Nobody subscribes to the subject of a request. It is the `cause` of a `RequestError`. */
export class NoRespondersError extends MidgeError {
  override readonly name = "NoRespondersError";
  /** The subject of the request. */
  readonly subject: string;

  constructor(subject: string) {
    super("NO_RESPONDERS", `Nobody subscribes to "${subject}"`);
    this.subject = subject;
  }
}

/** A request failed, other than by a timeout; `cause` tells why. */
export class RequestError extends MidgeError {
  override readonly name = "RequestError";

  constructor(cause: Error) {
    super("REQUEST", cause.message, { cause });
  }

  /** Whether it failed because nobody subscribes to the subject. */
  isNoResponders(): boolean {
    return this.cause instanceof NoRespondersError;
  }
}

/** More came than may wait to be read, and the rest was left out. */
export class SlowConsumerError extends MidgeError {
  override readonly name = "SlowConsumerError";

  constructor(subject: string) {
    super("SLOW_CONSUMER", `Too many answers from "${subject}" wait unread`);
  }
}

/** The connection is closed for good. */
export class ClosedConnectionError extends MidgeError {
  override readonly name = "ClosedConnectionError";

  constructor(options?: ErrorOptions) {
    super("CONNECTION_CLOSED", "The connection is closed", options);
  }
}

/** The connection is draining: it takes no new subscriptions and no more publishes. */
export class DrainingConnectionError extends MidgeError {
  override readonly name = "DrainingConnectionError";

  constructor() {
    super("CONNECTION_DRAINING", "The connection is draining");
  }
}

/** What a drain did not wait for any longer, on one subscription. */
export interface Unfinished {
  /** The subject that was subscribed to. */
  readonly subject: string;
  /** Calls of its callback whose promises were not settled, or loops that were in their bodies. */
  readonly underWay: number;
  /** Messages that waited for such a loop. */
  readonly pending: number;
}

/** Callbacks, or loops over a subscription, took longer than `drainTimeout`. */
export class DrainTimeoutError extends MidgeError {
  override readonly name = "DrainTimeoutError";
  /** What was left behind, by subscription. */
  readonly left: readonly Unfinished[];

  constructor(limitMs: number, left: readonly Unfinished[]) {
    const list = left.slice(0, SHOWN_MAX).map(({ subject, ...counts }) => {
      const { underWay, pending } = counts;
      const waiting = pending === 0 ? "" : ` and ${pending} messages waiting`;
      return `"${subject}" with ${underWay} under way${waiting}`;
    });
    const more = left.length - list.length;
    if (more > 0) list.push(`${more} more`);
    super(
      "DRAIN_TIMEOUT",
      `Drained for ${limitMs} ms and left ${list.join(", ")}`,
    );
    this.left = left;
  }
}

/** Subscriptions that the text of an error names. */
const SHOWN_MAX = 10;

/** A subject, reply subject or queue name that cannot go on the wire. */
export class InvalidSubjectError extends MidgeError {
  override readonly name = "InvalidSubjectError";

  constructor(what: string, subject: string) {
    super("INVALID_SUBJECT", `Invalid ${what}: ${JSON.stringify(subject)}`);
  }
}

/** Headers and payload together are larger than the server allows. */
export class MaxPayloadError extends MidgeError {
  override readonly name = "MaxPayloadError";

  constructor(size: number, limit: number) {
    super(
      "MAX_PAYLOAD",
      `Message of ${size} bytes is larger than the server's limit of ${limit}`,
    );
  }
}

/** What is published while the client reconnects no longer fits `maxBufferedBytes`. */
export class BufferFullError extends MidgeError {
  override readonly name = "BufferFullError";

  constructor(limit: number) {
    super(
      "BUFFER_FULL",
      `The buffer of ${limit} bytes for publishes during a reconnect is full`,
    );
  }
}

// What nats.js throws in the same place.
alsoIs(AuthorizationError, "AuthorizationError");
alsoIs(ClosedConnectionError, "ClosedConnectionError");
alsoIs(ConnectionError, "ConnectionError");
alsoIs(DrainingConnectionError, "DrainingConnectionError");
alsoIs(HeaderError, "InvalidArgumentError");
alsoIs(InvalidArgumentError, "InvalidArgumentError");
alsoIs(InvalidOperationError, "InvalidOperationError");
alsoIs(InvalidSubjectError, "InvalidSubjectError");
alsoIs(MaxPayloadError, "InvalidArgumentError");
alsoIs(NoRespondersError, "NoRespondersError");
alsoIs(PermissionViolationError, "PermissionViolationError");
alsoIs(ProtocolError, "ProtocolError");
alsoIs(RequestError, "RequestError");
alsoIs(ServerError, "ProtocolError");
alsoIs(StaleConnectionError, "ConnectionError");
alsoIs(TimeoutError, "TimeoutError");
alsoIs(UserAuthenticationExpiredError, "UserAuthenticationExpiredError");
