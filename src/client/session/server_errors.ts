/**
 * What the last words of a server mean: which error each `-ERR` line and each
 * end of a socket is, and whether the server hangs up after a line.
 */
import { byteString, utf8Text } from "../../core/ascii.ts";
import type { CloseReason } from "../../platform/socket.ts";
import {
  type MidgeError,
  ProtocolError,
  WireError,
} from "../../core/errors.ts";
import {
  AuthorizationError,
  ConnectionError,
  PermissionViolationError,
  ServerError,
  UserAuthenticationExpiredError,
} from "../api/errors.ts";

const AUTHORIZATION_TEXTS: ReadonlySet<string> = new Set([
  "authorization violation",
  "authentication timeout",
  "user authentication revoked",
]);

const EXPIRY_TEXTS: ReadonlySet<string> = new Set([
  "user authentication expired",
  "account authentication expired",
]);

// NATS client protocol: `Permissions Violation for Publish to "x"` and
// `Permissions Violation for Subscription to "x" using queue "q"`.
const PERMISSIONS =
  /^permissions violation for (publish|subscription) to ("(?:[^"\\]|\\.)*")(?: using queue ("(?:[^"\\]|\\.)*"))?/i;

/** The error that an `-ERR` line with this text stands for. */
export function serverError(text: string): MidgeError {
  if (EXPIRY_TEXTS.has(text.toLowerCase())) {
    return new UserAuthenticationExpiredError(text);
  }
  if (AUTHORIZATION_TEXTS.has(text.toLowerCase())) {
    return new AuthorizationError(text);
  }
  const [, operation, subject, queue] = PERMISSIONS.exec(text) ?? [];
  if (operation === undefined || subject === undefined) {
    return new ServerError(text);
  }
  return new PermissionViolationError(
    text,
    operation.toLowerCase() as "publish" | "subscription",
    unquoted(subject),
    queue === undefined ? undefined : unquoted(queue),
  );
}

/** Whether the server closes the connection after this error. */
export function endsConnection(error: MidgeError): boolean {
  return error instanceof AuthorizationError ||
    (error instanceof ServerError && !HARMLESS_TEXTS.has(error.message));
}

// NATS client protocol: after these the connection stays open.
const HARMLESS_TEXTS: ReadonlySet<string> = new Set([
  WireError.INVALID_SUBJECT,
  WireError.INVALID_PUBLISH_SUBJECT,
  WireError.MAX_SUBSCRIPTIONS,
]);

/** Undoes Go's `%q` as far as a subject can need it. */
function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(["\\])/g, "$1");
}

/** The text of `-ERR '<text>'`. */
export function errorText(
  buffer: Uint8Array,
  start: number,
  end: number,
): string {
  return utf8Text(byteString(buffer, start, end)).trim().replace(
    /^'(.*)'$/s,
    "$1",
  );
}

/** What ends a session to the server `listen`, as its program hears of it. */
export function sessionError(listen: string, error: unknown): Error {
  if (error instanceof ProtocolError) {
    return new ConnectionError(
      `${listen} does not speak the NATS protocol: ${error.message}`,
      { cause: error },
    );
  }
  return error instanceof Error ? error : new Error(String(error));
}

/** The error that the end of a socket to the server `listen` stands for. */
export function connectionLost(
  listen: string,
  reason: CloseReason,
): ConnectionError {
  const what = `Connection to ${listen} `;
  switch (reason.kind) {
    case "ended":
      return new ConnectionError(`${what}was closed by the server`);
    case "closed":
      return new ConnectionError(`${what}was closed`);
    case "timeout":
      return new ConnectionError(`${what}timed out`);
    case "tls":
      return new ConnectionError(`${what}failed in TLS: ${reason.detail}`);
    case "reset":
      return new ConnectionError(`${what}was reset`);
    case "failed":
      return new ConnectionError(`${what}failed: ${reason.code}`, {
        cause: reason.cause,
      });
  }
}
