/**
 * The network as one place of `LinkedNetworks` sees it: its listeners, its calls
 * and its sockets. It can be unplugged, as the machine at that place stops.
 */
import { isAnyHost } from "../../net/ip.ts";
import { dialFailure, listenFailure } from "../../net/failures.ts";
import type { FaultyLink } from "./link.ts";
import type { End, Exchange, PlacedService } from "./exchange.ts";
import {
  type Address,
  type DialOptions,
  type Listener,
  type ListenOptions,
  type Network,
  NetworkError,
  type Socket,
} from "../../platform/socket.ts";

export class PlacedNetwork implements Network {
  readonly #exchange: Exchange;
  readonly #place: string;
  readonly #beneath: Network;
  readonly #machine: string;
  readonly #listeners = new Set<Listener>();
  #ends: End[] = [];
  #isUnplugged = false;

  constructor(
    exchange: Exchange,
    place: string,
    beneath: Network,
    machine: string,
  ) {
    this.#exchange = exchange;
    this.#place = place;
    this.#beneath = beneath;
    this.#machine = machine;
  }

  get isUnplugged(): boolean {
    return this.#isUnplugged;
  }

  /** No socket of this network is open, except where a cut link keeps it from closing. */
  get isIdle(): boolean {
    this.#forgetEnds();
    return this.#ends.every(({ place, peer }) =>
      this.#exchange.links.between(place, peer).isCut
    );
  }

  /**
   * Nothing comes and nothing goes any more: listeners and sockets close
   * without a word, and their owners are told so before this returns.
   */
  unplug(): void {
    this.#isUnplugged = true;
    for (const listener of [...this.#listeners]) void listener.close();
    const ends = this.#ends;
    this.#ends = [];
    // Who hears of one end has nobody left to tell of it.
    for (const { socket } of ends) socket.destroy();
    for (const { socket } of ends) socket.crash();
  }

  async listen(
    at: Address,
    options: ListenOptions,
    onSocket: (socket: Socket) => void,
  ): Promise<Listener> {
    if (this.#isUnplugged) throw listenFailure(at, "ENETUNREACH");
    const inner = await this.#beneath.listen(at, options, (socket) => {
      if (this.#isUnplugged) return socket.destroy();
      onSocket(this.#keep(this.#exchange.accepted(service, socket)));
    });
    const { address } = inner;
    const isAny = isAnyHost(address.host);
    const service = this.#exchange.serve(
      this.#place,
      address.path ?? (isAny ? this.#machine : address.host),
      address.port,
    );
    let closing: Promise<void> | undefined;
    const listener: Listener = {
      address,
      close: () => {
        this.#listeners.delete(listener);
        closing ??= inner.close();
        return closing;
      },
    };
    this.#listeners.add(listener);
    return listener;
  }

  async dial(to: Address, options: DialOptions = {}): Promise<Socket> {
    const hosts = to.path === undefined
      ? await this.lookup(to.host)
      : [to.path];
    const service = this.#exchange.find(to, hosts);
    if (service === undefined) {
      const inner = await this.#beneath.dial(to, options);
      return this.#dialled(to, undefined, inner);
    }
    try {
      return await this.#call(to, service, options.timeoutMs);
    } finally {
      this.#exchange.onActivity();
    }
  }

  lookup(host: string): Promise<string[]> {
    if (!this.#isUnplugged) return this.#beneath.lookup(host);
    return Promise.reject(
      new NetworkError(`lookup ${host}: network is unreachable`, "ENETUNREACH"),
    );
  }

  /** There and back again, along the link. */
  async #call(
    to: Address,
    service: PlacedService,
    timeoutMs: number = Infinity,
  ): Promise<Socket> {
    const { clock } = this.#exchange;
    const link = this.#exchange.links.between(this.#place, service.place);
    const deadline = clock.monotonic() + timeoutMs;
    await this.#travel(link, to, deadline);
    const left = deadline - clock.monotonic();
    const socket = await this.#reach(
      to,
      service,
      left < Infinity ? { timeoutMs: left } : {},
    );
    try {
      await this.#travel(link, to, deadline);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return socket;
  }

  /**
   * The call beneath. Until it is answered, any other peer of the service is
   * not known for a stranger, and waits: so nothing else belongs in here.
   */
  async #reach(
    to: Address,
    service: PlacedService,
    options: DialOptions,
  ): Promise<Socket> {
    service.calls++;
    try {
      const inner = await this.#beneath.dial(to, options);
      return this.#dialled(to, service, inner);
    } finally {
      service.calls--;
      this.#exchange.decide(service);
    }
  }

  /** Waits as long as the link does; fails at the deadline. */
  async #travel(
    link: FaultyLink,
    to: Address,
    deadline: number,
  ): Promise<void> {
    const { clock } = this.#exchange;
    const { delayMs } = link;
    if (link.isOpen) return;
    const left = deadline - clock.monotonic();
    const arrives = await new Promise<boolean>((resolve) => {
      const late = left < Infinity
        ? clock.after(left, () => settle(false))
        : undefined;
      let forget = (): void => {};
      const settle = (arrives: boolean): void => {
        late?.cancel();
        forget();
        resolve(arrives);
      };
      const go = (): void => {
        if (link.isCut) {
          forget = link.afterHeal(go);
          return;
        }
        const timer = clock.after(
          delayMs,
          () => link.isCut ? go() : settle(true),
        );
        forget = () => timer.cancel();
      };
      go();
    });
    if (!arrives) throw dialFailure(to, "ETIMEDOUT");
  }

  #dialled(
    to: Address,
    service: PlacedService | undefined,
    inner: Socket,
  ): Socket {
    if (this.#isUnplugged) {
      inner.destroy();
      throw dialFailure(to, "ENETUNREACH");
    }
    return this.#keep(this.#exchange.dialled(this.#place, service, inner));
  }

  #keep(end: End): Socket {
    this.#forgetEnds();
    this.#ends.push(end);
    return end.socket;
  }

  #forgetEnds(): void {
    this.#ends = this.#ends.filter((end) => !this.#exchange.isGone(end));
  }
}
