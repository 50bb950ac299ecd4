/**
 * Whether a consumer may be as a request wants it, and may become so.
 *
 * NATS JetStream: the order of the checks is the server's, since only the first
 * that fails is told.
 */
import {
  hasWildcard,
  isValidConfigSubject,
  subjectsCollide,
} from "../../core/subject.ts";
import { firstMeeting, SubjectCrowd } from "../../core/subject_crowd.ts";
import { ApiError } from "../api/api_error.ts";
import { momentOf } from "../moments.ts";
import type { StreamConfig } from "../stream/stream_config.ts";
import type { ConsumerCaps } from "../limits/consumer_caps.ts";
import {
  type ConsumerConfig,
  filtersOf,
  FLOW_HEARTBEAT,
} from "./consumer_config.ts";

const DESCRIPTION_MAX = 4096;
const METADATA_MAX = 128 * 1024;
const NS_PER_MS = 1e6;
const HEARTBEAT_MIN = 100 * NS_PER_MS;
const GROUP = /^[a-zA-Z0-9/_=-]{1,16}$/;

/** Where a consumer may not send its messages to. */
const RESERVED =
  /^\$JS\.(?:API|ACK|FC|SNAPSHOT|EVENT)\.|^\$JS\.(?:API|ACK|FC|SNAPSHOT|EVENT)$/;

/** Throws an `ApiError` with the first thing that is wrong. */
export function checkConsumer(
  config: ConsumerConfig,
  stream: StreamConfig,
  caps: ConsumerCaps,
): void {
  const { name } = config;
  if (name !== undefined && /[\s.*>\\/]/.test(name)) {
    throw new ApiError(
      10052,
      "consumer name can not contain '.', '*', '>', '\\', '/'",
    );
  }
  checkReplicas(config, stream);
  if ((config.backoff ?? []).some((wait) => wait < 0)) {
    throw new ApiError(10184);
  }
  if ((config.ack_wait ?? 0) < 0) throw new ApiError(10183);
  checkFlowPolicy(config);
  const { backoff = [], max_deliver, description = "" } = config;
  if (backoff.length > 0 && max_deliver > 0 && max_deliver < backoff.length) {
    throw new ApiError(10116);
  }
  if (description.length > DESCRIPTION_MAX) {
    throw new ApiError(10107, DESCRIPTION_MAX);
  }
  if (config.deliver_subject === undefined) {
    checkPullConfig(config, stream, caps);
  } else checkPushConfig(config, stream);
  checkCaps(config, stream, caps);
  checkDirect(config);
  checkFilters(config);
  checkStart(config);
  checkSampling(config.sample_freq);
  if (config.flow_control && !config.idle_heartbeat) throw new ApiError(10108);
  const { durable_name } = config;
  if (durable_name && name && durable_name !== name) throw new ApiError(10132);
  const { metadata = {} } = config;
  const size = Object.entries(metadata)
    .reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (size > METADATA_MAX) throw new ApiError(10135, "128KB");
  checkPriority(config);
  checkRetention(config, stream);
}

function checkReplicas(
  { num_replicas }: ConsumerConfig,
  stream: StreamConfig,
): void {
  if (num_replicas < 0) throw new ApiError(10133);
  if (num_replicas > stream.num_replicas) throw new ApiError(10126);
}

/** An acknowledgement that is an answer to flow control. */
function checkFlowPolicy(config: ConsumerConfig): void {
  if (config.ack_policy !== "flow_control") return;
  if (config.deliver_subject === undefined) throw new ApiError(10218);
  if (!config.flow_control) throw new ApiError(10219);
  if (config.idle_heartbeat !== FLOW_HEARTBEAT) {
    throw new ApiError(
      10052,
      "flow control ack policy heartbeat needs to be 1s",
    );
  }
  if ((config.max_ack_pending ?? 0) <= 0) throw new ApiError(10220);
  if (config.ack_wait || config.backoff) throw new ApiError(10221);
  if (config.max_deliver > 0) throw new ApiError(10222);
}

function checkPushConfig(
  config: ConsumerConfig,
  { subjects = [] }: StreamConfig,
): void {
  const to = config.deliver_subject!;
  if (hasWildcard(to)) throw new ApiError(10079);
  if (!isValidConfigSubject(to) || RESERVED.test(to)) throw new ApiError(10112);
  if (subjects.some((subject) => subjectsCollide(subject, to))) {
    throw new ApiError(10081);
  }
  if ((config.max_waiting ?? 0) !== 0) throw new ApiError(10080);
  if ((config.max_ack_pending ?? 0) > 0 && config.ack_policy === "none") {
    throw new ApiError(10082);
  }
  const beat = config.idle_heartbeat ?? 0;
  if (beat > 0 && beat < HEARTBEAT_MIN) throw new ApiError(10083);
}

function checkPullConfig(
  config: ConsumerConfig,
  { retention }: StreamConfig,
  { requestBatch }: ConsumerCaps,
): void {
  if (config.ack_policy === "none" && retention === "workqueue") {
    throw new ApiError(10084);
  }
  if (config.rate_limit_bps) throw new ApiError(10086);
  if (config.idle_heartbeat) throw new ApiError(10088);
  if (config.flow_control) throw new ApiError(10089);
  const expires = config.max_expires ?? 0;
  if (expires !== 0 && expires < NS_PER_MS) throw new ApiError(10115);
  if (requestBatch > 0 && (config.max_batch ?? 0) > requestBatch) {
    throw new ApiError(10125, requestBatch);
  }
}

function checkCaps(
  config: ConsumerConfig,
  { consumer_limits }: StreamConfig,
  { ackPending }: ConsumerCaps,
): void {
  const { max_ack_pending: most = 0, inactive_threshold: longest = 0 } =
    consumer_limits;
  const { max_ack_pending = 0, inactive_threshold = 0 } = config;
  const cap = ackPending.find((cap) => cap > 0 && max_ack_pending > cap);
  if (cap !== undefined) throw new ApiError(10121, cap);
  if (most > 0 && max_ack_pending > most) {
    throw new ApiError(10121, most);
  }
  if (longest > 0 && inactive_threshold > longest) {
    throw new ApiError(10153, `${longest / (1000 * NS_PER_MS)}s`);
  }
}

function checkDirect(config: ConsumerConfig): void {
  if (!config.direct) return;
  if (config.deliver_subject === undefined) throw new ApiError(10090);
  if (config.durable_name) throw new ApiError(10091);
}

function checkFilters(config: ConsumerConfig): void {
  const { filter_subject, filter_subjects = [] } = config;
  if (filter_subject && filter_subjects.length > 0) throw new ApiError(10136);
  if (filter_subject && !isValidConfigSubject(filter_subject)) {
    throw new ApiError(10052, "invalid subject");
  }
  const valid = filter_subjects.filter(isValidConfigSubject);
  const meeting = filter_subjects.indexOf(valid[firstMeeting(valid)]!);
  for (const [i, filter] of filter_subjects.entries()) {
    if (filter === "") throw new ApiError(10139);
    if (!isValidConfigSubject(filter)) {
      throw new ApiError(10052, "invalid subject");
    }
    if (i === meeting) throw new ApiError(10138);
  }
}

const START_NAMES: Readonly<Record<string, string>> = {
  all: "all",
  last: "last",
  new: "new",
  last_per_subject: "last per subject",
};

function checkStart(config: ConsumerConfig): void {
  const { deliver_policy, opt_start_seq, opt_start_time } = config;
  const complain = (text: string): never => {
    throw new ApiError(10094, `consumer delivery policy is deliver ${text}`);
  };
  if (deliver_policy === "by_start_sequence") {
    if (!opt_start_seq) {
      complain("by start sequence, but optional start sequence is not set");
    }
    if (opt_start_time) {
      complain("by start sequence, but optional start time is also set");
    }
    return;
  }
  if (deliver_policy === "by_start_time") {
    if (!opt_start_time) {
      complain("by start time, but optional start time is not set");
    }
    if (opt_start_seq) {
      complain("by start time, but optional start start sequence is also set");
    }
    return;
  }
  const name = START_NAMES[deliver_policy];
  if (opt_start_seq) {
    complain(`${name}, but optional start sequence is also set`);
  }
  if (opt_start_time) complain(`${name}, but optional start time is also set`);
  const isUnfiltered = filtersOf(config).length === 0;
  if (deliver_policy === "last_per_subject" && isUnfiltered) {
    complain("last per subject, but optional filter subject is not set");
  }
}

function checkSampling(text: string | undefined): void {
  if (text === undefined) return;
  const percent = text.replace(/%$/, "");
  if (/^[+-]?\d+$/.test(percent)) {
    if (Number(percent) >= 0) return;
    throw new ApiError(10095, "<nil>");
  }
  throw new ApiError(
    10095,
    `strconv.Atoi: parsing ${JSON.stringify(percent)}: invalid syntax`,
  );
}

function checkPriority(config: ConsumerConfig): void {
  const { priority_policy = "none", priority_groups = [] } = config;
  if (priority_policy === "none") {
    if (priority_groups.length > 0) throw new ApiError(10196);
    if (config.priority_timeout) throw new ApiError(10197);
    return;
  }
  if (config.deliver_subject !== undefined) throw new ApiError(10178);
  if (priority_groups.length === 0) throw new ApiError(10159);
  for (const group of priority_groups) {
    if (group === "") throw new ApiError(10161);
    checkGroupName(group);
  }
}

/** Throws an `ApiError` for a name that a priority group cannot have. */
export function checkGroupName(group: string): void {
  if (!GROUP.test(group)) throw new ApiError(10162);
}

function checkRetention(
  config: ConsumerConfig,
  { retention }: StreamConfig,
): void {
  if (retention !== "workqueue" || config.direct) return;
  const { ack_policy } = config;
  const acks = ack_policy === "explicit" || ack_policy === "flow_control";
  if (!acks) throw new ApiError(10098);
  if (config.deliver_policy !== "all") throw new ApiError(10101);
}

/** Which fields stay as they are, and what is said of one that would not. */
const FIXED: readonly (readonly [keyof ConsumerConfig, string])[] = [
  ["deliver_policy", "deliver policy can not be updated"],
  ["opt_start_seq", "start sequence can not be updated"],
  ["opt_start_time", "start time can not be updated"],
  ["ack_policy", "ack policy can not be updated"],
  ["replay_policy", "replay policy can not be updated"],
  ["idle_heartbeat", "heart beats can not be updated"],
  ["flow_control", "flow control can not be updated"],
  ["direct", "direct can not be updated"],
  ["sourcing", "sourcing can not be updated"],
];

/** Throws an `ApiError` where a consumer cannot become what `next` says. */
export function checkConsumerUpdate(
  before: ConsumerConfig,
  next: ConsumerConfig,
): void {
  const refuse = (text: string): never => {
    throw new ApiError(10012, text);
  };
  for (const [field, text] of FIXED) {
    const isSame = field === "opt_start_time"
      ? timeOf(before) === timeOf(next)
      : before[field] === next[field];
    if (!isSame) refuse(text);
  }
  const wasPull = before.deliver_subject === undefined;
  const isPull = next.deliver_subject === undefined;
  if (wasPull && !isPull) refuse("can not update pull consumer to push based");
  if (!wasPull && isPull) refuse("can not update push consumer to pull based");
  if (before.max_waiting !== next.max_waiting) {
    refuse("max waiting can not be updated");
  }
  if ((before.mem_storage ?? false) !== (next.mem_storage ?? false)) {
    refuse("storage type can not be updated");
  }
}

function timeOf({ opt_start_time }: ConsumerConfig): number {
  return opt_start_time === undefined ? 0 : momentOf(opt_start_time);
}

/** Throws an `ApiError` where two consumers of a work queue would have the same message. */
export function checkSharing(
  config: ConsumerConfig,
  others: readonly ConsumerConfig[],
): void {
  if (others.length === 0) return;
  const filters = filtersOf(config);
  if (filters.length === 0) throw new ApiError(10099);
  const own = new SubjectCrowd(filters);
  const meets = others.some((other) => {
    const theirs = filtersOf(other);
    return theirs.length === 0 || theirs.some((one) => own.meets(one));
  });
  if (meets) throw new ApiError(10100);
}
