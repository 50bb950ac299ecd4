/**
 * How much one turn of the event loop has done. One loop serves all
 * connections, so no turn may go on for as long as its input lasts: each piece
 * of work is charged here, and behind a limit the connection that caused it
 * waits for its next turn. Counting costs next to nothing, where looking at a
 * clock for each operation would not. What the same work takes depends on the
 * runtime, on memory and on the machine, so once in a while a clock is asked
 * as well, and a turn is over when either says so.
 */

/** One unit is about 50 nanoseconds; this is about a millisecond. */
export const TURN_WORK_MAX = 20_000;
/** Work to read one operation. */
export const OPERATION_WORK = 1;
/** Work to look at one node of the trie of patterns. */
export const NODE_WORK = 3;
/** Work to put a subscription into a trie, or to take one out. */
export const INTEREST_WORK = 20;
/** Work to write a line of the log. */
export const LOG_LINE_WORK = 100;
/** Bytes that are copied in one unit of work. */
const BYTES_PER_WORK_SHIFT = 9;
/** Work between two looks at the clock: less than a tenth of a millisecond, if all goes well. */
const CHECK_WORK = 1000;
const TURN_MS = 1;

/** Work to write a message of `bytes` for one receiver. */
export function deliveryWork(bytes: number): number {
  return 1 + (bytes >> BYTES_PER_WORK_SHIFT);
}

export class WorkMeter {
  /** Units of work since the turn began. */
  spent = 0;
  /** Once as much is spent, `isOver` is to be asked. */
  checkAt: number = CHECK_WORK;
  readonly #now: () => number;
  #beganAt = 0;

  /** `now` gives milliseconds; without it only work counts. */
  constructor(now: () => number = () => 0) {
    this.#now = now;
  }

  /** One by which no turn is ever over. */
  static unlimited(): WorkMeter {
    const meter = new WorkMeter();
    meter.checkAt = Infinity;
    return meter;
  }

  /** A turn begins. */
  begin(): void {
    this.spent = 0;
    this.checkAt = CHECK_WORK;
    this.#beganAt = this.#now();
  }

  /** Milliseconds since the turn began. */
  get elapsedMs(): number {
    return this.#now() - this.#beganAt;
  }

  /** Whether the turn has done enough; if not, `checkAt` says when to ask again. */
  isOver(): boolean {
    if (this.spent >= TURN_WORK_MAX || this.elapsedMs >= TURN_MS) return true;
    this.checkAt = this.spent + CHECK_WORK;
    return false;
  }
}
