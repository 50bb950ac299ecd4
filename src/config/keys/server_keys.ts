/**
 * The top level of a configuration: one row for each key, in the order of
 * `ServerOptions`, then those that nats-server has and Midge has not.
 */
import {
  LAME_DUCK_DURATION_MIN_MS,
  MAX_CONNECTIONS,
} from "../../core/limits.ts";
import { CLIENT_PORT } from "../../core/limits.ts";
import { readAuthorization } from "./authorization_keys.ts";
import { readCluster } from "./cluster_keys.ts";
import { readDiscovery } from "./discovery_keys.ts";
import { formatDuration } from "../../core/duration.ts";
import type { ServerOptions } from "../../options/options.ts";
import { readRegistry } from "./registry_keys.ts";
import {
  boolean,
  type ConfigKey,
  duration,
  durationString,
  INT32_MAX,
  integer,
  key,
  listenAddress,
  notSupported,
  notYet,
  port,
  type Reader,
  reportType,
  string,
  strings,
  stringWithoutSpaces,
  unlessZero,
  withoutEffect,
} from "./schema.ts";

type Options = ServerOptions;

const lameDuckDuration: Reader<number> = {
  type: "duration, at least 30s",
  read(entry, report) {
    const ms = durationString.read(entry, report);
    if (ms === undefined || ms >= LAME_DUCK_DURATION_MIN_MS) return ms;
    const got = formatDuration(ms);
    report.error(
      entry.at,
      `invalid ${entry.key} of ${got}, minimum is 30 seconds`,
    );
    return undefined;
  },
};

const lameDuckGrace: Reader<number> = {
  type: "duration",
  read(entry, report) {
    const ms = durationString.read(entry, report);
    if (ms === undefined || ms >= 0) return ms;
    report.error(entry.at, `invalid ${entry.key}, needs to be positive`);
    return undefined;
  },
};

const writeTimeout: ConfigKey<Options> = {
  names: ["write_timeout"],
  type: "default or close",
  doc: "What becomes of a client that missed `write_deadline`; both close it.",
  apply(_, entry, report) {
    const { at, value } = entry;
    if (value.kind !== "string") {
      reportType(entry, "string", report);
    } else if (value.value === "retry") {
      report.error(at, `${notSupported(entry)} with 'retry'`);
    } else if (value.value !== "default" && value.value !== "close") {
      report.error(at, "write_timeout must be 'default', 'close' or 'retry'");
    }
  },
};

const authorization: ConfigKey<Options> = {
  names: ["authorization"],
  type: "map",
  doc: "Who may connect as a client.",
  apply(options, entry, report) {
    options.authorization = readAuthorization(entry, report);
  },
};

const cluster: ConfigKey<Options> = {
  names: ["cluster"],
  type: "map",
  doc: "The routes between the nodes of a cluster.",
  apply(options, entry, report) {
    options.cluster = readCluster(entry, report);
  },
};

const registry: ConfigKey<Options> = {
  names: ["registry"],
  type: "map",
  doc: "Serve a registry of nodes.",
  apply(options, entry, report) {
    options.registry = readRegistry(entry, report);
  },
};

const discovery: ConfigKey<Options> = {
  names: ["discovery"],
  type: "map",
  doc: "Where this node announces itself, and looks for others.",
  apply(options, entry, report) {
    options.discovery = readDiscovery(entry, report);
  },
};

// An empty block turns JetStream on, other than the empty blocks of the rest.
const jetstream: ConfigKey<Options> = {
  ...notYet("jetstream"),
  apply(options, entry, report) {
    const { value } = entry;
    const isEmpty = value.kind === "map" && value.entries.size === 0;
    if (isEmpty) report.error(entry.at, notSupported(entry));
    else notYet("jetstream").apply(options, entry, report);
  },
};

/** Outside Midge -1 asks for any free port and 0 for the default. */
export function clientPort(port: number): number {
  if (port === -1) return 0;
  return port === 0 ? CLIENT_PORT : port;
}

/** Where to serve monitoring: port 0 means nowhere, an empty host that of the clients. */
export function monitoring(host: string, port: number): Options["http"] {
  if (port === 0) return undefined;
  return { host, port: port === -1 ? 0 : port };
}

// NATS server 2.9: 0 is the default, and below it there is no limit.
function connectionLimit(count: number): number {
  if (count === 0) return MAX_CONNECTIONS;
  return count < 0 ? Infinity : count;
}

/** `""` or `/like/this`, without a slash at the end. */
function basePath(path: string): string {
  const parts = path.split("/").filter((part) => part !== "");
  return parts.map((part) => `/${part}`).join("");
}

/** Every key of the top level. */
export const SERVER_KEYS: readonly ConfigKey<Options>[] = [
  key(["listen"], listenAddress, (options: Options, address) => {
    options.host = address.host ?? options.host;
    options.port = clientPort(address.port);
  }, "Where clients connect to."),
  key(["host", "net"], string, (options: Options, host) => {
    options.host = host || options.host;
  }, "The host part of `listen`."),
  key(["port"], port, (options: Options, port) => {
    options.port = clientPort(port);
  }, "The port part of `listen`; -1 for any free one."),
  key(["dont_listen"], boolean, (options: Options, on) => {
    options.dontListen = on;
  }, "Open no port for clients; those of the same process connect."),
  key(
    ["server_name"],
    stringWithoutSpaces("server name cannot contain spaces"),
    (options: Options, name) => {
      options.serverName = name;
    },
    "The server's name, unique in its cluster; its id unless given.",
  ),
  key(["client_advertise"], string, (options: Options, address) => {
    options.clientAdvertise = address;
  }, "The `host[:port]` that clients are told to dial, where it is another."),

  key(["debug"], boolean, (options: Options, on) => {
    options.debug = on;
  }, "Log what helps to find a fault."),
  key(["trace"], boolean, (options: Options, on) => {
    options.trace = on;
  }, "Log every operation of every connection."),
  key(["trace_verbose"], boolean, (options: Options, on) => {
    options.traceVerbose = on;
  }, "Trace the server's own operations too."),
  key(["logtime"], boolean, (options: Options, on) => {
    options.logtime = on;
  }, "Begin log lines with the time."),
  key(["logtime_utc"], boolean, (options: Options, on) => {
    options.logtimeUtc = on;
  }, "That time is UTC, not local time."),
  key(["log_file", "logfile"], string, (options: Options, path) => {
    options.logFile = path;
  }, "Log into this file instead of standard error."),
  key(
    ["log_size_limit", "logfile_size_limit"],
    integer(0),
    (options: Options, bytes) => {
      options.logSizeLimit = bytes;
    },
    "Begin a new log file at so many bytes; 0 for never.",
  ),
  key(
    ["log_max_num", "logfile_max_num"],
    integer(0),
    (options: Options, count) => {
      options.logMaxNum = count;
    },
    "Keep so many log files, the current one included; 0 for all.",
  ),
  key(["max_traced_msg_len"], integer(), (options: Options, length) => {
    options.maxTracedMsgLen = Math.max(0, length);
  }, "Show so many bytes of a payload in a trace; 0 for all."),
  key(["pid_file", "pidfile"], string, (options: Options, path) => {
    options.pidFile = path;
  }, "Write the process's number into this file."),
  key(["ports_file_dir"], string, (options: Options, path) => {
    options.portsFileDir = path;
  }, "Write the listening addresses into a file in this folder."),

  key(["http"], listenAddress, (options: Options, { host, port }) => {
    options.http = monitoring(host ?? "", port);
  }, "Where monitoring is served; nowhere unless set."),
  key(["http_port", "monitor_port"], port, (options: Options, port) => {
    options.http = monitoring(options.http?.host ?? "", port);
  }, "The port part of `http`; the host is that of the clients."),
  key(["http_base_path"], string, (options: Options, path) => {
    options.httpBasePath = basePath(path);
  }, "A prefix for the paths of monitoring."),

  authorization,
  key(["no_auth_user"], string, (options: Options, user) => {
    options.noAuthUser = user;
  }, "One of `users`: who a client is that brings no credentials."),

  key(
    ["max_connections", "max_conn"],
    integer(),
    (options: Options, count) => {
      options.maxConnections = connectionLimit(count);
    },
    "Most clients at one time; negative for no limit.",
  ),
  key(
    ["max_subscriptions", "max_subs"],
    integer(),
    (options: Options, count) => {
      options.maxSubscriptions = Math.max(0, count);
    },
    "Most subscriptions of one client; 0 for no limit.",
  ),
  key(
    ["max_subscription_tokens", "max_sub_tokens"],
    integer(1, 255),
    (options: Options, count) => {
      options.maxSubscriptionTokens = count;
    },
    "Most tokens in the subject of a subscription; no limit unless set.",
  ),
  key(
    ["max_control_line"],
    unlessZero(integer(0, INT32_MAX)),
    (options: Options, bytes) => {
      options.maxControlLineBytes = bytes;
    },
    "Longest line of the protocol, in bytes.",
  ),
  key(
    ["max_payload"],
    unlessZero(integer(0, INT32_MAX)),
    (options: Options, bytes) => {
      options.maxPayloadBytes = bytes;
    },
    "Longest message with its headers, in bytes.",
  ),
  key(["max_pending"], unlessZero(integer(0)), (options: Options, bytes) => {
    options.maxPendingBytes = bytes;
  }, "Most bytes that a client may leave unread before it is closed."),
  key(
    ["max_closed_clients"],
    unlessZero(integer(0)),
    (options: Options, count) => {
      options.maxClosedClients = count;
    },
    "How many closed connections monitoring remembers.",
  ),
  key(["ping_interval"], unlessZero(duration), (options: Options, ms) => {
    options.pingIntervalMs = ms;
  }, "How often a client that is silent gets a PING."),
  key(["ping_max"], unlessZero(integer(0)), (options: Options, count) => {
    options.pingMax = count;
  }, "Unanswered PINGs before a client is closed."),
  key(["write_deadline"], unlessZero(duration), (options: Options, ms) => {
    options.writeDeadlineMs = ms;
  }, "How long a client may block a write before it is closed."),
  writeTimeout,
  key(["lame_duck_duration"], lameDuckDuration, (options: Options, ms) => {
    options.lameDuckDurationMs = ms;
  }, "How long a server in lame duck mode takes to send its clients away."),
  key(
    ["lame_duck_grace_period"],
    unlessZero(lameDuckGrace),
    (options: Options, ms) => {
      options.lameDuckGraceMs = ms;
    },
    "How long it waits before it sends the first away.",
  ),
  key(["no_header_support"], boolean, (options: Options, on) => {
    options.noHeaderSupport = on;
  }, "Refuse messages with headers."),
  key(["no_fast_producer_stall"], boolean, (options: Options, on) => {
    options.noFastProducerStall = on;
  }, "Do not slow down publishers for a slow subscriber."),
  key(
    ["disable_sublist_cache", "no_sublist_cache"],
    boolean,
    (options: Options, on) => {
      options.disableSublistCache = on;
    },
    "Look subscriptions up anew for each message.",
  ),
  key(
    ["connect_error_reports"],
    unlessZero(integer(0)),
    (options: Options, count) => {
      options.connectErrorReports = count;
    },
    "Log a failing route at every so many attempts.",
  ),
  key(
    ["reconnect_error_reports"],
    unlessZero(integer(0)),
    (options: Options, count) => {
      options.reconnectErrorReports = count;
    },
    "The same for a route that was up before.",
  ),
  key(["server_tags"], strings, (options: Options, tags) => {
    options.serverTags = tags;
  }, "Labels that monitoring shows."),

  cluster,
  discovery,
  registry,

  withoutEffect(["prof_port", "prof_block_rate"], "Midge has no Go profiler"),
  withoutEffect(
    ["no_system_account", "no_system", "no_sys_acc"],
    "Midge has no system account",
  ),
  withoutEffect(["allow_non_tls"], "Midge's clients never use TLS"),
  withoutEffect(
    ["store_dir", "storedir", "default_js_domain"],
    "Midge has no JetStream",
  ),
  withoutEffect(["ocsp_cache"], "Midge has no TLS"),

  notYet("accounts"),
  notYet("default_sentinel"),
  notYet("feature_flags"),
  notYet("gateway"),
  notYet("https", "https_port"),
  jetstream,
  notYet("leafnodes", "leaf"),
  notYet("mappings", "maps"),
  notYet("mqtt"),
  notYet("ocsp"),
  notYet(
    "operator",
    "operators",
    "root",
    "roots",
    "root_operator",
    "root_operators",
  ),
  notYet("proxies"),
  notYet("proxy_protocol"),
  notYet("remote_syslog"),
  notYet("resolver", "account_resolver", "accounts_resolver"),
  notYet("resolver_pinned_accounts"),
  notYet("resolver_preload"),
  notYet("resolver_tls"),
  notYet("server_metadata"),
  notYet("syslog"),
  notYet("system_account", "system"),
  notYet("tls"),
  notYet("trace_headers"),
  notYet("trusted", "trusted_keys"),
  notYet("websocket", "ws"),
];
