/**
 * The options of `jetstream`: types and defaults, and the keys as a program
 * writes them. Made by `scripts/make_options.ts` from the rows of
 * `src/config/keys`; change those.
 */

/** Streams of this server. */
export interface JetStreamOptions {
  /** The folder of streams that are kept in files. */
  storeDir: string;
  /** Bytes of all streams in memory; it can grow while the server runs. */
  maxMemoryBytes: number;
  /** Bytes of all streams in files; it can grow while the server runs. */
  maxFileBytes: number;
  /** The name by which these streams are told from those of others. */
  domain: string;
  /** Refuse requests with fields that are not known. */
  strict: boolean;
  /** What streams and consumers may be at most, in each account. */
  limits: JetStreamLimitOptions | undefined;
  /** Whether a message is on disk when it is acknowledged; `lazy` leaves that to the operating system, and a machine that fails loses the last of them. */
  sync: "always" | "lazy";
}

/** The `jetstream` block. */
export interface JetStreamConfig {
  /** Whether the block counts; it does unless this is false. */
  enabled?: boolean;
  /** The folder of streams that are kept in files. */
  store_dir?: string;
  /** Bytes of all streams in memory; it can grow while the server runs. Takes: size. Default: `-1`. */
  max_memory_store?: number | string;
  /** Bytes of all streams in files; it can grow while the server runs. Takes: size. Default: `-1`. */
  max_file_store?: number | string;
  /** The name by which these streams are told from those of others. */
  domain?: string;
  /** Refuse requests with fields that are not known. Default: `true`. */
  strict?: boolean;
  /** What streams and consumers may be at most, in each account. */
  limits?: JetStreamLimitsConfig;
  /** Whether a message is on disk when it is acknowledged; `lazy` leaves that to the operating system, and a machine that fails loses the last of them. Takes: `always` or `lazy`. Default: `always`. */
  sync?: string | number;
}

/** The options of `jetstream` without a configuration; a fresh object each time. */
export function defaultJetStreamOptions(): JetStreamOptions {
  return {
    storeDir: "",
    maxMemoryBytes: -1,
    maxFileBytes: -1,
    domain: "",
    strict: true,
    limits: undefined,
    sync: "always",
  };
}

/** What streams and consumers may be at most, in each account; 0 is no limit. */
export interface JetStreamLimitOptions {
  /** Messages of a consumer that may wait for an acknowledgement. */
  maxAckPending: number;
  /** Messages that a consumer's client may ask for at once. */
  maxRequestBatch: number;
  /** Consumers of a stream, where neither it nor its account has a limit. */
  maxConsumers: number;
  /** How long a stream may remember the ids of messages. */
  duplicateWindowMs: number;
  /** Messages that are stored together. */
  batch: JetStreamBatchOptions | undefined;
}

/** The `limits` block of `jetstream`. */
export interface JetStreamLimitsConfig {
  /** Messages of a consumer that may wait for an acknowledgement. Default: `0`. */
  max_ack_pending?: number;
  /** Messages that a consumer's client may ask for at once. Default: `0`. */
  max_request_batch?: number;
  /** Consumers of a stream, where neither it nor its account has a limit. Default: `1000`. */
  default_max_consumers?: number;
  /** How long a stream may remember the ids of messages. Takes: duration. Default: `0s`. */
  duplicate_window?: string;
  /** Messages that are stored together. */
  batch?: JetStreamBatchConfig;
}

/** The options of `jetstream.limits` without a configuration; a fresh object each time. */
export function defaultJetStreamLimitOptions(): JetStreamLimitOptions {
  return {
    maxAckPending: 0,
    maxRequestBatch: 0,
    maxConsumers: 1000,
    duplicateWindowMs: 0,
    batch: undefined,
  };
}

/** Messages that are stored together. */
export interface JetStreamBatchOptions {
  /** Unfinished batches of one stream; 0 for the default. */
  inflightPerStream: number;
  /** Unfinished batches of all streams; 0 for the default. */
  inflightTotal: number;
  /** Messages of one batch; 0 for the default. */
  maxMessages: number;
  /** How long an unfinished batch waits; 0 for the default. */
  timeoutMs: number;
}

/** The `batch` block of `jetstream.limits`. */
export interface JetStreamBatchConfig {
  /** Unfinished batches of one stream; 0 for the default. Default: `0`. */
  max_inflight_per_stream?: number;
  /** Unfinished batches of all streams; 0 for the default. Default: `0`. */
  max_inflight_total?: number;
  /** Messages of one batch; 0 for the default. Default: `0`. */
  max_msgs?: number;
  /** How long an unfinished batch waits; 0 for the default. Takes: duration. Default: `0s`. */
  timeout?: string;
}

/** The options of `jetstream.limits.batch` without a configuration; a fresh object each time. */
export function defaultJetStreamBatchOptions(): JetStreamBatchOptions {
  return {
    inflightPerStream: 0,
    inflightTotal: 0,
    maxMessages: 0,
    timeoutMs: 0,
  };
}
