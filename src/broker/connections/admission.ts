/**
 * A verdict of a door, now or later. While it is not there yet nothing of the
 * connection is parsed, so that what the peer said along with CONNECT is heard
 * behind it, and all others go on.
 */
import type { LoginRefusal, Verdict, Waiting } from "../../auth/door.ts";
import { ClosedReason } from "../../core/closed.ts";
import { WireError } from "../../core/errors.ts";
import type { Connection } from "./connection.ts";

/** The peer of `connection` as it waits for a verdict; `begins` when its turn has come. */
export function waitingPeer(
  connection: Connection,
  begins: () => void,
): Waiting {
  return {
    get isOver() {
      return connection.closed;
    },
    get hasLeft() {
      return connection.isDeaf;
    },
    begins,
  };
}

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
  connection.input.awaitVerdict();
  verdict.catch((error: unknown): Verdict => {
    connection.log.error(`Cannot check credentials: ${error}`);
    return CANNOT_CHECK;
  }).then((settled) => {
    if (connection.closed) return;
    take(settled);
    connection.input.verdictCame();
  }).catch((error: unknown) => connection.parseFailed(error));
}
