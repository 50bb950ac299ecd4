/**
 * The addresses behind the names of hosts: all of them, not only the first. A
 * name is kept and looked up anew whenever it is found again, since the nodes
 * behind it may have moved. One that cannot be looked up keeps the addresses
 * that it had.
 */
import type { Clock } from "../platform/clock.ts";
import { isNumericHost } from "../net/ip.ts";
import type { Address, Network } from "../platform/socket.ts";

const LOOK_UP_TIMEOUT_MS = 5000;
/** Addresses of one name that are used. */
const ADDRESSES_MAX = 64;
/** Names that are remembered; the oldest ones are forgotten first. */
const NAMES_MAX = 512;

export class HostNames {
  readonly #network: Network;
  readonly #clock: Clock;
  /** By name. */
  readonly #known = new Map<string, readonly string[]>();
  readonly #asked = new Set<string>();

  constructor(network: Network, clock: Clock) {
    this.#network = network;
    this.#clock = clock;
  }

  /** Where a host can be reached, as far as it is known yet. */
  addressesOf({ host, port }: Address): Address[] {
    if (host === "") return [];
    const hosts = isNumericHost(host) ? [host] : this.#known.get(host) ?? [];
    return hosts.map((host) => ({ host, port }));
  }

  /** Looks up all names that are not being looked up already; calls `onKnown` after each. */
  lookUp(addresses: readonly Address[], onKnown: () => void): void {
    for (const host of new Set(addresses.map(({ host }) => host))) {
      if (host === "" || isNumericHost(host) || this.#asked.has(host)) continue;
      if (this.#asked.size === NAMES_MAX) return;
      this.#asked.add(host);
      this.#ask(host).then((hosts) => {
        this.#asked.delete(host);
        this.#remember(host, hosts);
        onKnown();
      });
    }
  }

  #remember(host: string, found: readonly string[]): void {
    // A name without any address is dialled as it is, so that the error names it.
    const hosts = found.length > 0 ? found : this.#known.get(host) ?? [host];
    this.#known.delete(host);
    this.#known.set(host, hosts);
    const [oldest = host] = this.#known.keys();
    if (this.#known.size > NAMES_MAX) this.#known.delete(oldest);
  }

  /** The addresses of a name; none when the lookup fails, or takes too long. */
  #ask(host: string): Promise<string[]> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(LOOK_UP_TIMEOUT_MS, () => resolve([]));
      this.#network.lookup(host).then(
        (hosts) => resolve([...new Set(hosts)].slice(0, ADDRESSES_MAX)),
        () => resolve([]),
      ).finally(() => timer.cancel());
    });
  }
}
