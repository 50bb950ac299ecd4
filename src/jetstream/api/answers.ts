/** What the API tells of streams and consumers, in the order in which it is written. */
import { API_LEVEL } from "../../core/version.ts";
import type { Consumer } from "../consumer/consumer.ts";
import { Pulling } from "../consumer/pulling.ts";
import { momentText } from "../moments.ts";
import { sorted } from "../stream/stream_config.ts";
import type { Stream } from "../stream/stream.ts";
import { NATS_VERSION } from "../../core/version.ts";
import type { AccountStreams, OpenStream } from "../account_streams.ts";

const NS_PER_US = 1000;

/** What of a stream is told besides. */
export interface StateOptions {
  /** Sequences without a message. */
  readonly deleted?: readonly number[] | undefined;
  readonly subjects?: Readonly<Record<string, number>> | undefined;
}

interface InfoOptions extends StateOptions {
  readonly cluster?: object;
  /** Of the server, where it is told. */
  readonly version?: string;
  /** NATS JetStream: who makes a stream is not told its domain. */
  readonly isMade?: boolean;
}

/** A stream, as requests about it are answered. */
export function streamInfo(
  { stream, consumers, copies }: OpenStream,
  nowUs: number,
  { cluster, version, isMade = false, ...options }: InfoOptions = {},
): object {
  const { config, host: { replies: { domain } } } = stream;
  return {
    config: version === undefined ? config : withVersion(config, version),
    created: momentText(stream.createdUs),
    state: streamState(stream, shownConsumers(consumers).length, options),
    ...(domain !== "" && !isMade && { domain }),
    ...(cluster && { cluster }),
    ...copies.told(),
    ts: momentText(nowUs),
  };
}

/** NATS JetStream: consumers that streams have of each other are not shown. */
export function shownConsumers(
  consumers: ReadonlyMap<string, Consumer>,
): Consumer[] {
  return [...consumers.values()].filter(({ config }) => !config.direct);
}

/** NATS JetStream: what a configuration says of the server goes only into answers about one. */
function withVersion<
  T extends { readonly metadata?: Readonly<Record<string, string>> },
>(config: T, version: string): T {
  const { metadata = {} } = config;
  const all = {
    ...metadata,
    "_nats.ver": version,
    "_nats.level": String(API_LEVEL),
  };
  return { ...config, metadata: sorted(all) };
}

function streamState(
  { index, config, damage }: Stream,
  consumerCount: number,
  { deleted, subjects }: StateOptions = {},
): object {
  const { messages, bytes, firstSeq, lastSeq, lastTimeUs, gaps } = index;
  const isUnused = lastSeq === 0 && config.first_seq !== 1;
  return {
    messages,
    bytes,
    first_seq: isUnused ? 0 : firstSeq,
    first_ts: momentText(messages === 0 ? 0 : index.timeOf(firstSeq)),
    last_seq: lastSeq,
    last_ts: momentText(lastTimeUs),
    ...(index.subjects.size > 0 && { num_subjects: index.subjects.size }),
    ...(subjects !== undefined && { subjects }),
    ...(gaps > 0 && messages > 0 && { num_deleted: gaps }),
    ...(deleted && gaps > 0 && messages > 0 && { deleted }),
    ...(damage.length > 0 && { lost: lostOf(damage) }),
    consumer_count: consumerCount,
  };
}

/** NATS JetStream: messages that cannot be read; where several follow one another, the first. */
function lostOf(damage: Stream["damage"]): object {
  const seqs = new Set(damage.map(({ seq }) => seq).filter((seq) => seq > 0));
  return { msgs: [...seqs].sort((a, b) => a - b), bytes: 0 };
}

/** A consumer of `account` as a request about it is answered now. */
export function consumerAnswer(
  { host }: AccountStreams,
  consumer: Consumer,
): object {
  return consumerInfo(consumer, host.moments.nowUs(), NATS_VERSION);
}

/** A consumer; `version` is the server's, where that is told. */
export function consumerInfo(
  consumer: Consumer,
  nowUs: number,
  version?: string,
): object {
  const { progress, selection, demand, stream, pause } = consumer;
  const { floor, deliveredUs, ackedUs } = progress;
  return {
    stream_name: stream.name,
    name: consumer.name,
    created: momentText(consumer.createdUs),
    config: version === undefined
      ? consumer.config
      : withVersion(consumer.config, version),
    delivered: {
      consumer_seq: progress.consumerSeq,
      stream_seq: progress.seq,
      ...(deliveredUs > 0 && { last_active: momentText(deliveredUs) }),
    },
    ack_floor: {
      consumer_seq: floor.consumerSeq,
      stream_seq: floor.seq,
      ...(ackedUs > 0 && { last_active: momentText(ackedUs) }),
    },
    num_ack_pending: progress.pending.size,
    // Where each message is delivered once, none is again.
    num_redelivered: consumer.config.max_deliver === 1
      ? 0
      : progress.deliveries.size,
    num_waiting: demand instanceof Pulling ? demand.countWaiting() : 0,
    num_pending: selection.published,
    ...(consumer.isBound && { push_bound: true }),
    ...(pause.isOn && {
      paused: true,
      pause_remaining: pause.leftUs * NS_PER_US,
    }),
    ts: momentText(nowUs),
    ...groupsOf(consumer),
  };
}

function groupsOf(
  { config: { priority_policy = "none", priority_groups = [] }, demand }:
    Consumer,
): object {
  if (priority_policy === "none") return {};
  const pin = demand instanceof Pulling ? demand.priority.pin : undefined;
  return {
    // NATS JetStream: of several groups the first counts.
    priority_groups: priority_groups.slice(0, 1).map((group) => ({
      group,
      ...(pin && { pinned_client_id: pin.id }),
      pinned_ts: momentText(pin?.sinceUs ?? 0),
    })),
  };
}
