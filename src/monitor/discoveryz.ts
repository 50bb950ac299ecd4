/**
 * `/discoveryz`: this server and the other servers of its cluster, with the
 * doors of each, as discovery reads lists of nodes. Midge's own page: whoever
 * reaches one server learns of the others here.
 */
import { nodeToJson } from "../discovery/node_record.ts";
import { ownNode } from "../routes/own_node.ts";
import { peerNode } from "../routes/peer_node.ts";
import type { Discoveryz } from "./page_types.ts";
import { timeText } from "./text.ts";
import type { WatchedServer } from "./watched_server.ts";

export function discoveryz(
  { broker, cluster, httpAddress, platform }: WatchedServer,
): Discoveryz {
  const { interfaceAddresses } = platform;
  // A server that is nothing but a registry is no node.
  const own = broker.options.registryOnly
    ? []
    : [ownNode(broker, { cluster, monitor: httpAddress, interfaceAddresses })];
  const peers = [...cluster?.routes.values() ?? []].map(peerNode)
    .filter((node) => node !== undefined);
  return {
    server_id: broker.id,
    server_name: broker.name,
    now: timeText(broker.clock.now()),
    nodes: [...own, ...peers].map(nodeToJson),
  };
}
