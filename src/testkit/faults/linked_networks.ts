/**
 * Networks with faults, on top of any other: `at(place, beneath)` is the network
 * as one place sees it, and between each two places there is a `FaultyLink` that
 * can be cut, slowed down and reset. It works on the machine's sockets as well as
 * in memory. A call goes along the link from the place that dials to the place
 * that listens.
 */
import type { Clock } from "../../platform/clock.ts";
import type { Network } from "../../platform/socket.ts";
import { Exchange } from "./exchange.ts";
import type { FaultyLink } from "./link.ts";
import { Links } from "./links.ts";
import { PlacedNetwork } from "./placed_network.ts";

export class LinkedNetworks {
  /** Something happened at some socket. */
  onActivity: () => void = () => {};
  readonly #links = new Links();
  readonly #exchange: Exchange;

  constructor(clock: Clock) {
    this.#exchange = new Exchange(
      clock,
      this.#links,
      () => this.onActivity(),
    );
  }

  /** No socket is open. */
  get isIdle(): boolean {
    return this.#exchange.ends.size === 0;
  }

  /**
   * The network as `place` sees it. `machine` is its address, where `beneath`
   * has several machines.
   */
  at(place: string, beneath: Network, machine: string = ""): PlacedNetwork {
    return new PlacedNetwork(this.#exchange, place, beneath, machine);
  }

  /** The way between two places. */
  link(one: string, other: string): FaultyLink {
    return this.#links.between(one, other);
  }

  /** Heals every link. */
  heal(): void {
    this.#links.heal();
  }

  /** Heals every link, and none is slow any more. */
  open(): void {
    this.#links.open();
  }

  /** Resets all connections, or those of `place`, or those between it and `other`. */
  reset(place?: string, other?: string): void {
    for (const end of [...this.#exchange.ends]) {
      const places = [end.place, end.peer];
      const isMeant = [place, other].every((wanted) =>
        wanted === undefined || places.includes(wanted)
      );
      if (isMeant) end.socket.reset();
    }
  }

  /** Closes every socket, whatever the links say. */
  discard(): void {
    for (const { socket } of [...this.#exchange.ends]) socket.discard();
  }
}
