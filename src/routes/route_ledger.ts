/**
 * What monitoring wants to know of routes that are gone: how many ended for
 * which reason, and what they carried.
 */
import type { ClosedReason } from "../core/closed.ts";
import { addTraffic, noTraffic, type Traffic } from "../core/traffic.ts";

export class RouteLedger {
  readonly #endings = new Map<ClosedReason, number>();
  readonly #traffic: Traffic = noTraffic();

  note(reason: ClosedReason, traffic: Traffic): void {
    this.#endings.set(reason, this.endedFor(reason) + 1);
    addTraffic(this.#traffic, traffic);
  }

  /** How many routes ended for `reason`. */
  endedFor(reason: ClosedReason): number {
    return this.#endings.get(reason) ?? 0;
  }

  /** What the routes that are gone have carried, together with `living`. */
  trafficWith(living: Iterable<Traffic>): Traffic {
    const total = { ...this.#traffic };
    for (const traffic of living) addTraffic(total, traffic);
    return total;
  }
}
