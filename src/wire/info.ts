/**
 * The two JSON objects of the protocol: INFO, in which a server tells what it
 * is, and CONNECT, in which a client or a route does. Both directions are here,
 * for clients, the broker and routes alike;
 * `connect.ts` reads CONNECT.
 */
import { goJson } from "../core/json.ts";
import { badJson, readJson } from "./json_fields.ts";

/** Subjects that are allowed and denied. */
export interface SubjectLists {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

/** INFO, with the wire's names. Fields in the order in which nats-server writes them. */
export interface ServerInfo {
  /** Of this start of the server alone. */
  server_id: string;
  /** The name that its operator gave it, or its id. */
  server_name: string;
  /** For nats-server its version; Midge names the one that it speaks as. */
  version: string;
  /** To clients the client protocol, to routes the route protocol. */
  proto: number;
  /** What the server was built with. */
  go?: string;
  /** The commit that it was built from. */
  git_commit?: string;
  /** The address that the server listens on. */
  host: string;
  /** The port for clients. */
  port: number;
  /** Whether messages may have headers. */
  headers: boolean;
  /** A login is needed. */
  auth_required?: boolean;
  /** Only TLS is spoken. */
  tls_required?: boolean;
  /** Clients need certificates. */
  tls_verify?: boolean;
  /** TLS is spoken with those who want it. */
  tls_available?: boolean;
  /** Largest message in bytes, headers included. */
  max_payload: number;
  /** The server has JetStream. */
  jetstream?: boolean;
  /** The number of this connection. */
  client_id?: number;
  /** The address that the client comes from. */
  client_ip?: string;
  /** To be signed by a client that logs in by key. */
  nonce?: string;
  /** The name of the cluster. */
  cluster?: string;
  /** That name was made up by the servers. */
  cluster_dynamic?: boolean;
  /** `host:port` of all servers of the cluster, for clients. */
  connect_urls?: string[];
  /** Routes: the same, by WebSocket. */
  ws_connect_urls?: string[];
  /** The server asks its clients to leave. */
  ldm?: boolean;
  /** This INFO follows the first PONG of a client. */
  connect_info?: boolean;
  /** The account that the client is in. */
  remote_account?: string;
  /** That account is the system account. */
  acc_is_sys?: boolean;
  /** The level of JetStream's API, from 2.11 on. */
  api_lvl?: number;
  /** The domain of JetStream. */
  domain?: string;
  /** Midge's routes: since when it has streams, in wall-clock milliseconds. */
  jetstream_since?: number;
  /** Routes: how to dial the sender, `nats-route://host:port/`. */
  ip?: string;
  /** Routes: which interest the sender tells of. */
  import?: SubjectLists;
  /** Routes: which interest of others the sender takes. */
  export?: SubjectLists;
  /** The sender's gateway: only a gateway port says it first. */
  gateway?: string;
  /** Routes: the sender knows the origin clusters of leaf nodes. */
  lnoc?: boolean;
}

/** INFO as it was read: what is always told is there. */
export interface ReadInfo extends ServerInfo {
  go: string;
  client_id: number;
}

/** CONNECT as a client sends it. Unknown fields are never looked at. */
export interface ConnectFields {
  verbose: boolean;
  pedantic: boolean;
  echo: boolean;
  tls_required: boolean;
  user: string;
  pass: string;
  auth_token: string;
  nkey: string;
  sig: string;
  jwt: string;
  /** The nonce, signed by the proxy that the sender comes through. */
  proxy_sig: string;
  name: string;
  lang: string;
  version: string;
  protocol: number;
  headers: boolean;
  no_responders: boolean;
  account: string;
  new_account: boolean;
  /** Routes only: the sender's cluster. */
  cluster: string;
  cluster_dynamic: boolean;
  /** A gateway that knocks at the wrong door. */
  gateway: string;
}

/** What holds for a connection that has sent no CONNECT yet. */
const DEFAULT_FIELDS: Readonly<ConnectFields> = Object.freeze({
  verbose: true,
  pedantic: true,
  echo: true,
  tls_required: false,
  user: "",
  pass: "",
  auth_token: "",
  nkey: "",
  sig: "",
  jwt: "",
  proxy_sig: "",
  name: "",
  lang: "",
  version: "",
  protocol: 0,
  headers: false,
  no_responders: false,
  account: "",
  new_account: false,
  cluster: "",
  cluster_dynamic: false,
  gateway: "",
});

/** What holds for a client that has sent no CONNECT; all of them share it. */
export function defaultConnectFields(): ConnectFields {
  return DEFAULT_FIELDS;
}

const toUtf8 = new TextEncoder();

/** Reads INFO's JSON; what is absent or of the wrong type gets a neutral value. */
export function readInfo(
  buffer: Uint8Array,
  start: number,
  end: number,
): ReadInfo {
  const fields = readObject(buffer, start, end);
  const text = (name: string): string =>
    typeof fields[name] === "string" ? fields[name] : "";
  const count = (name: string): number =>
    typeof fields[name] === "number" ? fields[name] : 0;
  const flag = (name: string): boolean => fields[name] === true;
  const urls = (name: string): string[] => {
    const list = fields[name];
    const items = Array.isArray(list) ? list : [];
    return items.filter((url) => typeof url === "string");
  };
  const webSocketUrls = urls("ws_connect_urls");
  return {
    server_id: text("server_id"),
    server_name: text("server_name"),
    version: text("version"),
    proto: count("proto"),
    go: text("go"),
    ...(text("git_commit") !== "" && { git_commit: text("git_commit") }),
    host: text("host"),
    port: count("port"),
    headers: flag("headers"),
    auth_required: flag("auth_required"),
    tls_required: flag("tls_required"),
    tls_verify: flag("tls_verify"),
    tls_available: flag("tls_available"),
    max_payload: count("max_payload"),
    ...(flag("jetstream") && { jetstream: true }),
    client_id: count("client_id"),
    client_ip: text("client_ip"),
    nonce: text("nonce"),
    cluster: text("cluster"),
    cluster_dynamic: flag("cluster_dynamic"),
    connect_urls: urls("connect_urls"),
    ...(webSocketUrls.length > 0 && { ws_connect_urls: webSocketUrls }),
    ldm: flag("ldm"),
    ...(count("api_lvl") !== 0 && { api_lvl: count("api_lvl") }),
    ...(text("domain") !== "" && { domain: text("domain") }),
    ...(count("jetstream_since") > 0 &&
      { jetstream_since: count("jetstream_since") }),
    ip: text("ip"),
    ...rulesIn(fields, "import"),
    ...rulesIn(fields, "export"),
    gateway: text("gateway"),
    lnoc: flag("lnoc"),
  };
}

/** Lists of subjects that are allowed and denied. */
function rulesIn(
  fields: Readonly<Record<string, unknown>>,
  name: "import" | "export",
): { import?: SubjectLists; export?: SubjectLists } {
  const rules = fields[name];
  if (typeof rules !== "object" || rules === null) return {};
  const { allow, deny } = rules as Readonly<Record<string, unknown>>;
  const list = (value: unknown): string[] | undefined =>
    Array.isArray(value)
      ? value.filter((item) => typeof item === "string")
      : undefined;
  const [allowed, denied] = [list(allow), list(deny)];
  return {
    [name]: {
      ...(allowed !== undefined && { allow: allowed }),
      ...(denied !== undefined && { deny: denied }),
    },
  };
}

/**
 * `INFO {...} ` and its line end. The blank before the line end is
 * nats-server's; some peers were written to expect it.
 */
export function infoLine(info: ServerInfo): Uint8Array {
  return toUtf8.encode(`INFO ${goJson(info)} \r\n`);
}

/** `CONNECT {...}` and its line end. */
export function connectLine(
  fields: Readonly<Record<string, unknown>>,
): Uint8Array {
  return toUtf8.encode(`CONNECT ${goJson(fields)}\r\n`);
}

function readObject(
  buffer: Uint8Array,
  start: number,
  end: number,
): Record<string, unknown> {
  const { value } = readJson(buffer, start, end, "INFO");
  // Go, and with it nats-server, takes `null` for an object without fields.
  if (value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw badJson("INFO", "not an object");
  }
  return value as Record<string, unknown>;
}
