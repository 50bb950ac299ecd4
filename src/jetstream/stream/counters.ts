/**
 * Streams that count: each message says how much is added to its subject's value,
 * and is stored with what that comes to.
 *
 * NATS JetStream (ADR-49): whole numbers of any size, as text. Where values come
 * from other streams, a header says how much of each is in it.
 */
import { asciiBytes, byteString, utf8Text } from "../../core/ascii.ts";
import { goJson, isRecord } from "../../core/json.ts";
import { ApiError } from "../api/api_error.ts";
import { withHeader } from "./header_block.ts";
import { type PublishHeaders, publishHeaders } from "./publish_headers.ts";
import type { Publication } from "./room.ts";
import { sorted, type StreamConfig } from "./stream_config.ts";

const INCREMENT = "Nats-Incr";
const SOURCES = "Nats-Counter-Sources";
const WHOLE_NUMBER = /^[+-]?\d+$/;

/** What a counter's messages may not ask for. */
const INCOMPATIBLE = [
  "Nats-Rollup",
  "Nats-Expected-Stream",
  "Nats-Expected-Last-Sequence",
  "Nats-Expected-Last-Msg-Id",
  "Nats-Expected-Last-Subject-Sequence",
  "Nats-Expected-Last-Subject-Sequence-Subject",
];

/** A message with what it comes to. */
export interface Counted extends Publication {
  readonly value: string;
}

/** Throws an `ApiError` for an increment that makes no sense here; none is all right. */
export function checkIncrement(
  { allow_msg_counter }: StreamConfig,
  { payload }: Publication,
  headers: PublishHeaders,
): void {
  const increment = headers.get(INCREMENT);
  if (increment === undefined || increment === "") return;
  if (!WHOLE_NUMBER.test(increment)) throw new ApiError(10171);
  if (!allow_msg_counter) throw new ApiError(10168);
  if (payload.length > 0) throw new ApiError(10170);
  const isOdd = INCOMPATIBLE.some((name) => headers.get(name));
  if (isOdd) throw new ApiError(10171);
}

/** Values by subject, by stream. */
type Sources = Record<string, Record<string, string>>;

/**
 * What is stored of a message whose subject had `last` before; undefined: it is
 * the first. Throws an `ApiError`.
 */
export function counted(
  publication: Publication,
  headers: PublishHeaders,
  last: Publication | undefined,
): Counted {
  const increment = headers.get(INCREMENT);
  if (!increment) throw new ApiError(10169);
  const sources = sourcesOf(last);
  const added = BigInt(increment.replace("+", ""));
  return sum(publication, added, last, sources);
}

/**
 * The same for a message of a counter in another stream: what has been added there
 * since the last one that came from there. Throws an `ApiError`.
 */
export function countedThere(
  publication: Publication,
  headers: PublishHeaders,
  last: Publication | undefined,
): Counted {
  const words = headers.get("Nats-Stream-Source")?.split(" ") ?? [];
  const stream = utf8Text(words[0] ?? "");
  const subject = utf8Text(words[4] ?? "");
  const there = valueOf(publication);
  const sources = sourcesOf(last);
  const values = sources[stream] ??= {};
  const added = there - BigInt(values[subject] ?? 0);
  values[subject] = String(there);
  const block = withHeader(publication.headers, INCREMENT, String(added));
  return sum({ ...publication, headers: block }, added, last, sources);
}

/** Whether a message adds to a counter. */
export function isIncrement(headers: PublishHeaders): boolean {
  return (headers.get(INCREMENT) ?? "") !== "";
}

function sum(
  { subject, headers }: Publication,
  added: bigint,
  last: Publication | undefined,
  sources: Sources,
): Counted {
  const before = last === undefined ? 0n : valueOf(last);
  const value = String(before + added);
  const text = goJson(inOrder(sources));
  return {
    subject,
    headers: text === "{}" ? headers : withHeader(headers, SOURCES, text),
    payload: asciiBytes(`{"val":"${value}"}`),
    value,
  };
}

function valueOf({ payload }: Publication): bigint {
  const body = parsed(utf8Text(byteString(payload, 0, payload.length)));
  const value = isRecord(body) ? body["val"] : undefined;
  if (typeof value !== "string" || !WHOLE_NUMBER.test(value)) {
    throw new ApiError(10172);
  }
  return BigInt(value.replace("+", ""));
}

/** How much of other streams is in a counter, as its last message tells. */
function sourcesOf(last: Publication | undefined): Sources {
  const text = last && publishHeaders(last.headers).get(SOURCES);
  if (!text) return {};
  const streams = parsed(utf8Text(text));
  if (!isRecord(streams)) throw new ApiError(10172);
  const sources: Sources = {};
  for (const [stream, subjects] of Object.entries(streams)) {
    if (!isRecord(subjects)) throw new ApiError(10172);
    const values: Record<string, string> = sources[stream] = {};
    for (const [subject, value] of Object.entries(subjects)) {
      if (typeof value !== "string" || !WHOLE_NUMBER.test(value)) {
        throw new ApiError(10172);
      }
      values[subject] = value;
    }
  }
  return sources;
}

/** NATS: maps are written in the order of their keys. */
function inOrder(sources: Sources): Sources {
  const streams = Object.keys(sources).sort();
  return Object.fromEntries(
    streams.map((stream) => [stream, sorted(sources[stream]!)]),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(10172);
  }
}
