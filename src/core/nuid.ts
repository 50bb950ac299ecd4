/**
 * Unique names: NUIDs for inboxes and request tokens, and the identity of a
 * server. Both come from a `Random`, so a seeded cluster names itself the same
 * in every run.
 */

import { type Random, randomBelow } from "../platform/clock.ts";
import { randomPublicKey } from "./key_text.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const PREFIX_CHARS = 12;
const TAIL_DIGITS = 10;
/** Steps between two ids, so that one id does not tell the next. */
const STEP_MIN = 33;
const STEP_MAX = 332;

/**
 * Makes 22-char ids: a random prefix of 12 and a tail that counts up from a
 * random start in random steps. The prefix makes ids of two makers differ, the
 * tail those of one; counting is cheaper than 22 new random chars.
 */
export class Nuid {
  readonly #random: Random;
  #prefix = "";
  /** The tail's base 62 digits, the most significant first. */
  readonly #tail: number[] = new Array(TAIL_DIGITS).fill(0);

  /** Draws its ids from `random`. */
  constructor(random: Random) {
    this.#random = random;
    this.reset();
  }

  /** A new id. */
  next(): string {
    const span = STEP_MAX - STEP_MIN + 1;
    const hasRoom = this.#advance(STEP_MIN + randomBelow(this.#random, span));
    if (!hasRoom) this.reset();
    let id = this.#prefix;
    for (const digit of this.#tail) id += BASE62[digit]!;
    return id;
  }

  /** Starts again with another prefix and another tail. */
  reset(): void {
    this.#prefix = randomName(this.#random, PREFIX_CHARS);
    for (let i = 0; i < TAIL_DIGITS; i++) {
      this.#tail[i] = randomBelow(this.#random, 62);
    }
  }

  /** Adds `step` to the tail; false when it overflows. */
  #advance(step: number): boolean {
    let carry = step;
    for (let i = TAIL_DIGITS - 1; i >= 0 && carry > 0; i--) {
      const sum = this.#tail[i]! + carry;
      this.#tail[i] = sum % 62;
      carry = Math.floor(sum / 62);
    }
    return carry === 0;
  }
}

/** `chars` letters and digits from bytes fit for identities: nobody guesses them. */
export function randomName(random: Random, chars: number): string {
  let name = "";
  for (const digit of randomDigits(random, chars)) name += BASE62[digit]!;
  return name;
}

/** Evenly spread base 62 digits from bytes fit for identities. */
function randomDigits(random: Random, count: number): number[] {
  const digits: number[] = [];
  const bytes = new Uint8Array(count);
  while (digits.length < count) {
    random.fill(bytes);
    // 248 is the largest multiple of 62 that a byte holds; above it the first
    // digits would come more often.
    for (const byte of bytes) if (byte < 248) digits.push(byte % 62);
  }
  return digits.slice(0, count);
}

/**
 * A server's id: 56 upper case chars in the form of a public server nkey, since
 * peers and tools check the form. It is an identity and no usable key: its 32
 * key bytes are random and nobody has a seed for them.
 */
export function serverId(random: Random): string {
  return randomPublicKey("N", random);
}
