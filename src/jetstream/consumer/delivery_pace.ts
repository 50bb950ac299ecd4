/**
 * When a consumer may hand out its next message: as far behind the one before as
 * they were published apart, or as many bits a second as are allowed.
 *
 * NATS JetStream (`replay_policy: original`, `rate_limit_bps`): what is published
 * once the consumer is there is not held back by its replay. A rate may be
 * exceeded by one message of the largest size at once.
 */
import type { Timer } from "../../platform/clock.ts";
import { msUntil } from "../moments.ts";
import type { StoredMessage } from "../store/stream_store.ts";
import type { Stream } from "../stream/stream.ts";
import type { ConsumerConfig } from "./consumer_config.ts";

const BITS_PER_BYTE = 8;
const US_PER_S = 1_000_000;
const DEFAULT_BURST = 1024 * 1024;

/** The consumer that is held back. */
interface Paced {
  readonly config: ConsumerConfig;
  readonly stream: Stream;
  pump(): void;
}

export class DeliveryPace {
  readonly #consumer: Paced;
  /** The last message that is replayed. */
  readonly #replayEnd: number;
  /** When the last new message was published, and handed out, in microseconds. */
  #last: { readonly timeUs: number; readonly sentUs: number } | undefined =
    undefined;
  /** Bytes that may go at once, as of a moment in microseconds. */
  #credit: { readonly bytes: number; readonly atUs: number } | undefined =
    undefined;
  #timer: Timer | undefined = undefined;

  constructor(consumer: Paced) {
    this.#consumer = consumer;
    this.#replayEnd = consumer.stream.index.lastSeq;
  }

  /** Whether a message of `bytes` may go now. If not, the consumer hears when it may. */
  isDue(
    message: StoredMessage,
    bytes: number,
    isAgain: boolean,
    nowUs: number,
  ): boolean {
    const { config, stream: { host: { clock } } } = this.#consumer;
    if (config.replay_policy === "instant" && !config.rate_limit_bps) {
      return true;
    }
    const replayUs = isAgain ? 0 : this.#replayUs(message);
    const dueUs = Math.max(replayUs, this.#affordableUs(bytes, nowUs));
    this.stop();
    if (dueUs <= nowUs) return true;
    this.#timer = clock.after(
      msUntil(dueUs, nowUs),
      () => this.#consumer.pump(),
    );
    return false;
  }

  /** A message of `bytes` goes. */
  sent(
    { timeUs }: StoredMessage,
    bytes: number,
    isAgain: boolean,
    nowUs: number,
  ): void {
    const { replay_policy, rate_limit_bps: bps } = this.#consumer.config;
    if (replay_policy === "original" && !isAgain) {
      this.#last = { timeUs, sentUs: nowUs };
    }
    if (!bps) return;
    const left = this.#creditAt(nowUs, bps) - bytes;
    this.#credit = { bytes: left, atUs: nowUs };
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #replayUs({ seq, timeUs }: StoredMessage): number {
    const { replay_policy } = this.#consumer.config;
    const last = this.#last;
    if (replay_policy !== "original" || last === undefined) return 0;
    return seq > this.#replayEnd ? 0 : last.sentUs + timeUs - last.timeUs;
  }

  #affordableUs(bytes: number, nowUs: number): number {
    const { rate_limit_bps: bps } = this.#consumer.config;
    if (!bps) return 0;
    const missing = Math.min(bytes, this.#burst) - this.#creditAt(nowUs, bps);
    return missing <= 0 ? 0 : nowUs + missing * US_PER_S * BITS_PER_BYTE / bps;
  }

  #creditAt(nowUs: number, bps: number): number {
    if (this.#credit === undefined) return this.#burst;
    const { bytes, atUs } = this.#credit;
    const more = (nowUs - atUs) / US_PER_S * bps / BITS_PER_BYTE;
    return Math.min(this.#burst, bytes + more);
  }

  get #burst(): number {
    const { max_msg_size } = this.#consumer.stream.config;
    return max_msg_size > 0 ? max_msg_size : DEFAULT_BURST;
  }
}
