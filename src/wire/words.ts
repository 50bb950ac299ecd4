/**
 * The words of a control line, as places in its buffer: nothing is decoded and
 * nothing is allocated for a line. One object serves all parsers: a line is
 * handled before the next one is read. SUB, UNSUB and the interest lines of
 * routes are cut once more, by other rules.
 */
import { CR, LF, SPACE, TAB } from "../core/ascii.ts";

/** The words of one line as places in its buffer. */
export class Words {
  count = 0;
  readonly starts: number[] = [];
  readonly ends: number[] = [];

  /**
   * Notes the words of the line that begins at `start` while looking for its
   * end. Gives the place of the LF, or `end` if there is none. NATS protocol:
   * blanks and tabs end a word, and a CR only before the LF.
   */
  cut(buffer: Uint8Array, start: number, end: number): number {
    const { starts, ends } = this;
    let count = 0;
    let at = start;
    let byte = 0;
    while (at < end) {
      byte = buffer[at]!;
      if (byte === LF && at > start) break;
      if (byte === SPACE || byte === TAB) {
        at++;
        continue;
      }
      starts[count] = at++;
      while (at < end && !endsWord(buffer[at]!)) at++;
      ends[count++] = at;
    }
    // The CR of the line end was taken for the last byte of a word.
    if (count > 0 && ends[count - 1] === at && buffer[at - 1] === CR) {
      ends[count - 1] = at - 1;
      if (starts[count - 1] === at - 1) count--;
    }
    this.count = count;
    return at;
  }

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

function endsWord(byte: number): boolean {
  return byte <= SPACE && (byte === SPACE || byte === LF || byte === TAB);
}

function isSeparator(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === CR || byte === LF;
}
