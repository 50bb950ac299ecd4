/**
 * What the texts of a server's `-ERR` lines mean: which error of `errors.ts`
 * each of them is, and whether the server hangs up after it.
 */
import { type MidgeError, WireError } from "../../core/errors.ts";
import {
  AuthorizationError,
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
