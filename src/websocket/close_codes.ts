/** Why a WebSocket ends, as its CLOSE frame says it: a number and a text. */
import { ClosedReason } from "../core/closed.ts";

/** The statuses that are sent. */
export const CloseCode = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  PROTOCOL_ERROR: 1002,
  INVALID_TEXT: 1007,
  POLICY: 1008,
  TOO_LARGE: 1009,
  INTERNAL: 1011,
  TLS: 1015,
} as const;

const CODES: ReadonlyMap<string, number> = new Map<ClosedReason, number>([
  [ClosedReason.CLIENT_CLOSED, CloseCode.NORMAL],
  [ClosedReason.AUTHENTICATION_TIMEOUT, CloseCode.POLICY],
  [ClosedReason.AUTHENTICATION_FAILURE, CloseCode.POLICY],
  [ClosedReason.AUTHENTICATION_EXPIRED, CloseCode.POLICY],
  [ClosedReason.CREDENTIALS_REVOKED, CloseCode.POLICY],
  [ClosedReason.SLOW_CONSUMER_PENDING, CloseCode.POLICY],
  [ClosedReason.SLOW_CONSUMER_DEADLINE, CloseCode.POLICY],
  [ClosedReason.MAX_CONNECTIONS, CloseCode.POLICY],
  [ClosedReason.MAX_ACCOUNT_CONNECTIONS, CloseCode.POLICY],
  [ClosedReason.MAX_SUBSCRIPTIONS, CloseCode.POLICY],
  [ClosedReason.MAX_CONTROL_LINE, CloseCode.POLICY],
  [ClosedReason.MISSING_ACCOUNT, CloseCode.POLICY],
  [ClosedReason.TLS_HANDSHAKE_FAILURE, CloseCode.TLS],
  [ClosedReason.PARSE_ERROR, CloseCode.PROTOCOL_ERROR],
  [ClosedReason.PROTOCOL_VIOLATION, CloseCode.PROTOCOL_ERROR],
  [ClosedReason.BAD_CLIENT_PROTOCOL, CloseCode.PROTOCOL_ERROR],
  [ClosedReason.MAX_PAYLOAD, CloseCode.TOO_LARGE],
  [ClosedReason.WRITE_ERROR, CloseCode.GOING_AWAY],
  [ClosedReason.READ_ERROR, CloseCode.GOING_AWAY],
  [ClosedReason.STALE_CONNECTION, CloseCode.GOING_AWAY],
  [ClosedReason.SERVER_SHUTDOWN, CloseCode.GOING_AWAY],
]);

/** The status for a reason, by its text. */
export function closeCodeOf(reason: string): number {
  return CODES.get(reason) ?? CloseCode.INTERNAL;
}

/** Numbers below 1016 that only stand for a CLOSE that was not sent. */
const NEVER_SENT: ReadonlySet<number> = new Set([1004, 1005, 1006, 1015]);

/** Whether a peer may send this status. */
export function isCloseCode(code: number): boolean {
  if (code >= 3000) return code < 5000;
  return code >= 1000 && code < 1016 && !NEVER_SENT.has(code);
}
