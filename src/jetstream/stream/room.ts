/** How much a stream holds: what a message counts, and what has to go for another. */
import { ApiError } from "../api/api_error.ts";
import type { MessageIndex } from "../store/message_index.ts";
import type { SubjectEntry } from "../store/subject_table.ts";
import type { Rollup } from "./admitted.ts";
import type { Staged } from "./staged.ts";
import type { StreamConfig } from "./stream_config.ts";

/** A message as it is published. Its bytes are borrowed for the call. */
export interface Publication {
  /** A byte string. */
  readonly subject: string;
  /** A block of headers; empty: none. */
  readonly headers: Uint8Array;
  readonly payload: Uint8Array;
  /** It was in another stream before: what its headers expect was said there. */
  readonly copied?: CopiedPlace;
}

/** Where a message of another stream goes; without a sequence and a time: where any other would. */
export interface CopiedPlace {
  readonly seq?: number;
  readonly timeUs?: number;
}

/** One whose bytes are its own. */
export function ownPublication(publication: Publication): Publication {
  const { headers, payload } = publication;
  return { ...publication, headers: headers.slice(), payload: payload.slice() };
}

const HEADERS_MAX = 65_535;

/** NATS JetStream: bytes that a message counts besides its own, in memory and in a file. */
const MEMORY_OVERHEAD = 16;
const FILE_OVERHEAD = 30;
const FILE_HEADER_OVERHEAD = 4;

/** Bytes that a message counts. */
export function sizeOf(
  { storage }: StreamConfig,
  { subject, headers, payload }: Publication,
): number {
  const bytes = subject.length + headers.length + payload.length;
  if (storage === "memory") return bytes + MEMORY_OVERHEAD;
  return bytes + FILE_OVERHEAD +
    (headers.length > 0 ? FILE_HEADER_OVERHEAD : 0);
}

/** Throws an `ApiError` for a message that is too large, or where none is taken any more. */
export function checkSize(
  { sealed, max_msg_size }: StreamConfig,
  { headers, payload }: Publication,
): void {
  if (sealed) throw new ApiError(10109);
  const length = headers.length + payload.length;
  if (max_msg_size >= 0 && length > max_msg_size) throw new ApiError(10054);
  if (headers.length > HEADERS_MAX) throw new ApiError(10097);
}

/**
 * Throws an `ApiError` for a message for which there is no room, where older ones
 * may not go; `staged`: those that are stored before it.
 */
export function checkRoom(
  config: StreamConfig,
  index: MessageIndex,
  { subject, size, rollup }: {
    readonly subject: string;
    readonly size: number;
    readonly rollup: Rollup;
  },
  staged: Staged | undefined,
): void {
  if (config.discard === "old") return;
  const entry = index.subjects.get(subject);
  const ofSubject = (entry?.count ?? 0) + (staged?.countOf(subject) ?? 0);
  // The first message of the subject goes when this one has come.
  const replaces = config.max_msgs_per_subject > 0 &&
    ofSubject >= config.max_msgs_per_subject;
  if (replaces && config.discard_new_per_subject && rollup === "none") {
    throw new ApiError(10077, "maximum messages per subject exceeded");
  }
  const messages = index.messages + (staged?.messages.length ?? 0);
  if (config.max_msgs > 0 && messages >= config.max_msgs && !replaces) {
    throw new ApiError(10077, "maximum messages exceeded");
  }
  const bytes = index.bytes + (staged?.bytes ?? 0) + size;
  if (config.max_bytes <= 0 || bytes <= config.max_bytes) return;
  const first = replaces && entry !== undefined ? index.sizeOf(entry.first) : 0;
  if (first < size) throw new ApiError(10077, "maximum bytes exceeded");
}

/** The first message that has to go for one of `subject`; undefined: none has to. */
export function beyondLimits(
  config: StreamConfig,
  index: MessageIndex,
  subject: string,
): number | undefined {
  const { max_msgs_per_subject: most } = config;
  const entry = most > 0 ? index.subjects.get(subject) : undefined;
  if (entry !== undefined && entry.count > most) return entry.first;
  return beyondTotals(config, index);
}

/**
 * The messages that have to go whatever their subjects, each when the one before has
 * gone; 0: there may be more, and none goes now.
 */
export function* beyondAllLimits(
  config: StreamConfig,
  index: MessageIndex,
): Iterable<number> {
  if (config.max_msgs_per_subject > 0) {
    for (const entry of index.subjects.entries()) {
      yield 0;
      yield* beyondSubjectLimit(config, entry);
    }
  }
  for (let seq; (seq = beyondTotals(config, index)) !== undefined;) yield seq;
}

function* beyondSubjectLimit(
  { max_msgs_per_subject: most }: StreamConfig,
  entry: SubjectEntry,
): Iterable<number> {
  while (most > 0 && entry.count > most) yield entry.first;
}

function beyondTotals(
  { max_msgs, max_bytes, discard }: StreamConfig,
  index: MessageIndex,
): number | undefined {
  // NATS JetStream: where new messages give way, old ones stay.
  if (discard === "new") return undefined;
  const isBeyond = (max_msgs > 0 && index.messages > max_msgs) ||
    (max_bytes > 0 && index.bytes > max_bytes);
  return isBeyond ? index.firstSeq : undefined;
}
