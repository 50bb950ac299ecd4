/** The `cluster` block: where routes are accepted and which ones to dial. */
import { ANY_HOST, ROUTE_PING_INTERVAL_MAX_MS } from "../../core/limits.ts";
import { formatDuration } from "../../core/duration.ts";
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry } from "../dialect/tree.ts";
import type {
  AuthorizationOptions,
  ClusterOptions,
  PermissionsOptions,
  ServerOptions,
} from "../../options/options.ts";
import {
  AUTHORIZATION_BLOCK,
  readAuthorization,
  requiresLogin,
} from "./authorization_keys.ts";
import {
  clusterFlag,
  listeningPort,
  ROUTES_FLAG,
  TLS_ROUTE_TEXT,
} from "./cluster_flags.ts";
import {
  goType,
  notSupported,
  quote,
  reportMissing,
  warnOfNoEffect,
} from "./complaints.ts";
import { defaultsOf } from "./defaults.ts";
import { findEntry, readBlock } from "./entries.ts";
import {
  boolean,
  changed,
  duration,
  filledString,
  integer,
  listenAddress,
  port,
  type Reader,
  stringWithoutSpaces,
  unlessZero,
} from "./readers.ts";
import { permissions, PERMISSIONS_BLOCK } from "./permission_keys.ts";
import { advertised } from "./advertised.ts";
import { routeUrls } from "./route_urls.ts";
import { checkedRow, missing, rowsOf, withoutEffect } from "./rows.ts";
import type { Block } from "./schema.ts";
import { TLS_BLOCK, tlsBlock } from "./tls_keys.ts";

// Midge's routes do not compress, which is what these modes allow.
const PLAIN_MODES = ["off", "disabled", "accept", "not supported"];
const COMPRESSED_MODES =
  /^(on|enabled|s2_(auto|fast|better|best|uncompressed))$/;

function checkCompression(entry: ConfigEntry, report: Report): void {
  const mode = compressionMode(entry);
  if (mode === undefined) {
    const type = goType(entry.value);
    report.error(
      entry.at,
      `field "compression" should be a boolean or a structure, got ${type}`,
    );
  } else if (COMPRESSED_MODES.test(mode)) {
    reportMissing(entry, "compressed routes", report);
  } else if (!PLAIN_MODES.includes(mode)) {
    report.error(entry.at, `unsupported compression mode ${quote(mode)}`);
  } else {
    warnOfNoEffect(entry, "Midge's routes are not compressed", report);
  }
}

function compressionMode({ value }: ConfigEntry): string | undefined {
  if (value.kind === "boolean") return value.value ? "on" : "off";
  const mode = value.kind === "map" ? findEntry(value, "mode")?.value : value;
  return mode?.kind === "string" ? mode.value.toLowerCase() : undefined;
}

const NO_RESPONSES = "Cluster permissions do not support dynamic responses";

const routePermissions: Reader<PermissionsOptions> = {
  ...permissions,
  read(entry, report) {
    const read = permissions.read(entry, report);
    if (read?.responses === undefined) return read;
    report.error(entry.at, NO_RESPONSES);
    return undefined;
  },
};

const routePingInterval: Reader<number> = {
  ...duration,
  read(entry, report) {
    const ms = duration.read(entry, report);
    if (ms === undefined || ms <= ROUTE_PING_INTERVAL_MAX_MS) return ms;
    const longest = formatDuration(ROUTE_PING_INTERVAL_MAX_MS);
    report.warn(
      entry.at,
      `Cluster 'ping_interval' will reset to ${longest} which is the max ` +
        "for routes",
    );
    return ROUTE_PING_INTERVAL_MAX_MS;
  },
};

function readRouteAuthorization(
  entry: ConfigEntry,
  report: Report,
): AuthorizationOptions | undefined {
  const authorization = readAuthorization(entry, report);
  if (authorization === undefined) return undefined;
  checkRouteUsers(authorization, entry, report);
  const says = requiresLogin(authorization) ||
    authorization.defaultPermissions !== undefined;
  return says ? authorization : undefined;
}

/** Says what clients may have and routes may not. */
function checkRouteUsers(
  { users, defaultPermissions }: AuthorizationOptions,
  { at, value }: ConfigEntry,
  report: Report,
): void {
  const find = (...names: string[]) =>
    value.kind === "map" ? findEntry(value, ...names) : undefined;
  const callout = find("auth_callout", "auth_hook");
  const defaults = find(
    "default_permissions",
    "default_permission",
    "permissions",
  );
  const proxy = find("proxy_required");
  if (callout !== undefined) {
    report.error(callout.at, "Cluster authorization does not support callouts");
  }
  if (proxy !== undefined) report.error(proxy.at, notSupported(proxy));
  if (defaults !== undefined) {
    report.warn(
      defaults.at,
      'setting "permissions" within cluster authorization block is deprecated',
    );
    if (defaultPermissions?.responses !== undefined) {
      report.error(defaults.at, NO_RESPONSES);
    }
  }
  const hasOthers = users.some(({ nkey, connectionTypes, ...user }) =>
    nkey !== undefined || connectionTypes !== undefined ||
    user.proxyRequired !== undefined ||
    user.permissions !== undefined && user.permissions !== defaultPermissions
  );
  if (hasOthers) {
    report.error(
      at,
      "Cluster authorization knows users with a name and a password only",
    );
  }
}

function clusterOf(options: ServerOptions): ClusterOptions {
  options.cluster ??= defaultsOf(CLUSTER_BLOCK);
  return options.cluster;
}

const rows = rowsOf<ClusterOptions>(clusterOf);

/** The keys of `cluster`. Its flags are applied in this order: `-routes` needs a cluster to be there. */
export const CLUSTER_BLOCK: Block<ClusterOptions> = {
  place: "`cluster`",
  types: {
    options: "ClusterOptions",
    optionsText: "The routes between the nodes of a cluster.",
    config: "ClusterConfig",
    configText: "The `cluster` block.",
  },
  keys: [
    rows.key({
      names: ["listen"],
      reader: listenAddress,
      sets: ["host", "port"],
      set(options, address) {
        options.host = address.host ?? options.host;
        options.port = listeningPort(address.port);
      },
      text: "Where other nodes connect to; without it the node only dials out.",
      flags: [clusterFlag(clusterOf)],
      reload: "restart",
    }),
    rows.option({
      names: ["host", "net"],
      field: "host",
      reader: filledString,
      default: ANY_HOST,
      text: "The host part of `listen`.",
      goField: "cluster host",
      reload: "restart",
    }),
    rows.key({
      names: ["port"],
      field: "port",
      reader: port,
      set(options, port) {
        options.port = listeningPort(port);
      },
      default: undefined,
      text: "The port part of `listen`; -1 for any free one.",
      goField: (port: number | undefined) => ({ "cluster port": port ?? 0 }),
      reload: "restart",
    }),
    rows.block({
      names: ["authorization"],
      field: "authorization",
      block: AUTHORIZATION_BLOCK,
      read: readRouteAuthorization,
      text:
        "What other nodes need to connect: a user, one of several, or a token.",
      reload: "now",
    }),
    rows.option({
      names: ["routes"],
      field: "routes",
      reader: routeUrls,
      default: [],
      text:
        "The nodes to connect to: `nats-route://[user:password@]host:port`.",
      flags: [ROUTES_FLAG],
      reloaded: "Reloaded: cluster routes",
      reload: "now",
    }),
    rows.option({
      names: ["name"],
      field: "name",
      reader: stringWithoutSpaces("cluster name cannot contain spaces"),
      default: "",
      text:
        "The cluster's name, the same on each node; that of the others unless set.",
      flags: [{ section: "Cluster", names: ["cluster_name"], value: "name" }],
      reload: "now",
    }),
    rows.option({
      names: ["no_advertise"],
      field: "noAdvertise",
      reader: boolean,
      default: false,
      text: "Tell other nodes no addresses for clients.",
      flags: [{ section: "Cluster", names: ["no_advertise"] }],
      reload: "now",
    }),
    rows.option({
      names: ["advertise", "cluster_advertise"],
      field: "advertise",
      reader: advertised("cluster_advertise"),
      default: "",
      text:
        "The `host[:port]` that other nodes are told to dial instead of this one.",
      flags: [{
        section: "Cluster",
        names: ["cluster_advertise"],
        value: "address",
      }],
      reload: "now",
    }),
    rows.option({
      names: ["connect_retries"],
      field: "connectRetries",
      reader: integer(0),
      default: 0,
      text: "Further attempts at a node that is known only from other nodes.",
      flags: [{
        section: "Cluster",
        names: ["connect_retries"],
        value: "count",
      }],
      reload: "now",
    }),
    rows.option({
      names: ["connect_backoff"],
      field: "connectBackoff",
      reader: boolean,
      default: false,
      text: "Wait twice as long after each failed attempt, up to 30 s.",
      reload: "now",
    }),
    rows.option({
      names: ["ping_interval"],
      field: "pingIntervalMs",
      reader: unlessZero(routePingInterval),
      default: undefined,
      text:
        "How often a silent route gets a PING: as the server's, at most 30 s.",
      reload: "now",
    }),
    rows.option({
      names: ["ping_max"],
      field: "pingMax",
      reader: unlessZero(integer(0)),
      default: undefined,
      text: "Unanswered PINGs before a route is closed: as the server's.",
      reload: "now",
    }),
    rows.option({
      names: ["tls"],
      field: "tls",
      inner: TLS_BLOCK,
      reader: changed(
        tlsBlock({ hasKnownUrls: true }),
        // NATS server configuration: nodes always verify each other.
        (tls) => ({ ...tls, verify: true }),
      ),
      default: undefined,
      text:
        "TLS between nodes: both show certificates, and that of a node that is dialled is for the host of its URL.",
      reload: "new connections",
    }),
    checkedRow({
      names: ["compression"],
      kind: "off or accept",
      written: 'false | "off" | "accept"',
      check: checkCompression,
      text: "Routes are never compressed.",
      reload: "now",
    }),
    withoutEffect(["pool_size"], "Midge has one route to each node", "now"),
    withoutEffect(
      ["write_deadline", "write_timeout"],
      "routes follow the server's write_deadline",
      "now",
    ),
    missing(["accounts"], { name: "routes for single accounts" }, "now"),
    rows.option({
      names: ["permissions"],
      field: "permissions",
      default: undefined,
      inner: PERMISSIONS_BLOCK,
      reader: routePermissions,
      text:
        "Interest of this node's clients that others hear of (`import`), and interest of others that is served (`export`).",
      reload: "now",
    }),
  ],
};

/** Reads a `cluster` block. */
export function readCluster(
  entry: ConfigEntry,
  report: Report,
): ClusterOptions | undefined {
  const cluster = readBlock(CLUSTER_BLOCK, "cluster", entry, report);
  const isPlain = cluster !== undefined && cluster.tls === undefined;
  if (isPlain && cluster.routes.some(({ tls }) => tls)) {
    report.error(entry.at, TLS_ROUTE_TEXT);
  }
  if (cluster !== undefined) moveRoutePermissions(cluster);
  return cluster;
}

/** NATS: those in `authorization` are the cluster's, unless it has its own. */
function moveRoutePermissions(cluster: ClusterOptions): void {
  const { authorization } = cluster;
  if (authorization?.defaultPermissions === undefined) return;
  const { defaultPermissions, ...others } = authorization;
  const users = others.users.map(({ permissions: _, ...user }) => user);
  cluster.permissions ??= defaultPermissions;
  cluster.authorization = requiresLogin(others)
    ? { ...others, users }
    : undefined;
}
