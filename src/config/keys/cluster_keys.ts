/** The `cluster` block: where routes are accepted and which ones to dial. */
import { ROUTE_PING_INTERVAL_MAX_MS } from "../../core/limits.ts";
import { UrlError } from "../../net/url.ts";
import { parseRouteUrl } from "../route_url.ts";
import { readAuthorization } from "./authorization_keys.ts";
import type { Report } from "../dialect/diagnostic.ts";
import { formatDuration } from "../../core/duration.ts";
import {
  type ClusterOptions,
  defaultClusterOptions,
  type RouteTarget,
} from "../../options/options.ts";
import {
  applyKeys,
  boolean,
  type ConfigKey,
  duration,
  findEntry,
  goType,
  integer,
  key,
  listenAddress,
  notSupported,
  notYet,
  port,
  quote,
  type Reader,
  reportType,
  string,
  stringWithoutSpaces,
  unlessZero,
  warnOfNoEffect,
  withoutEffect,
} from "./schema.ts";
import { redactUrl } from "../../core/redact.ts";
import type { ConfigEntry, ConfigString } from "../dialect/tree.ts";

/** The text for a route that is not a URL; its secrets are left out. */
export function badRouteText(url: string, reason: UrlError): string {
  const shown = quote(redactUrl(url.trim()));
  return `error parsing route url [${shown}]: ${reason.message}`;
}

const routes: Reader<RouteTarget[]> = {
  type: "list of URLs",
  read(entry, report) {
    if (entry.value.kind !== "array") {
      reportType(entry, "array", report);
      return undefined;
    }
    const targets: RouteTarget[] = [];
    const seen = new Set<string>();
    for (const item of entry.value.items) {
      if (item.kind !== "string") {
        report.error(item.at, `A route must be a URL, got ${goType(item)}`);
      } else if (seen.has(item.value)) {
        warnOfDuplicate(item, report);
      } else {
        seen.add(item.value);
        const target = readRoute(item, report);
        if (target !== undefined) targets.push(target);
      }
    }
    return targets;
  },
};

function warnOfDuplicate({ value, at }: ConfigString, report: Report): void {
  const url = quote(redactUrl(value));
  report.warn(
    at,
    `invalid use of field ${url}: Duplicate route entry detected`,
  );
}

function readRoute(
  { value, at }: ConfigString,
  report: Report,
): RouteTarget | undefined {
  try {
    return parseRouteUrl(value);
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    report.error(at, badRouteText(value, error));
    return undefined;
  }
}

/** Without a port, or with port 0, no routes are accepted; -1 is any free port. */
export function listeningPort(port: number): number | undefined {
  if (port === 0) return undefined;
  return port === -1 ? 0 : port;
}

// Midge's routes do not compress, which is what these modes allow.
const PLAIN_MODES = ["off", "disabled", "accept", "not supported"];
const COMPRESSED_MODES =
  /^(on|enabled|s2_(auto|fast|better|best|uncompressed))$/;

const compression: ConfigKey<ClusterOptions> = {
  names: ["compression"],
  type: "off or accept",
  doc: "Routes are never compressed.",
  apply(_, entry, report) {
    const mode = compressionMode(entry);
    if (mode === undefined) {
      const type = goType(entry.value);
      report.error(
        entry.at,
        `field "compression" should be a boolean or a structure, got ${type}`,
      );
    } else if (COMPRESSED_MODES.test(mode)) {
      report.error(entry.at, notSupported(entry));
    } else if (!PLAIN_MODES.includes(mode)) {
      report.error(entry.at, `unsupported compression mode ${quote(mode)}`);
    } else {
      warnOfNoEffect(entry, "Midge's routes are not compressed", report);
    }
  },
};

function compressionMode({ value }: ConfigEntry): string | undefined {
  if (value.kind === "boolean") return value.value ? "on" : "off";
  const mode = value.kind === "map" ? findEntry(value, "mode")?.value : value;
  return mode?.kind === "string" ? mode.value.toLowerCase() : undefined;
}

const pingInterval: Reader<number> = {
  type: "duration",
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

const authorization: ConfigKey<ClusterOptions> = {
  names: ["authorization"],
  type: "map",
  doc: "What other nodes need to connect: one user, or a token.",
  apply(options, entry, report) {
    const list = entry.value.kind === "map"
      ? findEntry(entry.value, "users")
      : undefined;
    if (list !== undefined) {
      report.error(
        list.at,
        "Cluster authorization does not allow multiple users",
      );
    }
    options.authorization = readAuthorization(entry, report);
  },
};

/** The keys of `cluster`. */
export const CLUSTER_KEYS: readonly ConfigKey<ClusterOptions>[] = [
  key(
    ["name"],
    stringWithoutSpaces("cluster name cannot contain spaces"),
    (options: ClusterOptions, name) => {
      options.name = name;
    },
    "The cluster's name, the same on each node; that of the others unless set.",
  ),
  key(["listen"], listenAddress, (options: ClusterOptions, address) => {
    options.host = address.host ?? options.host;
    options.port = listeningPort(address.port);
  }, "Where other nodes connect to; without it the node only dials out."),
  key(["host", "net"], string, (options: ClusterOptions, host) => {
    options.host = host || options.host;
  }, "The host part of `listen`."),
  key(["port"], port, (options: ClusterOptions, port) => {
    options.port = listeningPort(port);
  }, "The port part of `listen`; -1 for any free one."),
  authorization,
  key(["routes"], routes, (options: ClusterOptions, list) => {
    options.routes = list;
  }, "The nodes to connect to: `nats-route://[user:password@]host:port`."),
  key(
    ["advertise", "cluster_advertise"],
    string,
    (options: ClusterOptions, address) => {
      options.advertise = address;
    },
    "The `host[:port]` that other nodes are told to dial, where it is another.",
  ),
  key(["no_advertise"], boolean, (options: ClusterOptions, on) => {
    options.noAdvertise = on;
  }, "Tell other nodes no addresses for clients."),
  key(["connect_retries"], integer(0), (options: ClusterOptions, count) => {
    options.connectRetries = count;
  }, "Further attempts at a node that only other nodes told of."),
  key(["connect_backoff"], boolean, (options: ClusterOptions, on) => {
    options.connectBackoff = on;
  }, "Wait twice as long after each failed attempt, up to 30 s."),
  key(
    ["ping_interval"],
    unlessZero(pingInterval),
    (options: ClusterOptions, ms) => {
      options.pingIntervalMs = ms;
    },
    "How often a silent route gets a PING: as the server's, at most 30 s.",
  ),
  key(
    ["ping_max"],
    unlessZero(integer(0)),
    (options: ClusterOptions, count) => {
      options.pingMax = count;
    },
    "Unanswered PINGs before a route is closed: as the server's.",
  ),
  compression,
  withoutEffect(["pool_size"], "Midge has one route to each node"),
  withoutEffect(
    ["write_deadline", "write_timeout"],
    "routes follow the server's write_deadline",
  ),
  notYet("tls"),
  notYet("permissions"),
  notYet("accounts"),
];

/** Reads a `cluster` block. */
export function readCluster(
  { at, value }: ConfigEntry,
  report: Report,
): ClusterOptions | undefined {
  if (value.kind !== "map") {
    const got = goType(value);
    report.error(at, `Expected map to define cluster, got ${got}`);
    return undefined;
  }
  const options = defaultClusterOptions();
  applyKeys(CLUSTER_KEYS, value, options, report);
  return options;
}
