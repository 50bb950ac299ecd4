/**
 * What a publisher expects of a stream: its message is taken only where that holds.
 *
 * NATS JetStream: `Nats-Expected-...` headers, and `Nats-Rollup`.
 */
import { ApiError } from "../api/api_error.ts";
import type { MessageIndex } from "../store/message_index.ts";
import type { PublishHeaders } from "./publish_headers.ts";
import type { StreamConfig } from "./stream_config.ts";

/** Throws an `ApiError` where another stream is expected. */
export function checkExpectedStream(
  { name }: StreamConfig,
  headers: PublishHeaders,
): void {
  const stream = headers.get("Nats-Expected-Stream");
  if (stream !== undefined && stream !== name) throw new ApiError(10060);
}

/** Throws an `ApiError` where the stream's sequences are not as `headers` expect. */
export function checkExpected(
  index: MessageIndex,
  subject: string,
  headers: PublishHeaders,
): void {
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

/** Throws an `ApiError` for a message that claims to come from another stream. */
export function checkNotSourced(headers: PublishHeaders): void {
  if (headers.get("Nats-Stream-Source")) throw new ApiError(10227);
}

/** Throws an `ApiError` where the message before does not have the id that is expected. */
export function checkLastId(headers: PublishHeaders, last: string): void {
  const expected = headers.get("Nats-Expected-Last-Msg-Id");
  if (expected !== undefined && expected !== last) {
    throw new ApiError(10070, last);
  }
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
