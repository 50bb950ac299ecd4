/**
 * What the pages show, field by field, under nats-server's names: HTTP prints
 * them, and `server.connz()` and the like return them. A field without a value
 * is left out where nats-server leaves it out.
 *
 * Times are texts like `2026-01-01T12:00:00.5Z`, `uptime` and `idle` are texts
 * like `1d2h3m4s`. Bytes count payloads and their headers.
 */

/** A certificate that a client has shown. */
export interface TlsPeerCert {
  /** `CN=alice,O=Acme` */
  subject?: string | undefined;
  /** SHA-256 of the public key with its algorithm, in hexadecimal digits. */
  spki_sha256?: string | undefined;
  /** SHA-256 of the certificate. */
  cert_sha256?: string | undefined;
}

/** `/connz`: clients. */
export interface Connz {
  server_id: string;
  now: string;
  /** The number of connections listed. */
  num_connections: number;
  /** The number of connections with the requested state and account. */
  total: number;
  offset: number;
  limit: number;
  connections: ConnInfo[];
}

/** One client of `Connz`. */
export interface ConnInfo {
  cid: number;
  kind: string;
  type: string;
  /** `pipe` for a client of `server.connect()`. */
  ip: string;
  port: number;
  start: string;
  last_activity: string;
  /** For closed connections only, like `reason`. */
  stop?: string | undefined;
  reason?: string | undefined;
  /** The round-trip time, such as `1.5ms`; `0s` while it is unknown. */
  rtt: string;
  uptime: string;
  idle: string;
  /** Bytes that the client has not read yet. */
  pending_bytes: number;
  in_msgs: number;
  out_msgs: number;
  in_bytes: number;
  out_bytes: number;
  /** The number of times that it was paused because of a slow consumer. */
  stalls?: number | undefined;
  subscriptions: number;
  name?: string | undefined;
  lang?: string | undefined;
  version?: string | undefined;
  /** `1.3`; only of clients that came over TLS, as all of these. */
  tls_version?: string | undefined;
  tls_cipher_suite?: string | undefined;
  /** With `auth`: the certificates that it has shown, its own first. */
  tls_peer_certs?: TlsPeerCert[] | undefined;
  /** It began the handshake before anything was said. */
  tls_first?: true | undefined;
  /** With `auth`, as `account`. */
  authorized_user?: string | undefined;
  account?: string | undefined;
  /** With `subs`. */
  subscriptions_list?: string[] | undefined;
  /** With `subs` as `"detail"`. */
  subscriptions_list_detail?: SubDetail[] | undefined;
  /** With `auth`, as all that follow: the JWT that it logged in with, unless that alone lets in. */
  jwt?: string | undefined;
  /** The key that signed the JWT; without a JWT, the account. */
  issuer_key?: string | undefined;
  name_tag?: string | undefined;
  tags?: readonly string[] | undefined;
  /** The trusted proxy that it came through. */
  proxy?: { readonly key: string } | undefined;
}

/** One subscription. */
export interface SubDetail {
  account?: string | undefined;
  account_tag?: string | undefined;
  subject: string;
  /** The queue group. */
  qgroup?: string | undefined;
  sid: string;
  /** Messages delivered. */
  msgs: number;
  /** The subscription ends after this number of messages. */
  max?: number | undefined;
  /** The connection's id. */
  cid: number;
}

/** `/routez`: routes to other servers of the cluster. */
export interface Routez {
  server_id: string;
  server_name: string;
  now: string;
  num_routes: number;
  routes: RouteInfo[];
}

/** One route of `Routez`. */
export interface RouteInfo {
  rid: number;
  remote_id: string;
  remote_name: string;
  /** This server dialled the other one. */
  did_solicit: boolean;
  is_configured: boolean;
  ip: string;
  port: number;
  start: string;
  last_activity: string;
  rtt: string;
  uptime: string;
  idle: string;
  /** Bytes that the other server has not read yet. */
  pending_size: number;
  in_msgs: number;
  out_msgs: number;
  in_bytes: number;
  out_bytes: number;
  /** Subscriptions behind the route. */
  subscriptions: number;
  subscriptions_list?: string[] | undefined;
  subscriptions_list_detail?: SubDetail[] | undefined;
  /** Midge compresses no routes. */
  compression: string;
}

/** Counters of the subject look-up. */
export interface SublistStats {
  num_subscriptions: number;
  num_cache: number;
  num_inserts: number;
  num_removes: number;
  num_matches: number;
  cache_hit_rate: number;
  max_fanout: number;
  avg_fanout: number;
}

/** `/subsz`: the subject look-up and the subscriptions of this server's clients. */
export interface Subsz extends SublistStats {
  server_id: string;
  now: string;
  /** The number of matching subscriptions; 0 without `subs`. */
  total: number;
  offset: number;
  limit: number;
  subscriptions_list?: readonly SubDetail[] | undefined;
}

/** `/accountz`: the accounts, or with `acc` one of them. */
export interface Accountz {
  server_id: string;
  now: string;
  system_account?: string | undefined;
  accounts?: string[];
  account_detail?: AccountInfo;
}

/** The requested account of `Accountz`. */
export interface AccountInfo {
  account_name: string;
  update_time: string;
  is_system?: boolean | undefined;
  expired: boolean;
  complete: boolean;
  jetstream_enabled: boolean;
  leafnode_connections: number;
  client_connections: number;
  subscriptions: number;
  /** By the subject that is mapped. */
  mappings?: Record<string, MapRow[]> | undefined;
  exports?: ExportRow[] | undefined;
  /** Those of the system account's services, which every account has, as well. */
  imports?: ImportRow[] | undefined;
  jwt?: string | undefined;
  issuer_key?: string | undefined;
  name_tag: string;
  tags?: readonly string[] | undefined;
  decoded_jwt?: unknown;
  /** What is wrong with the JWT, or odd about it. */
  validation_result_jwt?: IssueRow[] | undefined;
  revoked_user?: Record<string, string> | undefined;
  sublist_stats: SublistStats;
}

/** What is wrong with a JWT, or odd about it. */
export interface IssueRow {
  description: string;
  /** The JWT is not taken. */
  blocking: boolean;
  /** It was right, or will be. */
  time_check: boolean;
}

/** One of the subjects that a mapped subject may become. */
export interface MapRow {
  subject: string;
  /** Percent. */
  weight: number;
  cluster?: string | undefined;
}

/** What an account offers to others. */
export interface ExportRow {
  subject: string;
  type: "stream" | "service";
  token_req?: boolean | undefined;
  response_type?: "Singleton" | "Streamed" | "Chunked" | undefined;
  /** How many percent of the requests are measured, or that their headers say, and where that is told. */
  service_latency?:
    | { sampling: number | "headers"; results: string }
    | undefined;
  account_token_position?: number | undefined;
  /** The accounts that may take it; all, where none are listed. */
  approved_accounts?: string[] | undefined;
  /** By account, or `*`: activations made up to then are void. */
  revoked_activations?: Record<string, string> | undefined;
}

/** What an account takes from another one. */
export interface ImportRow {
  subject: string;
  account: string;
  to?: string | undefined;
  local_subject: string;
  type: "stream" | "service";
  invalid: boolean;
  share: boolean;
  tracking: boolean;
}

/** `/accstatz`: the traffic of the accounts. */
export interface AccountStatz {
  server_id: string;
  now: string;
  account_statz: AccountStat[];
}

/** One account of `AccountStatz`. */
export interface AccountStat {
  acc: string;
  name: string;
  conns: number;
  leafnodes: number;
  total_conns: number;
  num_subscriptions: number;
  sent: DataStats;
  received: DataStats;
  slow_consumers: number;
}

/** Traffic, with the parts that were not clients' listed separately. */
export interface DataStats extends MsgStats {
  gateways: MsgStats;
  routes: MsgStats;
  leafs: MsgStats;
}

/** Traffic in one direction. */
export interface MsgStats {
  msgs: number;
  bytes: number;
}

/** `/healthz`: whether the server takes connections. */
export interface Healthz {
  status: "ok" | "error" | "unavailable";
  /** What is wrong. */
  error?: string;
  /** With `details`, in place of `error`. */
  errors?: HealthzError[];
}

/** One thing that is wrong. */
export interface HealthzError {
  type: string;
  /** Of what it is wrong, where that is part of JetStream. */
  account?: string | undefined;
  stream?: string | undefined;
  consumer?: string | undefined;
  error: string;
}

/** `/discoveryz`: this server and the other servers of its cluster. */
export interface Discoveryz {
  server_id: string;
  server_name: string;
  now: string;
  nodes: DiscoveryzNode[];
}

/** One server of `Discoveryz`; unknown fields are left out. */
export interface DiscoveryzNode {
  id?: string;
  name?: string;
  cluster?: string;
  /** For clients: `nats://host:port`. */
  urls?: string[];
  /** For other servers: `nats-route://host:port`. */
  routes?: string[];
  /** Its monitoring pages: `http://host:port`. */
  monitor?: string;
  lameDuck?: boolean;
}
