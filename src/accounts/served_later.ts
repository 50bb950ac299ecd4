/**
 * Which interest in a message for many is served in later turns, and which at
 * once. The same match serves message after message, and to look at a hundred
 * thousand interests takes longer than a turn may, so that is done once for each.
 */
import type { DirectReceiver, Interest, MessageSource } from "./interest.ts";
import { Kind, kindBit } from "./reach.ts";

/** Direct receivers that are served at once: from there a message goes on to more than can be told beforehand. */
export const AT_ONCE: number = kindBit(Kind.IMPORT);

/** The interest of one match. */
interface Division {
  readonly atOnce: readonly Interest[];
  /** Those that are served later, each with how often it hears a message. */
  readonly later: ReadonlyMap<DirectReceiver, number>;
}

export class ServedLater {
  readonly #divisions = new WeakMap<readonly Interest[], Division>();

  /** How many of those that are served later will take a message of `publisher`. */
  takersIn(
    plain: readonly Interest[],
    publisher: MessageSource | undefined,
  ): number {
    let takers = 0;
    for (const [direct, times] of this.#divisionOf(plain).later) {
      if (direct.takes(publisher)) takers += times;
    }
    return takers;
  }

  /** What is not left for later turns. */
  atOnceIn(plain: readonly Interest[]): readonly Interest[] {
    return this.#divisionOf(plain).atOnce;
  }

  #divisionOf(plain: readonly Interest[]): Division {
    const known = this.#divisions.get(plain);
    if (known !== undefined) return known;
    const division = divided(plain);
    this.#divisions.set(plain, division);
    return division;
  }
}

function divided(plain: readonly Interest[]): Division {
  const atOnce: Interest[] = [];
  const later = new Map<DirectReceiver, number>();
  for (const interest of plain) {
    const { direct, kindBit } = interest;
    if (direct === undefined || (kindBit & AT_ONCE) !== 0) {
      atOnce.push(interest);
    } else later.set(direct, (later.get(direct) ?? 0) + 1);
  }
  return { atOnce, later };
}
