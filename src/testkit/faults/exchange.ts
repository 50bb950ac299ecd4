/**
 * Who is connected with whom: the services that listen, the ends of connections,
 * and the places of those who dialled. What is accepted from a dialler of ours
 * is known by the address that it dialled from; what comes from elsewhere, such
 * as another program's client, is taken for one at the place `OUTSIDE`.
 */
import type { Clock } from "../../platform/clock.ts";
import { formatAddress } from "../../net/address.ts";
import type { Address, Socket } from "../../platform/socket.ts";
import { FaultyLink } from "./link.ts";
import { LinkedSocket } from "./linked_socket.ts";
import { type Links, NO_LINK } from "./links.ts";

/** The place of all whose place is not known. */
export const OUTSIDE = "outside";

/** One end of a connection, and the place at the other end; empty while that is not known. */
export interface End {
  readonly socket: LinkedSocket;
  readonly place: string;
  peer: string;
}

/** A place listens, or did: at `host`, or at any address if that is empty. */
export interface PlacedService {
  readonly place: string;
  readonly host: string;
  readonly port: number;
  /** Calls of ours to it that the network beneath has not answered. */
  calls: number;
  /** Connections of which nobody knows yet whether they are such calls. */
  readonly unknown: Set<End>;
}

export class Exchange {
  readonly clock: Clock;
  readonly links: Links;
  /** Something happened at some socket. */
  readonly onActivity: () => void;
  /** All that there ever were: a call to one that is gone goes along the link, too. */
  readonly #services: PlacedService[] = [];
  readonly #ends = new Set<End>();
  /** The places of those who dialled, by the address that they dialled from. */
  readonly #diallers = new Map<string, string>();

  constructor(clock: Clock, links: Links, onActivity: () => void) {
    this.clock = clock;
    this.links = links;
    this.onActivity = onActivity;
  }

  /** The ends of all connections that are open. */
  get ends(): ReadonlySet<End> {
    return this.#ends;
  }

  /** `place` listens, at any address if `host` is empty. */
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
    const link = service === undefined
      ? NO_LINK
      : this.links.between(place, peer);
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
      end.socket.moveTo(isOurs ? NO_LINK : this.links.between(place, OUTSIDE));
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
