/**
 * Requests of clients for messages that wait to be served: by rank, and of one
 * rank the oldest first. With several of them each gets one message in its turn.
 * However many they are, each step of one takes the same time.
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
  /** 0 to 9; lower ones are served first. */
  readonly rank: number;
  /** With the id of the client once that is pinned. */
  claim: Claim;
  /** Whatever runs for it. */
  timers: Timer[];
  /** It waits: `WaitingPulls` says so, and who has its turn before and behind it. */
  waits?: boolean;
  before?: Pull | undefined;
  after?: Pull | undefined;
}

/** Those that have the same rank. */
interface Row {
  first: Pull | undefined;
  last: Pull | undefined;
}

export class WaitingPulls {
  /** By rank. */
  readonly #rows: (Row | undefined)[] = [];
  #size = 0;
  #wanted = 0;
  #noWaits = 0;

  get size(): number {
    return this.#size;
  }

  /** Messages that all of them want. */
  get wanted(): number {
    return this.#wanted;
  }

  /** Some do not wait for messages that are not there. */
  get hasNoWaits(): boolean {
    return this.#noWaits > 0;
  }

  /** The one whose turn it is. */
  get first(): Pull | undefined {
    return this.#firstFrom(0);
  }

  /** The one whose turn comes behind that of `pull`, which waits. */
  behind(pull: Pull): Pull | undefined {
    return pull.after ?? this.#firstFrom(pull.rank + 1);
  }

  /** All of them, in their order. The one that was given last may wait no more. */
  *[Symbol.iterator](): Iterator<Pull> {
    for (let next = this.first; next !== undefined;) {
      const pull = next;
      next = this.behind(pull);
      yield pull;
    }
  }

  add(pull: Pull): void {
    this.#size++;
    this.#wanted += pull.left;
    if (pull.noWait) this.#noWaits++;
    this.#append(pull);
  }

  /** One that waits has had its turn, and wants a message less. */
  turned(pull: Pull): void {
    pull.left--;
    this.#wanted--;
    if (pull.after === undefined) return;
    this.#unlink(pull);
    this.#append(pull);
  }

  /** It waits no more; false: it did not. */
  remove(pull: Pull): boolean {
    if (!pull.waits) return false;
    this.#size--;
    this.#wanted -= pull.left;
    if (pull.noWait) this.#noWaits--;
    this.#unlink(pull);
    for (const timer of pull.timers) timer.cancel();
    return true;
  }

  /** None waits any more. */
  takeAll(): Pull[] {
    const all = [...this];
    for (const pull of all) this.remove(pull);
    return all;
  }

  #firstFrom(rank: number): Pull | undefined {
    const rows = this.#rows;
    for (let at = rank; at < rows.length; at++) {
      const first = rows[at]?.first;
      if (first !== undefined) return first;
    }
    return undefined;
  }

  #append(pull: Pull): void {
    const row = this.#rows[pull.rank] ??= { first: undefined, last: undefined };
    pull.waits = true;
    pull.before = row.last;
    pull.after = undefined;
    if (row.last === undefined) row.first = pull;
    else row.last.after = pull;
    row.last = pull;
  }

  #unlink(pull: Pull): void {
    const row = this.#rows[pull.rank]!;
    const { before, after } = pull;
    if (before === undefined) row.first = after;
    else before.after = after;
    if (after === undefined) row.last = before;
    else after.before = before;
    // One that is remembered would hold all that have waited behind it.
    pull.before = pull.after = undefined;
    pull.waits = false;
  }
}
