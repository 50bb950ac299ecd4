/**
 * Networks with faults, on top of any other: `at(place, beneath)` is the network
 * as one place sees it, and between each two places there is a `FaultyLink` that can
 * be cut, slowed down and reset. It works on the machine's sockets as well as in
 * memory.
 *
 * Whoever dials from a place goes along the link to the place that listens.
 * Somebody whom none of these networks dialled for, such as another program's
 * client, is taken for one at the place `OUTSIDE`.
 */
import type { Clock } from "../../platform/clock.ts";
import { FaultyLink } from "./link.ts";
import { LinkedSocket } from "./linked_socket.ts";
import {
  type End,
  PlacedNetwork,
  type PlacedService,
} from "./placed_network.ts";
import { formatAddress } from "../../net/address.ts";
import type { Address, Network, Socket } from "../../platform/socket.ts";

/** Where everybody is whose place is not known. */
export const OUTSIDE = "outside";

/** Never cut and never slow. */
const NO_LINK: FaultyLink = new FaultyLink();

export class LinkedNetworks {
  readonly clock: Clock;
  /** Something happened at some socket. */
  onActivity: () => void = () => {};
  readonly #links = new Map<string, FaultyLink>();
  /** All that there ever were: who dials one that is gone goes along the link, too. */
  readonly #services: PlacedService[] = [];
  readonly #ends = new Set<End>();
  /** The places of those who dialled, by the address that they dialled from. */
  readonly #diallers = new Map<string, string>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** No socket is open. */
  get isIdle(): boolean {
    return this.#ends.size === 0;
  }

  /**
   * The network as `place` sees it. `machine` is its address, where `beneath`
   * has several machines.
   */
  at(place: string, beneath: Network, machine: string = ""): PlacedNetwork {
    return new PlacedNetwork(this, place, beneath, machine);
  }

  /** The way between two places. */
  link(one: string, other: string): FaultyLink {
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

  /** Resets all connections, or those of `place`, or those between it and `other`. */
  reset(place?: string, other?: string): void {
    for (const end of [...this.#ends]) {
      const places = [end.place, end.peer];
      const isMeant = [place, other].every((wanted) =>
        wanted === undefined || places.includes(wanted)
      );
      if (isMeant) end.socket.reset();
    }
  }

  /** Closes every socket, whatever the links say. */
  discard(): void {
    for (const { socket } of [...this.#ends]) socket.discard();
  }

  // --- for the networks of single places

  /** Somebody at `place` listens, at any address if `host` is empty. */
  serve(place: string, host: string, port: number): PlacedService {
    const known = this.#services.find((service) =>
      service.place === place && service.host === host && service.port === port
    );
    if (known !== undefined) return known;
    const service = { place, host, port, calls: 0, unknown: new Set<End>() };
    this.#services.unshift(service);
    return service;
  }

  /** The service at an address, if it is one of ours. */
  find({ port }: Address, hosts: readonly string[]): PlacedService | undefined {
    return this.#services.find((service) =>
      service.port === port &&
      (service.host === "" || hosts.includes(service.host))
    );
  }

  dialled(
    place: string,
    service: PlacedService | undefined,
    inner: Socket,
  ): End {
    const peer = service?.place ?? OUTSIDE;
    const link = service === undefined ? NO_LINK : this.link(place, peer);
    const from = formatAddress(inner.local);
    this.#diallers.set(from, place);
    return this.#wrap(inner, link, place, peer, () => {
      this.#diallers.delete(from);
    });
  }

  accepted(service: PlacedService, inner: Socket): End {
    const held = new FaultyLink();
    held.cut();
    const { place, unknown } = service;
    const end = this.#wrap(inner, held, place, "", () => unknown.delete(end));
    unknown.add(end);
    this.decide(service);
    return end;
  }

  /**
   * Finds out who is at the other end of what was accepted. A call of ours is
   * known for what it is only once it is answered.
   */
  decide({ place, calls, unknown }: PlacedService): void {
    for (const end of [...unknown]) {
      const dialler = this.#diallers.get(formatAddress(end.socket.remote));
      if (dialler === undefined && calls > 0) continue;
      unknown.delete(end);
      end.peer = dialler ?? OUTSIDE;
      // Of our own two ends, the one that dialled goes along the link.
      const isOurs = dialler !== undefined;
      end.socket.moveTo(isOurs ? NO_LINK : this.link(place, OUTSIDE));
    }
  }

  #wrap(
    inner: Socket,
    link: FaultyLink,
    place: string,
    peer: string,
    onClosed: () => void,
  ): End {
    const socket = new LinkedSocket(inner, link, this.clock, {
      happened: () => this.onActivity(),
      closed: () => {
        this.#ends.delete(end);
        onClosed();
        this.onActivity();
      },
    });
    const end: End = { socket, place, peer };
    this.#ends.add(end);
    return end;
  }

  /** Whether the socket of `end` is closed. */
  isGone(end: End): boolean {
    return !this.#ends.has(end);
  }
}
