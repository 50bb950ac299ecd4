/**
 * What a publisher expects of a stream: its message is taken only where that holds.
 *
 * NATS JetStream: `Nats-Expected-...` headers, and `Nats-Rollup`.
 */
import { ApiError } from "../api/api_error.ts";
import type { MessageIndex } from "../store/message_index.ts";
import type { Rollup } from "./admitted.ts";
import type { PublishHeaders } from "./publish_headers.ts";
import type { Staged } from "./staged.ts";
import type { StreamConfig } from "./stream_config.ts";

/** Throws an `ApiError` where another stream is expected. */
export function checkExpectedStream(
  { name }: StreamConfig,
  headers: PublishHeaders,
): void {
  const stream = headers.get("Nats-Expected-Stream");
  // NATS JetStream: a header without a value says nothing.
  if (stream && stream !== name) throw new ApiError(10060);
}

/**
 * Throws an `ApiError` where the stream's sequences are not as `headers` expect.
 *
 * NATS JetStream: of a batch that is `staged` nothing may be expected of what is in
 * it, even where that would hold.
 */
export function checkExpected(
  index: MessageIndex,
  subject: string,
  headers: PublishHeaders,
  staged: Staged | undefined,
): void {
  // NATS JetStream: a header without a value says nothing.
  const ofSubject = headers.get("Nats-Expected-Last-Subject-Sequence");
  const other = headers.get("Nats-Expected-Last-Subject-Sequence-Subject") ||
    undefined;
  if (ofSubject) {
    if (staged?.lastOf(other ?? subject)) throw new ApiError(10164);
    const last = lastOf(index, other ?? subject);
    if (last !== sequenceIn(ofSubject)) throw new ApiError(10071, last);
  } else if (other !== undefined) {
    throw new ApiError(10193);
  }
  const expected = headers.get("Nats-Expected-Last-Sequence");
  if (!expected) return;
  const last = staged?.lastSeq ?? index.lastSeq;
  if (sequenceIn(expected) !== last) throw new ApiError(10071, last);
  if (last !== index.lastSeq) throw new ApiError(10164);
}

/** -1 where there are other characters than digits: no message has it. */
function sequenceIn(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : -1;
}

/** The last message whose subject matches `pattern`; 0: there is none. */
function lastOf(index: MessageIndex, pattern: string): number {
  const known = index.subjects.get(pattern);
  if (known !== undefined) return known.last;
  const filter = index.subjects.filter([pattern]);
  // A publish does not wait for later turns.
  while (!index.subjects.learnBeginnings(filter));
  const last = index.previous(index.lastSeq + 1, filter);
  filter.release();
  return last;
}

/** Throws an `ApiError` for a message that claims to come from another stream. */
export function checkNotSourced(headers: PublishHeaders): void {
  if (headers.get("Nats-Stream-Source")) throw new ApiError(10227);
}

/** Throws an `ApiError` where the message before does not have the id that is expected. */
export function checkLastId(
  headers: PublishHeaders,
  last: string,
  staged: Staged | undefined,
): void {
  const name = "Nats-Expected-Last-Msg-Id";
  const expected = headers.get(name);
  if (!expected) return;
  if (staged !== undefined) throw new ApiError(10177, name);
  if (expected !== last) throw new ApiError(10070, last);
}

/** What `value`, that of `Nats-Rollup`, asks for. Throws an `ApiError` where that is not allowed. */
export function rollupOf(
  { allow_rollup_hdrs, deny_purge }: StreamConfig,
  value: string | undefined,
  subject: string,
  staged: Staged | undefined,
): Rollup {
  if (!value) return "none";
  if (!allow_rollup_hdrs || deny_purge) {
    throw new ApiError(10111, "rollup not permitted");
  }
  const rollup = value.toLowerCase();
  if (rollup !== "sub" && rollup !== "all") {
    throw new ApiError(
      10111,
      `rollup value invalid: ${JSON.stringify(rollup)}`,
    );
  }
  const takesOwn = rollup === "all"
    ? (staged?.messages.length ?? 0) > 0
    : staged?.lastOf(subject) !== undefined;
  if (takesOwn) throw new ApiError(10111, `batch rollup ${rollup} invalid`);
  return rollup;
}
