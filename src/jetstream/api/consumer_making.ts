/**
 * Requests that make or change a consumer: what they may say, what becomes of the
 * consumer, and what is undone where the disk does not keep it.
 */
import { randomName } from "../../core/nuid.ts";
import type { AccountStreams, OpenStream } from "../account_streams.ts";
import type { Consumer } from "../consumer/consumer.ts";
import {
  checkConsumer,
  checkConsumerUpdate,
  checkSharing,
} from "../consumer/consumer_checks.ts";
import {
  completeConsumerConfig,
  CONSUMER_CONFIG,
  type ConsumerConfig,
  type GivenConsumerConfig,
  patternsOf,
  withPause,
} from "../consumer/consumer_config.ts";
import {
  checkIdentity,
  forCopies,
  isForCopies,
  streamIdentity,
} from "../consumer/copying_consumer.ts";
import { tellOfPause } from "../consumer/delivery_news.ts";
import { checkPedanticConsumer } from "../consumer/pedantic.ts";
import { consumerCaps } from "../limits/consumer_caps.ts";
import { whenLearned } from "../stream/learned.ts";
import type { Stream } from "../stream/stream.ts";
import { publicCount } from "./account_requests.ts";
import { consumerAnswer } from "./answers.ts";
import type { ApiRequest } from "./api_call.ts";
import { ApiError } from "./api_error.ts";
import { onceKept, settledToo } from "./kept.ts";
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

/** Characters of a name that the server makes up. */
const NAME_CHARS = 8;
/** Characters that the name of a durable consumer may have. */
const NAME_MAX = 255;

/** What a request to make a consumer says. */
interface CreateRequest {
  readonly stream_name?: string;
  readonly config?: GivenConsumerConfig;
  readonly action?: string;
  readonly pedantic?: boolean;
}

/** Answers a request to make a consumer, or to change one. */
export function answerCreate(
  account: AccountStreams,
  request: ApiRequest,
): object | Promise<object> {
  return onceLearned(
    account,
    request,
    () => createOrUpdate(account, request, false),
  );
}

/** As `answerCreate`, for a name that has to be a durable consumer's. */
export function answerDurableCreate(
  account: AccountStreams,
  request: ApiRequest,
): object | Promise<object> {
  return onceLearned(
    account,
    request,
    () => createOrUpdate(account, request, true),
  );
}

/** What `answer` gives, once the subjects are known that the consumer is about. */
function onceLearned(
  account: AccountStreams,
  request: ApiRequest,
  answer: () => object | Promise<object>,
): object | Promise<object> {
  const { config = {} } = request.read(CREATE) as CreateRequest;
  const [name = ""] = request.tokens;
  const stream = account.streams.get(name)?.stream;
  if (stream === undefined) return answer();
  const learned = whenLearned(stream, patternsOf(config), answer);
  return settledToo(account, name, learned);
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
  account.consumers.update(consumer, config);
  // NATS JetStream: a copy that asks again begins behind what it has.
  if (isCopy) consumer.reset(undefined);
  return onceKept(account, stream.name, toldAgain(account, consumer), () => {
    // It may be something else by now.
    if (consumer.config === config) account.consumers.update(consumer, before);
  });
}

function made(
  account: AccountStreams,
  open: OpenStream,
  name: string,
  config: ConsumerConfig,
): { consumer: Consumer; answer: object | Promise<object> } {
  const consumer = account.consumers.add(open, name, config);
  consumer.isAnnounced = false;
  const facts = consumerAnswer(account, consumer);
  // NATS JetStream: the answer tells what was there before the first delivery.
  account.consumers.start(consumer);
  if (consumer.pause.isOn) tellOfPause(consumer);
  const answer = onceKept(account, open.stream.name, facts, () => {
    const isThere = open.consumers.get(name) === consumer;
    if (isThere) account.consumers.delete(open, name);
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
  return consumerAnswer(account, consumer);
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
