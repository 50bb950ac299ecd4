/**
 * Discovery by DNS: all addresses of one name, or the servers that SRV records
 * list. Names are asked for anew at every question and kept for ever, so that
 * all addresses behind a name may be replaced, as often as one likes.
 *
 * A name that does not exist is an error and not an empty answer: resolvers say
 * so too when they are out of order. The only empty answer is an SRV record
 * with the target ".", by which a zone says that there is no such service.
 */
import {
  type Discovery,
  DiscoveryError,
  type Endpoint,
  type Snapshot,
  type Wanted,
} from "../discovery.ts";
import { bracketed } from "../../net/address.ts";
import { doorUrl, NODES_MAX } from "../node_record.ts";
import type { AddressRecord, ServiceRecord } from "../../platform/dns.ts";
import type { DiscoveryPlatform } from "../platform.ts";
import { pause, untilAborted } from "../until_aborted.ts";

/** How long an answer is good when the platform does not tell. */
export const DNS_TTL_MS = 30_000;
/** Addresses of SRV targets are found in this time, or left to the one that dials. */
const TARGETS_TIMEOUT_MS = 2000;
/** Targets that are looked up for one answer; the names of others are left as they are. */
const TARGETS_MAX = 64;

type DnsPlatform = Pick<DiscoveryPlatform, "dns" | "clock">;

export interface DnsAddressesOptions {
  readonly host: string;
  /** 0: the usual port of the wanted kind. */
  readonly port: number;
  /** `host:port` of a DNS server; undefined: the system's way to look up names. */
  readonly resolver: string | undefined;
}

export interface DnsServicesOptions {
  /** A domain, or the whole name of its records, which begins with an underscore. */
  readonly name: string;
  /** `host:port` of a DNS server; undefined: the system's. */
  readonly resolver: string | undefined;
}

/** Every IPv4 and IPv6 address of a name is a door, with the name for its certificate. */
export function dnsAddresses(
  options: DnsAddressesOptions,
  platform: DnsPlatform,
  wanted: Wanted,
): Discovery {
  const { host, port, resolver } = options;
  const usualPort = wanted === "client" ? 4222 : 6222;
  const name = nameOf(
    `dns://${bracketed(host)}:${port || usualPort}`,
    resolver,
  );
  return {
    name,
    async resolve({ signal }): Promise<Snapshot> {
      const records = await asked(
        name,
        signal,
        () => platform.dns.addresses(host, { resolver, signal }),
      );
      const endpoints = doorsAt(records, host, port || usualPort, wanted);
      if (endpoints.length === 0) throw unanswered(name, "it has no address");
      return snapshot(endpoints, ttlOf(records));
    },
  };
}

/**
 * The servers that SRV records (RFC 2782) list: `_nats._tcp` for clients,
 * `_nats-route._tcp` for nodes. Their names are left to the one that dials, except
 * with a resolver: what it serves, the system's own lookup may not know, so it
 * is asked for their addresses too.
 */
export function dnsServices(
  options: DnsServicesOptions,
  platform: DnsPlatform,
  wanted: Wanted,
): Discovery {
  const { resolver } = options;
  const service = serviceName(options.name, wanted);
  const name = nameOf(`srv://${options.name}`, resolver);
  return {
    name,
    async resolve({ signal }): Promise<Snapshot> {
      const records = await asked(
        name,
        signal,
        () => platform.dns.services(service, { resolver, signal }),
      );
      const servers = records.filter(({ target }) => !isRoot(target))
        .slice(0, NODES_MAX);
      const isMeant = servers.length < records.length;
      if (servers.length === 0 && !isMeant) {
        throw unanswered(name, "it lists nothing");
      }
      const targets = resolver === undefined
        ? new Map<string, AddressRecord[]>()
        : await addressesOf(servers, platform, resolver, signal);
      const endpoints = servers.flatMap((server) =>
        doorsOf(server, targets.get(server.target), wanted)
      );
      return snapshot(
        endpoints.slice(0, NODES_MAX),
        Math.min(DNS_TTL_MS, ...[...targets.values()].map(ttlOf)),
      );
    },
  };
}

function serviceName(name: string, wanted: Wanted): string {
  if (name.startsWith("_")) return name;
  return wanted === "client"
    ? `_nats._tcp.${name}`
    : `_nats-route._tcp.${name}`;
}

function nameOf(url: string, resolver: string | undefined): string {
  return resolver === undefined ? url : `${url}?resolver=${resolver}`;
}

function isRoot(target: string): boolean {
  return target === "." || target === "";
}

/** The addresses of those targets whose names the resolver knows, as far as they come in time. */
async function addressesOf(
  servers: readonly ServiceRecord[],
  { dns, clock }: DnsPlatform,
  resolver: string,
  signal: AbortSignal,
): Promise<Map<string, AddressRecord[]>> {
  const found = new Map<string, AddressRecord[]>();
  const enough = new AbortController();
  const names = [...new Set(servers.map(({ target }) => target))];
  const lookUp = async (target: string): Promise<void> => {
    const options = { resolver, signal: enough.signal };
    const records = await dns.addresses(target, options).catch(() => []);
    if (records.length > 0) found.set(target, records);
  };
  const all = Promise.all(names.slice(0, TARGETS_MAX).map(lookUp));
  try {
    const late = pause(clock, TARGETS_TIMEOUT_MS, enough.signal);
    await untilAborted(Promise.race([all, late]), signal);
    return new Map(found);
  } finally {
    enough.abort();
  }
}

function doorsOf(
  server: ServiceRecord,
  addresses: readonly AddressRecord[] | undefined,
  wanted: Wanted,
): Endpoint[] {
  const { target, port, priority, weight } = server;
  const host = target.replace(/\.$/, "");
  const url = doorUrl(`${schemeOf(wanted)}://${bracketed(host)}:${port}`);
  const doors: Endpoint[] = addresses !== undefined
    ? doorsAt(addresses, host, port, wanted)
    : url === undefined
    ? []
    : [{ url }];
  return doors.map((door) => ({ ...door, priority, weight }));
}

function doorsAt(
  records: readonly AddressRecord[],
  host: string,
  port: number,
  wanted: Wanted,
): Endpoint[] {
  const urls = records
    .map(({ address }) =>
      doorUrl(`${schemeOf(wanted)}://${bracketed(address)}:${port}`)
    )
    .filter((url) => url !== undefined);
  // Nobody's certificate is asked for the name of an address.
  const isAddress = records.some(({ address }) => address === host);
  return [...new Set(urls)].slice(0, NODES_MAX)
    .map((url) => isAddress ? { url } : { url, tlsName: host });
}

function schemeOf(wanted: Wanted): string {
  return wanted === "client" ? "nats" : "nats-route";
}

function ttlOf(records: readonly AddressRecord[]): number {
  return Math.min(...records.map(({ ttlMs }) => ttlMs ?? DNS_TTL_MS));
}

function snapshot(endpoints: readonly Endpoint[], ttlMs: number): Snapshot {
  return { endpoints, ttlMs, authoritative: true };
}

async function asked<T>(
  name: string,
  signal: AbortSignal,
  ask: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  try {
    return await untilAborted(ask(), signal);
  } catch (error) {
    signal.throwIfAborted();
    throw unanswered(
      name,
      error instanceof Error ? error.message : "no answer",
      error,
    );
  }
}

function unanswered(
  name: string,
  why: string,
  cause?: unknown,
): DiscoveryError {
  return new DiscoveryError(`Cannot ask "${name}": ${why}`, { cause });
}
