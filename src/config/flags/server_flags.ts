/**
 * The flags of the server, in one table: names, type, section of the help,
 * and the option that each sets. The rows are applied in the order in which
 * they stand here, whatever their order on the command line.
 */
import { ANY_HOST } from "../../core/limits.ts";
import { PORT_MAX } from "../../net/address.ts";
import { namesSomebody } from "../keys/authorization_keys.ts";
import { DISCOVERY_FLAGS } from "./discovery_flags.ts";
import { listeningPort } from "../keys/cluster_keys.ts";
import { nothing, number, type ServerFlag, text, toggle } from "./flag_rows.ts";
import { FlagError } from "./flags.ts";
import {
  type AuthorizationOptions,
  type ClusterOptions,
  defaultAuthorizationOptions,
  defaultClusterOptions,
  type ServerOptions,
} from "../../options/options.ts";
import { REGISTRY_FLAGS } from "./registry_flags.ts";
import { clientPort, monitoring } from "../keys/server_keys.ts";
import { readClusterUrl, readRoutes } from "./url_flags.ts";

type Options = ServerOptions;

function checkedPort(port: number, flag: string): number {
  if (port >= -1 && port <= PORT_MAX) return port;
  throw new FlagError(
    `invalid value "${port}" for flag -${flag}: value out of range`,
  );
}

function notNegative(count: number, flag: string): number {
  if (count >= 0) return count;
  throw new FlagError(
    `invalid value "${count}" for flag -${flag}: value out of range`,
  );
}

// Monitoring without a host of its own is served where the clients connect.
function setHost(options: Options, host: string): void {
  const { http } = options;
  const isShared = http?.host === options.host;
  options.host = host || ANY_HOST;
  if (http !== undefined && isShared) http.host = options.host;
}

function changeAuthorization(
  options: Options,
  change: (authorization: AuthorizationOptions) => void,
): void {
  const authorization = options.authorization ?? defaultAuthorizationOptions();
  change(authorization);
  options.authorization = namesSomebody(authorization)
    ? authorization
    : undefined;
}

function clusterOf(options: Options): ClusterOptions {
  options.cluster ??= defaultClusterOptions();
  return options.cluster;
}

function setCluster(options: Options, url: string): void {
  if (url === "") {
    if (options.cluster !== undefined) options.cluster.port = undefined;
    return;
  }
  const isAnyPort = url.endsWith(":-1");
  const { host, port, user } = readClusterUrl(
    isAnyPort ? url.replace(/-1$/, "0") : url,
  );
  const cluster = clusterOf(options);
  cluster.host = host;
  cluster.port = listeningPort(isAnyPort ? -1 : port);
  const authorization = cluster.authorization ?? defaultAuthorizationOptions();
  // A user of the file does not belong to an address of the command line.
  delete authorization.user;
  delete authorization.password;
  if (user !== undefined) {
    if (user.password === undefined) {
      throw new FlagError("expected cluster password to be set");
    }
    authorization.user = user.name;
    authorization.password = user.password;
  }
  cluster.authorization = namesSomebody(authorization)
    ? authorization
    : undefined;
}

function setRoutes(options: Options, list: string): void {
  if (options.cluster !== undefined) {
    options.cluster.routes = readRoutes(list);
  } else if (list.trim() !== "") {
    throw new FlagError(
      "solicited routes require cluster capabilities, e.g. --cluster",
    );
  }
}

function withoutSpaces(name: string, what: string): string {
  if (!/\s/.test(name)) return name;
  throw new FlagError(`${what} name cannot contain spaces`);
}

/** What `-signal` can tell a running server. */
export const SIGNAL_COMMANDS = [
  "stop",
  "quit",
  "term",
  "reopen",
  "reload",
  "ldm",
] as const;

/** Every flag that the server knows. */
export const SERVER_FLAGS: readonly ServerFlag[] = [
  text(
    "Server",
    ["a", "addr", "net"],
    "host",
    `Address to listen on (${ANY_HOST})`,
    setHost,
  ),
  number(
    "Server",
    ["p", "port"],
    "port",
    "Port for clients, -1 for any (4222)",
    (options, port) => {
      options.port = clientPort(checkedPort(port, "p"));
    },
  ),
  text(
    "Server",
    ["n", "name", "server_name"],
    "name",
    "Name of this server (its id)",
    (options, name) => {
      options.serverName = withoutSpaces(name, "server");
    },
  ),
  text(
    "Server",
    ["client_advertise"],
    "address",
    "Address that clients are told to use",
    (options, address) => {
      options.clientAdvertise = address;
    },
  ),
  number(
    "Server",
    ["m", "http_port"],
    "port",
    "Port for monitoring over HTTP (none)",
    (options, port) => {
      const host = options.http?.host ?? options.host;
      options.http = monitoring(host, checkedPort(port, "m"));
    },
  ),
  text("Server", ["c", "config"], "file", "Configuration file"),
  toggle("Server", ["t"], "Check the configuration file and stop"),
  {
    ...text(
      "Server",
      ["sl", "signal"],
      "command[=pid]",
      "Tell a running server to stop, quit, term,\n" +
        "reopen, reload or ldm; pid: number or file",
    ),
    choices: SIGNAL_COMMANDS,
  },
  text(
    "Server",
    ["P", "pid"],
    "file",
    "Write the process's number here",
    (options, path) => {
      options.pidFile = path;
    },
  ),
  text(
    "Server",
    ["ports_file_dir"],
    "folder",
    "Write a file with the listening ports here",
    (options, path) => {
      options.portsFileDir = path;
    },
  ),

  text(
    "Logging",
    ["l", "log"],
    "file",
    "Log into a file instead of standard error",
    (options, path) => {
      options.logFile = path;
    },
  ),
  toggle(
    "Logging",
    ["T", "logtime"],
    "Begin lines with the time (true)",
    (options, on) => {
      options.logtime = on;
    },
  ),
  toggle(
    "Logging",
    ["logtime_utc"],
    "That time is UTC, not local time",
    (options, on) => {
      options.logtimeUtc = on;
    },
  ),
  number(
    "Logging",
    ["log_size_limit"],
    "bytes",
    "Begin a new log file at this size",
    (options, bytes) => {
      options.logSizeLimit = notNegative(bytes, "log_size_limit");
    },
  ),
  toggle("Logging", ["D", "debug"], "Log more", (options, on) => {
    options.debug = on;
  }),
  toggle(
    "Logging",
    ["V", "trace"],
    "Log every operation of every connection",
    (options, on) => {
      options.trace = on;
    },
  ),
  toggle("Logging", ["DV"], "-D and -V", (options, on) => {
    options.debug = on;
    options.trace = on;
  }),
  toggle("Logging", ["DVV"], "-D and -VV", (options, on) => {
    options.debug = on;
    options.trace = on;
    options.traceVerbose = on;
  }),
  toggle(
    "Logging",
    ["VV"],
    "-V, and the server's own operations too",
    (options, on) => {
      options.trace = on;
      options.traceVerbose = on;
    },
  ),
  number(
    "Logging",
    ["max_traced_msg_len"],
    "bytes",
    "Longest payload in a trace (0: all of it)",
    (options, length) => {
      options.maxTracedMsgLen = Math.max(0, length);
    },
  ),

  text(
    "Authorization",
    ["user"],
    "user",
    "User that clients log in as",
    (options, user) => {
      changeAuthorization(options, (authorization) => {
        authorization.user = user;
      });
    },
  ),
  text(
    "Authorization",
    ["pass"],
    "password",
    "Password of that user",
    (options, password) => {
      changeAuthorization(options, (authorization) => {
        authorization.password = password;
      });
    },
  ),
  text(
    "Authorization",
    ["auth"],
    "token",
    "Token that clients log in with",
    (options, token) => {
      changeAuthorization(options, (authorization) => {
        authorization.token = token;
      });
    },
  ),

  text(
    "Cluster",
    ["cluster", "cluster_listen"],
    "url",
    "Where other nodes connect to, such as\n" +
      "nats://user:password@host:6222;\n" +
      "empty for nowhere",
    setCluster,
  ),
  text(
    "Cluster",
    ["routes"],
    "url,url",
    "Nodes to connect to, instead of the file's",
    setRoutes,
  ),
  text(
    "Cluster",
    ["cluster_name"],
    "name",
    "Name of the cluster, the same on each node",
    (options, name) => {
      clusterOf(options).name = withoutSpaces(name, "cluster");
    },
  ),
  toggle(
    "Cluster",
    ["no_advertise"],
    "Keep the addresses for clients to this node",
    (options, on) => {
      clusterOf(options).noAdvertise = on;
    },
  ),
  text(
    "Cluster",
    ["cluster_advertise"],
    "address",
    "Address that other nodes are told to use",
    (options, address) => {
      clusterOf(options).advertise = address;
    },
  ),
  number(
    "Cluster",
    ["connect_retries"],
    "count",
    "Further attempts at nodes not in -routes (0)",
    (options, count) => {
      const retries = notNegative(count, "connect_retries");
      clusterOf(options).connectRetries = retries;
    },
  ),

  ...DISCOVERY_FLAGS,
  ...REGISTRY_FLAGS,

  toggle("Common", ["h", "help"], "Show this text"),
  toggle("Common", ["v", "version"], "Show the version"),
  toggle("Common", ["help_tls"], "Show what there is about TLS"),

  ...notYet(),
];

/** The flags of nats-server that Midge knows only to say that it lacks them. */
function notYet(): ServerFlag[] {
  const section = "Not supported yet";
  return [
    toggle(section, ["tls"], "TLS for clients"),
    toggle(section, ["tlsverify"], "TLS with client certificates"),
    text(section, ["tlscert"], "file", "Certificate"),
    text(section, ["tlskey"], "file", "Key of the certificate"),
    text(section, ["tlscacert"], "file", "Certificates to trust"),
    number(section, ["ms", "https_port"], "port", "HTTPS", nothing),
    toggle(section, ["s", "syslog"], "Log to syslog"),
    text(section, ["r", "remote_syslog"], "url", "Log to another machine"),
    toggle(section, ["js", "jetstream"], "JetStream"),
    text(section, ["sd", "store_dir"], "folder", "Where JetStream stores"),
    number(section, ["profile"], "port", "Profiler", nothing),
  ];
}
