/**
 * How much one turn of the event loop has done. One loop serves all
 * connections, so no turn may go on for as long as its input lasts: each piece
 * of work is charged here, and behind a limit the connection that caused it
 * waits for its next turn. Counting costs next to nothing, where looking at a
 * clock for each operation would not; the figures below were measured and need
 * to be right within a factor of two or so.
 */

/** One unit is about 50 nanoseconds; this is about a millisecond. */
export const TURN_WORK_MAX = 20_000;
/** Work to read one operation. */
export const OPERATION_WORK = 1;
/** Work to look at one node of the trie of patterns. */
export const NODE_WORK = 3;
/** Work to put a subscription into a trie, or to take one out. */
export const INTEREST_WORK = 20;
/** Work to write a line of the trace log. */
export const LOG_LINE_WORK = 100;
/** Bytes that are copied in one unit of work. */
const BYTES_PER_WORK_SHIFT = 9;

/** Work to write a message of `bytes` for one receiver. */
export function deliveryWork(bytes: number): number {
  return 1 + (bytes >> BYTES_PER_WORK_SHIFT);
}

export class WorkMeter {
  /** Units of work since the turn began. */
  spent = 0;
}
