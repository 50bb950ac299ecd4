/** Which interest in a message for many is served in later turns, and which at once. */
import type { Interest, MessageSource } from "./interest.ts";
import { Kind, kindBit } from "./reach.ts";

/** Direct receivers that are served at once: from there a message goes on to more than can be told beforehand. */
export const AT_ONCE: number = kindBit(Kind.IMPORT);

/** How many of those that are served later will take a message of `publisher`. */
export function takersIn(
  plain: readonly Interest[],
  publisher: MessageSource | undefined,
): number {
  let takers = 0;
  for (const { direct, kindBit } of plain) {
    if ((kindBit & AT_ONCE) === 0 && direct?.takes(publisher)) takers++;
  }
  return takers;
}

/** What is not left for later turns. */
export function servedAtOnce(plain: readonly Interest[]): Interest[] {
  return plain.filter(({ server, kindBit }) =>
    server !== undefined || (kindBit & AT_ONCE) !== 0
  );
}
