/** The fields of `/jsz`, and of JetStream in other pages, under nats-server's names. */

/** What JetStream was told. */
export interface JetStreamSettings {
  /** Bytes; -1: no limit. */
  max_memory: number;
  max_storage: number;
  /** The folder of streams that are kept in files. */
  store_dir?: string | undefined;
  /** A message is acknowledged when it is on disk. */
  sync_always?: true | undefined;
  domain?: string | undefined;
  /** Compression may be asked for, and is told of; it changes nothing. */
  compress_ok?: true | undefined;
  strict?: true | undefined;
}

/** What JetStream holds. */
export interface JetStreamStats {
  /** Bytes of messages in memory. */
  memory: number;
  /** Bytes of messages in files. */
  storage: number;
  reserved_memory: number;
  reserved_storage: number;
  /** The number of accounts that have JetStream. */
  accounts: number;
  ha_assets: number;
  api: { level: number; total: number; errors: number };
}

/** What JetStream allows; a limit that is not there is left out. */
export interface JetStreamLimits {
  max_request_batch?: number | undefined;
  max_ack_pending?: number | undefined;
  max_duplicate_window?: number | undefined;
  max_batch_inflight_per_stream?: number | undefined;
  max_batch_inflight_total?: number | undefined;
  max_batch_size?: number | undefined;
  max_batch_timeout?: number | undefined;
  default_max_consumers?: number | undefined;
}

/** JetStream in `/varz` and in what a server tells of its load. */
export interface JetStreamVarz {
  config: JetStreamSettings;
  stats: JetStreamStats;
  limits: JetStreamLimits;
}

/** `/jsz`: JetStream. */
export interface Jsz extends JetStreamStats {
  server_id: string;
  now: string;
  disabled?: true | undefined;
  config: JetStreamSettings;
  limits?: JetStreamLimits | undefined;
  streams: number;
  consumers: number;
  messages: number;
  bytes: number;
  account_details?: JszAccount[] | undefined;
  /** The number of accounts that have JetStream. */
  total: number;
}

/** One account of `Jsz`; what is reserved is what it may have. */
export interface JszAccount extends JetStreamStats {
  name: string;
  id: string;
  stream_detail?: JszStream[] | undefined;
  /** Midge: streams that could not be opened, by name, and why. */
  unopened?: Readonly<Record<string, string>> | undefined;
}

/** One stream of `JszAccount`; `state.lost` are messages that cannot be read. */
export interface JszStream {
  name: string;
  created: unknown;
  cluster: { leader: string };
  config?: unknown;
  state: unknown;
  consumer_detail?: readonly object[] | undefined;
  direct_consumer_detail?: readonly object[] | undefined;
  mirror?: unknown;
  sources?: unknown;
}
