/**
 * Lame duck mode: clients are told to go, and those that stay are closed one
 * by one, so that they do not all come to the other servers at once.
 *
 * NATS lame duck mode: the closing is spread over the duration less the grace
 * period, at most one second apart, each a random half to whole of its share.
 */
import type { Clock, Random } from "../platform/clock.ts";
import { ClosedReason } from "../core/closed.ts";
import { deferred } from "../core/deferred.ts";
import { LAME_DUCK_SPACING_MAX_MS } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import type { ClientSessions } from "./clients/client_sessions.ts";

export interface LameDuckTimes {
  readonly lameDuckDurationMs: number;
  readonly lameDuckGraceMs: number;
}

/** What lame duck mode stands on. */
export interface LameDuckWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export class LameDuck {
  readonly #world: LameDuckWorld;
  readonly #clients: ClientSessions;
  readonly #times: LameDuckTimes;
  #isCutShort = false;
  /** Ends the pause that is being made, if one is. */
  #endPause: () => void = () => {};

  constructor(
    world: LameDuckWorld,
    clients: ClientSessions,
    times: LameDuckTimes,
  ) {
    this.#world = world;
    this.#clients = clients;
    this.#times = times;
  }

  /** Ends it now; what `run` gave resolves. */
  cutShort(): void {
    this.#isCutShort = true;
    this.#endPause();
  }

  /** A client has gone. */
  clientEnded(): void {
    if (this.#hasEnded) this.#endPause();
  }

  /** Closes all clients in their turns. Resolves when the last one is gone, or it was cut short. */
  async run(): Promise<void> {
    const { lameDuckDurationMs, lameDuckGraceMs } = this.#times;
    await this.#pause(lameDuckGraceMs);
    if (this.#hasEnded) return;
    this.#world.log.notice("Closing existing clients");
    const sessions = [...this.#clients.sessions.values()];
    const spacing = Math.min(
      (lameDuckDurationMs - lameDuckGraceMs) / sessions.length,
      LAME_DUCK_SPACING_MAX_MS,
    );
    for (const { connection } of sessions) {
      connection.close(ClosedReason.SERVER_SHUTDOWN);
      if (this.#hasEnded) return;
      const { random } = this.#world;
      await this.#pause(spacing / 2 + random.next() * spacing / 2);
    }
  }

  get #hasEnded(): boolean {
    return this.#isCutShort || this.#clients.sessions.size === 0;
  }

  async #pause(delayMs: number): Promise<void> {
    const { promise, resolve } = deferred<void>();
    const timer = this.#world.clock.after(delayMs, resolve);
    this.#endPause = resolve;
    await promise;
    timer.cancel();
  }
}
