/**
 * The nodes that discovery finds: what each provider lists, which of that is
 * worth dialling, and when to ask. The cluster keeps what comes out of here
 * dialled; a node that no provider lists any more is dialled no more.
 *
 * All that is found was written by others. Addresses are bounded in number,
 * names are looked up anew each time, and an address that turned out to lead to
 * this very server, or into another cluster, is left alone for a while.
 */
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../core/log.ts";
import { printableText, quoted } from "../core/quote.ts";
import type { Broker } from "../broker/broker.ts";
import type { ClusterOptions } from "../options/options.ts";
import type { Discovery, Endpoint } from "../discovery/discovery.ts";
import { Finder } from "../discovery/finding/finder.ts";
import type { FinderAnswer } from "../discovery/finding/finder_events.ts";
import { doorUrl } from "../discovery/node_record.ts";
import { formatAddress } from "../net/address.ts";
import type { Address, Network } from "../platform/socket.ts";
import type { ClusterName } from "./cluster_name.ts";
import type { Dialers, RouteCredentials } from "./dialers.ts";
import { routeAddress } from "./gossip.ts";
import { HostNames } from "./host_names.ts";
import { foundCredentials } from "./identity.ts";
import type { Route } from "./route.ts";
import { RouteMemory } from "./route_memory.ts";

/** Addresses that are kept dialled for one provider, so that no provider crowds the others out. */
const ADDRESSES_PER_PROVIDER_MAX = 256;
/** An address that led astray is tried again after this: it may belong to another node by then. */
const ASTRAY_MS = 300_000;
/** Other clusters that the log warns of by name. */
const WARNINGS_MAX = 32;

/** One node to be kept dialled. */
interface FoundNode {
  readonly address: Address;
  /** How the provider names it: a host's name has several addresses. */
  readonly door: Address;
  /** Empty when the provider does not know it. */
  readonly serverId: string;
}

/** The cluster that nodes are found for. */
export interface FoundNodesWorld {
  readonly broker: Broker;
  /** As they are now. */
  readonly options: () => ClusterOptions;
  readonly network: Network;
  readonly clusterName: ClusterName;
  readonly dialers: Dialers;
  /** By server id. */
  readonly routes: ReadonlyMap<string, Route>;
}

export class FoundNodes {
  readonly #world: FoundNodesWorld;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #finder: Finder;
  readonly #names: HostNames;
  readonly #memory: RouteMemory;
  /** What each provider lists. */
  readonly #lists = new Map<string, readonly Endpoint[]>();
  /** By address, until when it is left alone. */
  readonly #astray = new Map<string, number>();
  /** Addresses that are dialled, each with a provider that lists it. */
  #listed = new Map<string, string>();
  /** Providers that failed when they were asked last. */
  readonly #failing = new Set<string>();
  readonly #warnedOf = new Set<string>();
  #seeking = false;
  #stopped = false;

  constructor(providers: readonly Discovery[], world: FoundNodesWorld) {
    const { broker, network } = world;
    this.#world = world;
    this.#clock = broker.host.clock;
    this.#log = broker.host.log;
    this.#names = new HostNames(network, broker.host.clock);
    this.#memory = new RouteMemory(providers, broker.host.log);
    this.#finder = new Finder(providers, broker.host, {
      onFound: (provider, endpoints) => this.#found(provider, endpoints),
      onAnswer: (answer) => this.#answered(answer),
    });
  }

  start(): void {
    this.#finder.start();
    if (!this.#isReached) this.#seek("connect");
  }

  stop(): void {
    this.#stopped = true;
    this.#finder.stop();
  }

  /** A route came or went: without any, nodes are sought until there is one. */
  routesChanged(): void {
    if (this.#stopped) return;
    if (!this.#isReached) return this.#seek("round-failed");
    this.#memory.store(this.#world.routes.values());
    if (this.#seeking) this.#finder.rest();
    this.#seeking = false;
  }

  /** What a node that was found is shown. */
  credentialsOf(door: Address): RouteCredentials {
    const { broker, options } = this.#world;
    const { discovery = {} } = broker.options;
    return foundCredentials(discovery, options().authorization)(door);
  }

  /** The cluster has another name: other nodes belong to it. */
  renamed(): void {
    this.#dial();
  }

  /** An address leads to this very server, or into another cluster. */
  ledAstray(address: Address): void {
    const now = this.#clock.monotonic();
    for (const [key, untilMs] of this.#astray) {
      if (untilMs <= now) this.#astray.delete(key);
    }
    this.#astray.set(formatAddress(address), now + ASTRAY_MS);
  }

  get #isReached(): boolean {
    return this.#world.routes.size > 0;
  }

  #seek(reason: "connect" | "round-failed"): void {
    if (this.#seeking) return;
    this.#seeking = true;
    this.#finder.seek(reason);
  }

  #found(provider: string, endpoints: readonly Endpoint[]): void {
    const doors = endpoints.filter(({ url }) => url.startsWith("nats-route:"));
    this.#lists.set(provider, doors);
    this.#names.lookUp(doors.map(addressOf), () => this.#dial());
    this.#dial();
  }

  #answered({ provider, error, count, reason }: FinderAnswer): void {
    const log = this.#log;
    if (error === undefined) {
      log.debug(`Found ${count} at ${provider} (${reason})`);
      if (this.#failing.delete(provider)) {
        log.notice(`Finding nodes at ${provider} works again`);
      }
      return;
    }
    const line = `Error finding nodes at ${provider}: ${
      printableText(error.message)
    }`;
    if (this.#failing.has(provider)) log.debug(line);
    else log.error(line);
    this.#failing.add(provider);
  }

  /** Makes the dialers dial all that is listed, and nothing else. */
  #dial(): void {
    if (this.#stopped) return;
    const nodes = new Map<string, FoundNode>();
    const listed = new Map<string, string>();
    for (const [provider, endpoints] of this.#lists) {
      for (const node of this.#nodesAt(provider, endpoints)) {
        const key = formatAddress(node.address);
        if (listed.has(key)) continue;
        listed.set(key, provider);
        if (!this.#isAstray(key)) nodes.set(key, node);
      }
    }
    this.#tell(listed);
    const { dialers, routes } = this.#world;
    const found = [...nodes.values()].map(({ address, door, serverId }) => ({
      target: {
        ...address,
        ...(door.host !== address.host && { tlsName: door.host }),
        ...this.credentialsOf(door),
      },
      route: routes.get(serverId)?.member,
    }));
    dialers.replaceFound(found, !this.#isReached);
  }

  #nodesAt(provider: string, endpoints: readonly Endpoint[]): FoundNode[] {
    return endpoints
      .filter((endpoint) => this.#isWanted(endpoint, provider))
      .flatMap((endpoint) => {
        const door = addressOf(endpoint);
        const { serverId = "" } = endpoint;
        return this.#names.addressesOf(door)
          .map((address) => ({ address, door, serverId }));
      })
      .slice(0, ADDRESSES_PER_PROVIDER_MAX);
  }

  #isWanted(endpoint: Endpoint, provider: string): boolean {
    const { serverId, cluster = "", lameDuck } = endpoint;
    const { broker, clusterName } = this.#world;
    if (serverId === broker.identity.id || lameDuck) return false;
    // A name that was made up gives way to whatever the others are called.
    const isOurs = cluster === "" || cluster === clusterName.text ||
      clusterName.isDynamic;
    if (!isOurs) this.#warnOf(cluster, provider);
    return isOurs;
  }

  #warnOf(cluster: string, provider: string): void {
    const warned = this.#warnedOf;
    if (warned.has(cluster) || warned.size === WARNINGS_MAX) return;
    warned.add(cluster);
    this.#log.warn(
      `Ignoring nodes of cluster ${quoted(cluster)} at ${provider}, ` +
        `this is cluster ${quoted(this.#world.clusterName.text)}`,
    );
  }

  #isAstray(key: string): boolean {
    const untilMs = this.#astray.get(key) ?? -Infinity;
    return this.#clock.monotonic() < untilMs;
  }

  #tell(listed: Map<string, string>): void {
    const log = this.#log;
    for (const [key, provider] of listed) {
      if (!this.#listed.has(key)) {
        log.notice(`Found a node on ${key} at ${provider}`);
      }
    }
    for (const [key, provider] of this.#listed) {
      if (!listed.has(key)) {
        log.notice(`Forgot the node on ${key}, found at ${provider}`);
      }
    }
    this.#listed = listed;
  }
}

/** Where a door is; port 0 of no host if its URL makes no sense. */
function addressOf({ url }: Endpoint): Address {
  return routeAddress(doorUrl(url) ?? "") ?? { host: "", port: 0 };
}
