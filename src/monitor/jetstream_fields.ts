/** What several pages tell of JetStream: what it was told, what it holds, what it allows. */
import { API_LEVEL } from "../core/version.ts";
import { unlessEmpty } from "./fields.ts";
import type {
  JetStreamLimits,
  JetStreamSettings,
  JetStreamStats,
  JetStreamVarz,
} from "./jetstream_types.ts";
import type { ApiFacts, JetStreamFacts, StorageFacts } from "./stream_facts.ts";
import { toNanoseconds } from "./text.ts";

/** What a page asks for that tells of no account. */
export const NO_ACCOUNTS = {
  account: "",
  offset: 0,
  limit: 0,
  streams: false,
  consumers: false,
  directConsumers: false,
} as const;

/** NATS monitoring: 0 where there is nothing. */
export function usageFields(
  { memory, file }: StorageFacts,
): Pick<JetStreamStats, "memory" | "storage"> {
  return { memory, storage: file };
}

export function statFields(
  { usage, accounts, api }: JetStreamFacts,
): JetStreamStats {
  return {
    ...usageFields(usage),
    reserved_memory: usage.reservedMemory,
    reserved_storage: usage.reservedFile,
    accounts,
    ha_assets: 0,
    api: apiFields(api, API_LEVEL),
  };
}

export function apiFields(
  { total, errors }: ApiFacts,
  level: number,
): JetStreamStats["api"] {
  return { level, total, errors };
}

/** The folder is for pages that only those read who run the server. */
export function configFields(
  { config }: JetStreamFacts,
  withFolder: boolean,
): JetStreamSettings {
  return {
    max_memory: config.maxMemoryBytes,
    max_storage: config.maxFileBytes,
    store_dir: withFolder ? unlessEmpty(config.folder) : undefined,
    sync_always: !config.isLazy || undefined,
    domain: unlessEmpty(config.domain),
    compress_ok: true,
    strict: config.isStrict || undefined,
  };
}

/** NATS monitoring: only limits that there are. */
export function limitFields(
  { limits, batch }: JetStreamFacts,
): JetStreamLimits {
  return {
    max_request_batch: unlessEmpty(limits.maxRequestBatch),
    max_ack_pending: unlessEmpty(limits.maxAckPending),
    max_duplicate_window: unlessEmpty(toNanoseconds(limits.duplicateWindowMs)),
    max_batch_inflight_per_stream: unlessEmpty(batch.inflightPerStream),
    max_batch_inflight_total: unlessEmpty(batch.inflightTotal),
    max_batch_size: unlessEmpty(batch.maxMessages),
    max_batch_timeout: unlessEmpty(toNanoseconds(batch.timeoutMs)),
    default_max_consumers: unlessEmpty(limits.maxConsumers),
  };
}

/** `/varz` and statistics. */
export function jetStreamFields(
  facts: JetStreamFacts | undefined,
  withFolder: boolean,
): JetStreamVarz | undefined {
  if (facts === undefined) return undefined;
  return {
    config: configFields(facts, withFolder),
    stats: statFields(facts),
    limits: limitFields(facts),
  };
}
