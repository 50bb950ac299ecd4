/**
 * Requests of clients for messages that wait to be served: by rank, and of one
 * rank the oldest first. With several of them each gets one message in its turn.
 */
import type { Destination } from "../../accounts/destination.ts";
import type { Timer } from "../../platform/clock.ts";
import type { Claim } from "./priority.ts";

/** One request as it came, and what is left of it. */
export interface Pull {
  /** Where messages go. */
  readonly to: Destination;
  /** Messages that are still wanted. */
  left: number;
  /** Bytes that still may come; Infinity: any number. */
  bytesLeft: number;
  readonly limitsBytes: boolean;
  readonly noWait: boolean;
  /** A message has come. */
  hasSome: boolean;
  /** When it ends, in microseconds; Infinity: it does not. */
  readonly endsUs: number;
  /** Between signs of life; 0: none are wanted. */
  readonly heartbeatMs: number;
  /** Lower ones are served first. */
  readonly rank: number;
  /** With the id of the client once that is pinned. */
  claim: Claim;
  /** Whatever runs for it. */
  timers: Timer[];
}

export class WaitingPulls {
  #list: Pull[] = [];

  get size(): number {
    return this.#list.length;
  }

  /** The one that has its turn after `place` others. */
  at(place: number): Pull | undefined {
    return this.#list[place];
  }

  /** Messages that all of them want. */
  get wanted(): number {
    return this.#list.reduce((sum, { left }) => sum + left, 0);
  }

  /** All of them, as of now. */
  all(): readonly Pull[] {
    return [...this.#list];
  }

  add(pull: Pull): void {
    let place = this.#list.length;
    while (place > 0 && this.#list[place - 1]!.rank > pull.rank) place--;
    this.#list.splice(place, 0, pull);
  }

  /** One that waits has had its turn. */
  turned(pull: Pull): void {
    if (this.#list.length === 1) return;
    this.#list.splice(this.#list.indexOf(pull), 1);
    this.add(pull);
  }

  /** It waits no more; false: it did not. */
  remove(pull: Pull): boolean {
    const at = this.#list.indexOf(pull);
    if (at < 0) return false;
    this.#list.splice(at, 1);
    for (const timer of pull.timers) timer.cancel();
    return true;
  }

  /** None waits any more. */
  takeAll(): Pull[] {
    const all = this.#list;
    this.#list = [];
    for (const { timers } of all) for (const timer of timers) timer.cancel();
    return all;
  }
}
