/** Requests about the messages of a stream. */
import { utf8ByteString, utf8Text } from "../../core/ascii.ts";
import { base64 } from "../../core/base64.ts";
import type { AccountStreams } from "../account_streams.ts";
import { momentOf, momentText } from "../moments.ts";
import {
  MESSAGE_REQUEST,
  type MessageRequest,
} from "../stream/message_request.ts";
import { whenLearned, whenNear } from "../stream/learned.ts";
import { startFault } from "../stream/sequences.ts";
import type { Stream } from "../stream/stream.ts";
import {
  type ApiCall,
  type ApiRequest,
  isNothing,
  readLenient,
} from "./api_call.ts";
import { ApiError } from "./api_error.ts";
import { settledToo } from "./kept.ts";
import type { Shape, Struct } from "./shape.ts";

const UINT64: Shape = { kind: "int", type: "uint64" };
const STRING: Shape = { kind: "string" };
const BOOL: Shape = { kind: "bool" };

const PURGE: Struct = {
  name: "JSApiStreamPurgeRequest",
  fields: { filter: STRING, seq: UINT64, keep: UINT64 },
};
const DELETE_MESSAGE: Struct = {
  name: "JSApiMsgDeleteRequest",
  fields: { seq: UINT64, no_erase: BOOL },
};

export function messageRequests(): readonly ApiCall[] {
  return [
    {
      pattern: "STREAM.PURGE.*",
      type: "stream_purge_response",
      behindError: { purged: 0 },
      answer: purge,
    },
    {
      pattern: "STREAM.MSG.GET.*",
      type: "stream_msg_get_response",
      isSilentOnSuccess: true,
      answer: getMessage,
    },
    {
      pattern: "STREAM.MSG.DELETE.*",
      type: "stream_msg_delete_response",
      answer: deleteMessage,
    },
  ];
}

function purge(
  account: AccountStreams,
  request: ApiRequest,
): object | Promise<object> {
  const { filter, seq = 0, keep = 0 } = readLenient(request, PURGE) as {
    filter?: string;
    seq?: number;
    keep?: number;
  };
  const { stream } = account.named(request.tokens[0]!);
  if (seq > 0 && keep > 0) throw new ApiError(10003);
  if (stream.config.sealed) throw new ApiError(10109);
  if (stream.config.deny_purge) {
    throw new ApiError(10110, "stream purge not permitted");
  }
  const isAll = filter === undefined || filter === "" || filter === ">";
  const pattern = isAll ? undefined : utf8ByteString(filter);
  const purged = keep > 0
    ? whenLearned(
      stream,
      [pattern ?? ">"],
      () => keeping(account.named(stream.name).stream, keep, pattern),
    )
    : below(stream, seq, pattern);
  if (typeof purged === "number") return { success: true, purged };
  return purged.then(async (purged) => {
    await account.settled(stream.name);
    return { success: true, purged };
  });
}

/** How many messages go below `seq`, or at all where that is 0. Throws an `ApiError`. */
function below(
  stream: Stream,
  seq: number,
  pattern: string | undefined,
): number | Promise<number> {
  const tooFar = pattern === undefined ? startFault(seq) : undefined;
  if (tooFar !== undefined) throw new ApiError(10110, tooFar);
  const end = seq > 0 ? seq : stream.index.lastSeq + 1;
  return stream.removeBelow(end, pattern);
}

/** How many messages go before the last ones, which are to stay. */
function keeping(
  stream: Stream,
  keep: number,
  pattern: string | undefined,
): number | Promise<number> {
  const { index } = stream;
  const filter = index.subjects.filter([pattern ?? ">"]);
  const end = index.previousOf(keep, index.lastSeq + 1, filter);
  filter.release();
  return stream.removeBelow(end, pattern);
}

function getMessage(
  account: AccountStreams,
  request: ApiRequest,
): object | Promise<object> {
  const given = request.read(MESSAGE_REQUEST) as MessageRequest;
  const [name = ""] = request.tokens;
  const { stream } = account.named(name);
  checkSense(given);
  const { seq = 0, last_by_subj = "", next_by_subj = "", start_time } = given;
  const { index } = stream;
  const isBack = last_by_subj !== "";
  const start = start_time === undefined
    ? seq
    : index.firstAt(momentOf(start_time));
  const place = {
    from: isBack ? index.lastSeq : start || index.firstSeq,
    isBack,
  };
  const pattern = utf8ByteString(last_by_subj || next_by_subj);
  if (pattern === "") return told(stream, start, given);
  return settledToo(
    account,
    name,
    whenNear(stream, pattern, place, () => {
      const { stream } = account.named(name);
      return told(stream, seqFor(stream, pattern, place), given);
    }),
  );
}

/** What is asked for; names are those of the JSON. Throws an `ApiError` where it is not there. */
function told(stream: Stream, seq: number, { no_hdr }: MessageRequest): object {
  const message = stream.load(seq);
  if (message === undefined) throw new ApiError(10037);
  const { subject, headers, payload, timeUs } = message;
  return {
    message: {
      subject: utf8Text(subject),
      seq: message.seq,
      ...(headers.length > 0 && !no_hdr && { hdrs: base64(headers) }),
      ...(payload.length > 0 && { data: base64(payload) }),
      time: momentText(timeUs),
    },
  };
}

/** Throws an `ApiError` for a request that says nothing, or too much. */
function checkSense(
  {
    seq = 0,
    last_by_subj = "",
    next_by_subj = "",
    start_time,
    batch = 0,
    max_bytes = 0,
  }: MessageRequest,
): void {
  const isTimed = start_time !== undefined;
  const isLast = last_by_subj !== "";
  const isNext = next_by_subj !== "";
  const saysNothing = seq === 0 && !isLast && !isNext && !isTimed;
  const isOfSeveral = batch !== 0 || max_bytes !== 0;
  const isOdd = (seq > 0 && (isLast || isTimed)) ||
    (isLast && (isNext || isTimed));
  if (saysNothing || isOfSeveral || isOdd) throw new ApiError(10003);
}

/** The message that `pattern` means next to a place; one that is not there: there is none. */
function seqFor(
  { index }: Stream,
  pattern: string,
  { from, isBack }: { readonly from: number; readonly isBack: boolean },
): number {
  const filter = index.subjects.filter([pattern]);
  const seq = isBack
    ? index.previous(index.lastSeq + 1, filter)
    : index.next(from, filter);
  filter.release();
  return seq;
}

function deleteMessage(account: AccountStreams, request: ApiRequest): object {
  const { seq = 0, no_erase } = request.read(DELETE_MESSAGE) as {
    seq?: number;
    no_erase?: boolean;
  };
  const { stream } = account.named(request.tokens[0]!);
  if (isNothing(request.text)) throw new ApiError(10003);
  if (stream.config.sealed) throw new ApiError(10109);
  if (stream.config.deny_delete) {
    throw new ApiError(10057, "message delete not permitted");
  }
  if (stream.remove(seq, no_erase !== true)) return { success: true };
  const { index, config: { storage } } = stream;
  if (storage === "file" && seq > index.lastSeq) {
    throw new ApiError(10057, "stream store EOF");
  }
  if (storage === "file" && seq < index.firstSeq) {
    throw new ApiError(10057, "no message found");
  }
  throw new ApiError(10043, seq);
}
