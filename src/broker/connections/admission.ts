/**
 * A verdict of a door, now or later. While it is not there yet nothing of the
 * connection is parsed, so that what the peer said along with CONNECT is heard
 * behind it, and all others go on.
 */
import type { LoginRefusal, Verdict } from "../../auth/door.ts";
import { ClosedReason } from "../../core/closed.ts";
import { WireError } from "../../core/errors.ts";
import type { Connection } from "./connection.ts";

const CANNOT_CHECK: LoginRefusal = {
  refused: ClosedReason.AUTHENTICATION_FAILURE,
  wire: WireError.AUTHORIZATION_VIOLATION,
};

/** Hands `verdict` to `take`, unless the connection has ended by then. */
export function takeVerdict(
  connection: Connection,
  verdict: Verdict | Promise<Verdict>,
  take: (verdict: Verdict) => void,
): void {
  if (!(verdict instanceof Promise)) return take(verdict);
  connection.input.hold();
  verdict.catch((error: unknown): Verdict => {
    connection.log.error(`Cannot check credentials: ${error}`);
    return CANNOT_CHECK;
  }).then((settled) => {
    if (connection.closed) return;
    take(settled);
    connection.input.letGo();
  }).catch((error: unknown) => connection.parseFailed(error));
}
