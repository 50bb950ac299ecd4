/** Requests about consumers, and what they have to say to make one. */
import { randomName } from "../../core/nuid.ts";
import { NATS_VERSION } from "../../core/version.ts";
import type { AccountStreams, OpenStream } from "../account_streams.ts";
import type { Consumer } from "../consumer/consumer.ts";
import { checkPedanticConsumer } from "../consumer/pedantic.ts";
import { checkReset } from "../consumer/reset_checks.ts";
import {
  checkConsumer,
  checkConsumerUpdate,
  checkGroupName,
  checkSharing,
} from "../consumer/consumer_checks.ts";
import {
  completeConsumerConfig,
  CONSUMER_CONFIG,
  type ConsumerConfig,
  type GivenConsumerConfig,
  withPause,
} from "../consumer/consumer_config.ts";
import {
  checkIdentity,
  forCopies,
  isForCopies,
  streamIdentity,
} from "../consumer/copying_consumer.ts";
import { Pulling } from "../consumer/pulling.ts";
import { tellOfPause } from "../consumer/delivery_news.ts";
import { consumerCaps } from "../limits/consumer_caps.ts";
import { NO_TIME, utcText } from "../moments.ts";
import type { Stream } from "../stream/stream.ts";
import { publicCount } from "./account_requests.ts";
import { consumerInfo, shownConsumers } from "./answers.ts";
import {
  type ApiCall,
  type ApiRequest,
  isNothing,
  readLenient,
} from "./api_call.ts";
import { ApiError } from "./api_error.ts";
import { onceKept } from "./kept.ts";
import { NO_PAGE, pageOf } from "./paging.ts";
import type { Struct } from "./shape.ts";

const CREATE: Struct = {
  name: "CreateConsumerRequest",
  fields: {
    stream_name: { kind: "string" },
    config: { kind: "struct", struct: CONSUMER_CONFIG },
    action: {
      kind: "enum",
      words: ["", "create", "update"],
      complaint: "unknown consumer action: ",
    },
    pedantic: { kind: "bool" },
  },
};
const LIST: Struct = {
  name: "JSApiConsumersRequest",
  embedded: "ApiPagedRequest",
  fields: { offset: { kind: "int", type: "int" } },
};

const PAUSE: Struct = {
  name: "JSApiConsumerPauseRequest",
  fields: { pause_until: { kind: "time" } },
};

const UNPIN: Struct = {
  name: "JSApiConsumerUnpinRequest",
  fields: { group: { kind: "string" } },
};

const RESET: Struct = {
  name: "JSApiConsumerResetRequest",
  fields: { seq: { kind: "int", type: "uint64" } },
};

const NS_PER_US = 1000;
const NAMES_LIMIT = 1024;
const LIST_LIMIT = 256;
const NAME_CHARS = 8;
const NAME_MAX = 255;

export function consumerRequests(): readonly ApiCall[] {
  const type = "consumer_create_response";
  return [
    { pattern: "CONSUMER.CREATE.*", type, answer: create },
    { pattern: "CONSUMER.CREATE.*.*", type, answer: create },
    { pattern: "CONSUMER.CREATE.*.*.>", type, answer: create },
    {
      pattern: "CONSUMER.DURABLE.CREATE.*.*",
      type,
      answer: createDurable,
    },
    {
      pattern: "CONSUMER.NAMES.*",
      type: "consumer_names_response",
      behindError: { ...NO_PAGE, consumers: [] },
      answer: names,
    },
    {
      pattern: "CONSUMER.LIST.*",
      type: "consumer_list_response",
      behindError: { ...NO_PAGE, consumers: [] },
      answer: list,
    },
    {
      pattern: "CONSUMER.INFO.*.*",
      type: "consumer_info_response",
      answer: info,
    },
    {
      pattern: "CONSUMER.DELETE.*.*",
      type: "consumer_delete_response",
      answer: remove,
    },
    {
      pattern: "CONSUMER.PAUSE.*.*",
      type: "consumer_pause_response",
      behindError: { paused: false, pause_until: NO_TIME },
      answer: pause,
    },
    {
      pattern: "CONSUMER.UNPIN.*.*",
      type: "consumer_unpin_response",
      isLenient: true,
      answer: unpin,
    },
    {
      pattern: "CONSUMER.RESET.*.*",
      type: "consumer_reset_response",
      isLenient: true,
      isOfConsumer: true,
      behindError: { reset_seq: 0 },
      answer: reset,
    },
  ];
}

/** What a request to make a consumer says. */
interface CreateRequest {
  readonly stream_name?: string;
  readonly config?: GivenConsumerConfig;
  readonly action?: string;
  readonly pedantic?: boolean;
}

function create(
  account: AccountStreams,
  request: ApiRequest,
): object | Promise<object> {
  return createOrUpdate(account, request, false);
}

function createDurable(
  account: AccountStreams,
  request: ApiRequest,
): object | Promise<object> {
  return createOrUpdate(account, request, true);
}

function createOrUpdate(
  account: AccountStreams,
  request: ApiRequest,
  isDurable: boolean,
): object | Promise<object> {
  const { stream_name, config: wanted = {}, action = "", pedantic } = request
    .read(CREATE) as CreateRequest;
  const [streamName = ""] = request.tokens;
  if (stream_name !== streamName) throw new ApiError(10056);
  const wantedName = nameOf(account, request, wanted, isDurable);
  const open = account.named(streamName);
  const { name, given } = forCopies(
    { name: wantedName, given: wanted },
    open.stream,
  );
  if (isForCopies(wanted)) checkCopy(open.stream, request);
  const { config: stream } = open.stream;
  if ((given.num_replicas ?? 0) > 1) throw new ApiError(10074);
  if (pedantic) checkPedanticConsumer(given, stream);
  const isNamed = request.tokens.length > 1 || given.name !== undefined;
  const known = open.consumers.get(name);
  const caps = consumerCaps(account.host.quota, stream);
  const complete = completeConsumerConfig(
    isNamed ? { ...given, name } : given,
    stream,
    caps,
    pedantic,
  );
  const config = known === undefined
    ? complete
    : withPause(complete, known.config.pause_until);
  checkConsumer(config, stream, caps);
  const others = [...open.consumers.values()]
    .filter((other) => other !== known).map((other) => other.config);
  if (known !== undefined) {
    const isSame = JSON.stringify(known.config) === JSON.stringify(config);
    if (action === "create" && !isSame) throw new ApiError(10148);
    if (isSame) return toldAgain(account, known);
    checkConsumerUpdate(known.config, config);
    const moves = known.config.deliver_subject !== config.deliver_subject;
    if (known.isBound && moves) throw new ApiError(10013);
  } else if (action === "update") throw new ApiError(10149);
  if (stream.retention === "workqueue") checkSharing(config, others);
  if (known !== undefined) {
    return changed(account, known, config, given !== wanted);
  }
  const isFull = caps.consumers > 0 && publicCount(open) >= caps.consumers;
  if (isFull) throw new ApiError(10026);
  const { consumer, answer } = made(account, open, name, config);
  request.whenAnswered(() => consumer.announced());
  return answer;
}

/** A consumer becomes what `config` says; `isCopy`: a copy asks again. */
function changed(
  account: AccountStreams,
  consumer: Consumer,
  config: ConsumerConfig,
  isCopy: boolean,
): object | Promise<object> {
  const { config: before, stream } = consumer;
  account.updateConsumer(consumer, config);
  // NATS JetStream: a copy that asks again begins behind what it has.
  if (isCopy) consumer.reset(undefined);
  return onceKept(account, stream.name, toldAgain(account, consumer), () => {
    // It may be something else by now.
    if (consumer.config === config) account.updateConsumer(consumer, before);
  });
}

function made(
  account: AccountStreams,
  open: OpenStream,
  name: string,
  config: ConsumerConfig,
): { consumer: Consumer; answer: object | Promise<object> } {
  const consumer = account.addConsumer(open, name, config);
  consumer.isAnnounced = false;
  const facts = told(account, consumer);
  // NATS JetStream: the answer tells what was there before the first delivery.
  account.startConsumer(consumer);
  if (consumer.pause.isOn) tellOfPause(consumer);
  const answer = onceKept(account, open.stream.name, facts, () => {
    const isThere = open.consumers.get(name) === consumer;
    if (isThere) account.deleteConsumer(open, name);
  });
  return { consumer, answer };
}

/** A copy says which stream it means, and is told which one this is. */
function checkCopy(stream: Stream, { headers, tell }: ApiRequest): void {
  checkIdentity(stream, headers.get("Nats-Stream-Identity"));
  tell(`Nats-Stream-Identity: ${streamIdentity(stream)}`);
}

/** NATS JetStream: a consumer that is made again while it is paused says so. */
function toldAgain(account: AccountStreams, consumer: Consumer): object {
  if (consumer.pause.isOn) tellOfPause(consumer);
  return told(account, consumer);
}

/** The name that a request is about. Throws an `ApiError` where its parts do not fit. */
function nameOf(
  { host }: AccountStreams,
  { tokens }: ApiRequest,
  given: GivenConsumerConfig,
  isDurable: boolean,
): string {
  const [, name, filter] = tokens;
  const { durable_name } = given;
  // NATS JetStream: the names of others may be of any length.
  if ((durable_name ?? "").length > NAME_MAX) {
    throw new ApiError(10102, NAME_MAX);
  }
  if (name === undefined) {
    if (durable_name) throw new ApiError(10020);
    if (/[\\/]/.test(given.name ?? "")) throw new ApiError(10127);
    return given.name ?? randomName(host.random, NAME_CHARS);
  }
  if (/[\\/]/.test(name)) throw new ApiError(10127);
  if (isDurable && !durable_name) throw new ApiError(10018);
  if (durable_name && durable_name !== name) throw new ApiError(10017);
  if (filter !== undefined) {
    if (given.filter_subjects !== undefined) throw new ApiError(10137);
    if (filter !== given.filter_subject) throw new ApiError(10131);
  }
  return name;
}

function told(account: AccountStreams, consumer: Consumer): object {
  return consumerInfo(consumer, account.host.moments.nowUs(), NATS_VERSION);
}

function consumerNamed(
  account: AccountStreams,
  { tokens: [stream = "", name = ""] }: ApiRequest,
): Consumer {
  const consumer = account.named(stream).consumers.get(name);
  if (consumer === undefined) throw new ApiError(10014);
  return consumer;
}

function info(account: AccountStreams, request: ApiRequest): object {
  if (!isNothing(request.text)) throw new ApiError(10038);
  return told(account, consumerNamed(account, request));
}

function remove(account: AccountStreams, request: ApiRequest): object {
  if (!isNothing(request.text)) throw new ApiError(10038);
  const [stream = "", name = ""] = request.tokens;
  account.deleteConsumer(account.named(stream), name);
  return { success: true };
}

function pause(
  account: AccountStreams,
  request: ApiRequest,
): object | Promise<object> {
  const { pause_until: text } = readLenient(request, PAUSE) as {
    readonly pause_until?: string;
  };
  const consumer = consumerNamed(account, request);
  const moment = text === undefined ? NO_TIME : utcText(text);
  const before = consumer.config;
  const answer = (): object => {
    const { isOn, leftUs } = consumer.pause;
    return {
      paused: isOn,
      pause_until: moment,
      ...(isOn && { pause_remaining: leftUs * NS_PER_US }),
    };
  };
  if (moment === utcText(before.pause_until ?? NO_TIME)) return answer();
  const until = moment === NO_TIME ? undefined : moment;
  const config = withPause(before, until);
  account.updateConsumer(consumer, config);
  tellOfPause(consumer);
  return onceKept(account, consumer.stream.name, answer(), () => {
    if (consumer.config !== config) return;
    account.updateConsumer(consumer, before);
    tellOfPause(consumer);
  });
}

function unpin(account: AccountStreams, request: ApiRequest): object {
  if (request.text.trim() === "") {
    throw new ApiError(10025, "unexpected end of JSON input");
  }
  const { group = "" } = request.read(UNPIN) as { readonly group?: string };
  if (group === "") throw new ApiError(10025, "consumer group not specified");
  checkGroupName(group);
  const { config, demand } = consumerNamed(account, request);
  const { priority_groups = [] } = config;
  if (!priority_groups.includes(group)) throw new ApiError(10160);
  if (demand instanceof Pulling) demand.priority.unpin("admin", group);
  return {};
}

function reset(
  account: AccountStreams,
  request: ApiRequest,
): object | Promise<object> {
  const { seq = 0 } = request.read(RESET) as { readonly seq?: number };
  const consumer = consumerNamed(account, request);
  if (seq > 0) checkReset(consumer, seq);
  const undo = consumer.reset(seq > 0 ? seq : undefined);
  const reset_seq = consumer.progress.seq + 1;
  const answer = { ...told(account, consumer), reset_seq };
  return onceKept(account, consumer.stream.name, answer, undo);
}

function allOf(account: AccountStreams, request: ApiRequest): Consumer[] {
  const { consumers } = account.named(request.tokens[0]!);
  return shownConsumers(consumers).sort((a, b) => a.name < b.name ? -1 : 1);
}

function offsetOf(request: ApiRequest): unknown {
  return readLenient(request, LIST)["offset"];
}

function names(account: AccountStreams, request: ApiRequest): object {
  const all = allOf(account, request).map(({ name }) => name);
  const { rows, ...page } = pageOf(all, offsetOf(request), NAMES_LIMIT);
  return { ...page, consumers: rows };
}

function list(account: AccountStreams, request: ApiRequest): object {
  const all = allOf(account, request);
  const { rows, ...page } = pageOf(all, offsetOf(request), LIST_LIMIT);
  const nowUs = account.host.moments.nowUs();
  return { ...page, consumers: rows.map((one) => consumerInfo(one, nowUs)) };
}
