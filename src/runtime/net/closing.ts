/**
 * How a socket ends, the same for all sockets of a machine: a table of what
 * each event does in each state, and nothing else. The socket carries the
 * actions out and reports the one reason; `socket_life.ts` keeps state, reason
 * and the limit of time for one of them.
 *
 * A socket that ends sends what is pending, says so to its peer, and waits for
 * the peer's end, since closing with bytes unread would reset the connection
 * and take our own last words from the peer.
 */
import type { CloseReason } from "../../platform/socket.ts";

export type SocketState =
  /** Both directions work. */
  | "open"
  /** A TLS handshake is under way. */
  | "securing"
  /** It ends: what is pending is sent, and the peer may still send. */
  | "sending"
  /** It ends: what is pending is sent, and the peer has said its end. */
  | "sendingLast"
  /** It ends: all is sent, and the peer's end is waited for. */
  | "waiting"
  | "closed";

export type SocketEvent =
  /** The owner wants no more. */
  | "end"
  /** The owner wants no more, at once. */
  | "destroy"
  | "secure"
  | "secured"
  /** The peer sends nothing any more: FIN, or the end of a TLS stream. */
  | "peerEnded"
  /** Nothing is pending any more. */
  | "sent"
  /** An error, a reset or a handshake that failed. */
  | "failed"
  /** The system has closed it. */
  | "gone"
  /** It ends, and makes no progress. */
  | "stuck";

/** What the socket has to do. */
export type SocketAction =
  | "nothing"
  /** Send what is pending, drop what comes, and tell of `sent` if `sayEnd` is wanted. */
  | "finish"
  /** Tell the peer that nothing follows. */
  | "sayEnd"
  /** Close it at the system. */
  | "close";

/** The reason of an end that comes with none of its own. */
export type UsualReason = "closed" | "ended" | "cutShort";

export interface SocketStep {
  readonly to: SocketState;
  readonly action: SocketAction;
  readonly reason?: UsualReason;
}

type Row = Partial<Readonly<Record<SocketEvent, SocketStep>>>;

const CLOSE: SocketStep = { to: "closed", action: "close", reason: "closed" };
const GONE: SocketStep = { to: "closed", action: "nothing", reason: "ended" };
const FINISH: SocketStep = {
  to: "sending",
  action: "finish",
  reason: "closed",
};

/** While it ends, the reason is known already. */
const ENDING: Row = {
  destroy: CLOSE,
  failed: CLOSE,
  stuck: CLOSE,
  gone: GONE,
};

const STEPS: Readonly<Record<SocketState, Row>> = {
  open: {
    end: FINISH,
    destroy: CLOSE,
    secure: { to: "securing", action: "nothing" },
    peerEnded: { to: "sendingLast", action: "finish", reason: "ended" },
    failed: CLOSE,
    gone: GONE,
  },
  securing: {
    // Nothing can be said in the middle of a handshake.
    end: CLOSE,
    destroy: CLOSE,
    secured: { to: "open", action: "nothing" },
    peerEnded: { to: "closed", action: "close", reason: "cutShort" },
    failed: CLOSE,
    gone: { to: "closed", action: "nothing", reason: "cutShort" },
  },
  sending: {
    ...ENDING,
    peerEnded: { to: "sendingLast", action: "nothing" },
    sent: { to: "waiting", action: "sayEnd" },
  },
  sendingLast: { ...ENDING, sent: CLOSE },
  waiting: { ...ENDING, peerEnded: CLOSE },
  closed: {},
};

/** What `event` does in `state`; undefined: nothing. */
export function nextStep(
  state: SocketState,
  event: SocketEvent,
): SocketStep | undefined {
  return STEPS[state][event];
}

/** What is reported for a usual end. */
export const USUAL_REASONS: Readonly<Record<UsualReason, CloseReason>> = {
  closed: { kind: "closed" },
  ended: { kind: "ended" },
  cutShort: { kind: "tls", detail: "the connection was closed" },
};
