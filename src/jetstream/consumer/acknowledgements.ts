/** What the clients of one consumer say to the messages that it gave them. */
import { type Message, replyOf } from "../../wire/message.ts";
import {
  type Ack,
  type AckedDelivery,
  ackedDelivery,
  ackIn,
} from "./ack_words.ts";
import type { ConsumerConfig } from "./consumer_config.ts";
import { type Deliverer, tellOfAnswer, tellOfSample } from "./delivery_news.ts";
import type { Keeper } from "../stream/commits.ts";
import type { StreamPlace } from "./progress.ts";
import type { Redelivery } from "./redelivery.ts";

const NO_BYTES = new Uint8Array(0);

/** Kinds that say that a message is done. */
const SETTLING: ReadonlySet<Ack["kind"]> = new Set(["ack", "term"]);

/** The consumer that the messages are from. */
interface Acknowledged extends Deliverer, Keeper {
  readonly config: ConsumerConfig;
  readonly demand:
    | { ask(request: string, reply: string): void }
    | undefined;
  used(): void;
  touched(seq: number): void;
  /** How long an acknowledgement may take, in microseconds. */
  waitUs(times: number): number;
  pump(): void;
}

export class Acknowledgements {
  readonly #consumer: Acknowledged;
  readonly #again: Redelivery;
  #ends: readonly (() => void)[] = [];

  constructor(consumer: Acknowledged, again: Redelivery) {
    this.#consumer = consumer;
    this.#again = again;
  }

  start(): void {
    const { name, stream } = this.#consumer;
    this.#ends = stream.host.replies.acks.map((before) =>
      stream.host.client.subscribe(
        `${before}${stream.name}.${name}.*.*.*.*.*`,
        "",
        (message) => this.#acknowledged(message),
      )
    );
  }

  stop(): void {
    for (const end of this.#ends) end();
    this.#ends = [];
  }

  /** All messages up to `seq` are acknowledged, as by an answer to flow control. */
  settleTo(seq: number): void {
    const { progress, stream: { host: { moments } } } = this.#consumer;
    progress.ackedUs = moments.nowUs();
    this.#doneTo({ seq, consumerSeq: progress.consumerSeq });
  }

  #acknowledged(message: Message): boolean {
    const consumer = this.#consumer;
    const { progress, stream } = consumer;
    const { subjectBuffer, subjectStart, subjectEnd } = message;
    const delivery = ackedDelivery(subjectBuffer, subjectStart, subjectEnd);
    const reply = message.hasReply ? replyOf(message) : "";
    const ack = ackIn(message);
    consumer.used();
    if (delivery === undefined) return true;
    const wasDelivered = delivery.seq <= progress.seq;
    if (wasDelivered) this.#settle(delivery, ack, reply);
    // NATS JetStream: what says that a message is done is answered only where
    // that can be; nothing else is said of a message without a number.
    const isAnswered = SETTLING.has(ack.kind) ? wasDelivered : delivery.seq > 0;
    // An answer means that the acknowledgement outlives the server.
    if (reply !== "" && isAnswered && ack.kind !== "next") {
      stream.changed(
        consumer,
        () => stream.host.client.publish(reply, NO_BYTES),
      );
    }
    consumer.pump();
    return true;
  }

  #settle(delivery: AckedDelivery, ack: Ack, reply: string): void {
    const consumer = this.#consumer;
    const { progress } = consumer;
    const { seq } = delivery;
    switch (ack.kind) {
      case "nak":
        return this.#givenBack(delivery, ack.delayUs);
      case "progress":
        return this.#postpone(
          seq,
          consumer.waitUs(progress.timesDelivered(seq)) || 1,
        );
      case "nothing":
        return;
      case "next":
        tellOfSample(consumer, delivery);
        this.#done(delivery);
        return consumer.demand?.ask(ack.request, reply);
      case "term":
        tellOfAnswer(consumer, "terminated", delivery, ack.reason);
        return this.#done(delivery);
      case "ack":
        tellOfSample(consumer, delivery);
        return this.#done(delivery);
    }
  }

  /** A client wants a message again, unless it speaks of a delivery that does not count any more. */
  #givenBack(delivery: AckedDelivery, delayUs: number): void {
    const consumer = this.#consumer;
    const { floor, consumerSeq: last, pending } = consumer.progress;
    const { seq, consumerSeq } = delivery;
    const counts = consumerSeq > floor.consumerSeq && consumerSeq <= last + 1;
    if (!counts || !pending.has(seq)) return;
    tellOfAnswer(consumer, "nak", delivery);
    if (delayUs > 0) this.#again.forget(seq);
    this.#postpone(seq, delayUs);
  }

  #postpone(seq: number, delayUs: number): void {
    const consumer = this.#consumer;
    if (!consumer.progress.pending.has(seq)) return;
    consumer.touched(seq);
    this.#again.postpone(seq, delayUs);
  }

  /** A message is acknowledged, and with it all before it where that is meant. */
  #done(delivery: AckedDelivery): void {
    const { config, progress, stream } = this.#consumer;
    const { seq, consumerSeq } = delivery;
    const isAll = config.ack_policy === "all";
    const { floor } = progress;
    const isOld = seq <= floor.seq || consumerSeq <= floor.consumerSeq;
    if (isAll && isOld) return;
    progress.ackedUs = stream.host.moments.nowUs();
    if (isAll) this.#doneTo(delivery);
    else this.#doneWith(seq);
  }

  /** All messages up to `place`, as the acknowledgement names it, are done. */
  #doneTo(place: StreamPlace): void {
    const { progress } = this.#consumer;
    const { seq } = place;
    const waiting = progress.pending.get(seq);
    const consumerSeq = waiting?.consumerSeq ?? place.consumerSeq;
    for (const one of progress.openUpTo(seq)) this.#doneWith(one);
    progress.settledTo({ seq, consumerSeq });
  }

  #doneWith(seq: number): void {
    const { progress, stream } = this.#consumer;
    if (!progress.settle(seq)) return;
    this.#consumer.touched(seq);
    this.#again.forget(seq);
    stream.released(seq);
  }
}
