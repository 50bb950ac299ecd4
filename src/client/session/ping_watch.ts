/**
 * Finds out whether a server is still there: by a ping from time to time, and
 * by one at once when the machine has slept. Knows who waits for which PONG.
 */
import { type Deferred, deferred } from "../../core/deferred.ts";
import type { Clock, Timer } from "../../platform/clock.ts";
import type { StatusSink } from "../api/status.ts";
import type { SessionOptions } from "./options.ts";
import { SuspendWatch } from "./suspend.ts";

/** The session that is watched. */
export interface PingedLine {
  ping(): void;
  /** The server answers no pings. */
  onSilence(): void;
}

export interface PingContext {
  readonly options: Pick<SessionOptions, "pingIntervalMs" | "maxPingOut">;
  readonly clock: Clock;
  readonly statuses: StatusSink;
  readonly events: { onResume(): void };
}

/** After a sleep, a server that does not answer a ping within this time is lost. */
const RESUME_PONG_MS = 5000;

export class PingWatch {
  readonly #context: PingContext;
  readonly #line: PingedLine;
  readonly #suspendWatch: SuspendWatch;
  #timer: Timer | undefined;
  #unansweredPings = 0;
  /** Who waits for PONGs, in the order of the PINGs; undefined: a ping of our own. */
  #waiting: (Deferred<void> | undefined)[] = [];

  constructor(context: PingContext, line: PingedLine) {
    this.#context = context;
    this.#line = line;
    this.#suspendWatch = new SuspendWatch(
      context.clock,
      () => this.#onResume(),
    );
  }

  start(): void {
    this.#suspendWatch.start();
    this.#pingLater();
  }

  /** Waiting for a PONG fails with `cause`. */
  stop(cause: Error): void {
    this.#timer?.cancel();
    this.#suspendWatch.stop();
    for (const waiter of this.#waiting) waiter?.reject(cause);
    this.#waiting = [];
  }

  /** Resolves with the PONG of a PING that the caller has just written. */
  pong(): Promise<void> {
    const waiter = deferred<void>();
    this.#waiting.push(waiter);
    return waiter.promise;
  }

  onPong(): void {
    this.#unansweredPings = 0;
    this.#waiting.shift()?.resolve();
  }

  #pingLater(): void {
    const { clock, options, statuses } = this.#context;
    this.#timer = clock.after(options.pingIntervalMs, () => {
      if (this.#unansweredPings >= options.maxPingOut) {
        return this.#line.onSilence();
      }
      this.#unansweredPings++;
      this.#waiting.push(undefined);
      this.#line.ping();
      statuses.tell({ type: "ping", pendingPings: this.#unansweredPings });
      this.#pingLater();
    });
  }

  /** The server may have given us up meanwhile. */
  #onResume(): void {
    const { clock, events } = this.#context;
    const timer = clock.after(RESUME_PONG_MS, () => this.#line.onSilence());
    this.#line.ping();
    this.pong().catch(() => {}).finally(() => timer.cancel());
    events.onResume();
  }
}
