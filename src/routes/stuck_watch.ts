/**
 * Does the peer of a route take anything at all? One that does not, such as a
 * node that is stopped or a line that is cut, costs its own messages and never
 * those of others: what waits for it is kept up to a mark, and nobody is held
 * for it; what comes beyond that is lost. The route goes on when it takes
 * something again, or ends by its write deadline.
 */
import type { ConnectionLog } from "../broker/connections/connection_log.ts";
import type { Outbox } from "../core/outbox.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import type { Socket } from "../platform/socket.ts";

const LOOK_MS = 100;
/**
 * Looks in a row at which a peer that is stuck has taken nothing. A node on a
 * machine with too much to do may take nothing for a second, and loses nothing.
 */
const LOOKS_MAX = 20;

/** What is watched. */
export interface WatchedRoute {
  readonly closed: boolean;
  readonly log: ConnectionLog;
  readonly output: { readonly outbox: Outbox; readonly socket: Socket };
}

export class StuckWatch {
  /** More than the mark waits, and the peer takes nothing: messages are lost. */
  isStuck = false;
  readonly #clock: Clock;
  readonly #route: WatchedRoute;
  readonly #markBytes: number;
  #timer: Timer | undefined = undefined;
  #takenBytes = 0;
  /** Looks at which nothing had been taken. */
  #looks = 0;
  #lost = 0;

  constructor(clock: Clock, route: WatchedRoute, markBytes: number) {
    this.#clock = clock;
    this.#route = route;
    this.#markBytes = markBytes;
  }

  /** The socket is blocked. */
  watch(): void {
    if (this.#timer === undefined) this.#lookLater();
  }

  /** A message was lost. */
  lose(): void {
    this.#lost++;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#goOn();
  }

  #lookLater(): void {
    this.#timer = this.#clock.after(LOOK_MS, () => this.#look());
  }

  #look(): void {
    this.#timer = undefined;
    const { closed, output: { outbox, socket } } = this.#route;
    if (closed) return;
    const taken = outbox.writtenBytes - socket.pendingBytes;
    const takesNothing = outbox.blocked && taken === this.#takenBytes;
    const { pendingBytes } = outbox;
    this.#takenBytes = taken;
    this.#looks = takesNothing ? this.#looks + 1 : 0;
    if (!takesNothing) this.#goOn();
    else if (this.#looks >= LOOKS_MAX && pendingBytes > this.#markBytes) {
      this.#giveUp(pendingBytes);
    }
    if (outbox.blocked) this.#lookLater();
  }

  #giveUp(pendingBytes: number): void {
    if (this.isStuck) return;
    this.isStuck = true;
    this.#route.log.error(
      `Takes nothing with ${pendingBytes} bytes pending: ` +
        "further messages for it are lost",
    );
  }

  #goOn(): void {
    if (!this.isStuck) return;
    this.isStuck = false;
    this.#route.log.error(`${this.#lost} messages for it were lost`);
    this.#lost = 0;
  }
}
