/**
 * How a consumer hands messages out: those that are due again first, then new ones,
 * as long as they are taken. A message makes no text and no memory of its own.
 */
import type { Destination } from "../../accounts/destination.ts";
import type { StoredMessage } from "../store/stream_store.ts";
import { withHeaders } from "../stream/header_block.ts";
import type { Stream } from "../stream/stream.ts";
import type { LongWork } from "../stream/stream_host.ts";
import { AckSubject } from "./ack_subject.ts";
import type { ConsumerConfig } from "./consumer_config.ts";
import { DeliveryPace } from "./delivery_pace.ts";
import { tellOfLast } from "./delivery_news.ts";
import type { Progress } from "./progress.ts";
import type { Redelivery } from "./redelivery.ts";
import type { Selection } from "./selection.ts";

const NO_BYTES = new Uint8Array(0);
const EMPTY_BLOCK_LENGTH = "NATS/1.0\r\n\r\n".length;
const LINE_END_LENGTH = 2;
/** Messages, and bytes of them, that go in one turn of the event loop. */
const PART_MESSAGES = 128;
const PART_BYTES = 65_536;

/** Where messages may go now. */
export interface Taker {
  readonly to: Destination;
  /** A line that the headers of a message have besides. */
  readonly header: string | undefined;
  /** A message of `bytes` has gone there. */
  took(bytes: number): void;
}

/** Those that want messages: requests that wait, or who listens to a subject. */
export interface Demand {
  /** Where a message of `bytes` may go, good until the next call; undefined: nowhere. */
  taker(bytes: number, nowUs: number): Taker | undefined;
  /** No message is left to come for now. */
  idle(): void;
  /** Whether messages are wanted, now. */
  readonly isInUse: boolean;
  /** Another message is asked for along with an acknowledgement. */
  ask(request: string, reply: string): void;
  /** Nothing that was delivered counts any more. */
  restart(): void;
  stop(): void;
}

/** The consumer whose messages they are. */
interface Delivering {
  readonly name: string;
  readonly config: ConsumerConfig;
  readonly stream: Stream;
  readonly progress: Progress;
  readonly selection: Selection;
  readonly demand: Demand | undefined;
  readonly pause: { readonly isOn: boolean };
  readonly isFull: boolean;
  /** What is known of a message has changed. */
  touched(seq: number): void;
  /** How long an acknowledgement may take, in microseconds. */
  waitUs(times: number): number;
  pump(): void;
}

export class Deliveries {
  readonly #consumer: Delivering;
  readonly #again: Redelivery;
  readonly #pace: DeliveryPace;
  readonly #ack: AckSubject;
  readonly #rest: LongWork;
  #isPumping = false;
  /** Bytes that have gone in this turn. */
  #partBytes = 0;

  constructor(consumer: Delivering, again: Redelivery) {
    this.#consumer = consumer;
    this.#again = again;
    this.#pace = new DeliveryPace(consumer);
    const { name, stream } = consumer;
    const { ack } = stream.host.replies;
    this.#ack = new AckSubject(`${ack}${stream.name}.${name}.`);
    this.#rest = stream.host.longWork(() => this.#deliverPart());
  }

  /** Hands out what may go: the first part now, and each other one in a later turn. */
  pump(): void {
    if (this.#isPumping || this.#consumer.demand?.isInUse !== true) return;
    if (!this.#deliverPart()) this.#rest.goOn();
  }

  /** As `pump`, in a later turn: behind what the server says in this one. */
  pumpLater(): void {
    if (this.#isPumping || this.#consumer.demand?.isInUse !== true) return;
    this.#isPumping = true;
    this.#rest.goOn();
  }

  /** False when there may be more to go. */
  #deliverPart(): boolean {
    let isDone = true;
    this.#isPumping = true;
    this.#partBytes = 0;
    try {
      for (let messages = 0; messages < PART_MESSAGES; messages++) {
        if (!this.#deliverNext()) return true;
        if (this.#partBytes >= PART_BYTES) break;
      }
      isDone = false;
    } finally {
      this.#isPumping = !isDone;
    }
    return isDone;
  }

  /** These were not acknowledged in time. */
  overdue(seqs: readonly number[]): void {
    // NATS JetStream: such messages are given up at once, others once a message is wanted.
    if (this.#consumer.config.max_deliver === 1) {
      seqs.forEach((seq) => this.#abandon(seq));
    }
    this.pump();
  }

  stop(): void {
    this.#pace.stop();
  }

  /** False when nothing can go now. */
  #deliverNext(): boolean {
    const { demand, pause, progress, selection, stream } = this.#consumer;
    if (demand === undefined) return false;
    const again = pause.isOn ? undefined : this.#nextAgain();
    const seq = again ?? (pause.isOn ? undefined : this.#nextNew());
    if (seq === undefined) {
      demand.idle();
      return false;
    }
    const isAgain = again !== undefined;
    const message = stream.read(seq);
    if (message === undefined) {
      this.#leave(seq, isAgain);
      return true;
    }
    const times = progress.timesDelivered(seq) + 1;
    const pending = selection.pending - (isAgain ? 0 : 1);
    const ack = this.#ack;
    ack.write(times, seq, progress.consumerSeq + 1, message.timeUs, pending);
    const bytes = message.subject.length + ack.length +
      this.#sizeOf(message);
    const nowUs = stream.host.moments.nowUs();
    if (!this.#pace.isDue(message, bytes, isAgain, nowUs)) return false;
    const taker = demand.taker(bytes, nowUs);
    if (taker === undefined) return false;
    this.#pace.sent(message, bytes, isAgain, nowUs);
    this.#leave(seq, isAgain);
    this.#note(seq, times, nowUs);
    taker.took(bytes);
    this.#partBytes += bytes;
    this.#send(message, taker.to, taker.header);
    if (this.#consumer.config.ack_policy === "none") stream.released(seq);
    return true;
  }

  /** Bytes of a message without its subject. NATS JetStream: of what is sent of it. */
  #sizeOf({ headers, payload }: StoredMessage): number {
    if (this.#consumer.config.headers_only !== true) {
      return headers.length + payload.length;
    }
    const own = headers.length > 0 ? headers.length : EMPTY_BLOCK_LENGTH;
    return own + sizeLine(payload).length + LINE_END_LENGTH;
  }

  /** A message has had its turn. */
  #leave(seq: number, isAgain: boolean): void {
    if (isAgain) this.#again.forget(seq);
    else this.#consumer.selection.advance();
  }

  #nextAgain(): number | undefined {
    const consumer = this.#consumer;
    const { config: { max_deliver }, progress } = consumer;
    for (let seq; (seq = this.#again.next) !== undefined;) {
      const times = progress.timesDelivered(seq);
      if (max_deliver < 0 || times < max_deliver) return seq;
      if (!consumer.demand!.isInUse) return undefined;
      this.#abandon(seq);
    }
    return undefined;
  }

  #abandon(seq: number): void {
    const consumer = this.#consumer;
    this.#again.forget(seq);
    tellOfLast(consumer, seq);
    if (consumer.progress.abandon(seq)) consumer.touched(seq);
  }

  #nextNew(): number | undefined {
    const { isFull, selection } = this.#consumer;
    return isFull ? undefined : selection.peek();
  }

  #note(seq: number, times: number, nowUs: number): void {
    const consumer = this.#consumer;
    const waits = consumer.config.ack_policy !== "none";
    const dueUs = waits ? nowUs + consumer.waitUs(times) : undefined;
    consumer.progress.delivered(seq, nowUs, dueUs);
    if (dueUs !== undefined) this.#again.watch(dueUs);
    consumer.touched(seq);
  }

  #send(
    { subject, headers, payload }: StoredMessage,
    to: Destination,
    header: string | undefined,
  ): void {
    const isBare = this.#consumer.config.headers_only === true;
    let block = headers;
    if (isBare || header !== undefined) {
      const lines = header === undefined ? [] : [header];
      if (isBare) lines.push(sizeLine(payload));
      block = withHeaders(headers, lines);
    }
    to.publish(subject, this.#ack, block, isBare ? NO_BYTES : payload);
  }
}

/** What the headers say of a payload that is not sent. */
function sizeLine(payload: Uint8Array): string {
  return `Nats-Msg-Size: ${payload.length}`;
}
