/**
 * What a publisher expects of a stream: its message is taken only where that holds.
 *
 * NATS JetStream: `Nats-Expected-...` headers, and `Nats-Rollup`.
 */
import { ApiError } from "../api/api_error.ts";
import type { MessageIndex } from "../store/message_index.ts";
import type { PublishHeaders } from "./publish_headers.ts";
import type { StreamConfig } from "./stream_config.ts";

/** Throws an `ApiError` where the stream's sequences are not as `headers` expect. */
export function checkExpected(
  { name }: StreamConfig,
  index: MessageIndex,
  subject: string,
  headers: PublishHeaders,
): void {
  const stream = headers.get("Nats-Expected-Stream");
  if (stream !== undefined && stream !== name) throw new ApiError(10060);
  const ofSubject = headers.get("Nats-Expected-Last-Subject-Sequence");
  const other = headers.get("Nats-Expected-Last-Subject-Sequence-Subject");
  if (ofSubject !== undefined) {
    const last = lastOf(index, other ?? subject);
    if (last !== Number(ofSubject)) throw new ApiError(10071, last);
  } else if (other !== undefined) {
    throw new ApiError(10193);
  }
  const last = headers.get("Nats-Expected-Last-Sequence");
  if (last !== undefined && Number(last) !== index.lastSeq) {
    throw new ApiError(10071, index.lastSeq);
  }
}

/** The last message whose subject matches `pattern`; 0: there is none. */
function lastOf(index: MessageIndex, pattern: string): number {
  const known = index.subjects.get(pattern);
  if (known !== undefined) return known.last;
  const filter = index.subjects.filter([pattern]);
  const last = index.previous(index.lastSeq + 1, filter);
  filter.release();
  return last;
}

/** Which messages go when another is stored. */
export type Rollup = "none" | "sub" | "all";

/** What `headers` ask for. Throws an `ApiError` where that is not allowed. */
export function rollupOf(
  { allow_rollup_hdrs, deny_purge }: StreamConfig,
  headers: PublishHeaders,
): Rollup {
  const value = headers.get("Nats-Rollup");
  if (value === undefined) return "none";
  if (!allow_rollup_hdrs || deny_purge) {
    throw new ApiError(10111, "rollup not permitted");
  }
  const rollup = value.toLowerCase();
  if (rollup === "sub" || rollup === "all") return rollup;
  throw new ApiError(10111, `rollup value invalid: ${JSON.stringify(value)}`);
}
