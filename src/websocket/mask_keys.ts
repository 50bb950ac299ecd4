/** Keys to mask frames with, which no peer can foresee: randomness is asked for many at a time. */
import type { Random } from "../platform/clock.ts";

const KEYS = 64;

export class MaskKeys {
  readonly #random: Random;
  readonly #keys: Int32Array<ArrayBuffer> = new Int32Array(KEYS);
  #next = KEYS;

  constructor(random: Random) {
    this.#random = random;
  }

  next(): number {
    if (this.#next === KEYS) {
      this.#random.fill(new Uint8Array(this.#keys.buffer));
      this.#next = 0;
    }
    return this.#keys[this.#next++]!;
  }
}
