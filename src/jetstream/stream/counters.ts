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
import type { StreamConfig } from "./stream_config.ts";

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
  const before = last === undefined ? 0n : valueOf(last);
  const value = String(before + BigInt(increment.replace("+", "")));
  const sources = last === undefined ? "{}" : sourcesOf(last);
  return {
    subject: publication.subject,
    headers: sources === "{}"
      ? publication.headers
      : withHeader(publication.headers, SOURCES, sources),
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

/** As it goes on in the next message, the names in order. */
function sourcesOf({ headers }: Publication): string {
  const text = publishHeaders(headers).get(SOURCES);
  if (!text) return "{}";
  const streams = parsed(utf8Text(text));
  if (!isRecord(streams)) throw new ApiError(10172);
  return goJson(inOrder(streams, (subjects) => {
    if (!isRecord(subjects)) throw new ApiError(10172);
    return inOrder(subjects, (value) => {
      if (typeof value !== "string") throw new ApiError(10172);
      return value;
    });
  }));
}

function inOrder(
  record: Readonly<Record<string, unknown>>,
  read: (value: unknown) => unknown,
): object {
  const names = Object.keys(record).sort();
  return Object.fromEntries(names.map((name) => [name, read(record[name])]));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(10172);
  }
}
