/** What `/varz` shows, field by field: see `page_types.ts`. */
import type { JetStreamVarz } from "./jetstream_types.ts";

/** `/varz`: the server's options and counters. */
export interface Varz {
  server_id: string;
  server_name: string;
  /** The nats-server version whose protocol this server speaks. */
  version: string;
  proto: number;
  /** The runtime, such as `deno 2.9.5`. */
  go: string;
  /** The address that clients are told to use. */
  host: string;
  port: number;
  auth_required?: boolean | undefined;
  /** Clients come over TLS, or not at all. */
  tls_required?: boolean | undefined;
  /** Clients have to show certificates. */
  tls_verify?: boolean | undefined;
  /** The client addresses of all servers of the cluster. */
  connect_urls?: readonly string[] | undefined;
  /** -1: no limit. */
  max_connections: number;
  max_subscriptions?: number | undefined;
  /** Nanoseconds. */
  ping_interval: number;
  ping_max: number;
  http_host: string;
  /** 0: monitoring is not served over HTTP. */
  http_port: number;
  http_base_path: string;
  https_port: number;
  /** Seconds. */
  auth_timeout: number;
  max_control_line: number;
  max_payload: number;
  /** -1: no limit. */
  max_pending: number;
  /** Empty without a cluster. */
  cluster: ClusterVarz;
  gateway: Record<string, never>;
  leaf: Record<string, never>;
  mqtt: Record<string, never>;
  websocket: WebSocketVarz;
  /** Empty without JetStream. */
  jetstream: JetStreamVarz | Record<string, never>;
  /** Seconds. */
  tls_timeout: number;
  /** Nanoseconds. */
  write_deadline: number;
  start: string;
  now: string;
  uptime: string;
  /** Resident memory of the process, in bytes. */
  mem: number;
  cores: number;
  gomaxprocs: number;
  /** Of the process, in percent of one core. */
  cpu: number;
  connections: number;
  total_connections: number;
  routes: number;
  remotes: number;
  leafnodes: number;
  /** Clients and routes together; the fields with `client` in their name count clients alone. */
  in_msgs: number;
  in_bytes: number;
  in_client_msgs: number;
  in_client_bytes: number;
  out_msgs: number;
  out_bytes: number;
  out_client_msgs: number;
  out_client_bytes: number;
  slow_consumers: number;
  stale_connections: number;
  stalled_clients: number;
  subscriptions: number;
  /** The number of HTTP requests for each page. */
  http_req_stats: Record<string, number>;
  config_load_time: string;
  /** `sha256:...` of what the configuration file says; empty without one. */
  config_digest: string;
  tags?: readonly string[] | undefined;
  system_account?: string | undefined;
  /** Proxies that clients may come through. */
  proxies?: {
    readonly trusted?: readonly { readonly key: string }[] | undefined;
  } | undefined;
  slow_consumer_stats: CountsByKind;
  stale_connection_stats: CountsByKind;
  /** Waits for the disk: none, since nothing is stored. */
  disk_io_wait_stats: {
    waiters: number;
    waits: number;
    wait_time: number;
    max_wait_time: number;
  };
  /** When the certificate for clients expires. */
  tls_cert_not_after?: string | undefined;
}

/** The `websocket` of `Varz`; empty without one. */
export interface WebSocketVarz {
  host?: string;
  port?: number;
  advertise?: string | undefined;
  no_auth_user?: string | undefined;
  jwt_cookie?: string | undefined;
  /** Nanoseconds. */
  handshake_timeout?: number | undefined;
  /** Seconds. */
  auth_timeout?: number | undefined;
  no_tls?: boolean | undefined;
  tls_map?: boolean | undefined;
  tls_pinned_certs?: readonly string[] | undefined;
  same_origin?: boolean | undefined;
  allowed_origins?: readonly string[] | undefined;
  compression?: boolean | undefined;
  /** When its certificate expires. */
  tls_cert_not_after?: string | undefined;
}

/** The `cluster` of `Varz`. */
export interface ClusterVarz {
  name?: string;
  addr?: string;
  cluster_port?: number | undefined;
  /** Seconds. */
  auth_timeout?: number;
  /** The routes of the configuration, without credentials. */
  urls?: readonly string[] | undefined;
  /** Seconds. */
  tls_timeout?: number;
  tls_required?: boolean | undefined;
  tls_verify?: boolean | undefined;
  /** When the certificate of this node expires. */
  tls_cert_not_after?: string | undefined;
}

/** A count for each kind of connection. */
export interface CountsByKind {
  clients: number;
  routes: number;
  gateways: number;
  leafs: number;
}
