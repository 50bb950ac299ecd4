/**
 * Whether a stream may be as a request wants it.
 *
 * NATS JetStream: the order of the checks is the server's, since only the first
 * that fails is told.
 */
import { formatDuration } from "../../core/duration.ts";
import { isValidConfigSubject, subjectsCollide } from "../../core/subject.ts";
import { firstMeeting, SubjectCrowd } from "../../core/subject_crowd.ts";
import type { AccountStreamLimits } from "../../options/options.ts";
import { ApiError } from "../api/api_error.ts";
import { checkMaxBytes } from "../limits/stream_size.ts";
import {
  checkCycle,
  checkExternal,
  checkMirror,
  checkSources,
  isStreamName,
  transformFault,
} from "./source_checks.ts";
import { startFault } from "./sequences.ts";
import type { GivenStreamConfig, StreamConfig } from "./stream_config.ts";

/** What is known of the other streams of the account. */
export interface StreamSurroundings {
  /** The other streams' configurations. */
  readonly others: readonly StreamConfig[];
  /** Nanoseconds; 0: none. */
  readonly duplicateWindowMax: number;
  /** Of the account. */
  readonly limits: AccountStreamLimits;
}

const NAME_MAX = 255;
const DESCRIPTION_MAX = 4096;
const METADATA_MAX = 128 * 1024;
const REPLICAS_MAX = 5;
const NS_PER_MS = 1e6;
const SHORTEST = 100 * NS_PER_MS;
const NS_PER_S = 1e9;

/** Throws an `ApiError` with the first thing that is wrong with `config`, for which `given` asks. */
export function checkStream(
  config: StreamConfig,
  given: GivenStreamConfig,
  surroundings: StreamSurroundings,
): void {
  checkName(config);
  checkPlacement(config);
  checkTimes(config, surroundings);
  checkFeatures(config, given);
  checkStart(config);
  checkMirror(config, surroundings.others);
  checkSources(config, surroundings.others);
  checkExternal(config);
  checkCycle(config, surroundings.others);
  checkSubjects(config);
  checkMaxBytes(config, surroundings.limits);
  checkTransforms(config);
}

/** Throws an `ApiError` where a stream cannot become what `next` says, which is right in itself. */
export function checkStreamUpdate(
  before: StreamConfig,
  next: StreamConfig,
): void {
  const refuse = (text: string): never => {
    throw wrong(`stream configuration update can not ${text}`);
  };
  if (next.num_replicas > 1) throw new ApiError(10074);
  if (next.storage !== before.storage) refuse("change storage type");
  if (next.retention !== before.retention) {
    const isQueue = [next.retention, before.retention].includes("workqueue");
    if (isQueue) refuse("change retention policy to/from workqueue");
  }
  if (before.sealed && !next.sealed) refuse("unseal a sealed stream");
  if (before.deny_delete && !next.deny_delete) {
    refuse("cancel deny message deletes");
  }
  if (before.deny_purge && !next.deny_purge) refuse("cancel deny purge");
  const isOther = next.mirror !== undefined &&
    JSON.stringify(next.mirror) !== JSON.stringify(before.mirror);
  if (isOther) throw new ApiError(10055);
  if (before.allow_msg_ttl && !next.allow_msg_ttl) {
    throw wrong("message TTL status can not be disabled");
  }
  if (before.allow_msg_counter !== next.allow_msg_counter) {
    refuse("change message counter setting");
  }
  if (before.allow_msg_schedules && !next.allow_msg_schedules) {
    throw wrong("message schedules can not be disabled");
  }
  if (before.persist_mode !== next.persist_mode) refuse("change persist mode");
}

/** What a stream is that is sealed. */
export function sealed(config: StreamConfig): StreamConfig {
  if (!config.sealed) return config;
  return {
    ...config,
    max_age: 0,
    discard: "new",
    deny_delete: true,
    deny_purge: true,
    allow_rollup_hdrs: false,
  };
}

function wrong(text: string): ApiError {
  return new ApiError(10052, text);
}

function checkName(config: StreamConfig): void {
  const { name, description = "", metadata = {}, num_replicas } = config;
  if (!isStreamName(name)) {
    throw wrong(
      "stream name is required and can not contain '.', '*', '>', '\\', '/'",
    );
  }
  if (name.length > NAME_MAX) {
    throw wrong(`stream name is too long, maximum allowed is ${NAME_MAX}`);
  }
  if (description.length > DESCRIPTION_MAX) {
    throw wrong(
      `stream description is too long, maximum allowed is ${DESCRIPTION_MAX}`,
    );
  }
  const size = Object.entries(metadata)
    .reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (size > METADATA_MAX) {
    throw wrong(
      `stream metadata exceeds maximum size of ${METADATA_MAX} bytes`,
    );
  }
  if (num_replicas > REPLICAS_MAX) {
    throw wrong(`maximum replicas is ${REPLICAS_MAX}`);
  }
  if (num_replicas < 0) throw new ApiError(10133);
}

function checkPlacement({ placement }: StreamConfig): void {
  if (placement?.preferred) {
    throw wrong("preferred server not permitted in placement");
  }
}

function checkTimes(
  { max_age, duplicate_window = 0 }: StreamConfig,
  { duplicateWindowMax }: StreamSurroundings,
): void {
  if (max_age < 0) throw wrong("max age can not be negative");
  if (max_age > 0 && max_age < SHORTEST) {
    throw wrong("max age needs to be >= 100ms");
  }
  if (duplicate_window < 0) {
    throw wrong("duplicates window can not be negative");
  }
  if (max_age > 0 && duplicate_window > max_age) {
    throw wrong("duplicates window can not be larger then max age");
  }
  if (duplicateWindowMax > 0 && duplicate_window > duplicateWindowMax) {
    const limit = formatDuration(duplicateWindowMax / NS_PER_MS);
    throw wrong(
      `duplicates window can not be larger then server limit of ${limit}`,
    );
  }
  if (duplicate_window > 0 && duplicate_window < SHORTEST) {
    throw wrong("duplicates window needs to be >= 100ms");
  }
}

function checkStart({ first_seq = 0, mirror }: StreamConfig): void {
  const fault = startFault(Math.max(first_seq, mirror?.opt_start_seq ?? 0));
  if (fault !== undefined) throw wrong(fault);
}

function checkFeatures(
  config: StreamConfig,
  given: GivenStreamConfig,
): void {
  const isNew = config.discard === "new";
  if (config.deny_purge && config.allow_rollup_hdrs) {
    throw wrong("roll-ups require the purge permission");
  }
  if (config.allow_msg_counter) {
    if (isNew) throw wrong("counter stream cannot use discard new");
    // NATS JetStream: a time to live that comes with delete markers is no fault.
    if (given.allow_msg_ttl) {
      throw wrong("counter stream cannot use message TTLs");
    }
    if (config.allow_msg_schedules) {
      throw wrong("counter stream cannot use message schedules");
    }
    if (config.retention !== "limits") {
      throw wrong("counter stream can only use limits retention");
    }
  }
  if (config.discard_new_per_subject) {
    if (!isNew) {
      throw wrong(
        "discard new per subject requires discard new policy to be set",
      );
    }
    if (config.max_msgs_per_subject <= 0) {
      throw wrong("discard new per subject requires max msgs per subject > 0");
    }
  }
  const marker = config.subject_delete_marker_ttl ?? 0;
  if (marker < 0) {
    throw wrong("subject delete marker TTL must not be negative");
  }
  if (marker > 0 && marker < NS_PER_S) {
    throw wrong("subject delete marker TTL must be at least 1 second");
  }
  if (config.allow_msg_schedules && isNew) {
    throw wrong("message scheduling cannot use discard new");
  }
  if (config.persist_mode === "async") {
    if (config.storage !== "file") {
      throw wrong("async persist mode is only supported on file storage");
    }
    if (config.allow_atomic) {
      throw wrong(
        "async persist mode is not supported with atomic batch publish",
      );
    }
  }
}

/** Subjects that only a stream which acknowledges nothing may have. */
const RESERVED: readonly (readonly [string, string, RegExp])[] = [
  ["$JS.>", "jetstream api", /^\$JS\.EVENT\./],
  ["$JSC.>", "jetstream api", /^$/],
  ["$NRG.>", "jetstream api", /^$/],
  ["$SYS.>", "system api", /^\$SYS\.ACCOUNT\./],
];

function checkSubjects({ subjects = [], no_ack }: StreamConfig): void {
  const meeting = firstMeeting(subjects);
  for (const [i, subject] of subjects.entries()) {
    if (!isValidConfigSubject(subject)) throw wrong("invalid subject");
    if (subject === ">" && !no_ack) {
      throw wrong("capturing all subjects requires no-ack to be true");
    }
    for (const [reserved, what, exempt] of RESERVED) {
      const isExempt = no_ack || subject === ">" || exempt.test(subject);
      if (isExempt || !subjectsCollide(subject, reserved)) continue;
      throw wrong(
        `subjects that overlap with ${what} require no-ack to be true`,
      );
    }
    if (i !== meeting) continue;
    const other = subjects.slice(i + 1)
      .find((one) => subjectsCollide(subject, one));
    throw wrong(`subject "${subject}" overlaps with "${other}"`);
  }
}

function checkTransforms(config: StreamConfig): void {
  const { subject_transform, republish, subjects = [] } = config;
  if (subject_transform !== undefined) {
    const { src, dest } = subject_transform;
    if (src !== "" && !isValidConfigSubject(src)) {
      throw new ApiError(10155, `invalid subject ${src}`);
    }
    const fault = transformFault(src, dest);
    if (fault !== undefined) throw new ApiError(10156, fault);
  }
  if (republish === undefined) return;
  const { src, dest } = republish;
  // NATS JetStream: a function in a destination is a token like any other here.
  const isCycle = isValidConfigSubject(dest) &&
    subjects.some((subject) => subjectsCollide(subject, dest));
  if (isCycle) {
    throw wrong("stream configuration for republish destination forms a cycle");
  }
  if (transformFault(src, dest) !== undefined) {
    throw wrong(
      `stream configuration for republish with transform from '${src}' to '${dest}' not valid`,
    );
  }
}

/** Throws an `ApiError` for subjects that another stream has. */
export function checkOverlap(
  { subjects = [] }: StreamConfig,
  { others }: StreamSurroundings,
): void {
  const own = new SubjectCrowd(subjects);
  const meets = others.some((other) =>
    (other.subjects ?? []).some((one) => own.meets(one))
  );
  if (meets) throw new ApiError(10065);
}
