/**
 * The book of dialers: whom this server dials, and which of its connections
 * each dialer made or rests on. `cluster.ts` decides what becomes of a
 * connection; here is what that means for those who wanted it.
 */
import type { Clock, Random } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { RouteTarget } from "../config/options.ts";
import type { Network, Socket } from "../net/socket.ts";
import { Dialer, type DialerOwner, type RetryPolicy } from "./dialer.ts";
import type { Route } from "./route.ts";

/** What dialling stands on, and who takes the connections that come of it. */
export type DialersWorld = Omit<DialerOwner, "gaveUp">;

export class Dialers implements DialerOwner {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly retry: RetryPolicy;
  readonly #world: DialersWorld;
  readonly #dialers = new Set<Dialer>();

  constructor(world: DialersWorld) {
    this.network = world.network;
    this.clock = world.clock;
    this.random = world.random;
    this.log = world.log;
    this.retry = world.retry;
    this.#world = world;
  }

  /** Keeps `target` dialled. */
  dial(target: RouteTarget, explicit: boolean): void {
    const dialer = new Dialer(this, target, explicit);
    this.#dialers.add(dialer);
    dialer.start();
  }

  /** Whether somebody dials this very address, or rests on a route to it. */
  knows(target: RouteTarget): boolean {
    for (const { target: known } of this.#dialers) {
      if (known.host === target.host && known.port === target.port) return true;
    }
    return false;
  }

  stop(): void {
    for (const dialer of this.#dialers) dialer.stop();
  }

  /** Whoever wanted the connection that has ended rests on `heir`, or dials. */
  passOn(ended: Route, heir: Route | undefined): void {
    for (const dialer of ended.dialers) {
      if (heir === undefined) dialer.lost();
      else heir.dialers.add(dialer);
    }
    ended.dialers.clear();
  }

  /** Whoever wanted this connection wants it no more. */
  drop(route: Route): void {
    for (const dialer of route.dialers) {
      dialer.stop();
      this.#dialers.delete(dialer);
    }
    route.dialers.clear();
  }

  // --- what dialers ask

  dialled(dialer: Dialer, socket: Socket): void {
    this.#world.dialled(dialer, socket);
  }

  gaveUp(dialer: Dialer): void {
    this.#dialers.delete(dialer);
  }
}
