/**
 * What a stream is told to be: the fields of its configuration, with what holds
 * where a request does not say. Names are those of the API, because the record
 * is what the API gives back.
 */
import type { Shape, Struct } from "../api/shape.ts";

/** How long messages stay. */
export type Retention = "limits" | "interest" | "workqueue";
/** Which message goes when a stream is full. */
export type Discard = "old" | "new";
export type StorageKind = "file" | "memory";

/** A subject that becomes another. */
export interface TransformConfig {
  readonly src: string;
  readonly dest: string;
}

/** Where stored messages are published once more. */
export interface RepublishConfig extends TransformConfig {
  readonly headers_only?: boolean;
}

/** Another stream whose messages come in. */
export interface SourceConfig {
  readonly name: string;
  readonly opt_start_seq?: number;
  readonly opt_start_time?: string;
  readonly filter_subject?: string;
  readonly subject_transforms?: readonly TransformConfig[];
  readonly external?: { readonly api: string; readonly deliver?: string };
  readonly consumer?: {
    readonly name: string;
    readonly deliver_subject: string;
  };
}

/** What consumers of a stream may ask for at most, and have without asking. */
export interface StreamConsumerLimits {
  /** Nanoseconds. */
  readonly inactive_threshold?: number;
  readonly max_ack_pending?: number;
}

/** In the order in which the API writes it. Limits of -1 are none; durations are nanoseconds. */
export interface StreamConfig {
  readonly name: string;
  readonly description?: string;
  readonly subjects?: readonly string[];
  readonly retention: Retention;
  readonly max_consumers: number;
  readonly max_msgs: number;
  readonly max_bytes: number;
  readonly max_age: number;
  readonly max_msgs_per_subject: number;
  readonly max_msg_size: number;
  readonly discard: Discard;
  readonly storage: StorageKind;
  readonly num_replicas: number;
  readonly no_ack?: boolean;
  readonly duplicate_window?: number;
  readonly placement?: {
    readonly cluster?: string;
    readonly tags?: readonly string[];
    readonly preferred?: string;
  };
  readonly mirror?: SourceConfig;
  readonly sources?: readonly SourceConfig[];
  readonly compression?: "none" | "s2";
  readonly first_seq?: number;
  readonly subject_transform?: TransformConfig;
  readonly republish?: RepublishConfig;
  readonly allow_direct: boolean;
  readonly mirror_direct: boolean;
  readonly discard_new_per_subject?: boolean;
  readonly sealed: boolean;
  readonly deny_delete: boolean;
  readonly deny_purge: boolean;
  readonly allow_rollup_hdrs: boolean;
  readonly consumer_limits: StreamConsumerLimits;
  readonly allow_msg_ttl: boolean;
  readonly subject_delete_marker_ttl?: number;
  readonly allow_msg_counter?: boolean;
  readonly allow_atomic?: boolean;
  readonly allow_msg_schedules?: boolean;
  readonly persist_mode?: "default" | "async";
  readonly allow_batched?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What a request gives of it. */
export type GivenStreamConfig = {
  -readonly [Field in keyof StreamConfig]?: StreamConfig[Field];
};

const STRING: Shape = { kind: "string" };
const STRINGS: Shape = { kind: "strings" };
const BOOL: Shape = { kind: "bool" };
const TIME: Shape = { kind: "time" };
const MAP: Shape = { kind: "map" };
const INT: Shape = { kind: "int", type: "int" };
const INT32: Shape = { kind: "int", type: "int32" };
const INT64: Shape = { kind: "int", type: "int64" };
const UINT64: Shape = { kind: "int", type: "uint64" };
const DURATION: Shape = { kind: "int", type: "time.Duration" };

const TRANSFORM: Struct = {
  name: "SubjectTransformConfig",
  fields: { src: STRING, dest: STRING },
};

const SOURCE: Struct = {
  name: "StreamSource",
  fields: {
    name: STRING,
    opt_start_seq: UINT64,
    opt_start_time: TIME,
    filter_subject: STRING,
    subject_transforms: { kind: "structs", struct: TRANSFORM },
    external: {
      kind: "struct",
      struct: {
        name: "ExternalStream",
        fields: { api: STRING, deliver: STRING },
      },
    },
    consumer: {
      kind: "struct",
      struct: {
        name: "StreamConsumerSource",
        fields: { name: STRING, deliver_subject: STRING },
      },
    },
  },
};

/** The configuration in a request. */
export const STREAM_CONFIG: Struct = {
  name: "StreamConfig",
  fields: {
    name: STRING,
    description: STRING,
    subjects: STRINGS,
    retention: { kind: "enum", words: ["limits", "interest", "workqueue"] },
    max_consumers: INT,
    max_msgs: INT64,
    max_bytes: INT64,
    max_age: DURATION,
    max_msgs_per_subject: INT64,
    max_msg_size: INT32,
    discard: { kind: "enum", words: ["old", "new"] },
    storage: { kind: "enum", words: ["file", "memory"] },
    num_replicas: INT,
    no_ack: BOOL,
    duplicate_window: DURATION,
    placement: {
      kind: "struct",
      struct: {
        name: "Placement",
        fields: { cluster: STRING, tags: STRINGS, preferred: STRING },
      },
    },
    mirror: { kind: "struct", struct: SOURCE },
    sources: { kind: "structs", struct: SOURCE },
    compression: {
      kind: "enum",
      words: ["none", "s2"],
      complaint: "unknown compression algorithm",
    },
    first_seq: UINT64,
    subject_transform: { kind: "struct", struct: TRANSFORM },
    republish: {
      kind: "struct",
      struct: {
        name: "RePublish",
        fields: { src: STRING, dest: STRING, headers_only: BOOL },
      },
    },
    allow_direct: BOOL,
    mirror_direct: BOOL,
    discard_new_per_subject: BOOL,
    sealed: BOOL,
    deny_delete: BOOL,
    deny_purge: BOOL,
    allow_rollup_hdrs: BOOL,
    consumer_limits: {
      kind: "struct",
      struct: {
        name: "StreamConsumerLimits",
        fields: { inactive_threshold: DURATION, max_ack_pending: INT },
      },
    },
    allow_msg_ttl: BOOL,
    subject_delete_marker_ttl: DURATION,
    allow_msg_counter: BOOL,
    allow_atomic: BOOL,
    allow_msg_schedules: BOOL,
    persist_mode: { kind: "enum", words: ["", "default", "async"] },
    allow_batched: BOOL,
    metadata: MAP,
  },
};

/** What is not written where it says nothing. */
const SILENT: readonly (keyof StreamConfig)[] = [
  "description",
  "no_ack",
  "duplicate_window",
  "first_seq",
  "discard_new_per_subject",
  "subject_delete_marker_ttl",
  "allow_msg_counter",
  "allow_atomic",
  "allow_msg_schedules",
  "persist_mode",
  "allow_batched",
];

const NANOSECONDS = 1e9;
/** NATS JetStream: how long a message id is remembered, unless messages go sooner. */
const DUPLICATE_WINDOW = 120 * NANOSECONDS;

/**
 * `given` with what holds where it says nothing; in the order of the API. What it
 * does not say of duplicates is at most `windowMax`, nanoseconds, or 0: no limit.
 */
export function completeStreamConfig(
  given: GivenStreamConfig,
  windowMax: number,
): StreamConfig {
  const copies = given.mirror !== undefined || hasAny(given.sources);
  const maxAge = given.max_age ?? 0;
  const longest = Math.min(
    maxAge > 0 ? maxAge : DUPLICATE_WINDOW,
    windowMax > 0 ? windowMax : DUPLICATE_WINDOW,
    DUPLICATE_WINDOW,
  );
  const window = given.duplicate_window || (copies ? 0 : longest);
  const markerTtl = given.subject_delete_marker_ttl ?? 0;
  const { allow_rollup_hdrs = false, allow_msg_schedules = false } = given;
  const rollsUp = (markerTtl > 0 || allow_msg_schedules) && !allow_rollup_hdrs;
  const complete: StreamConfig = {
    retention: "limits",
    discard: "old",
    storage: "file",
    compression: "none",
    allow_direct: false,
    mirror_direct: false,
    sealed: false,
    deny_delete: false,
    consumer_limits: {},
    ...given,
    ...shapedParts(given),
    name: given.name ?? "",
    ...(!hasAny(given.subjects) && !copies && { subjects: [given.name ?? ""] }),
    max_consumers: orNone(given.max_consumers),
    max_msgs: orNone(given.max_msgs),
    max_bytes: orNone(given.max_bytes),
    max_age: maxAge,
    max_msgs_per_subject: orNone(given.max_msgs_per_subject),
    max_msg_size: orNone(given.max_msg_size),
    num_replicas: given.num_replicas || 1,
    duplicate_window: window,
    metadata: withLevel(given),
    // NATS JetStream: who does not ask for roll-ups has to have them there, and purging.
    deny_purge: rollsUp ? false : given.deny_purge ?? false,
    allow_rollup_hdrs: rollsUp || allow_rollup_hdrs,
    allow_msg_ttl: markerTtl > 0 || (given.allow_msg_ttl ?? false),
  };
  return inOrder(complete);
}

/** Of objects in it, what they say: empty values are left out, or stand for something. */
function shapedParts(
  { placement, mirror, sources, subject_transform, republish }:
    GivenStreamConfig,
): GivenStreamConfig {
  const hasPlace = Boolean(placement?.cluster) || Boolean(placement?.tags) ||
    Boolean(placement?.preferred);
  return {
    placement: hasPlace ? withoutEmpty(placement!) : undefined,
    ...(mirror && { mirror: completeSource(mirror) }),
    ...(sources && { sources: sources.map(completeSource) }),
    ...(subject_transform !== undefined && {
      subject_transform: {
        src: subject_transform.src ?? "",
        dest: subject_transform.dest ?? "",
      },
    }),
    ...(republish !== undefined && {
      republish: {
        src: republish.src || ">",
        dest: republish.dest ?? "",
        ...(republish.headers_only && { headers_only: true }),
      },
    }),
  } as GivenStreamConfig;
}

function withoutEmpty<T extends object>(record: T): T {
  const entries = Object.entries(record)
    .filter(([, value]) => value.length > 0);
  return Object.fromEntries(entries) as T;
}

/** One source, in the order of the API. */
function completeSource(given: Partial<SourceConfig>): SourceConfig {
  const { external, consumer } = given;
  const complete: Record<string, unknown> = {
    ...given,
    name: given.name ?? "",
    ...(external && {
      external: { api: external.api ?? "", deliver: external.deliver ?? "" },
    }),
    ...(consumer && {
      consumer: {
        name: consumer.name ?? "",
        deliver_subject: consumer.deliver_subject ?? "",
      },
    }),
  };
  const ordered: Record<string, unknown> = {};
  for (const field of Object.keys(SOURCE.fields)) {
    const value = complete[field];
    const isEmpty = !value || (Array.isArray(value) && value.length === 0);
    if (!isEmpty || field === "name") ordered[field] = value;
  }
  return ordered as unknown as SourceConfig;
}

function inOrder(config: StreamConfig): StreamConfig {
  const ordered: Record<string, unknown> = {};
  for (const field of Object.keys(STREAM_CONFIG.fields)) {
    const name = field as keyof StreamConfig;
    const value = config[name];
    if (value === undefined) continue;
    if (SILENT.includes(name) && (value === "" || !value)) continue;
    if (name === "persist_mode" && value === "default") continue;
    if (Array.isArray(value) && value.length === 0) continue;
    ordered[name] = value;
  }
  // V8 reads the fields of a copy faster than those of an object filled one by one.
  return { ...ordered } as unknown as StreamConfig;
}

/** NATS JetStream: which level of the API a stream needs is kept with it. */
function withLevel(given: GivenStreamConfig): Record<string, string> {
  const isOf2 = given.allow_msg_counter || given.allow_atomic ||
    given.allow_msg_schedules || given.persist_mode === "async";
  const isOf1 = given.allow_msg_ttl || given.subject_delete_marker_ttl;
  const level = given.allow_batched ? "4" : isOf2 ? "2" : isOf1 ? "1" : "0";
  const { "_nats.ver": _ver, "_nats.level": _level, ...own } = given.metadata ??
    {};
  return sorted({ ...own, "_nats.req.level": level });
}

/** NATS: maps are written in the order of their keys. */
export function sorted(
  map: Readonly<Record<string, string>>,
): Record<string, string> {
  const entries = Object.entries(map).sort(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(entries);
}

function orNone(limit: number | undefined): number {
  return limit === undefined || limit === 0 || limit < -1 ? -1 : limit;
}

function hasAny(list: readonly unknown[] | undefined): boolean {
  return list !== undefined && list.length > 0;
}
