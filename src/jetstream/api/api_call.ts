/** One kind of request to JetStream, as a row of a table. */
import type { PublishHeaders } from "../stream/publish_headers.ts";
import type { AccountStreams } from "../account_streams.ts";
import type { Struct } from "./shape.ts";

/** One request that was understood. */
export interface ApiRequest {
  /** The tokens that stand for `*` in its subject, and all behind `>` as one. */
  readonly tokens: readonly string[];
  readonly text: string;
  /** What its headers say to the server. */
  readonly headers: PublishHeaders;
  /** Says one more line in the headers of an answer that is no error. */
  tell(line: string): void;
  /** What its JSON says. Throws an `ApiError`. */
  read(struct: Struct): Record<string, unknown>;
  /** Who asks, as advisories tell it. */
  client(): object;
  /** Calls `run` behind the answer, unless that is an error. */
  whenAnswered(run: () => void): void;
}

/** One kind of request. */
export interface ApiCall {
  /** Its subject behind `$JS.API.`. */
  readonly pattern: string;
  /** Of its answer, behind `io.nats.jetstream.api.v1.`. */
  readonly type: string;
  /** NATS JetStream API: what stands behind an error, fields that are written in any case. */
  readonly behindError?: object;
  /** Fields that no table has are left out. */
  readonly isLenient?: boolean;
  /**
   * NATS JetStream: a consumer hears it itself, so that nobody is there where the
   * consumer is not; and the answer has an empty reply subject.
   */
  readonly isOfConsumer?: boolean;
  /** All streams of the account count: it waits until those are there that are being opened. */
  readonly isOfOthers?: boolean;
  /** It is seen to while messages of its stream are going, for which others wait. */
  readonly isAtOnce?: boolean;
  /** NATS JetStream: an answer that is no error is not counted, and nobody else hears of it. */
  readonly isSilentOnSuccess?: boolean;
  /** The fields of the answer; a promise waits itself until what they tell is on disk. Throws an `ApiError`. */
  answer(
    account: AccountStreams,
    request: ApiRequest,
  ): object | Promise<object>;
}

/** NATS JetStream API: the body counts only where it looks like JSON. */
export function readLenient(
  request: ApiRequest,
  struct: Struct,
): Record<string, unknown> {
  return /^\s*[{[]/.test(request.text) ? request.read(struct) : {};
}

export function answerType(name: string): string {
  return `io.nats.jetstream.api.v1.${name}`;
}

/** NATS JetStream API: an empty request may be an object of nothing, too. */
export function isNothing(text: string): boolean {
  return text === "" || /^\s*\{\s*\}\s*$/.test(text);
}
