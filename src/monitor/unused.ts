/**
 * `/leafz`, `/gatewayz` and `/jsz`: what nats-server tells of leaf nodes,
 * gateways and JetStream when it has none. Tools that ask for every page get
 * what they can read.
 */
import { boolParam, intParam } from "./query.ts";
import { timeText } from "./text.ts";
import type { WatchedServer } from "./watched_server.ts";

const JSZ_FLAGS: readonly string[] = [
  "accounts",
  "streams",
  "consumers",
  "direct-consumers",
  "config",
  "leader-only",
  "raft",
  "stream-leader-only",
];

export function leafz(server: WatchedServer, query: URLSearchParams): object {
  boolParam(query, "subs");
  return { ...head(server), leafnodes: 0, leafs: [] };
}

export function gatewayz(
  server: WatchedServer,
  query: URLSearchParams,
): object {
  boolParam(query, "accs");
  return { ...head(server), outbound_gateways: {}, inbound_gateways: {} };
}

export function jsz(server: WatchedServer, query: URLSearchParams): object {
  for (const name of JSZ_FLAGS) boolParam(query, name);
  intParam(query, "offset");
  intParam(query, "limit");
  return {
    memory: 0,
    storage: 0,
    reserved_memory: 0,
    reserved_storage: 0,
    accounts: 0,
    ha_assets: 0,
    api: { level: 0, total: 0, errors: 0 },
    ...head(server),
    disabled: true,
    config: { max_memory: 0, max_storage: 0 },
    streams: 0,
    consumers: 0,
    messages: 0,
    bytes: 0,
    total: 0,
  };
}

function head({ broker }: WatchedServer): object {
  return { server_id: broker.id, now: timeText(broker.clock.now()) };
}
