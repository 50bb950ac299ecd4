/**
 * What a stream that is asked for pedantically has to say itself: where a server
 * would put something else in place of what was said, it refuses.
 */
import { ApiError } from "../api/api_error.ts";
import type { GivenStreamConfig } from "./stream_config.ts";

const LIMITS = [
  "max_msgs",
  "max_msgs_per_subject",
  "max_bytes",
  "max_msg_size",
  "max_consumers",
] as const;

/** Throws an `ApiError` with the first thing that would not stay as it is. */
export function checkPedantic(given: GivenStreamConfig): void {
  for (const limit of LIMITS) {
    if ((given[limit] ?? 0) >= -1) continue;
    throw new ApiError(10157, `${limit} must be set to -1`);
  }
  const { max_age = 0, duplicate_window = 0, republish } = given;
  if (max_age > 0 && duplicate_window === 0) {
    throw new ApiError(10157, "duplicate window cannot be bigger than max age");
  }
  if (given.subject_delete_marker_ttl) {
    const what = "subject delete marker cannot be set if";
    checkThat(given.allow_msg_ttl, `${what} message TTLs are disabled`);
    checkThat(given.allow_rollup_hdrs, `${what} roll-ups are disabled`);
    checkThat(!given.deny_purge, "roll-ups require the purge permission");
  }
  if (given.allow_msg_schedules) {
    checkThat(
      given.allow_rollup_hdrs,
      "message scheduling cannot be set if roll-ups are disabled",
    );
  }
  if (republish !== undefined && !republish.src) {
    throw new ApiError(10157, "republish source can not be empty");
  }
}

function checkThat(isSo: boolean | undefined, complaint: string): void {
  if (!isSo) throw new ApiError(10052, complaint);
}
