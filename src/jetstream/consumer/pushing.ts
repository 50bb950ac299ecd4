/**
 * A consumer that sends its messages to a subject, as long as there is interest
 * in it: with signs of life when none come, and, where its listeners are slower
 * than the stream, no more at once than they answer for.
 *
 * NATS JetStream (push consumers, flow control): a request to answer is sent once
 * more than half of the window is on its way; each answer doubles the window.
 */
import { randomName } from "../../core/nuid.ts";
import type { Timer } from "../../platform/clock.ts";
import { type Message, replyOf, subjectOf } from "../../wire/message.ts";
import { usOf } from "../moments.ts";
import { publishHeaders } from "../stream/publish_headers.ts";
import type { Destination } from "../../accounts/destination.ts";
import type { Consumer } from "./consumer.ts";
import type { Demand, Taker } from "./deliveries.ts";
import { statusBlock } from "./statuses.ts";

const NO_BYTES = new Uint8Array(0);
const US_PER_MS = 1000;
const WINDOW_MAX = 32 * 1024 * 1024;
const WINDOW_MIN = WINDOW_MAX / 16;
const FLOW_NAME_CHARS = 4;

export class Pushing implements Demand, Taker {
  readonly to: Destination;
  readonly header: undefined = undefined;
  readonly #consumer: Consumer;
  readonly #heartbeatMs: number;
  #heartbeat: Timer | undefined = undefined;
  #isBound = false;
  /** Listeners have come or gone. */
  #look: Timer | undefined = undefined;
  /** Bytes that may be on their way. */
  #window = WINDOW_MIN;
  #unanswered = 0;
  /** What the open request to answer is about. */
  #flow: { readonly subject: string; readonly bytes: number } | undefined =
    undefined;
  readonly #ends: (() => void)[];

  constructor(consumer: Consumer) {
    const { config, name, stream } = consumer;
    this.#consumer = consumer;
    this.#heartbeatMs = usOf(config.idle_heartbeat ?? 0) / US_PER_MS;
    const { client, clock } = stream.host;
    this.to = client.destination(config.deliver_subject!);
    this.#ends = [client.watch(this.to.subject, () => {
      // Behind all that a client says at once.
      this.#look ??= clock.after(0, () => this.#listenersChanged());
    })];
    this.#ends.push(
      client.subscribe(
        `$JS.API.CONSUMER.MSG.NEXT.${stream.name}.${name}`,
        "",
        (message, publisher) =>
          stream.host.isMeantBy(publisher) && this.#refuse(replyOf(message)),
      ),
    );
    if (config.flow_control) {
      this.#ends.push(
        client.subscribe(
          `${stream.host.replies.flow}${stream.name}.${name}.*`,
          "",
          (message) => this.#answered(message),
        ),
      );
    }
    this.#look = clock.after(0, () => this.#listenersChanged());
  }

  get isInUse(): boolean {
    return this.to.isHeard(this.#consumer.config.deliver_group);
  }

  taker(): Taker | undefined {
    const { flow_control } = this.#consumer.config;
    if (!this.#consumer.isAnnounced || !this.isInUse) return undefined;
    return flow_control && this.#unanswered > this.#window ? undefined : this;
  }

  /** NATS JetStream: nobody can ask for messages that are pushed. */
  #refuse(reply: string): void {
    if (reply === "") return;
    this.#consumer.stream.host.client.publish(reply, NO_BYTES, {
      headers: statusBlock("409 Consumer is push based"),
    });
  }

  idle(): void {}

  ask(): void {}

  /** What was on its way comes again. */
  restart(): void {
    this.#flow = undefined;
    this.#unanswered = 0;
  }

  stop(): void {
    for (const end of this.#ends) end();
    this.#heartbeat?.cancel();
    this.#look?.cancel();
  }

  took(bytes: number): void {
    this.#beat();
    const { config: { flow_control, ack_policy }, isFull: waits } =
      this.#consumer;
    if (!flow_control) return;
    this.#unanswered += bytes;
    // Where the answer acknowledges, nothing else makes room.
    const isFull = this.#unanswered > this.#window / 2 ||
      (ack_policy === "flow_control" && waits);
    if (this.#flow === undefined && isFull) this.#requestAnswer();
  }

  /** Asks those that listen to say how far they have come. */
  #requestAnswer(): void {
    const { stream, name } = this.#consumer;
    const token = randomName(stream.host.random, FLOW_NAME_CHARS);
    this.#flow = {
      subject: `${stream.host.replies.flow}${stream.name}.${name}.${token}`,
      bytes: this.#unanswered,
    };
    const { clock } = stream.host;
    // Behind the message that it is about.
    clock.after(
      0,
      () => this.#say("100 FlowControl Request", {}, this.#flow?.subject),
    );
  }

  #answered(message: Message): void {
    if (subjectOf(message) !== this.#flow?.subject) return;
    this.#unanswered = Math.max(0, this.#unanswered - this.#flow.bytes);
    this.#flow = undefined;
    this.#window = Math.min(2 * this.#window, WINDOW_MAX);
    this.#acknowledge(message);
    this.#consumer.pump();
  }

  /** NATS JetStream (ADR-60): the answer says what is kept for good where it was sent to. */
  #acknowledge({ bodyBuffer, payloadStart, headerSize }: Message): void {
    const { config } = this.#consumer;
    if (config.ack_policy !== "flow_control" || headerSize <= 0) return;
    const headers = publishHeaders(
      bodyBuffer.subarray(payloadStart, payloadStart + headerSize),
    );
    const seq = Number(headers.get("Nats-Last-Stream"));
    if (Number.isInteger(seq)) this.#consumer.acknowledgeTo(seq);
  }

  #beat(): void {
    if (this.#heartbeatMs === 0) return;
    const { clock } = this.#consumer.stream.host;
    this.#heartbeat?.cancel();
    this.#heartbeat = clock.after(this.#heartbeatMs, () => {
      const { progress } = this.#consumer;
      this.#say("100 Idle Heartbeat", {
        "Nats-Last-Consumer": progress.consumerSeq,
        "Nats-Last-Stream": progress.seq,
        ...(this.#flow && { "Nats-Consumer-Stalled": this.#flow.subject }),
      });
      this.#askIdle();
      this.#beat();
    });
  }

  /** What waits for an acknowledgement gets one when nothing else comes. */
  #askIdle(): void {
    const { config, progress } = this.#consumer;
    const waits = config.ack_policy === "flow_control" &&
      progress.pending.size > 0;
    if (waits && this.#flow === undefined) this.#requestAnswer();
  }

  #listenersChanged(): void {
    this.#look = undefined;
    const { isBound } = this.#consumer;
    if (isBound === this.#isBound) return;
    this.#isBound = isBound;
    this.#consumer.used();
    if (!isBound) return this.#heartbeat?.cancel();
    this.#beat();
    this.#consumer.pump();
  }

  #say(
    status: string,
    headers: Readonly<Record<string, string | number>>,
    reply: string = "",
  ): void {
    this.#consumer.stream.host.client.publish(this.to.subject, NO_BYTES, {
      headers: statusBlock(status, headers),
      reply,
    });
  }
}
