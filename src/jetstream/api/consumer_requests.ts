/** Requests about consumers. */
import { randomName } from "../../core/nuid.ts";
import { NATS_VERSION } from "../../core/version.ts";
import type { AccountStreams } from "../account_streams.ts";
import type { Consumer } from "../consumer/consumer.ts";
import {
  completeConsumerConfig,
  CONSUMER_CONFIG,
  type GivenConsumerConfig,
} from "../consumer/consumer_config.ts";
import { consumerInfo } from "./answers.ts";
import type { ApiCall, ApiRequest } from "./api_call.ts";
import { ApiError } from "./api_error.ts";
import { pageOf } from "./paging.ts";
import type { Struct } from "./shape.ts";

const CREATE: Struct = {
  name: "CreateConsumerRequest",
  fields: {
    stream_name: { kind: "string" },
    config: { kind: "struct", struct: CONSUMER_CONFIG },
    action: { kind: "string" },
    pedantic: { kind: "bool" },
  },
};
const LIST: Struct = {
  name: "ApiPagedRequest",
  fields: { offset: { kind: "int", type: "int" } },
};

const NAMES_LIMIT = 1024;
const LIST_LIMIT = 256;
const NAME_CHARS = 8;

export function consumerRequests(): readonly ApiCall[] {
  const type = "consumer_create_response";
  return [
    { pattern: "CONSUMER.CREATE.*", type, answer: create },
    { pattern: "CONSUMER.CREATE.*.*", type, answer: create },
    { pattern: "CONSUMER.CREATE.*.*.>", type, answer: create },
    { pattern: "CONSUMER.DURABLE.CREATE.*.*", type, answer: create },
    {
      pattern: "CONSUMER.NAMES.*",
      type: "consumer_names_response",
      answer: names,
    },
    {
      pattern: "CONSUMER.LIST.*",
      type: "consumer_list_response",
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
  ];
}

function create(account: AccountStreams, request: ApiRequest): object {
  const { stream_name, config: given = {} } = request.read(CREATE) as {
    stream_name?: string;
    config?: GivenConsumerConfig;
    action?: string;
  };
  const [streamName = "", subjectName, filter] = request.tokens;
  if (stream_name !== streamName) throw new ApiError(10056);
  const open = account.named(streamName);
  const name = subjectName ?? given.name ??
    randomName(account.host.random, NAME_CHARS);
  if (filter !== undefined && filter !== given.filter_subject) {
    throw new ApiError(10131);
  }
  const config = completeConsumerConfig(
    subjectName === undefined ? given : { ...given, name },
    open.stream.config,
  );
  const known = open.consumers.get(name);
  if (known !== undefined) return told(account, known);
  return told(account, account.addConsumer(open, name, config));
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
  if (request.text.trim() !== "") throw new ApiError(10038);
  return told(account, consumerNamed(account, request));
}

function remove(account: AccountStreams, request: ApiRequest): object {
  const [stream = "", name = ""] = request.tokens;
  account.deleteConsumer(account.named(stream), name);
  return { success: true };
}

function allOf(account: AccountStreams, request: ApiRequest): Consumer[] {
  const { consumers } = account.named(request.tokens[0]!);
  return [...consumers.keys()].sort().map((name) => consumers.get(name)!);
}

function offsetOf(request: ApiRequest): unknown {
  return /^\s*[{[]/.test(request.text)
    ? request.read(LIST)["offset"]
    : undefined;
}

function names(account: AccountStreams, request: ApiRequest): object {
  const all = allOf(account, request).map(({ name }) => name);
  const { rows, ...page } = pageOf(all, offsetOf(request), NAMES_LIMIT);
  return { ...page, consumers: rows };
}

function list(account: AccountStreams, request: ApiRequest): object {
  const all = allOf(account, request);
  const { rows, ...page } = pageOf(all, offsetOf(request), LIST_LIMIT);
  return { ...page, consumers: rows.map((one) => told(account, one)) };
}
