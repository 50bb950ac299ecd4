/**
 * Whether a stream may be another one's mirror, or take in others, as a request
 * wants it.
 *
 * NATS JetStream: the order of the checks is the server's, since only the first
 * that fails is told.
 */
import {
  hasWildcard,
  isValidConfigSubject,
  subjectsCollide,
} from "../../core/subject.ts";
import { firstMeeting } from "../../core/subject_crowd.ts";
import { SubjectTransform } from "../../core/subject_transform.ts";
import {
  looksLikeFunction,
  TransformError,
} from "../../core/transform_function.ts";
import { ApiError } from "../api/api_error.ts";
import type { SourceConfig, StreamConfig } from "./stream_config.ts";

const API = "$JS.API";
const NO_TRANSFORM = "invalid mapping destination: invalid transform";

/** Whether a stream may have this name. */
export function isStreamName(name: string): boolean {
  return name !== "" && !/[\s.*>\\/]/.test(name);
}

/** What is wrong with a transform; undefined: nothing. */
export function transformFault(src: string, dest: string): string | undefined {
  if (dest === "") return undefined;
  const tokens = dest.split(".");
  for (const [i, token] of tokens.entries()) {
    const isFunction = looksLikeFunction(token);
    if (!isFunction && !isValidConfigSubject(token)) return NO_TRANSFORM;
    const isTail = token === ">" && i < tokens.length - 1;
    if (isTail) return `${NO_TRANSFORM} in >`;
  }
  try {
    SubjectTransform.parse(src || ">", dest);
    return undefined;
  } catch (error) {
    if (!(error instanceof TransformError)) throw error;
    return error.message;
  }
}

/** Throws an `ApiError` where `config` cannot be a mirror. */
export function checkMirror(
  config: StreamConfig,
  others: readonly StreamConfig[],
): void {
  const { mirror } = config;
  if (mirror === undefined) return;
  if (config.first_seq) throw new ApiError(10143);
  if (config.subjects !== undefined) throw new ApiError(10034);
  if (config.sources !== undefined) throw new ApiError(10031);
  if (config.allow_msg_counter) throw new ApiError(10173);
  if (config.allow_atomic) throw new ApiError(10198);
  if (config.allow_batched) throw new ApiError(10209);
  if (config.allow_msg_schedules) throw new ApiError(10186);
  if (!isConsumerRight(mirror)) throw new ApiError(10213);
  const { filter_subject, subject_transforms = [] } = mirror;
  if (filter_subject && subject_transforms.length > 0) {
    throw new ApiError(10150);
  }
  if (config.subject_delete_marker_ttl) {
    throw new ApiError(10052, "subject delete markers forbidden on mirrors");
  }
  checkTransforms(mirror, { source: 10151, transform: 10154, overlap: 10152 });
  if (!isStreamName(mirror.name)) throw new ApiError(10142);
  checkFilter(mirror, "the mirror");
  const origin = originOf(mirror, others);
  if (origin !== undefined && isSmaller(config, origin)) {
    throw new ApiError(10030);
  }
}

/** Throws an `ApiError` where `config` cannot take in its sources. */
export function checkSources(
  config: StreamConfig,
  others: readonly StreamConfig[],
): void {
  const { sources = [] } = config;
  if (sources.length > 0 && config.allow_msg_schedules) {
    throw new ApiError(10187);
  }
  const seen = new Set<string>();
  for (const source of sources) {
    if (!isStreamName(source.name)) throw new ApiError(10141);
    const { filter_subject = "", subject_transforms = [] } = source;
    const { external, consumer } = source;
    const key = JSON.stringify([
      source.name,
      filter_subject,
      subject_transforms,
      external?.api,
      consumer?.name,
    ]);
    if (seen.has(key)) throw new ApiError(10140);
    seen.add(key);
    if (filter_subject !== "" && subject_transforms.length > 0) {
      throw new ApiError(10144);
    }
    checkTransforms(source, {
      source: 10145,
      transform: 10146,
      overlap: 10147,
    });
    if (!isConsumerRight(source)) throw new ApiError(10215);
    checkFilter(source, "the source:");
    const origin = originOf(source, others);
    if (origin !== undefined && isSmaller(config, origin)) {
      throw new ApiError(10046);
    }
  }
}

/** Throws an `ApiError` for a stream elsewhere that cannot be reached as `config` says. */
export function checkExternal({ mirror, sources = [] }: StreamConfig): void {
  for (const { external } of mirror === undefined ? sources : [mirror]) {
    if (external === undefined) continue;
    const { api, deliver = "" } = external;
    if (deliver !== "" && hasWildcard(deliver)) {
      throw new ApiError(10024, deliver);
    }
    if (api !== "" && (hasWildcard(api) || !isValidConfigSubject(api))) {
      throw new ApiError(
        10052,
        `stream external api prefix "${api}" must be a valid subject without wildcards`,
      );
    }
    if (api === API) throw new ApiError(10021, api, API);
  }
}

/** How many times one stream is looked at; each time more of what it copies is known. */
const CYCLE_LOOKS = 2;

/**
 * Throws an `ApiError` where messages would come back to the stream that they are
 * from.
 *
 * NATS JetStream: streams are looked at as they are named, those that `config`
 * copies first, and one that copies a stream which was looked at before is refused,
 * even where that is only reached in two ways. A source with a filter that means no
 * subject of the stream which has it may be there again.
 */
export function checkCycle(
  config: StreamConfig,
  others: readonly StreamConfig[],
): void {
  const looks = new Map<string, number>();
  const toLookAt = [config];
  for (const stream of toLookAt) {
    const { name, subjects = [], mirror, sources = [] } = stream;
    const times = looks.get(name) ?? 0;
    if (times === CYCLE_LOOKS) continue;
    looks.set(name, times + 1);
    for (const source of mirror === undefined ? sources : [mirror]) {
      const { external, filter_subject: filter } = source;
      if (external !== undefined) continue;
      if (looks.has(source.name)) {
        const meets = source === mirror || !filter ||
          subjects.some((subject) => subjectsCollide(subject, filter));
        if (meets) throw new ApiError(10052, "detected cycle");
        continue;
      }
      const origin = originOf(source, others);
      if (origin !== undefined) toLookAt.push(origin);
    }
  }
}

/**
 * `config` as it is with its origin in the same account: it is read directly where
 * that is. Throws an `ApiError` where nothing may be changed in silence.
 */
export function likeOrigin(
  config: StreamConfig,
  others: readonly StreamConfig[],
  isPedantic: boolean = false,
): StreamConfig {
  const { mirror, mirror_direct } = config;
  const origin = mirror && originOf(mirror, others);
  if (origin === undefined) return config;
  if (isPedantic && origin.allow_direct && !mirror_direct) {
    throw new ApiError(
      10157,
      "origin stream has direct get set, mirror has it disabled",
    );
  }
  return { ...config, mirror_direct: origin.allow_direct };
}

/** Throws the errors with these numbers for transforms that make no sense. */
function checkTransforms(
  { subject_transforms = [] }: SourceConfig,
  numbers: Readonly<Record<"source" | "transform" | "overlap", number>>,
): void {
  const meeting = firstMeeting(subject_transforms.map(({ src }) => src || ">"));
  for (const [i, { src, dest }] of subject_transforms.entries()) {
    if (src !== "" && !isValidConfigSubject(src)) {
      throw new ApiError(numbers.source, `invalid subject ${src}`);
    }
    const fault = transformFault(src, dest);
    if (fault !== undefined) throw new ApiError(numbers.transform, fault);
    if (i === meeting) throw new ApiError(numbers.overlap);
  }
}

function checkFilter(
  { filter_subject: filter }: SourceConfig,
  whose: string,
): void {
  if (!filter || isValidConfigSubject(filter)) return;
  throw new ApiError(
    10049,
    `subject filter '${filter}' for ${whose} invalid subject`,
  );
}

/** Whether a consumer that a user has made says where a copy begins, and nothing else does. */
function isConsumerRight(
  { consumer, opt_start_seq, opt_start_time, filter_subject }: SourceConfig,
): boolean {
  if (consumer === undefined) return true;
  const { name = "", deliver_subject: to = "" } = consumer;
  if (opt_start_seq || opt_start_time || filter_subject) return false;
  return isStreamName(name) && isValidConfigSubject(to) && !hasWildcard(to);
}

function originOf(
  { name, external }: SourceConfig,
  others: readonly StreamConfig[],
): StreamConfig | undefined {
  return external === undefined
    ? others.find((other) => other.name === name)
    : undefined;
}

/** Messages of `origin` may be too large for `config`. */
function isSmaller(config: StreamConfig, origin: StreamConfig): boolean {
  return config.max_msg_size > 0 && config.max_msg_size < origin.max_msg_size;
}
