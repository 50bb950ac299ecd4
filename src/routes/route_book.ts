/**
 * The book of connections on the route port: which are open, which of them are
 * routes, what all of them have carried, and the callers that wait for routes.
 */
import type { Traffic } from "../core/traffic.ts";
import type { ClosedReason } from "../core/closed.ts";
import { NEWCOMERS_MAX } from "./bounds.ts";
import type { Route } from "./route.ts";
import { RouteLedger } from "./route_ledger.ts";

export class RouteBook {
  /** By server id. */
  readonly routes: Map<string, Route> = new Map();
  readonly #open = new Set<Route>();
  /** Accepted connections that were never routes. */
  readonly #newcomers = new Set<Route>();
  readonly #gone = new RouteLedger();
  readonly #waiting = new Set<{ count: number; resolve: () => void }>();

  /** Every open connection, registered or not. */
  get open(): readonly Route[] {
    return [...this.#open];
  }

  /** What all connections, also those that are gone, have carried. */
  get traffic(): Traffic {
    return this.#gone.trafficWith(this.open.map(({ traffic }) => traffic));
  }

  /** How many connections ended for `reason`. */
  endedFor(reason: ClosedReason): number {
    return this.#gone.endedFor(reason);
  }

  /** Gives the connection that has to go for it, if there are too many. */
  add(route: Route): Route | undefined {
    this.#open.add(route);
    if (route.member.solicitedBy !== undefined) return undefined;
    this.#newcomers.add(route);
    const [oldest] = this.#newcomers;
    return this.#newcomers.size > NEWCOMERS_MAX ? oldest : undefined;
  }

  /** `route`, which is closed, is gone. */
  remove(route: Route): void {
    this.#open.delete(route);
    this.#newcomers.delete(route);
    this.#gone.note(route.connection.closedReason!, route.traffic);
  }

  register(route: Route): void {
    this.routes.set(idOf(route), route);
    this.#newcomers.delete(route);
    for (const waiter of this.#waiting) {
      if (this.routes.size < waiter.count) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }

  unregister(route: Route): void {
    this.routes.delete(idOf(route));
  }

  /** Resolves once routes to `count` other servers stand. */
  routesUp(count: number): Promise<void> {
    if (this.routes.size >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.add({ count, resolve }));
  }

  /** All other open connections to the peer of `route`. */
  othersTo(route: Route): Route[] {
    const id = idOf(route);
    if (id === "") return [];
    return this.open.filter((other) => other !== route && idOf(other) === id);
  }

  /** The connection to stand in for `ended`: the registered one to that peer, if there is any. */
  heirOf(ended: Route): Route | undefined {
    return this.routes.get(idOf(ended)) ?? this.othersTo(ended)[0];
  }
}

/** The peer's server id; empty before its INFO. */
function idOf({ member }: Route): string {
  return member.info?.server_id ?? "";
}
