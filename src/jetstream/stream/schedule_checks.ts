/**
 * What a publisher asks of a schedule: that a message is published later, or that
 * another message takes the place of one that was to come.
 *
 * NATS JetStream: `Nats-Schedule...` headers; the order of the checks is the
 * server's.
 */
import {
  isLiteralSubject,
  subjectMatches,
  subjectsCollide,
} from "../../core/subject.ts";
import { utf8ByteString } from "../../core/ascii.ts";
import { ApiError } from "../api/api_error.ts";
import { parseSchedule, type Schedule } from "../schedule/schedule.ts";
import { TimeZone } from "../schedule/time_zone.ts";
import type { PublishHeaders } from "./publish_headers.ts";
import type { StreamConfig } from "./stream_config.ts";
import { lifetimeIn } from "./time_to_live.ts";

/** What is said instead of the next moment where there is none. */
export const NO_NEXT = "purge";

/** When the message on `subject` is published; undefined: it is no schedule. Throws an `ApiError`. */
export function scheduleIn(
  config: StreamConfig,
  subject: string,
  headers: PublishHeaders,
): Schedule | undefined {
  const text = headers.get("Nats-Schedule");
  if (!text) return undefined;
  if (!config.allow_msg_schedules) throw new ApiError(10188);
  const zoneName = headers.get("Nats-Schedule-Time-Zone");
  const zone = zoneName === undefined ? undefined : TimeZone.named(zoneName);
  if (zoneName !== undefined && zone === undefined) throw new ApiError(10223);
  const schedule = parseSchedule(text, zone);
  if (schedule === undefined) throw new ApiError(10189);
  checkFired(config, headers);
  checkSubjects(config, subject, headers);
  const rollup = headers.get("Nats-Rollup");
  if (rollup && rollup.toLowerCase() !== "sub") throw new ApiError(10192);
  return schedule;
}

/** Throws an `ApiError` for what the message that is published later cannot be. */
function checkFired(config: StreamConfig, headers: PublishHeaders): void {
  const ttl = headers.get("Nats-Schedule-TTL");
  if (ttl && lifetimeIn(ttl) === undefined) throw new ApiError(10191);
  const rollup = headers.get("Nats-Schedule-Rollup");
  if (rollup && rollup !== "sub") throw new ApiError(10192);
  if (ttl && !config.allow_msg_ttl) throw new ApiError(10166);
}

/** Throws an `ApiError` for subjects that are none of the stream's, or the schedule's own. */
function checkSubjects(
  { subjects = [] }: StreamConfig,
  subject: string,
  headers: PublishHeaders,
): void {
  const isOfStream = (other: string): boolean =>
    isSubject(other) && !subjectsCollide(other, subject) &&
    subjects.some((pattern) => subjectMatches(utf8ByteString(pattern), other));
  const target = headers.get("Nats-Schedule-Target") ?? "";
  const source = headers.get("Nats-Schedule-Source") ?? "";
  const isOdd = source !== "" && (!isOfStream(source) || source === target);
  if (isOdd) throw new ApiError(10203);
  if (!isOfStream(target)) throw new ApiError(10190);
}

/**
 * The schedule whose place a message takes, by its subject; undefined: none.
 * `isSchedule` tells that of the last message of a subject, undefined where there
 * is none. Throws an `ApiError`.
 */
export function endedSchedule(
  { allow_msg_schedules }: StreamConfig,
  subject: string,
  headers: PublishHeaders,
  isSchedule: (subject: string) => boolean | undefined,
): string | undefined {
  const scheduler = headers.get("Nats-Scheduler") ?? "";
  const next = headers.get("Nats-Schedule-Next") ?? "";
  if (scheduler === "" && next === "") return undefined;
  const makesSense = next === NO_NEXT && isSubject(scheduler) &&
    scheduler !== subject;
  if (!makesSense) throw new ApiError(10212);
  if (!allow_msg_schedules) throw new ApiError(10188);
  if (isSchedule(scheduler) === false) throw new ApiError(10212);
  return scheduler;
}

/** Whether a text is a subject that a client could publish on. */
function isSubject(text: string): boolean {
  return isLiteralSubject(text) && !/\s/.test(text);
}
