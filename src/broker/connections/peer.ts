/**
 * What a connection is connected to: a client, another server. The peer knows
 * what operations mean there and what becomes of messages; the connection knows
 * nothing of that.
 */
import type { ClosedReason } from "../../core/closed.ts";
import type { CloseReason } from "../../platform/socket.ts";
import type { OpHandler } from "../../wire/ops.ts";

export interface Peer extends OpHandler {
  /** `cid` or `rid`, for the log. */
  readonly idLabel: string;
  /** The address that a proxy has named for it, for the log. */
  readonly forwardedFor?: string | undefined;
  /**
   * Bytes of the peer, as long as it gives false: those are its own matter, or
   * have ended the connection.
   */
  begins?(chunk: Uint8Array): boolean;
  /** It hangs up before it has begun; true: the connection is closed. */
  hungUp?(reason: CloseReason): boolean;
  /** The connection has ended; called once. */
  ended(reason: ClosedReason): void;
}
