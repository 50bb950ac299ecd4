/** What is told of a consumer's deliveries, to those who listen for that. */
import { momentText } from "../moments.ts";
import type { Stream } from "../stream/stream.ts";
import type { AckedDelivery } from "./ack_words.ts";
import type { ConsumerConfig } from "./consumer_config.ts";
import type { Pause } from "./pause.ts";
import type { Progress } from "./progress.ts";

/** The consumer that a delivery was one of. */
export interface Deliverer {
  readonly name: string;
  readonly stream: Stream;
  readonly progress: Progress;
}

const SUBJECTS = { nak: "MSG_NAKED", terminated: "MSG_TERMINATED" } as const;

/** A client has given a message back, or wants it no more. */
export function tellOfAnswer(
  { name, stream }: Deliverer,
  type: "nak" | "terminated",
  { seq, consumerSeq, times }: AckedDelivery,
  reason: string = "",
): void {
  stream.host.advisories.message(SUBJECTS[type], type, {
    stream: stream.name,
    consumer: name,
    consumer_seq: consumerSeq,
    stream_seq: seq,
    deliveries: times,
    ...(reason !== "" && { reason }),
  });
}

/** NATS JetStream: why a message is not waited for that is not there any more. */
const DELETED = "Unacknowledged message was deleted";

/** A message goes from the stream: that is told if it waits for an acknowledgement. */
export function tellOfDeletion(consumer: Deliverer, seq: number): void {
  const { progress } = consumer;
  const waiting = progress.pending.get(seq);
  if (waiting === undefined) return;
  const { consumerSeq } = waiting;
  const times = progress.timesDelivered(seq);
  tellOfAnswer(consumer, "terminated", { seq, consumerSeq, times }, DELETED);
}

/** A message was delivered as often as it may be. */
export function tellOfLast(
  { name, stream, progress }: Deliverer,
  seq: number,
): void {
  const deliveries = progress.timesDelivered(seq);
  stream.host.advisories.message("MAX_DELIVERIES", "max_deliver", {
    stream: stream.name,
    consumer: name,
    stream_seq: seq,
    deliveries,
  });
}

const PERCENT = 100;
const NS_PER_US = 1000;

/** A message is acknowledged that waited. NATS JetStream (`sample_freq`): that is told of some in a hundred. */
export function tellOfSample(
  { name, stream, config, progress }: Deliverer & {
    readonly config: ConsumerConfig;
  },
  { seq, consumerSeq, times }: AckedDelivery,
): void {
  const { sample_freq, ack_policy } = config;
  if (sample_freq === undefined || ack_policy !== "explicit") return;
  const waiting = progress.pending.get(seq);
  const { random, moments, advisories } = stream.host;
  const isMeant = random.next() * PERCENT < Number.parseInt(sample_freq, 10);
  if (waiting === undefined || !isMeant) return;
  advisories.acknowledged({
    stream: stream.name,
    consumer: name,
    consumer_seq: consumerSeq,
    stream_seq: seq,
    ack_time: (moments.nowUs() - waiting.deliveredUs) * NS_PER_US,
    deliveries: times,
  });
}

/** Deliveries are held back until a moment, or no more. */
export function tellOfPause(
  { name, stream, config, pause }: Deliverer & {
    readonly config: ConsumerConfig;
    readonly pause: Pause;
  },
): void {
  const until = config.pause_until ?? momentText(0);
  stream.host.advisories.paused(stream.name, name, pause.isOn, until);
}
