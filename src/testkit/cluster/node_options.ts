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
import type { KitCertificates } from "../tls/kit_certificates.ts";
import type { TestPlatform } from "./platform.ts";
import { checkOptions, type Plan } from "./setup.ts";

const LOOPBACK = "127.0.0.1";
const MEMORY_CLIENT_PORT = 4222;
const MEMORY_ROUTE_PORT = 6222;
const MEMORY_WEBSOCKET_PORT = 8080;
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

/** Whom the options of a node are for, and who reads files that they name. */
export interface NodePlan {
  readonly plan: Plan;
  readonly platform: Pick<TestPlatform, "readTextFile" | "tlsProblems">;
  readonly certificates: KitCertificates | undefined;
}

/** Checks what the test asks for. Throws a `ConfigError`, or an `InvalidArgumentError`. */
export function nodeOptions(
  { plan, platform, certificates }: NodePlan,
  index: number,
  config: ServerConfig,
): ServerOptions {
  const host = machineOf(plan, index);
  const { clusterName: name } = plan;
  const isMember = name !== undefined || config.cluster !== undefined;
  const { cluster: own = {} } = config;
  const options = optionsOf({
    server_name: nodeName(index),
    host,
    port: 0,
    debug: true,
    ...config,
    ...(certificates && { tls: certificates.block(config.tls) }),
    ...((plan.hasWebSocket || config.websocket) && {
      websocket: { host, port: 0, ...webTls(config, certificates) },
    }),
    ...(isMember && {
      cluster: {
        ...(name && { name }),
        host,
        port: 0,
        ...own,
        ...(certificates && { tls: certificates.block(own.tls) }),
      },
    }),
  }, {
    readFile: (path) =>
      certificates?.textOf(path) ?? platform.readTextFile(path),
    env: () => undefined,
    tlsProblems: platform.tlsProblems,
  });
  checkOptions(options, plan);
  const { cluster, websocket } = options;
  if (plan.inMemory) {
    for (const listener of [options, cluster, websocket]) {
      if (listener !== undefined) listener.host = host;
    }
  }
  return options;
}

/** A test's own block, with what the kit knows of TLS. */
function webTls(
  { websocket: own = {} }: ServerConfig,
  certificates: KitCertificates | undefined,
): NonNullable<ServerConfig["websocket"]> {
  if (own.no_tls === true) return own;
  return certificates === undefined
    ? { ...(own.tls === undefined && { no_tls: true }), ...own }
    : { ...own, tls: certificates.block(own.tls) };
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
export function leavesPortOpen(
  { port, cluster, websocket }: ServerOptions,
): boolean {
  return port === 0 || cluster?.port === 0 || websocket?.port === 0;
}

/** The options with a port in the place of each that is for us to choose. */
export function withPorts(
  options: ServerOptions,
  plan: Plan,
  random: Random,
): ServerOptions {
  const choose = (inMemory: number): number =>
    plan.inMemory ? inMemory : FIRST_PORT + randomBelow(random, PORT_COUNT);
  const chosen = <Port extends number | undefined>(
    port: Port,
    inMemory: number,
  ): Port | number => port === 0 ? choose(inMemory) : port;
  const { port, cluster, websocket } = options;
  return {
    ...options,
    port: chosen(port, MEMORY_CLIENT_PORT),
    cluster: cluster && {
      ...cluster,
      port: chosen(cluster.port, MEMORY_ROUTE_PORT),
    },
    websocket: websocket && {
      ...websocket,
      port: chosen(websocket.port, MEMORY_WEBSOCKET_PORT),
    },
  };
}

/** The options with the ports at which `server` listens. */
export function withPortsOf(
  options: ServerOptions,
  server: Server,
): ServerOptions {
  const { cluster, http, registry, websocket } = options;
  const portOf = (address: Address | undefined, given: number): number =>
    address?.port ?? given;
  return {
    ...options,
    port: server.broker.port.lastAddress.port,
    cluster: cluster && {
      ...cluster,
      port: server.clusterAddress?.port ?? cluster.port,
    },
    websocket: websocket && {
      ...websocket,
      port: portOf(server.websocketAddress, websocket.port),
    },
    http: http && { ...http, port: portOf(server.monitorAddress, http.port) },
    registry: registry && {
      ...registry,
      port: portOf(server.registryAddress, registry.port),
    },
  };
}
