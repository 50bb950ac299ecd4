/** Requests about streams and their messages. */
import { NATS_VERSION } from "../../core/version.ts";
import { base64 } from "../../core/base64.ts";
import { subjectsCollide } from "../../core/subject.ts";
import { utf8ByteString, utf8Text } from "../../core/ascii.ts";
import type { AccountStreams, OpenStream } from "../account_streams.ts";
import { momentOf, momentText } from "../moments.ts";
import { refuseMissing } from "../not_yet.ts";
import type { Stream } from "../stream/stream.ts";
import {
  completeStreamConfig,
  type GivenStreamConfig,
  STREAM_CONFIG,
  type StreamConfig,
} from "../stream/stream_config.ts";
import {
  checkStream,
  checkStreamUpdate,
  sealed,
} from "../stream/stream_checks.ts";
import { streamInfo, subjectCounts } from "./answers.ts";
import type { ApiCall, ApiRequest } from "./api_call.ts";
import { ApiError } from "./api_error.ts";
import { NO_PAGE, pageOf } from "./paging.ts";
import type { Shape, Struct } from "./shape.ts";

const INT: Shape = { kind: "int", type: "int" };
const UINT64: Shape = { kind: "int", type: "uint64" };
const STRING: Shape = { kind: "string" };
const BOOL: Shape = { kind: "bool" };

const CREATE: Struct = {
  name: "StreamConfigRequest",
  embedded: "StreamConfig",
  fields: { ...STREAM_CONFIG.fields, pedantic: BOOL },
};
const LIST: Struct = {
  name: "JSApiStreamNamesRequest",
  embedded: "ApiPagedRequest",
  fields: { offset: INT, subject: STRING },
};
const INFO: Struct = {
  name: "JSApiStreamInfoRequest",
  fields: { offset: INT, deleted_details: BOOL, subjects_filter: STRING },
};
const PURGE: Struct = {
  name: "JSApiStreamPurgeRequest",
  fields: { filter: STRING, seq: UINT64, keep: UINT64 },
};
const GET: Struct = {
  name: "JSApiMsgGetRequest",
  fields: {
    seq: UINT64,
    last_by_subj: STRING,
    next_by_subj: STRING,
    batch: INT,
    max_bytes: INT,
    start_time: { kind: "time" },
    multi_last: { kind: "strings" },
    up_to_seq: UINT64,
    up_to_time: { kind: "time" },
    no_hdr: BOOL,
  },
};
const DELETE_MESSAGE: Struct = {
  name: "JSApiMsgDeleteRequest",
  fields: { seq: UINT64, no_erase: BOOL },
};

const NAMES_LIMIT = 1024;
const LIST_LIMIT = 256;
const SUBJECTS_LIMIT = 100_000;

export function streamRequests(): readonly ApiCall[] {
  return [
    {
      pattern: "STREAM.CREATE.*",
      type: "stream_create_response",
      answer: create,
    },
    {
      pattern: "STREAM.INFO.*",
      type: "stream_info_response",
      behindError: NO_PAGE,
      answer: info,
    },
    {
      pattern: "STREAM.UPDATE.*",
      type: "stream_update_response",
      answer: update,
    },
    { pattern: "STREAM.NAMES", type: "stream_names_response", answer: names },
    { pattern: "STREAM.LIST", type: "stream_list_response", answer: list },
    {
      pattern: "STREAM.DELETE.*",
      type: "stream_delete_response",
      answer: remove,
    },
    {
      pattern: "STREAM.PURGE.*",
      type: "stream_purge_response",
      behindError: { purged: 0 },
      answer: purge,
    },
    {
      pattern: "STREAM.MSG.GET.*",
      type: "stream_msg_get_response",
      answer: getMessage,
    },
    {
      pattern: "STREAM.MSG.DELETE.*",
      type: "stream_msg_delete_response",
      answer: deleteMessage,
    },
  ];
}

function create(account: AccountStreams, request: ApiRequest): object {
  const { pedantic: _, ...given } = request.read(CREATE) as
    & GivenStreamConfig
    & { pedantic?: boolean };
  if (given.name !== request.tokens[0]) throw new ApiError(10056);
  if (/[\\/]/.test(given.name ?? "")) throw new ApiError(10128);
  if (given.sealed) {
    throw new ApiError(
      10052,
      "stream configuration for create can not be sealed",
    );
  }
  if (given.mirror_direct && given.mirror === undefined) {
    throw new ApiError(
      10052,
      "stream has no mirror but does have mirror direct",
    );
  }
  if ((given.num_replicas ?? 0) > 1) throw new ApiError(10074);
  const config = completeStreamConfig(given);
  const known = account.streams.get(config.name);
  checkStream(config, {
    others: othersThan(account, config.name),
    duplicateWindowMax: 0,
  });
  refuseMissing(config);
  if (known !== undefined) {
    if (JSON.stringify(known.stream.config) !== JSON.stringify(config)) {
      throw new ApiError(10058);
    }
    return { ...told(account, known), did_create: true };
  }
  return { ...told(account, account.create(config)), did_create: true };
}

function update(account: AccountStreams, request: ApiRequest): object {
  const { pedantic: _, ...given } = request.read(CREATE) as
    & GivenStreamConfig
    & { pedantic?: boolean };
  const config = sealed(completeStreamConfig(given));
  checkStream(config, {
    others: othersThan(account, config.name),
    duplicateWindowMax: 0,
  });
  refuseMissing(config);
  const [name = ""] = request.tokens;
  const open = account.named(name);
  if (config.name !== name) {
    throw new ApiError(10052, "stream configuration name must match original");
  }
  checkStreamUpdate(open.stream.config, config);
  checkConsumerLimits(open, config);
  account.update(open, config);
  const { domain } = account.host;
  return { ...told(account, open), ...(domain !== "" && { domain }) };
}

/** Throws an `ApiError` for consumers that go beyond what the stream would allow. */
function checkConsumerLimits(
  { consumers }: OpenStream,
  { consumer_limits }: StreamConfig,
): void {
  const { max_ack_pending: most = 0, inactive_threshold: longest = 0 } =
    consumer_limits;
  const beyond = [...consumers.values()].filter(({ config }) =>
    (most > 0 && (config.max_ack_pending ?? 0) > most) ||
    (longest > 0 && (config.inactive_threshold ?? 0) > longest)
  );
  if (beyond.length === 0) return;
  const names = beyond.map(({ name }) => name).sort().join(", ");
  throw new ApiError(10069, `change to limits violates consumers: ${names}`);
}

/** The configurations of all streams but the one called `name`. */
function othersThan({ streams }: AccountStreams, name: string): StreamConfig[] {
  return [...streams.values()].map(({ stream }) => stream.config)
    .filter((config) => config.name !== name);
}

function told(account: AccountStreams, open: OpenStream): object {
  return streamInfo(open, account.host.moments.nowUs(), {
    version: NATS_VERSION,
  });
}

function info(account: AccountStreams, request: ApiRequest): object {
  const { offset, deleted_details, subjects_filter } = readLenient(
    request,
    INFO,
  );
  const open = account.named(request.tokens[0]!);
  const { moments } = account.host;
  const cluster = { leader: account.serverName };
  if (typeof subjects_filter !== "string" || subjects_filter === "") {
    return {
      total: 0,
      offset: 0,
      limit: 0,
      ...streamInfo(open, moments.nowUs(), {
        version: NATS_VERSION,
        deleted: deleted_details === true,
        cluster,
      }),
    };
  }
  const filter = open.stream.index.subjects.filter([
    utf8ByteString(subjects_filter),
  ]);
  const counts = subjectCounts(open.stream, filter);
  filter.release();
  const { rows, ...page } = pageOf(counts, offset, SUBJECTS_LIMIT);
  const subjects = Object.fromEntries(
    rows.map(([subject, count]) => [utf8Text(subject), count]),
  );
  return {
    ...page,
    ...streamInfo(open, moments.nowUs(), {
      version: NATS_VERSION,
      deleted: deleted_details === true,
      cluster,
      ...(rows.length > 0 && { subjects }),
    }),
  };
}

/** NATS JetStream API: the body counts only where it looks like JSON. */
function readLenient(
  request: ApiRequest,
  struct: Struct,
): Record<string, unknown> {
  return /^\s*[{[]/.test(request.text) ? request.read(struct) : {};
}

function chosen(
  { streams }: AccountStreams,
  subject: unknown,
): OpenStream[] {
  const names = [...streams.keys()].sort();
  const all = names.map((name) => streams.get(name)!);
  if (typeof subject !== "string" || subject === "") return all;
  return all.filter(({ stream: { config } }) =>
    (config.subjects ?? []).some((other) => subjectsCollide(other, subject))
  );
}

function names(account: AccountStreams, request: ApiRequest): object {
  const { offset, subject } = readLenient(request, LIST);
  const all = chosen(account, subject).map(({ stream }) => stream.name);
  const { rows, ...page } = pageOf(all, offset, NAMES_LIMIT);
  return { ...page, streams: rows.length === 0 ? null : rows };
}

function list(account: AccountStreams, request: ApiRequest): object {
  const { offset, subject } = readLenient(request, LIST);
  const { rows, ...page } = pageOf(
    chosen(account, subject),
    offset,
    LIST_LIMIT,
  );
  const nowUs = account.host.moments.nowUs();
  return { ...page, streams: rows.map((open) => streamInfo(open, nowUs)) };
}

async function remove(
  account: AccountStreams,
  { tokens, text }: ApiRequest,
): Promise<object> {
  if (text.trim() !== "" && text.trim() !== "{}") throw new ApiError(10038);
  await account.delete(tokens[0]!);
  return { success: true };
}

function purge(account: AccountStreams, request: ApiRequest): object {
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
  return { success: true, purged: purged(stream, filter, seq, keep) };
}

function purged(
  stream: Stream,
  pattern: string | undefined,
  seq: number,
  keep: number,
): number {
  const { index } = stream;
  const isAll = pattern === undefined || pattern === "" || pattern === ">";
  const filter = isAll
    ? undefined
    : index.subjects.filter([utf8ByteString(pattern)]);
  let end = seq > 0 ? seq : index.lastSeq + 1;
  if (keep > 0) {
    for (let left = keep; left > 0 && end > 0; left--) {
      end = index.previous(end, filter);
    }
  }
  const count = stream.purge(end, filter);
  filter?.release();
  return count;
}

function getMessage(account: AccountStreams, request: ApiRequest): object {
  const given = request.read(GET) as {
    seq?: number;
    last_by_subj?: string;
    next_by_subj?: string;
    start_time?: string;
    batch?: number;
    max_bytes?: number;
    no_hdr?: boolean;
  };
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
  { seq, last_by_subj, next_by_subj, start_time, batch, max_bytes }: {
    readonly seq?: number;
    readonly last_by_subj?: string;
    readonly next_by_subj?: string;
    readonly start_time?: string;
    readonly batch?: number;
    readonly max_bytes?: number;
  },
): number | undefined {
  const isOdd = batch !== undefined || max_bytes !== undefined ||
    (last_by_subj !== undefined && seq !== undefined);
  if (isOdd) throw new ApiError(10003);
  if (last_by_subj !== undefined) {
    const filter = index.subjects.filter([utf8ByteString(last_by_subj)]);
    const last = index.previous(index.lastSeq + 1, filter);
    filter.release();
    return last || undefined;
  }
  const from = start_time === undefined
    ? seq
    : index.firstAt(momentOf(start_time));
  if (next_by_subj !== undefined) {
    const filter = index.subjects.filter([utf8ByteString(next_by_subj)]);
    const next = index.next(from ?? index.firstSeq, filter);
    filter.release();
    return next;
  }
  if (from === undefined || from === 0) throw new ApiError(10003);
  return from;
}

function deleteMessage(account: AccountStreams, request: ApiRequest): object {
  const { seq = 0, no_erase } = request.read(DELETE_MESSAGE) as {
    seq?: number;
    no_erase?: boolean;
  };
  const { stream } = account.named(request.tokens[0]!);
  if (stream.config.sealed) throw new ApiError(10109);
  if (stream.config.deny_delete) {
    throw new ApiError(10057, "message delete not permitted");
  }
  if (!stream.remove(seq, no_erase !== true)) throw new ApiError(10043, seq);
  return { success: true };
}
