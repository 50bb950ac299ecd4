/** Requests about consumers, but for those that make one: see `consumer_making.ts`. */
import type { AccountStreams } from "../account_streams.ts";
import type { Consumer } from "../consumer/consumer.ts";
import { checkGroupName } from "../consumer/consumer_checks.ts";
import { withPause } from "../consumer/consumer_config.ts";
import { tellOfPause } from "../consumer/delivery_news.ts";
import { Pulling } from "../consumer/pulling.ts";
import { checkReset } from "../consumer/reset_checks.ts";
import { NO_TIME, utcText } from "../moments.ts";
import { consumerAnswer, consumerInfo, shownConsumers } from "./answers.ts";
import {
  type ApiCall,
  type ApiRequest,
  isNothing,
  readLenient,
} from "./api_call.ts";
import { ApiError } from "./api_error.ts";
import { answerCreate, answerDurableCreate } from "./consumer_making.ts";
import { onceKept } from "./kept.ts";
import { NO_PAGE, pageOf } from "./paging.ts";
import type { Struct } from "./shape.ts";

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

export function consumerRequests(): readonly ApiCall[] {
  const type = "consumer_create_response";
  return [
    { pattern: "CONSUMER.CREATE.*", type, answer: answerCreate },
    { pattern: "CONSUMER.CREATE.*.*", type, answer: answerCreate },
    { pattern: "CONSUMER.CREATE.*.*.>", type, answer: answerCreate },
    {
      pattern: "CONSUMER.DURABLE.CREATE.*.*",
      type,
      answer: answerDurableCreate,
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
  return consumerAnswer(account, consumerNamed(account, request));
}

function remove(account: AccountStreams, request: ApiRequest): object {
  if (!isNothing(request.text)) throw new ApiError(10038);
  const [stream = "", name = ""] = request.tokens;
  account.consumers.delete(account.named(stream), name);
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
  account.consumers.update(consumer, config);
  tellOfPause(consumer);
  return onceKept(account, consumer.stream.name, answer(), () => {
    if (consumer.config !== config) return;
    account.consumers.update(consumer, before);
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
  const answer = { ...consumerAnswer(account, consumer), reset_seq };
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
