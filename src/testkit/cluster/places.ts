/**
 * Where nodes and clients of a test's cluster are, the faults between these
 * places, and what is missing between nodes that can reach each other.
 */
import { InvalidArgumentError } from "../../core/errors.ts";
import { OUTSIDE } from "../faults/exchange.ts";
import type { FaultyLink } from "../faults/link.ts";
import type { LinkedNetworks } from "../faults/linked_networks.ts";
import { missingInterest, missingRoutes } from "./mesh.ts";
import type { TestNode } from "./node.ts";
import type { Nodes } from "./nodes.ts";
import { placeOfNode } from "./world.ts";

/** A node, by its index, or all clients that are on no node's side. */
export type Place = number | "clients";

/** Nodes and clients that stay together in a partition. */
export type Side = readonly Place[];

export class Places {
  readonly #networks: LinkedNetworks;
  readonly #nodes: Nodes;

  constructor(networks: LinkedNetworks, nodes: Nodes) {
    this.#networks = networks;
    this.#nodes = nodes;
  }

  /** Cuts all links between two sides. */
  partition(side: Side, other: Side): void {
    const places = side.map((place) => this.#placeOf(place));
    const others = other.map((place) => this.#placeOf(place));
    const both = [...side].filter((place) => other.includes(place));
    if (both.length > 0) {
      throw new InvalidArgumentError(
        `On both sides of the partition: ${both.join(", ")}`,
      );
    }
    for (const one of places) {
      for (const two of others) this.#networks.link(one, two).cut();
    }
  }

  delay(place: Place, other: Place, ms: number): void {
    if (!(ms >= 0 && ms < Infinity)) {
      throw new InvalidArgumentError(`A delay is 0 or more, not ${ms}`);
    }
    if (place === other) {
      throw new InvalidArgumentError(
        `A delay is between two places, not between ${place} and itself`,
      );
    }
    this.#linkOf(place, other).delayMs = ms;
  }

  /** Breaks the connections between two, all of one, or all. */
  reset(place: Place | undefined, other: Place | undefined): void {
    this.#networks.reset(
      place === undefined ? undefined : this.#placeOf(place),
      other === undefined ? undefined : this.#placeOf(other),
    );
  }

  missingRoutes(): string[] {
    return missingRoutes(
      this.#nodes.all,
      (one, other) => this.#canReach(one, other),
      (id) => this.#nodes.withId(id),
    );
  }

  missingInterest(): string[] {
    return missingInterest(
      this.#nodes.all,
      (one, other) => this.#canReach(one, other),
    );
  }

  /** Whether a client on a node's side, or among all clients, can reach a node. */
  hasServerFor(on: number | undefined): boolean {
    return this.#nodes.all.some(({ alive, index }) =>
      alive && !this.#linkOf(on ?? "clients", index).isCut
    );
  }

  #canReach(one: TestNode, other: TestNode): boolean {
    return !this.#linkOf(one.index, other.index).isCut;
  }

  #linkOf(place: Place, other: Place): FaultyLink {
    return this.#networks.link(this.#placeOf(place), this.#placeOf(other));
  }

  #placeOf(place: Place): string {
    return place === "clients"
      ? OUTSIDE
      : placeOfNode(this.#nodes.at(place).index);
  }
}
