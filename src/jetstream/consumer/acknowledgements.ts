/** What the clients of one consumer say to the messages that it gave them. */
import { byteString } from "../../core/ascii.ts";
import { type Message, replyOf, subjectOf } from "../../wire/message.ts";
import { type Ack, ackedSeq, readAck } from "./ack_words.ts";
import type { ConsumerConfig } from "./consumer_config.ts";
import { type Deliverer, tellOfAnswer, tellOfSample } from "./delivery_news.ts";
import type { Keeper } from "../stream/commits.ts";
import type { Redelivery } from "./redelivery.ts";

const NO_BYTES = new Uint8Array(0);

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
    const at = `${stream.name}.${name}`;
    const tails = [`${at}.*.*.*.*.*`, `*.*.${at}.*.*.*.*.*`];
    this.#ends = tails.map((tail) =>
      stream.host.client.subscribe(
        `$JS.ACK.${tail}`,
        "",
        (message) => this.#acknowledged(message),
      )
    );
  }

  stop(): void {
    for (const end of this.#ends) end();
    this.#ends = [];
  }

  /** All messages up to `seq` are acknowledged by who answers for them. */
  settleTo(seq: number): void {
    const { progress, stream: { host: { moments } } } = this.#consumer;
    progress.ackedUs = moments.nowUs();
    this.#doneTo(seq);
  }

  #acknowledged(message: Message): boolean {
    const consumer = this.#consumer;
    const { stream } = consumer;
    const seq = ackedSeq(subjectOf(message));
    const reply = replyOf(message);
    const ack = readAck(textOf(message));
    consumer.used();
    if (seq === undefined || seq > consumer.progress.seq) return true;
    this.#settle(seq, ack, reply);
    // An answer means that the acknowledgement outlives the server.
    if (reply !== "" && ack.kind !== "next") {
      stream.changed(
        consumer,
        () => stream.host.client.publish(reply, NO_BYTES),
      );
    }
    consumer.pump();
    return true;
  }

  #settle(seq: number, ack: Ack, reply: string): void {
    const consumer = this.#consumer;
    const { progress, stream: { host: { moments } } } = consumer;
    progress.ackedUs = moments.nowUs();
    switch (ack.kind) {
      case "nak":
        tellOfAnswer(consumer, "nak", seq);
        return this.#postpone(seq, ack.delayUs);
      case "progress":
        return this.#postpone(
          seq,
          consumer.waitUs(progress.timesDelivered(seq)) || 1,
        );
      case "nothing":
        return;
      case "next":
        tellOfSample(consumer, seq);
        this.#done(seq);
        return consumer.demand?.ask(ack.request, reply);
      case "term":
        tellOfAnswer(consumer, "terminated", seq, ack.reason);
        return this.#done(seq);
      case "ack":
        tellOfSample(consumer, seq);
        return this.#done(seq);
    }
  }

  #postpone(seq: number, delayUs: number): void {
    const consumer = this.#consumer;
    if (!consumer.progress.pending.has(seq)) return;
    consumer.touched(seq);
    this.#again.postpone(seq, delayUs);
  }

  /** `seq` is acknowledged, and with it all before it where that is meant. */
  #done(seq: number): void {
    const consumer = this.#consumer;
    if (consumer.config.ack_policy === "all") this.#doneTo(seq);
    else this.#doneWith(seq);
  }

  #doneTo(seq: number): void {
    for (const one of [...this.#consumer.progress.pending.keys()]) {
      if (one <= seq) this.#doneWith(one);
    }
  }

  #doneWith(seq: number): void {
    const { progress, stream } = this.#consumer;
    if (!progress.settle(seq)) return;
    this.#consumer.touched(seq);
    this.#again.forget(seq);
    stream.released(seq);
  }
}

/** The payload of `message` as a byte string. */
function textOf(message: Message): string {
  const { bodyBuffer, bodyEnd, payloadStart, headerSize } = message;
  const start = payloadStart + Math.max(0, headerSize);
  return byteString(bodyBuffer, start, bodyEnd - 2);
}
