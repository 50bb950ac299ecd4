/**
 * Requests of clients for messages that wait to be served, the oldest first.
 * With several of them each gets one message in its turn.
 */
import type { Timer } from "../../platform/clock.ts";

/** One request as it came, and what is left of it. */
export interface Pull {
  /** Where messages go; a byte string. */
  readonly reply: string;
  /** Messages that are still wanted. */
  left: number;
  /** Bytes that still may come; Infinity: any number. */
  bytesLeft: number;
  readonly limitsBytes: boolean;
  readonly noWait: boolean;
  /** When it ends, in microseconds; Infinity: it does not. */
  readonly endsUs: number;
  /** Between signs of life; 0: none are wanted. */
  readonly heartbeatMs: number;
  /** Whatever runs for it. */
  timers: Timer[];
}

export class WaitingPulls {
  #list: Pull[] = [];

  get size(): number {
    return this.#list.length;
  }

  /** The one whose turn it is. */
  get first(): Pull | undefined {
    return this.#list[0];
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
    this.#list.push(pull);
  }

  /** The first one has had its turn. */
  turn(): void {
    const first = this.#list.shift();
    if (first !== undefined) this.#list.push(first);
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
