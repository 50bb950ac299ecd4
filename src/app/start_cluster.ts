/**
 * Several servers of one cluster in this process, meshed before they are
 * handed out.
 */
import { type Logger, silentLogger } from "../core/log.ts";
import { formatAddress } from "../net/socket.ts";
import { platform } from "../runtime/mod.ts";
import { optionsOf, type ServerConfig } from "./config.ts";
import { Server } from "./server.ts";

const LOOPBACK = "127.0.0.1";

/** What `startCluster` starts. */
export interface ClusterSetup {
  /** Number of nodes; 3 unless given. */
  size?: number;
  /** Name of the cluster. */
  name?: string;
  /**
   * Options of the node `index` (from 0), over the defaults: any free ports
   * on the loopback address.
   */
  node?: (index: number) => ServerConfig;
  /** Where the node `index` logs; nowhere unless given. */
  log?: (index: number) => Logger;
}

/** Nodes that know each other. */
export interface RunningCluster extends AsyncDisposable {
  readonly servers: readonly Server[];
  /** Where clients connect, one URL for each node. */
  readonly urls: readonly string[];
  stop(): Promise<void>;
}

/**
 * Starts `size` nodes and resolves when each has a route to every other one.
 * Rejects, with nothing left running, as `startServer` does.
 *
 * ```ts
 * await using cluster = await startCluster({ size: 3 });
 * console.log(cluster.urls.join(","));
 * ```
 */
export async function startCluster(
  setup: ClusterSetup = {},
): Promise<RunningCluster> {
  const { size = 3 } = setup;
  const servers: Server[] = [];
  try {
    for (let index = 0; index < size; index++) {
      servers.push(await startNode(setup, index, servers));
    }
    await Promise.all(
      servers.map((server) => server.cluster?.routesUp(size - 1)),
    );
  } catch (error) {
    await stopAll(servers);
    throw error;
  }
  const stop = (): Promise<void> => stopAll(servers);
  return {
    servers,
    urls: servers.map((server) => server.url),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function startNode(
  setup: ClusterSetup,
  index: number,
  earlier: readonly Server[],
): Promise<Server> {
  const config = setup.node?.(index) ?? {};
  const options = optionsOf({
    host: LOOPBACK,
    port: 0,
    ...config,
    cluster: {
      name: setup.name ?? "midge",
      host: LOOPBACK,
      port: 0,
      routes: earlier.map(routeTo),
      ...config.cluster,
    },
  });
  const log = setup.log?.(index) ?? silentLogger;
  return await Server.start(options, { ...platform, log });
}

function routeTo(server: Server): string {
  return `nats-route://${formatAddress(server.clusterAddress!)}`;
}

async function stopAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
}
