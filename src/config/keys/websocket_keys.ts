/**
 * The `websocket` block: a port of its own for clients that speak through
 * WebSockets, with logins of its own where it names any. Without a port, or with
 * port 0, there is none.
 */
import { ANY_HOST } from "../../core/limits.ts";
import type {
  WebSocketAuthorization,
  WebSocketOptions,
} from "../../options/options.ts";
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry, ConfigMap } from "../dialect/tree.ts";
import { advertised } from "./advertised.ts";
import { authTimeout } from "./authorization_keys.ts";
import { goType } from "./complaints.ts";
import { defaultsOf } from "./defaults.ts";
import { applyEntries, findEntry } from "./entries.ts";
import {
  boolean,
  duration,
  filledString,
  listenAddress,
  port,
  string,
  unlessZero,
} from "./readers.ts";
import { rowsOf } from "./rows.ts";
import type { Block, ConfigKey, GoFields, Names } from "./schema.ts";
import { TLS_BLOCK, tlsBlock } from "./tls_keys.ts";
import {
  allowedOrigins,
  forbiddenHeader,
  handshakeTimeout,
  headerMap,
  originProblem,
} from "./websocket_readers.ts";

/** nats-server refuses the block as a whole. */
const goField: GoFields = () => ({ Websocket: {} });

const ORIGIN_NAMES: Names = [
  "allowed_origins",
  "allowed_origin",
  "allow_origins",
  "allow_origin",
  "origins",
  "origin",
];

const loginRows = rowsOf<WebSocketAuthorization>();

/** The keys of `authorization` in `websocket`. */
export const WEBSOCKET_AUTHORIZATION_BLOCK: Block<WebSocketAuthorization> = {
  place: "`authorization` in `websocket`",
  types: {
    options: "WebSocketAuthorization",
    optionsText:
      "Who may log in through a WebSocket, in place of the one user of the server.",
    config: "WebSocketAuthorizationConfig",
    configText: "`{ user, password }` or `{ token }`, for WebSockets alone.",
  },
  keys: [
    loginRows.option({
      names: ["user", "username"],
      field: "user",
      reader: string,
      default: "",
      text: "The one user who may log in.",
      goField,
      reload: "restart",
    }),
    loginRows.option({
      names: ["password", "pass"],
      field: "password",
      reader: string,
      default: "",
      text: "The password of `user`, in clear or as a bcrypt hash.",
      goField,
      reload: "restart",
    }),
    loginRows.option({
      names: ["token"],
      field: "token",
      reader: string,
      default: "",
      text: "A token to log in with, in clear or as a bcrypt hash.",
      goField,
      reload: "restart",
    }),
    loginRows.option({
      names: ["timeout"],
      field: "timeoutMs",
      reader: unlessZero(authTimeout),
      default: undefined,
      text: "How long a client may take to log in: as the server's.",
      goField,
      reload: "restart",
    }),
  ],
};

const rows = rowsOf<WebSocketOptions>();

/** The keys of `websocket`. */
export const WEBSOCKET_BLOCK: Block<WebSocketOptions> = {
  place: "`websocket`",
  types: {
    options: "WebSocketOptions",
    optionsText: "A port for clients that speak through WebSockets.",
    config: "WebSocketConfig",
    configText: "The `websocket` block. It needs `tls`, or `no_tls: true`.",
  },
  keys: [
    rows.key({
      names: ["listen"],
      reader: listenAddress,
      sets: ["host", "port"],
      set(options, address) {
        options.host = address.host ?? options.host;
        options.port = address.port;
      },
      text: "Where clients connect to with a WebSocket.",
      goField,
      reload: "restart",
    }),
    rows.option({
      names: ["host", "net"],
      field: "host",
      reader: filledString,
      default: ANY_HOST,
      text: "The host part of `listen`.",
      goField,
      reload: "restart",
    }),
    rows.option({
      names: ["port"],
      field: "port",
      reader: port,
      default: 0,
      text: "The port part of `listen`; -1 for any free one.",
      goField,
      reload: "restart",
    }),
    rows.option({
      names: ["advertise"],
      field: "advertise",
      reader: advertised("websocket advertise"),
      default: "",
      text:
        "The `host[:port]` that WebSocket clients are told to dial instead of this one.",
      goField,
      reload: "restart",
    }),
    rows.option({
      names: ["tls"],
      field: "tls",
      inner: TLS_BLOCK,
      reader: tlsBlock(),
      default: undefined,
      text: "TLS, which always comes first here.",
      isPresenceFixed: true,
      goField,
      reloaded: "",
      reload: "new connections",
    }),
    rows.option({
      names: ["no_tls"],
      field: "noTls",
      reader: boolean,
      default: false,
      text: "Do without `tls`: what is sent can be read on the way.",
      goField,
      reload: "restart",
    }),
    rows.option({
      names: ["same_origin"],
      field: "sameOrigin",
      reader: boolean,
      default: false,
      text: "Pages of browsers must come from the host that they connect to.",
      goField,
      reload: "restart",
    }),
    rows.option({
      names: ORIGIN_NAMES,
      field: "allowedOrigins",
      reader: allowedOrigins,
      default: [],
      text:
        "Where pages of browsers may come from, such as `https://shop.example`; anywhere unless set.",
      goField,
      reload: "restart",
    }),
    rows.option({
      names: ["compression", "compress"],
      field: "compression",
      reader: boolean,
      default: false,
      text: "Compress what is sent to clients that offer it.",
      goField,
      reload: "restart",
    }),
    rows.option({
      names: ["handshake_timeout"],
      field: "handshakeTimeoutMs",
      reader: handshakeTimeout,
      default: undefined,
      text: "How long a client may take for its request.",
      goField,
      reload: "restart",
    }),
    rows.block({
      names: ["authorization", "authentication"],
      field: "authorization",
      block: WEBSOCKET_AUTHORIZATION_BLOCK,
      read: readLogin,
      text: "Who may log in, in place of the one user or token of the server.",
      reload: "restart",
    }),
    rows.option({
      names: ["no_auth_user"],
      field: "noAuthUser",
      reader: string,
      default: "",
      text: "The user, by name or key, that a client without credentials is.",
      goField,
      reload: "restart",
    }),
    ...cookieRows(),
    rows.option({
      names: ["headers"],
      field: "headers",
      reader: headerMap,
      default: {},
      text: "Further headers of the answer to a client that may come in.",
      goField,
      reload: "restart",
    }),
    rows.option({
      names: ["ping_interval"],
      field: "pingIntervalMs",
      reader: unlessZero(duration),
      default: undefined,
      text: "How often a client that is silent gets a PING: as the server's.",
      goField,
      reload: "restart",
    }),
  ],
};

function cookieRows(): ConfigKey<WebSocketOptions>[] {
  return ([
    ["jwt_cookie", "jwtCookie", "user's JWT"],
    ["user_cookie", "userCookie", "user's name"],
    ["pass_cookie", "passCookie", "password"],
    ["token_cookie", "tokenCookie", "token"],
  ] as const).map(([name, field, what]) =>
    rows.option({
      names: [name],
      field,
      reader: string,
      default: "",
      text: `The cookie with the ${what} of a client that brings none itself.`,
      goField,
      reload: "restart",
    })
  );
}

function readLogin(
  { value, key, at }: ConfigEntry,
  report: Report,
): WebSocketAuthorization | undefined {
  if (value.kind !== "map") {
    report.error(at, `Expected map to define ${key}, got ${goType(value)}`);
    return undefined;
  }
  const options = defaultsOf(WEBSOCKET_AUTHORIZATION_BLOCK);
  applyEntries(WEBSOCKET_AUTHORIZATION_BLOCK, value, options, report);
  return options;
}

/** Reads a `websocket` block; undefined where it asks for no port. */
export function readWebSocket(
  entry: ConfigEntry,
  report: Report,
): WebSocketOptions | undefined {
  const { value, at } = entry;
  if (value.kind !== "map") {
    report.error(
      at,
      `Expected websocket to be a map, got ${goType(value)}`,
    );
    return undefined;
  }
  const options = defaultsOf(WEBSOCKET_BLOCK);
  applyEntries(WEBSOCKET_BLOCK, value, options, report);
  if (options.port === 0) return undefined;
  if (options.port === -1) options.port = 0;
  checkTogether(options, value, report);
  return options;
}

/** NATS: none of it matters for a port that is not opened. */
function checkTogether(
  { tls, noTls, allowedOrigins, headers }: WebSocketOptions,
  block: ConfigMap,
  report: Report,
): void {
  const at = (...names: string[]) => findEntry(block, ...names)?.at ?? block.at;
  if (tls === undefined && !noTls && findEntry(block, "tls") === undefined) {
    report.error(block.at, "websocket requires TLS configuration");
  }
  for (const origin of allowedOrigins) {
    const problem = originProblem(origin);
    if (problem === undefined) continue;
    report.error(
      at(...ORIGIN_NAMES),
      `unable to parse allowed origin${problem}`,
    );
  }
  for (const name of Object.keys(headers)) {
    const problem = forbiddenHeader(name);
    if (problem === undefined) continue;
    report.error(at("headers"), `websocket: invalid header ${problem}`);
  }
}
