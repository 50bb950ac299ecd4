/** Requests about the messages of a stream. */
import { utf8ByteString, utf8Text } from "../../core/ascii.ts";
import { base64 } from "../../core/base64.ts";
import type { AccountStreams } from "../account_streams.ts";
import { momentOf, momentText } from "../moments.ts";
import {
  MESSAGE_REQUEST,
  type MessageRequest,
} from "../stream/message_request.ts";
import { startFault } from "../stream/sequences.ts";
import type { Stream } from "../stream/stream.ts";
import {
  type ApiCall,
  type ApiRequest,
  isNothing,
  readLenient,
} from "./api_call.ts";
import { ApiError } from "./api_error.ts";
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
  const purged = purgedOf(stream, filter, seq, keep);
  if (typeof purged === "number") return { success: true, purged };
  return purged.then(async (purged) => {
    await account.settled(stream.name);
    return { success: true, purged };
  });
}

/** How many messages go. Throws an `ApiError`. */
function purgedOf(
  stream: Stream,
  given: string | undefined,
  seq: number,
  keep: number,
): number | Promise<number> {
  const { index } = stream;
  const isAll = given === undefined || given === "" || given === ">";
  const pattern = isAll ? undefined : utf8ByteString(given);
  const tooFar = isAll ? startFault(seq) : undefined;
  if (tooFar !== undefined) throw new ApiError(10110, tooFar);
  let end = seq > 0 ? seq : index.lastSeq + 1;
  if (keep > 0) {
    const filter = pattern === undefined
      ? undefined
      : index.subjects.filter([pattern]);
    for (let left = keep; left > 0 && end > 0; left--) {
      end = index.previous(end, filter);
    }
    filter?.release();
  }
  return stream.removeBelow(end, pattern);
}

/** What is asked for; names are those of the JSON. */
function getMessage(account: AccountStreams, request: ApiRequest): object {
  const given = request.read(MESSAGE_REQUEST) as MessageRequest;
  const { stream } = account.named(request.tokens[0]!);
  const seq = seqFor(stream, given);
  const message = seq === undefined ? undefined : stream.load(seq);
  if (message === undefined) throw new ApiError(10037);
  const { subject, headers, payload, timeUs } = message;
  return {
    message: {
      subject: utf8Text(subject),
      seq: message.seq,
      ...(headers.length > 0 && !given.no_hdr && { hdrs: base64(headers) }),
      ...(payload.length > 0 && { data: base64(payload) }),
      time: momentText(timeUs),
    },
  };
}

/** The message that is meant; undefined: there is none. Throws an `ApiError` where nothing is. */
function seqFor(
  { index }: Stream,
  {
    seq = 0,
    last_by_subj = "",
    next_by_subj = "",
    start_time,
    batch = 0,
    max_bytes = 0,
  }: MessageRequest,
): number | undefined {
  const isTimed = start_time !== undefined;
  const isLast = last_by_subj !== "";
  const isNext = next_by_subj !== "";
  const saysNothing = seq === 0 && !isLast && !isNext && !isTimed;
  const isOfSeveral = batch !== 0 || max_bytes !== 0;
  const isOdd = (seq > 0 && (isLast || isTimed)) ||
    (isLast && (isNext || isTimed));
  if (saysNothing || isOfSeveral || isOdd) throw new ApiError(10003);
  if (isLast) {
    const filter = index.subjects.filter([utf8ByteString(last_by_subj)]);
    const last = index.previous(index.lastSeq + 1, filter);
    filter.release();
    return last || undefined;
  }
  const from = isTimed ? index.firstAt(momentOf(start_time)) : seq;
  if (isNext) {
    const filter = index.subjects.filter([utf8ByteString(next_by_subj)]);
    const next = index.next(from || index.firstSeq, filter);
    filter.release();
    return next;
  }
  return from;
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
