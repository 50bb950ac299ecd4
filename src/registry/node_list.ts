/**
 * The list of nodes as JSON. Its text is made once for each state of the store:
 * every reader gets the same.
 */
import { nodeToJson } from "../discovery/node_record.ts";
import type { Clock } from "../platform/clock.ts";
import type { NodeStore } from "./store.ts";

/**
 * From here on a node that is not in the list most likely does not live: all
 * have had the time to announce themselves again.
 */
export const COMPLETE_AFTER_MS = 15_000;

export class NodeList {
  readonly #store: NodeStore;
  readonly #clock: Clock;
  readonly #startedAt: number;
  #made: { index: number; complete: boolean; text: string } | undefined;

  constructor(store: NodeStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
  }

  /** One line. */
  get text(): string {
    const { index } = this.#store;
    const age = this.#clock.monotonic() - this.#startedAt;
    const complete = age >= COMPLETE_AFTER_MS;
    const made = this.#made;
    if (made?.index === index && made.complete === complete) return made.text;
    const nodes = this.#store.nodes.map(nodeToJson);
    const text = JSON.stringify({ index, complete, nodes });
    this.#made = { index, complete, text };
    return text;
  }
}
