/** Keys of the top level: where clients connect, and where monitoring is served. */
import { ANY_HOST, CLIENT_PORT } from "../../core/limits.ts";
import type { ServerOptions } from "../../options/options.ts";
import { FlagError } from "../flags/flags.ts";
import { number, text } from "./flag_rows.ts";
import {
  boolean,
  changed,
  checkedPort,
  filledString,
  listenAddress,
  port,
  string,
  stringWithoutSpaces,
} from "./readers.ts";
import { advertised } from "./advertised.ts";
import { rowsOf } from "./rows.ts";
import {
  fileMode,
  flagPlaces,
  type ListenPlaces,
  listenPlaces,
} from "./unix_sockets.ts";
import type { ConfigKey } from "./schema.ts";

type Options = ServerOptions;

const rows = rowsOf<Options>((options) => options);

/** Outside Midge -1 asks for any free port and 0 for the default. */
function clientPort(port: number): number {
  if (port === -1) return 0;
  return port === 0 ? CLIENT_PORT : port;
}

function setPlaces(options: Options, { address, sockets }: ListenPlaces): void {
  options.host = address?.host ?? options.host;
  if (address !== undefined) options.port = clientPort(address.port);
  options.unixSockets = [...sockets];
}

/** What the command line names takes the place of what the file does. */
function setFlagPlaces(options: Options, text: string): void {
  const { hosts, sockets } = flagPlaces(text);
  if (hosts.length > 1) {
    throw new FlagError("-a takes one host, besides unix sockets");
  }
  if (sockets.length > 0) options.unixSockets = sockets;
  if (hosts[0] === undefined) options.dontListen = true;
  else {
    setHost(options, hosts[0]);
    openPort(options);
  }
}

/** A port that the command line names is opened beside unix sockets. */
function openPort(options: Options): void {
  if (options.unixSockets.length > 0) options.dontListen = false;
}

function setFlagPort(options: Options, port: number): void {
  options.port = clientPort(checkedPort(port, "p"));
  openPort(options);
}

// Monitoring without a host of its own is served where the clients connect.
function setHost(options: Options, host: string): void {
  const shared = [options.http, options.https].filter((place) =>
    place?.host === options.host
  );
  options.host = host || ANY_HOST;
  for (const place of shared) if (place) place.host = options.host;
}

/** Where clients connect. */
export const ADDRESS_KEYS: readonly ConfigKey<Options>[] = [
  rows.key({
    names: ["listen"],
    reader: listenPlaces,
    sets: ["host", "port"],
    set: setPlaces,
    text: "Where clients connect to. Unix sockets alone are the only way in, " +
      "unless `host` or `port` names a port.",
    reload: "restart",
  }),
  rows.option({
    names: ["host", "net"],
    field: "host",
    reader: filledString,
    default: ANY_HOST,
    text: "The host to listen on for clients.",
    flags: [{
      ...text("Server", ["a", "addr", "net"], "host", setFlagPlaces),
      doc: "The host to listen on for clients, or unix:///path, " +
        "or both with a comma; -p opens a port beside that",
    }],
    reload: "restart",
  }),
  rows.option({
    names: ["port"],
    field: "port",
    reader: changed(port, clientPort),
    default: CLIENT_PORT,
    text: "The port to listen on for clients; -1 for any free one.",
    flags: [number("Server", ["p", "port"], "port", setFlagPort)],
    reload: "restart",
  }),
  rows.option({
    names: ["dont_listen"],
    field: "dontListen",
    reader: boolean,
    default: false,
    text: "Open no port for clients; those of the same process connect, " +
      "and those of unix sockets that `listen` names.",
    reload: "restart",
  }),
  rows.option({
    names: ["unix_socket_mode"],
    field: "unixSocketMode",
    reader: fileMode,
    default: 0o600,
    text: "Who may connect to the unix sockets of `listen` and `http`, " +
      "as the mode of their files.",
    unit: "mode",
    reload: "restart",
  }),
  rows.option({
    names: ["server_name"],
    field: "serverName",
    reader: stringWithoutSpaces("server name cannot contain spaces"),
    default: "",
    text: "The server's name, unique in its cluster; its id unless given.",
    flags: [{
      section: "Server",
      names: ["n", "name", "server_name"],
      value: "name",
    }],
    reload: "restart",
  }),
  rows.option({
    names: ["proxy_protocol"],
    field: "proxyProtocol",
    reader: boolean,
    default: false,
    text:
      "Clients may come through a proxy that says for whom it connects (PROXY protocol 1 and 2).",
    reload: "restart",
  }),
  rows.option({
    names: ["client_advertise"],
    field: "clientAdvertise",
    reader: advertised("client_advertise"),
    default: "",
    text:
      "The `host[:port]` that clients are told to dial instead of this one.",
    flags: [{
      section: "Server",
      names: ["client_advertise"],
      value: "address",
    }],
    reloaded: (address: string) => `Reload: client_advertise = ${address}`,
    reload: "now",
  }),
];

/** Where to serve monitoring: port 0 means nowhere, an empty host that of the clients. */
function monitoring(host: string, port: number): Options["http"] {
  if (port === 0) return undefined;
  return { host, port: port === -1 ? 0 : port };
}

/** `""` or `/like/this`, without a slash at the end. */
function basePath(path: string): string {
  const parts = path.split("/").filter((part) => part !== "");
  return parts.map((part) => `/${part}`).join("");
}

function setSecurePort(options: Options, port: number): void {
  const host = options.https?.host ?? options.host;
  options.https = monitoring(host, checkedPort(port, "ms"));
}

function setMonitoringPort(options: Options, port: number): void {
  const host = options.http?.host ?? options.host;
  options.http = monitoring(host, checkedPort(port, "m"));
}

/** Where monitoring is served. */
export const MONITORING_KEYS: readonly ConfigKey<Options>[] = [
  rows.key({
    names: ["http"],
    field: "http",
    sets: ["http", "httpSockets"],
    reader: listenPlaces,
    type: "{ host: string; port: number }",
    set(options, { address, sockets }) {
      options.httpSockets = [...sockets];
      if (address === undefined) return;
      options.http = monitoring(address.host ?? "", address.port);
    },
    default: undefined,
    text: "Where monitoring is served; nowhere unless set.",
    goField: (http: Options["http"], { host }) => ({
      HTTPHost: http?.host ?? host,
      HTTPPort: http?.port ?? 0,
    }),
    reload: "restart",
  }),
  rows.key({
    names: ["http_port", "monitor_port"],
    field: "http",
    reader: port,
    set(options, port) {
      options.http = monitoring(options.http?.host ?? "", port);
    },
    text: "The port for monitoring, on the host that clients connect to.",
    flags: [number("Server", ["m", "http_port"], "port", setMonitoringPort)],
    reload: "restart",
  }),
  rows.key({
    names: ["https"],
    field: "https",
    reader: listenAddress,
    type: "{ host: string; port: number }",
    set(options, { host, port }) {
      options.https = monitoring(host ?? "", port);
    },
    default: undefined,
    text:
      "Where monitoring is served over TLS, in place of `http`, with the certificates of `tls`; no client has to show one.",
    goField: (https: Options["https"], { host }) => ({
      HTTPHost: https?.host ?? host,
      HTTPSPort: https?.port ?? 0,
    }),
    reload: "restart",
  }),
  rows.key({
    names: ["https_port"],
    field: "https",
    reader: port,
    set(options, port) {
      options.https = monitoring(options.https?.host ?? "", port);
    },
    text: "The port of `https`, on the host that clients connect to.",
    flags: [number("Server", ["ms", "https_port"], "port", setSecurePort)],
    reload: "restart",
  }),
  rows.option({
    names: ["http_base_path"],
    field: "httpBasePath",
    reader: changed(string, basePath),
    default: "",
    text: "A prefix for the paths of monitoring.",
    goField: "HTTPBasePath",
    reload: "restart",
  }),
];
