/**
 * The name of the cluster that this server is in, and what becomes of it when
 * another server comes with its own.
 */
import type { Random } from "../platform/clock.ts";
import { Nuid } from "../core/nuid.ts";
import { type ClusterVerdict, compareClusters } from "./handshake.ts";

export class ClusterName {
  #text: string;
  #isDynamic: boolean;

  /** An empty `configured` name is replaced by one that is made up. */
  constructor(configured: string, random: Random) {
    this.#isDynamic = configured === "";
    this.#text = this.#isDynamic ? new Nuid(random).next() : configured;
  }

  get text(): string {
    return this.#text;
  }

  /** Made up, by this server or by the one that it was taken over from. */
  get isDynamic(): boolean {
    return this.#isDynamic;
  }

  /** Meets the name of another server; takes it over if the rules say so. */
  meet(name: string, isDynamic: boolean): ClusterVerdict {
    const verdict = compareClusters(
      { name: this.#text, dynamic: this.#isDynamic },
      { name, dynamic: isDynamic },
    );
    if (verdict === "adopt") {
      this.#text = name;
      this.#isDynamic = isDynamic;
    }
    return verdict;
  }
}
