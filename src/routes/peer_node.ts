/**
 * What this server can tell others about a peer: the doors that the peer's
 * INFO named. A peer said all of it, so it is read like anything that comes
 * from outside.
 */
import { nodeFrom, type NodeRecord } from "../discovery/node_record.ts";
import { gossipAbout } from "./gossip.ts";
import type { Route } from "./route.ts";

/** NATS route protocol: `connect_urls` are for clients, `ip` is for servers. Undefined for a peer without any door. */
export function peerNode(route: Route): NodeRecord | undefined {
  const { member: { info, toldUrls }, connection: { socket } } = route;
  if (info === undefined) return undefined;
  const dialled = gossipAbout(info, socket.remote)?.ip;
  return nodeFrom({
    id: info.server_id,
    name: info.server_name,
    cluster: info.cluster,
    urls: (toldUrls.clients ?? []).map((address) => `nats://${address}`),
    routes: dialled === undefined ? [] : [dialled],
  });
}
