/**
 * The words of a control line, as places in its buffer: nothing is decoded and
 * nothing is allocated for a line. `parser.ts` fills one object for each
 * connection; SUB, UNSUB and the interest lines of routes are cut once more,
 * by other rules.
 */
import { CR, LF, SPACE, TAB } from "../core/ascii.ts";

/** The words of one line as places in its buffer. One object serves a whole parser. */
export class Words {
  count = 0;
  readonly starts: number[] = [];
  readonly ends: number[] = [];

  /**
   * Cuts `buffer[start, end)` at blanks, tabs, CR and LF. NATS protocol: lines of
   * interest are also cut at a lone CR or LF, lines that bring a message are not.
   */
  split(buffer: Uint8Array, start: number, end: number): number {
    const { starts, ends } = this;
    let count = 0;
    let at = start;
    while (true) {
      while (at < end && isSeparator(buffer[at]!)) at++;
      if (at === end) break;
      starts[count] = at;
      while (at < end && !isSeparator(buffer[at]!)) at++;
      ends[count++] = at;
    }
    this.count = count;
    return count;
  }
}

function isSeparator(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === CR || byte === LF;
}
