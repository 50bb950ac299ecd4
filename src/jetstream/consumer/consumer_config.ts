/**
 * What a consumer is told to be: the fields of its configuration, with what holds
 * where a request does not say. Names are those of the API.
 */
import { utf8ByteString } from "../../core/ascii.ts";
import type { Shape, Struct } from "../api/shape.ts";
import { sorted } from "../stream/stream_config.ts";
import { NO_TIME } from "../moments.ts";
import type { ConsumerCaps } from "../limits/consumer_caps.ts";
import type { StreamConfig } from "../stream/stream_config.ts";

/** Where a consumer begins. */
export type DeliverPolicy =
  | "all"
  | "last"
  | "new"
  | "by_start_sequence"
  | "by_start_time"
  | "last_per_subject";

/** What an acknowledgement means. */
export type AckPolicy = "none" | "all" | "explicit" | "flow_control";

/** In the order in which the API writes it. Durations are nanoseconds. */
export interface ConsumerConfig {
  readonly durable_name?: string;
  readonly name?: string;
  readonly description?: string;
  readonly deliver_policy: DeliverPolicy;
  readonly opt_start_seq?: number;
  readonly opt_start_time?: string;
  readonly ack_policy: AckPolicy;
  readonly ack_wait?: number;
  /** -1: no limit. */
  readonly max_deliver: number;
  readonly backoff?: readonly number[];
  readonly filter_subject?: string;
  readonly filter_subjects?: readonly string[];
  readonly replay_policy: "instant" | "original";
  /** Bits a second. */
  readonly rate_limit_bps?: number;
  readonly sample_freq?: string;
  readonly max_waiting?: number;
  /** -1: no limit. */
  readonly max_ack_pending?: number;
  readonly flow_control?: boolean;
  readonly headers_only?: boolean;
  readonly max_batch?: number;
  readonly max_expires?: number;
  readonly max_bytes?: number;
  readonly deliver_subject?: string;
  readonly deliver_group?: string;
  readonly idle_heartbeat?: number;
  readonly inactive_threshold?: number;
  readonly num_replicas: number;
  readonly mem_storage?: boolean;
  readonly direct?: boolean;
  readonly sourcing?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly pause_until?: string;
  readonly priority_groups?: readonly string[];
  readonly priority_policy?:
    | "none"
    | "overflow"
    | "pinned_client"
    | "prioritized";
  readonly priority_timeout?: number;
}

/** What a request gives of it. */
export type GivenConsumerConfig = {
  -readonly [Field in keyof ConsumerConfig]?: ConsumerConfig[Field];
};

const STRING: Shape = { kind: "string" };
const STRINGS: Shape = { kind: "strings" };
const BOOL: Shape = { kind: "bool" };
const TIME: Shape = { kind: "time" };
const INT: Shape = { kind: "int", type: "int" };
const UINT64: Shape = { kind: "int", type: "uint64" };
const DURATION: Shape = { kind: "int", type: "time.Duration" };

/** NATS JetStream: how a policy is written that is none; it stands for the first. */
const UNDEFINED = "undefined";

/** The configuration in a request. */
export const CONSUMER_CONFIG: Struct = {
  name: "ConsumerConfig",
  fields: {
    durable_name: STRING,
    name: STRING,
    description: STRING,
    deliver_policy: {
      kind: "enum",
      words: [
        "all",
        "last",
        "new",
        "by_start_sequence",
        "by_start_time",
        "last_per_subject",
        UNDEFINED,
      ],
    },
    opt_start_seq: UINT64,
    opt_start_time: TIME,
    ack_policy: {
      kind: "enum",
      words: ["none", "all", "explicit", "flow_control"],
    },
    ack_wait: DURATION,
    max_deliver: INT,
    backoff: { kind: "ints", type: "time.Duration" },
    filter_subject: STRING,
    filter_subjects: STRINGS,
    replay_policy: { kind: "enum", words: ["instant", "original"] },
    rate_limit_bps: UINT64,
    sample_freq: STRING,
    max_waiting: INT,
    max_ack_pending: INT,
    flow_control: BOOL,
    headers_only: BOOL,
    max_batch: INT,
    max_expires: DURATION,
    max_bytes: INT,
    deliver_subject: STRING,
    deliver_group: STRING,
    idle_heartbeat: DURATION,
    inactive_threshold: DURATION,
    num_replicas: INT,
    mem_storage: BOOL,
    direct: BOOL,
    sourcing: BOOL,
    metadata: { kind: "map" },
    pause_until: TIME,
    priority_groups: STRINGS,
    priority_policy: {
      kind: "enum",
      words: ["none", "overflow", "pinned_client", "prioritized"],
      complaint: "unknown priority policy: ",
    },
    priority_timeout: DURATION,
  },
};

/** Written even where they say nothing. */
const SPOKEN: readonly (keyof ConsumerConfig)[] = [
  "deliver_policy",
  "ack_policy",
  "max_deliver",
  "replay_policy",
  "num_replicas",
];

const NANOSECONDS = 1e9;
const ACK_WAIT = 30 * NANOSECONDS;
const INACTIVE_THRESHOLD = 5 * NANOSECONDS;
const MAX_WAITING = 512;
const MAX_ACK_PENDING = 1000;
/** Of a consumer whose acknowledgements are answers to flow control. */
export const FLOW_HEARTBEAT: number = NANOSECONDS;
const PINNED_TIMEOUT = 120 * NANOSECONDS;

/** `given` with what holds where it says nothing; in the order of the API. */
export function completeConsumerConfig(
  asked: GivenConsumerConfig,
  { consumer_limits }: Pick<StreamConfig, "consumer_limits">,
  caps: ConsumerCaps,
  isPedantic: boolean = false,
): ConsumerConfig {
  const given = withoutNegative(isPedantic ? asked : withFlowControl(asked));
  const ofAny = caps.ackPending.filter((cap) => cap > 0);
  const isPush = Boolean(given.deliver_subject);
  const acks = given.ack_policy === "explicit" || given.ack_policy === "all";
  const ackWait = given.backoff?.[0] ?? (given.ack_wait || undefined);
  const isPinned = given.priority_policy === "pinned_client";
  const complete: ConsumerConfig = {
    ack_policy: "none",
    replay_policy: "instant",
    num_replicas: 0,
    ...given,
    deliver_policy: policyOf(given),
    max_deliver: given.max_deliver !== undefined && given.max_deliver > 0
      ? given.max_deliver
      : -1,
    ...((acks || given.backoff?.length) && { ack_wait: ackWait ?? ACK_WAIT }),
    ...(!isPush && {
      max_waiting: given.max_waiting !== undefined && given.max_waiting > 0
        ? given.max_waiting
        : MAX_WAITING,
      max_batch: given.max_batch || Math.max(0, caps.requestBatch),
    }),
    max_ack_pending: given.max_ack_pending ||
      consumer_limits.max_ack_pending ||
      (needsAck(given) ? Math.min(MAX_ACK_PENDING, ...ofAny) : 0),
    inactive_threshold: given.inactive_threshold ||
      consumer_limits.inactive_threshold ||
      (given.durable_name ? 0 : INACTIVE_THRESHOLD),
    metadata: withLevel(asked),
    ...(isPinned && {
      priority_timeout: given.priority_timeout || PINNED_TIMEOUT,
    }),
  };
  return inOrder(complete);
}

/** Fields that are numbers. */
export type NumberField = {
  [Field in keyof ConsumerConfig]-?: number extends ConsumerConfig[Field]
    ? Field
    : never;
}[keyof ConsumerConfig];

/** NATS JetStream: of these a negative number says nothing. */
const NOT_NEGATIVE: readonly NumberField[] = [
  "max_waiting",
  "max_batch",
  "max_expires",
  "max_bytes",
  "idle_heartbeat",
  "inactive_threshold",
  "priority_timeout",
];

function withoutNegative(asked: GivenConsumerConfig): GivenConsumerConfig {
  const given = { ...asked };
  for (const field of NOT_NEGATIVE) {
    if ((given[field] ?? 0) < 0) given[field] = 0;
  }
  if ((given.max_ack_pending ?? 0) < 0) given.max_ack_pending = -1;
  return given;
}

/** Answers to flow control need it, and one way of it. */
function withFlowControl(asked: GivenConsumerConfig): GivenConsumerConfig {
  if (asked.ack_policy !== "flow_control") return asked;
  return { ...asked, flow_control: true, idle_heartbeat: FLOW_HEARTBEAT };
}

function policyOf(
  { deliver_policy = "all" }: GivenConsumerConfig,
): DeliverPolicy {
  return deliver_policy as string === UNDEFINED ? "all" : deliver_policy;
}

function needsAck({ ack_policy = "none" }: GivenConsumerConfig): boolean {
  return ack_policy !== "none";
}

/** `config` with another end of its pause; undefined: none. */
export function withPause(
  config: ConsumerConfig,
  moment: string | undefined,
): ConsumerConfig {
  const { pause_until: _, ...others } = config;
  const all = moment === undefined
    ? others
    : { ...others, pause_until: moment };
  return inOrder({ ...all, metadata: withLevel(all) });
}

function inOrder(config: ConsumerConfig): ConsumerConfig {
  const ordered: Record<string, unknown> = {};
  for (const field of Object.keys(CONSUMER_CONFIG.fields)) {
    const name = field as keyof ConsumerConfig;
    const value = config[name];
    const saysNothing = value === undefined ||
      (name === "priority_policy" && value === "none") || value === "" ||
      value === 0 ||
      value === false || (Array.isArray(value) && value.length === 0);
    if (saysNothing && !SPOKEN.includes(name)) continue;
    ordered[name] = value;
  }
  // V8 reads the fields of a copy faster than those of an object filled one by one.
  return { ...ordered } as unknown as ConsumerConfig;
}

/** NATS JetStream: which level of the API a consumer needs is kept with it. */
function withLevel(given: GivenConsumerConfig): Record<string, string> {
  const isOf1 = (given.pause_until ?? NO_TIME) !== NO_TIME ||
    given.priority_groups !== undefined ||
    (given.priority_policy ?? "none") !== "none" ||
    Boolean(given.priority_timeout);
  const level = given.ack_policy === "flow_control" ? "4" : isOf1 ? "1" : "0";
  const { "_nats.ver": _ver, "_nats.level": _level, ...own } = given.metadata ??
    {};
  return sorted({ ...own, "_nats.req.level": level });
}

/** NATS JetStream: those of other streams are not counted, and not listed. */
export function isPublic(
  { direct, sourcing }: Pick<ConsumerConfig, "direct" | "sourcing">,
): boolean {
  return !direct && !sourcing;
}

/** The subjects that a consumer is about; none: all. */
export function filtersOf(
  { filter_subject, filter_subjects }: GivenConsumerConfig,
): readonly string[] {
  if (filter_subjects !== undefined) return filter_subjects;
  return filter_subject === undefined ? [] : [filter_subject];
}

/** The same as byte strings, as messages have them. */
export function patternsOf(config: GivenConsumerConfig): readonly string[] {
  return filtersOf(config).map(utf8ByteString);
}
