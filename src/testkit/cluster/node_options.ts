/**
 * The options of a node of a test's cluster: those of the test over those of
 * the kit, and ports that the node keeps from its first life on.
 */
import { optionsOf, type ServerConfig } from "../../app/config.ts";
import type { Server } from "../../app/server.ts";
import type { RouteTarget, ServerOptions } from "../../options/options.ts";
import { type Random, randomBelow } from "../../platform/clock.ts";
import { isAnyHost } from "../../net/ip.ts";
import type { Address } from "../../platform/socket.ts";
import { sharedCredentials } from "../../routes/identity.ts";
import { checkOptions, type Plan } from "./setup.ts";

const LOOPBACK = "127.0.0.1";
const MEMORY_CLIENT_PORT = 4222;
const MEMORY_ROUTE_PORT = 6222;
/**
 * A port that the system hands out would not do: while a node is dead, anybody's
 * outgoing connection may be given it. These lie below the range for such
 * connections.
 */
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;

/** `node-a`, `node-b`, ... */
function nodeName(index: number): string {
  const isLetter = index < 26;
  return `node-${isLetter ? String.fromCharCode(0x61 + index) : index + 1}`;
}

/** The address of the machine on which node `index` runs. */
export function machineOf(plan: Plan, index: number): string {
  if (!plan.inMemory) return LOOPBACK;
  const number = index + 1;
  return `10.0.${Math.floor(number / 250)}.${1 + (number - 1) % 250}`;
}

/** Checks what the test asks for. Throws a `ConfigError`, or an `InvalidArgumentError`. */
export function nodeOptions(
  plan: Plan,
  index: number,
  config: ServerConfig,
): ServerOptions {
  const host = machineOf(plan, index);
  const { clusterName: name } = plan;
  const isMember = name !== undefined || config.cluster !== undefined;
  const options = optionsOf({
    server_name: nodeName(index),
    host,
    port: 0,
    debug: true,
    ...config,
    ...(isMember && {
      cluster: { ...(name && { name }), host, port: 0, ...config.cluster },
    }),
  });
  checkOptions(options, plan);
  const { cluster } = options;
  if (plan.inMemory) {
    options.host = host;
    if (cluster !== undefined) cluster.host = host;
  }
  return options;
}

/** The options with routes to `others`. */
export function withRoutes(
  options: ServerOptions,
  others: readonly Address[],
): ServerOptions {
  const { cluster } = options;
  if (cluster === undefined) return options;
  const credentials = sharedCredentials(cluster.authorization);
  const routes = others.map(({ host, port }): RouteTarget => ({
    host: isAnyHost(host) ? LOOPBACK : host,
    port,
    ...credentials,
  }));
  return { ...options, cluster: { ...cluster, routes } };
}

/** Whether a port is for us to choose. */
export function leavesPortOpen({ port, cluster }: ServerOptions): boolean {
  return port === 0 || cluster?.port === 0;
}

/** The options with a port in the place of each that is for us to choose. */
export function withPorts(
  options: ServerOptions,
  plan: Plan,
  random: Random,
): ServerOptions {
  const choose = (inMemory: number): number =>
    plan.inMemory ? inMemory : FIRST_PORT + randomBelow(random, PORT_COUNT);
  const { port, cluster } = options;
  return {
    ...options,
    port: port === 0 ? choose(MEMORY_CLIENT_PORT) : port,
    cluster: cluster && {
      ...cluster,
      port: cluster.port === 0 ? choose(MEMORY_ROUTE_PORT) : cluster.port,
    },
  };
}

/** The options with the ports at which `server` listens. */
export function withPortsOf(
  options: ServerOptions,
  server: Server,
): ServerOptions {
  const { cluster, http, registry } = options;
  const portOf = (address: Address | undefined, given: number): number =>
    address?.port ?? given;
  return {
    ...options,
    port: server.broker.port.lastAddress.port,
    cluster: cluster && {
      ...cluster,
      port: server.clusterAddress?.port ?? cluster.port,
    },
    http: http && { ...http, port: portOf(server.monitorAddress, http.port) },
    registry: registry && {
      ...registry,
      port: portOf(server.registryAddress, registry.port),
    },
  };
}
