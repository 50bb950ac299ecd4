/** The links between places, each made when it is first asked for. */
import { FaultyLink } from "./link.ts";

/** Never cut and never slow. */
export const NO_LINK: FaultyLink = new FaultyLink();

export class Links {
  readonly #links = new Map<string, FaultyLink>();

  /** The way between two places. */
  between(one: string, other: string): FaultyLink {
    if (one === other) return NO_LINK;
    const key = one < other ? `${one} ${other}` : `${other} ${one}`;
    const known = this.#links.get(key);
    if (known !== undefined) return known;
    const link = new FaultyLink();
    this.#links.set(key, link);
    return link;
  }

  /** Heals every link. */
  heal(): void {
    for (const link of this.#links.values()) link.heal();
  }

  /** Heals every link, and none is slow any more. */
  open(): void {
    for (const link of this.#links.values()) link.delayMs = 0;
    this.heal();
  }
}
