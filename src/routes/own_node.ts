/**
 * What this server tells registries about itself: the doors that INFO tells to
 * clients and to other servers, as others can reach them. An address that
 * means "everywhere" is never told.
 */
import type { Broker } from "../broker/broker.ts";
import {
  doorUrl,
  nodeOf,
  type NodeRecord,
  URLS_PER_NODE_MAX,
} from "../discovery/node_record.ts";
import { advertisedAddress, formatAddress } from "../net/address.ts";
import { isAnyHost } from "../net/ip.ts";
import type { Address } from "../platform/socket.ts";
import type { Cluster } from "./cluster.ts";

const LOOPBACK = "127.0.0.1";

/** Where this server can be reached besides its client port. */
export interface OwnDoors {
  readonly cluster: Cluster | undefined;
  readonly monitor: Address | undefined;
  /** Addresses of this machine, for ports that are open on all of them. */
  readonly interfaceAddresses: () => string[];
}

export function ownNode(broker: Broker, doors: OwnDoors): NodeRecord {
  const { cluster, monitor } = doors;
  const { options } = broker;
  // A made-up name gives way to others: it would keep them away for nothing.
  const isNamed = cluster !== undefined && !cluster.clusterNameIsDynamic;
  return nodeOf({
    id: broker.identity.id,
    name: broker.identity.name,
    cluster: isNamed ? cluster.clusterName : "",
    urls: cluster?.options.noAdvertise
      ? []
      : doorUrls("nats", clientAddresses(broker, doors)),
    routes: doorUrls("nats-route", routeAddresses(doors)),
    monitor: monitor === undefined
      ? ""
      : `http://${
        formatAddress(reachable(monitor, doors)[0] ?? monitor)
      }${options.httpBasePath}`,
    lameDuck: broker.lameDuck,
  });
}

function clientAddresses(broker: Broker, doors: OwnDoors): Address[] {
  const { options } = broker;
  const { advertisedAddress } = broker.host.info;
  if (options.dontListen) return [];
  return options.clientAdvertise === ""
    ? reachable(advertisedAddress, doors)
    : [advertisedAddress];
}

function routeAddresses(doors: OwnDoors): Address[] {
  const { address, options } = doors.cluster ?? {};
  if (address === undefined || options === undefined) return [];
  return options.advertise === ""
    ? reachable({ host: options.host, port: address.port }, doors)
    : [advertisedAddress(options.advertise, address.port)];
}

/** Where a port can be reached: at each address of the machine if it is open on all of them. */
function reachable(
  { host, port }: Address,
  { interfaceAddresses }: OwnDoors,
): Address[] {
  if (!isAnyHost(host)) return [{ host, port }];
  const hosts = interfaceAddresses();
  return (hosts.length > 0 ? hosts : [LOOPBACK])
    .map((host) => ({ host, port }));
}

function doorUrls(scheme: string, addresses: readonly Address[]): string[] {
  return addresses
    .map((address) => doorUrl(`${scheme}://${formatAddress(address)}`))
    .filter((url) => url !== undefined)
    .slice(0, URLS_PER_NODE_MAX);
}
