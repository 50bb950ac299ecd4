/**
 * Whether a block of headers has a line of some name, found without reading all
 * of it: from the byte where the name could end, the search leaps as far as that
 * byte allows (Horspool's). A block that is not asked for costs a few looks.
 */
import { asciiBytes, CASE_BIT, LF } from "./ascii.ts";

export interface HeaderSearchOptions {
  /** Letters count whichever case they have. */
  readonly ignoresCase: boolean;
}

export class HeaderSearch {
  readonly #name: Uint8Array;
  readonly #ignored: number;
  /** How far to leap, by the last byte under the name and its colon. */
  readonly #leaps: Uint8Array;

  /** `name`: of a header, up to 254 ASCII characters. */
  constructor(
    name: string,
    { ignoresCase }: HeaderSearchOptions = { ignoresCase: false },
  ) {
    this.#ignored = ignoresCase ? CASE_BIT : 0;
    this.#name = asciiBytes(`${name}:`);
    const { length } = this.#name;
    this.#leaps = new Uint8Array(256).fill(length);
    for (let i = 0; i < length - 1; i++) {
      const byte = this.#name[i]!;
      this.#leaps[byte] = length - 1 - i;
      this.#leaps[byte ^ this.#ignored] = length - 1 - i;
    }
  }

  /** `buffer[start, end)` is the block, with its first line. */
  isIn(buffer: Uint8Array, start: number, end: number): boolean {
    const leaps = this.#leaps;
    const last = this.#name.length - 1;
    const colon = this.#name[last]!;
    for (let at = start + last; at < end; at += leaps[buffer[at]!]!) {
      if (buffer[at] === colon && this.#isAt(buffer, at - last, start)) {
        return true;
      }
    }
    return false;
  }

  /** A line with the name begins at `at`. */
  #isAt(buffer: Uint8Array, at: number, start: number): boolean {
    if (at === start || buffer[at - 1] !== LF) return false;
    const name = this.#name;
    const ignored = this.#ignored;
    for (let i = 0; i < name.length; i++) {
      if ((buffer[at + i]! | ignored) !== (name[i]! | ignored)) return false;
    }
    return true;
  }
}
