/**
 * The options of `jetstream`: types and defaults, and the keys as a program
 * writes them. Made by `scripts/make_options.ts` from the rows of
 * `src/config/keys`; change those.
 */

/** Streams of this server. */
export interface JetStreamOptions {
  /** The folder of streams that are kept in files. */
  storeDir: string;
  /** Bytes of all streams in memory. */
  maxMemoryBytes: number;
  /** Bytes of all streams in files. */
  maxFileBytes: number;
  /** The name by which these streams are told from those of others. */
  domain: string;
  /** Refuse requests with fields that are not known. */
  strict: boolean;
}

/** The `jetstream` block. */
export interface JetStreamConfig {
  /** Whether the block counts; it does unless this is false. */
  enabled?: boolean;
  /** The folder of streams that are kept in files. */
  store_dir?: string;
  /** Bytes of all streams in memory. Takes: size. Default: `-1`. */
  max_memory_store?: number | string;
  /** Bytes of all streams in files. Takes: size. Default: `-1`. */
  max_file_store?: number | string;
  /** The name by which these streams are told from those of others. */
  domain?: string;
  /** Refuse requests with fields that are not known. Default: `true`. */
  strict?: boolean;
}

/** The options of `jetstream` without a configuration; a fresh object each time. */
export function defaultJetStreamOptions(): JetStreamOptions {
  return {
    storeDir: "",
    maxMemoryBytes: -1,
    maxFileBytes: -1,
    domain: "",
    strict: true,
  };
}
