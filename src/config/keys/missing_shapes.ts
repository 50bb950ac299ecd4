/**
 * The blocks of nats-server that Midge has nothing for, key by key: what may
 * stand in them, so that a mistake in a file is told although nothing acts on
 * the block. Checked against nats-server 2.15.3.
 */
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry, ConfigMap, ConfigValue } from "../dialect/tree.ts";
import { goType, quote, reportType } from "./complaints.ts";
import { reportUnknown } from "./entries.ts";

/** Kinds of values, of which one has to be that of a key; keys by their names, with blanks between them. */
type Kinds = readonly ConfigValue["kind"][];

/** A map with these keys. */
export interface MapShape {
  readonly fields: Readonly<Record<string, Shape>>;
  /** A list of such maps. */
  readonly isList?: true;
  /** Other kinds of values do as well. */
  readonly or?: Kinds;
}

type Shape = Kinds | MapShape;

const BOOLEAN: Kinds = ["boolean"];
const INTEGER: Kinds = ["integer"];
const STRING: Kinds = ["string"];
const LIST: Kinds = ["array"];
const TEXTS: Kinds = ["string", "array"];
const DURATION: Kinds = ["string", "integer", "float"];
const MAP: Kinds = ["map"];
/** A switch, a word, or a map. */
const COMPRESSION: Kinds = ["boolean", "string", "map"];
/** A number, or one that may be a share. */
const SIZE: Kinds = ["integer", "string"];

const LISTENER = {
  listen: SIZE,
  port: INTEGER,
  "host net": STRING,
};

/** `tls`, wherever it stands. */
const TLS_SHAPE: MapShape = {
  fields: {
    "cert_file key_file ca_file cert_store cert_match_by cert_match": STRING,
    "insecure verify verify_and_map verify_cert_and_check_known_urls": BOOLEAN,
    "cert_match_skip_invalid allow_insecure_cipher_suites": BOOLEAN,
    "cipher_suites curve_preferences pinned_certs certs certificates": LIST,
    ca_certs_match: TEXTS,
    timeout: DURATION,
    connection_rate_limit: INTEGER,
    "handshake_first first immediate": ["boolean", "string"],
    min_version: STRING,
    ocsp_peer: ["boolean", "map"],
  },
};

const LOGIN = {
  "user username pass password token": STRING,
  timeout: DURATION,
};

const WRITES = { write_deadline: DURATION, write_timeout: STRING };

const REMOTES: MapShape = {
  isList: true,
  fields: {
    "no_randomize dont_randomize hub disabled": BOOLEAN,
    "url account local creds credentials nkey seed": STRING,
    urls: LIST,
    tls: TLS_SHAPE,
    "deny_imports deny_import deny_exports deny_export": TEXTS,
    "ws_compress ws_compression websocket_compress": BOOLEAN,
    "websocket_compression ws_no_masking websocket_no_masking": BOOLEAN,
    "jetstream_cluster_migrate js_cluster_migrate": ["boolean", "map"],
    "isolate_leafnode_interest isolate request_isolation": BOOLEAN,
    "ignore_discovered_servers": BOOLEAN,
    compression: COMPRESSION,
    first_info_timeout: DURATION,
    proxy: MAP,
  },
};

export const LEAFNODES_SHAPE: MapShape = {
  fields: {
    ...LISTENER,
    ...WRITES,
    "reconnect reconnect_delay reconnect_interval": DURATION,
    authorization: {
      fields: {
        "user username pass password account nkey": STRING,
        timeout: DURATION,
        users: LIST,
        proxy_required: BOOLEAN,
      },
    },
    remotes: REMOTES,
    tls: TLS_SHAPE,
    "advertise leafnode_advertise min_version": STRING,
    "no_advertise isolate_leafnode_interest isolate": BOOLEAN,
    compression: COMPRESSION,
    ping_interval: DURATION,
    ping_max: INTEGER,
  },
};

export const GATEWAY_SHAPE: MapShape = {
  fields: {
    ...LISTENER,
    ...WRITES,
    "name advertise": STRING,
    authorization: { fields: LOGIN },
    tls: TLS_SHAPE,
    connect_retries: INTEGER,
    "connect_backoff reject_unknown reject_unknown_cluster": BOOLEAN,
    ping_interval: DURATION,
    gateways: {
      isList: true,
      fields: { "name url": STRING, urls: LIST, tls: TLS_SHAPE },
    },
  },
};

export const MQTT_SHAPE: MapShape = {
  fields: {
    ...LISTENER,
    tls: TLS_SHAPE,
    "authorization authentication": { fields: LOGIN },
    "no_auth_user js_domain": STRING,
    "ack_wait ackwait js_api_timeout api_timeout": DURATION,
    "consumer_inactive_threshold consumer_auto_cleanup": DURATION,
    "max_ack_pending max_pending max_inflight": INTEGER,
    "stream_replicas consumer_replicas": INTEGER,
    "consumer_memory_storage reject_qos2_publish": BOOLEAN,
    downgrade_qos2_subscribe: BOOLEAN,
  },
};

export const OCSP_SHAPE: MapShape = {
  or: ["boolean"],
  fields: { mode: STRING, status: STRING, status_timeout: DURATION },
};

/** Says what in the value of `entry` cannot be. */
export function checkShape(
  entry: ConfigEntry,
  shape: Shape,
  report: Report,
): void {
  const { key, at, value } = entry;
  if (!("fields" in shape)) {
    if (shape.includes(value.kind)) return;
    return reportType(entry, shape[0] ?? "string", report);
  }
  if (shape.or?.includes(value.kind)) return;
  if (shape.isList !== true) {
    if (value.kind === "map") return checkMap(value, shape, report);
    report.error(
      at,
      `Expected map to define ${key}, got ${goType(value)}`,
    );
  } else if (value.kind !== "array") {
    reportType(entry, "array", report);
  } else {
    for (const item of value.items) checkItem(item, key, shape, report);
  }
}

function checkItem(
  item: ConfigValue,
  key: string,
  shape: MapShape,
  report: Report,
): void {
  if (item.kind === "map") return checkMap(item, shape, report);
  report.error(
    item.at,
    `Expected an entry of ${quote(key)} to be a map/struct, got ${
      goType(item)
    }`,
  );
}

function checkMap(map: ConfigMap, shape: MapShape, report: Report): void {
  const shapes = new Map(
    Object.entries(shape.fields).flatMap(([names, inner]) =>
      names.split(" ").map((name) => [name, inner] as const)
    ),
  );
  for (const entry of map.entries.values()) {
    const inner = shapes.get(entry.key.toLowerCase());
    if (inner !== undefined) checkShape(entry, inner, report);
    else if (!entry.isVariable) reportUnknown(entry, undefined, report);
  }
}
