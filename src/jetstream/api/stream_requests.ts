/** Requests about streams and their messages. */
import { NATS_VERSION } from "../../core/version.ts";
import { subjectsCollide } from "../../core/subject.ts";
import { utf8ByteString } from "../../core/ascii.ts";
import type { Steps } from "../../core/steps.ts";
import type { AccountStreams, OpenStream } from "../account_streams.ts";
import type { AccountStreamLimits } from "../../options/options.ts";
import { UNLIMITED_STREAMS } from "../limits/quota.ts";
import type { MessageIndex } from "../store/message_index.ts";
import { checkPedantic } from "../stream/pedantic.ts";
import {
  completeStreamConfig,
  type GivenStreamConfig,
  STREAM_CONFIG,
  type StreamConfig,
} from "../stream/stream_config.ts";
import { likeOrigin } from "../stream/source_checks.ts";
import {
  checkOverlap,
  checkStream,
  checkStreamUpdate,
  sealed,
} from "../stream/stream_checks.ts";
import { streamInfo } from "./answers.ts";
import {
  type ApiCall,
  type ApiRequest,
  isNothing,
  readLenient,
} from "./api_call.ts";
import { ApiError } from "./api_error.ts";
import { gapList } from "./gap_list.ts";
import { settledToo } from "./kept.ts";
import { NO_PAGE, pageOf } from "./paging.ts";
import { checkAnother, surroundings, windowMax } from "./stream_limits.ts";
import type { Shape, Struct } from "./shape.ts";
import { type SubjectPage, subjectPage } from "./subject_page.ts";

const INT: Shape = { kind: "int", type: "int" };
const STRING: Shape = { kind: "string" };
const BOOL: Shape = { kind: "bool" };

const CREATE: Struct = {
  name: "StreamConfigRequest",
  embedded: "StreamConfig",
  own: ["pedantic"],
  fields: { ...STREAM_CONFIG.fields, pedantic: BOOL },
};
const NAMES: Struct = {
  name: "JSApiStreamNamesRequest",
  embedded: "ApiPagedRequest",
  own: ["subject"],
  fields: { offset: INT, subject: STRING },
};
const LIST: Struct = { ...NAMES, name: "JSApiStreamListRequest" };
const INFO: Struct = {
  name: "JSApiStreamInfoRequest",
  embedded: "ApiPagedRequest",
  own: ["deleted_details", "subjects_filter"],
  fields: { offset: INT, deleted_details: BOOL, subjects_filter: STRING },
};
const NAMES_LIMIT = 1024;
const LIST_LIMIT = 256;

export function streamRequests(): readonly ApiCall[] {
  return [
    {
      pattern: "STREAM.CREATE.*",
      type: "stream_create_response",
      isOfOthers: true,
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
      isOfOthers: true,
      answer: update,
    },
    {
      pattern: "STREAM.NAMES",
      type: "stream_names_response",
      behindError: { ...NO_PAGE, streams: null },
      answer: names,
    },
    {
      pattern: "STREAM.LIST",
      type: "stream_list_response",
      behindError: { ...NO_PAGE, streams: [] },
      answer: list,
    },
    {
      pattern: "STREAM.DELETE.*",
      type: "stream_delete_response",
      isAtOnce: true,
      answer: remove,
    },
  ];
}

function create(account: AccountStreams, request: ApiRequest): object {
  const { pedantic, ...given } = request.read(CREATE) as
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
  const limits = checkAnother(account, given);
  if (pedantic) checkPedantic(given);
  const config = completeConfig(account, given, limits, pedantic);
  const known = account.streams.get(config.name);
  if (known !== undefined) {
    if (JSON.stringify(known.stream.config) !== JSON.stringify(config)) {
      throw new ApiError(10058);
    }
    return { ...toldOfStream(account, known), did_create: true };
  }
  checkRoomFor(account, config, limits);
  const open = account.create(config);
  return { ...toldOfStream(account, open), did_create: true };
}

/** A stream that may be made as `given` says. Throws an `ApiError` for one that may not. */
export function checkedNew(
  account: AccountStreams,
  given: GivenStreamConfig,
): StreamConfig {
  const limits = checkAnother(account, given);
  const config = completeConfig(account, given, limits);
  checkRoomFor(account, config, limits);
  return config;
}

function completeConfig(
  account: AccountStreams,
  given: GivenStreamConfig,
  limits: AccountStreamLimits,
  pedantic: boolean = false,
): StreamConfig {
  const complete = completeStreamConfig(given, windowMax(account));
  const around = surroundings(account, complete, limits);
  const config = likeOrigin(complete, around.others, pedantic);
  checkStream(config, given, around);
  if (config.num_replicas > 1) throw new ApiError(10074);
  return config;
}

/** Throws an `ApiError` where there is no room for another stream, or its subjects are another's. */
function checkRoomFor(
  account: AccountStreams,
  config: StreamConfig,
  limits: AccountStreamLimits,
): void {
  const { quota } = account.host;
  quota.checkStream(config, limits);
  quota.checkServer(config);
  checkOverlap(config, surroundings(account, config, limits));
}

async function update(
  account: AccountStreams,
  request: ApiRequest,
): Promise<object> {
  const { pedantic, ...given } = request.read(CREATE) as
    & GivenStreamConfig
    & { pedantic?: boolean };
  const { quota } = account.host;
  if (pedantic) checkPedantic(given);
  const [name = ""] = request.tokens;
  const complete = completeStreamConfig(given, windowMax(account));
  const own = quota.find(complete.num_replicas) ?? UNLIMITED_STREAMS;
  const around = surroundings(account, complete, own);
  const wanted = likeOrigin(complete, around.others, pedantic);
  // NATS JetStream: what is changed has been completed before it is looked at.
  checkStream(wanted, wanted, around);
  if (wanted.name !== name) throw new ApiError(10056);
  const open = account.named(name);
  checkStreamUpdate(open.stream.config, wanted);
  const config = sealed(wanted);
  quota.checkStream(config, quota.of(1), open.stream.config);
  quota.checkServer(config, open.stream.config);
  checkConsumerLimits(open, config);
  checkOverlap(config, around);
  account.update(open, config);
  await account.settled(name);
  await open.stream.removals.allDone;
  return streamInfo(open, account.host.moments.nowUs(), {
    version: NATS_VERSION,
  });
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

export function toldOfStream(
  account: AccountStreams,
  open: OpenStream,
): object {
  return streamInfo(open, account.host.moments.nowUs(), {
    version: NATS_VERSION,
    isMade: true,
  });
}

function info(
  account: AccountStreams,
  request: ApiRequest,
): object | Promise<object> {
  const { offset, deleted_details, subjects_filter } = readLenient(
    request,
    INFO,
  );
  const [name = ""] = request.tokens;
  const { stream } = account.named(name);
  const hasFilter = typeof subjects_filter === "string" &&
    subjects_filter !== "";
  const found = stream.lookups.runSteps(
    details(stream.index, {
      deleted: deleted_details === true,
      pattern: hasFilter ? utf8ByteString(subjects_filter) : undefined,
      offset,
    }),
  );
  const told = ({ deleted, listed }: Details = {}): object => ({
    ...(listed?.page ?? NO_PAGE),
    ...streamInfo(account.named(name), account.host.moments.nowUs(), {
      version: NATS_VERSION,
      ...(deleted && { deleted }),
      cluster: { leader: account.serverName },
      ...(listed?.subjects && { subjects: listed.subjects }),
    }),
  });
  if (!(found instanceof Promise)) return told(found);
  return settledToo(account, name, found.then(told));
}

/** What a request may ask about besides. */
interface Details {
  readonly deleted?: readonly number[] | undefined;
  readonly listed?: SubjectPage | undefined;
}

function* details(
  index: MessageIndex,
  { deleted, pattern, offset }: {
    readonly deleted: boolean;
    readonly pattern: string | undefined;
    readonly offset: unknown;
  },
): Steps<Details> {
  const listed = pattern === undefined
    ? undefined
    : yield* subjectPage(index.subjects, pattern, offset);
  return { listed, deleted: deleted ? yield* gapList(index) : undefined };
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
  const { offset, subject } = readLenient(request, NAMES);
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
  if (!isNothing(text)) throw new ApiError(10038);
  await account.delete(tokens[0]!);
  return { success: true };
}
