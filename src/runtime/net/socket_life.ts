/**
 * The life of one socket of the machine, from open to closed: its state by the
 * table of `closing.ts`, the first reason for its end, and the limit of time in
 * which it must end. The socket asks it what to do at each event.
 */
import type { CloseReason } from "../../platform/socket.ts";
import {
  nextStep,
  type SocketAction,
  type SocketEvent,
  type SocketState,
  USUAL_REASONS,
} from "./closing.ts";
import { clearTimeout, setTimeout } from "../process/timers.ts";

/**
 * The time without progress after which a socket that ends is given up. Without
 * it a peer that never reads, or never hangs up, would keep it for ever.
 */
const LINGER_MS = 5_000;

/** What a life asks of its socket. */
export interface LivingSocket {
  /** Bytes that the system has not taken. */
  readonly pendingBytes: number;
  /** It ends, and has made no progress for a while. */
  stuck(): void;
}

export class SocketLife {
  readonly #socket: LivingSocket;
  #state: SocketState = "open";
  #reason: CloseReason | undefined;
  #linger: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: LivingSocket) {
    this.#socket = socket;
  }

  /** Why it ends; undefined while it does not. */
  get reason(): CloseReason | undefined {
    return this.#reason;
  }

  get isSecuring(): boolean {
    return this.#state === "securing";
  }

  /** The system's socket is closed, or is to be closed now. */
  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /** Something has happened, with `reason` for its own; gives what is to be done. */
  after(event: SocketEvent, reason?: CloseReason): SocketAction {
    const step = nextStep(this.#state, event);
    if (step === undefined) return "nothing";
    this.#state = step.to;
    this.#reason ??= reason ??
      (step.reason === undefined ? undefined : USUAL_REASONS[step.reason]);
    if (step.action === "finish") this.#giveUpWithoutProgress();
    if (step.to === "closed") clearTimeout(this.#linger);
    return step.action;
  }

  #giveUpWithoutProgress(): void {
    const before = this.#socket.pendingBytes;
    this.#linger = setTimeout(() => {
      const left = this.#socket.pendingBytes;
      if (left > 0 && left < before) this.#giveUpWithoutProgress();
      else this.#socket.stuck();
    }, LINGER_MS);
    this.#linger.unref();
  }
}
