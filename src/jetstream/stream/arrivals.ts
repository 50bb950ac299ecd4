/**
 * How messages come into a stream: alone, or in batches that are stored together.
 */
import { utf8Text } from "../../core/ascii.ts";
import { ApiError } from "../api/api_error.ts";
import type { StoredMessage, StoreError } from "../store/stream_store.ts";
import { ArrivalChecks, type CheckedStream } from "./checks.ts";
import type { Admitted, KeptMessage } from "./admitted.ts";
import { AtomicBatches, type Gathered } from "./atomic_batches.ts";
import { FastBatches, type FastNews } from "./fast_batches.ts";
import { FAST_END } from "./fast_reply.ts";
import type { PublishAck } from "./publish_ack.ts";
import { storedBlock } from "./header_block.ts";
import { type PublishHeaders, publishHeaders } from "./publish_headers.ts";
import { checkSize, ownPublication, type Publication } from "./room.ts";
import { Staged } from "./staged.ts";
import type { StreamConfig } from "./stream_config.ts";

/**
 * Told once a message is kept for good, or why it is not. A number: its sequence,
 * which is all that there is to say. Undefined: others of its batch are to come.
 */
export type Acknowledge = (
  ack: number | PublishAck | FastNews | ApiError | undefined,
) => void;

/** The stream, as far as messages come into it. */
export interface FilledStream extends CheckedStream {
  readonly visibleSeq: number;
  /** What is stored of it: it may have another subject then. */
  transformed(publication: Publication): Publication;
  /** Stores a message, which has the next sequence. */
  keep(message: KeptMessage): void;
  /** Calls `done` once a message is kept for good, or cannot be; 0: none is meant. */
  whenKept(seq: number, done: (error: StoreError | undefined) => void): void;
  /** Calls `done` once nothing of what was not kept for `error` can be found any more. */
  whenGone(error: StoreError, done: () => void): void;
}

/** How a message comes. */
interface PublishOptions {
  /** Where answers go, a byte string; it may say that the message is of a batch. */
  readonly reply?: string;
  /** A schedule of the stream itself publishes it. */
  readonly isScheduled?: boolean;
}

export class Arrivals {
  readonly #stream: FilledStream;
  readonly #checks: ArrivalChecks;
  readonly #batches: AtomicBatches;
  readonly #fast: FastBatches;

  constructor(stream: FilledStream) {
    this.#stream = stream;
    this.#checks = new ArrivalChecks(stream);
    this.#batches = new AtomicBatches(stream);
    this.#fast = new FastBatches(stream);
  }

  /** The configuration has changed. */
  reconfigure(config: StreamConfig): void {
    this.#checks.reconfigure(config);
    if (!config.allow_atomic) this.#batches.stop();
    if (!config.allow_batched) this.#fast.stop();
  }

  /** Hears of a message of an earlier life of the server. */
  replayed(message: StoredMessage, headers: PublishHeaders): void {
    const id = headers.get("Nats-Msg-Id");
    this.#checks.stored(id, message);
    this.#checks.kept(id);
  }

  /** No batch goes on. */
  stop(): void {
    this.#batches.stop();
    this.#fast.stop();
  }

  /** Takes a message in, and calls `acknowledge`, at once or once it is kept for good. */
  publish(
    given: Publication,
    acknowledge: Acknowledge,
    how: PublishOptions = {},
  ): void {
    try {
      this.#take(given, acknowledge, how);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      acknowledge(error);
    }
  }

  #take(
    given: Publication,
    acknowledge: Acknowledge,
    how: PublishOptions,
  ): void {
    const stream = this.#stream;
    const headers = publishHeaders(given.headers);
    const publication = stream.transformed(withStored(given, headers));
    checkSize(stream.config, publication);
    const { reply = "" } = how;
    if (reply.endsWith(FAST_END)) {
      return this.#fast.take(
        reply,
        headers,
        acknowledge,
        (outcome) => this.#storeOne(publication, headers, outcome),
      );
    }
    const batch = headers.size > 0 ? headers.get("Nats-Batch-Id") : undefined;
    if (batch && !how.isScheduled) {
      const last = { publication, headers };
      const messages = this.#batches.take(batch, last, acknowledge);
      if (messages) this.#storeAll(batch, messages, acknowledge);
      return;
    }
    const nowUs = stream.host.moments.nowUs();
    const admitted = this.#checks.admit(publication, headers, nowUs, how);
    if (typeof admitted === "number") {
      if (admitted <= stream.visibleSeq) {
        return acknowledge({ ...this.#ack(admitted), duplicate: true });
      }
      // Whether the first one is kept is not known yet.
      const own = ownPublication(given);
      return stream.whenKept(0, () => this.publish(own, acknowledge, how));
    }
    this.#store(admitted);
    const { value } = admitted;
    this.#whenKept(
      admitted,
      acknowledge,
      value === undefined
        ? sequenceAlone
        : (seq) => ({ ...this.#ack(seq), val: value }),
    );
  }

  /** Stores a message, and tells its sequence once it is kept, 0 of one that repeats another. */
  #storeOne(
    publication: Publication,
    headers: PublishHeaders,
    outcome: (outcome: number | ApiError) => void,
  ): void {
    const { host: { moments } } = this.#stream;
    try {
      const admitted = this.#checks.admit(
        publication,
        headers,
        moments.nowUs(),
      );
      if (typeof admitted === "number") {
        return this.#stream.whenKept(0, () => outcome(0));
      }
      this.#store(admitted);
      this.#whenKept(admitted, outcome, sequenceAlone);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      outcome(error);
    }
  }

  /** Stores the messages of a batch. Throws an `ApiError` where one of them is not taken. */
  #storeAll(
    batch: string,
    messages: readonly Gathered[],
    acknowledge: Acknowledge,
  ): void {
    const { index, host: { moments } } = this.#stream;
    const nowUs = moments.nowUs();
    const staged = new Staged(index);
    for (const { publication, headers } of messages) {
      const admitted = this.#checks.admit(
        publication,
        headers,
        nowUs,
        { staged },
      );
      if (typeof admitted === "number") throw new ApiError(10201);
      staged.add(admitted);
    }
    for (const admitted of staged.messages) this.#store(admitted);
    const last = staged.messages.at(-1)!;
    for (const admitted of staged.messages) {
      this.#whenKept(
        admitted,
        admitted === last ? acknowledge : undefined,
        (seq) => ({
          ...this.#ack(seq),
          batch: utf8Text(batch),
          count: messages.length,
        }),
      );
    }
  }

  #store({ id, kept }: Admitted): void {
    this.#checks.stored(id, kept.message);
    this.#stream.keep(kept);
  }

  /** Acknowledges a message once it is kept for good, or cannot be. */
  #whenKept<Ack>(
    { id, kept: { message: { seq } } }: Admitted,
    acknowledge: ((ack: Ack | ApiError) => void) | undefined,
    ackOf: (seq: number) => Ack,
  ): void {
    const stream = this.#stream;
    stream.whenKept(seq, (error) => {
      if (error === undefined) {
        this.#checks.kept(id);
        acknowledge?.(ackOf(seq));
        return;
      }
      this.#checks.forget(id);
      stream.whenGone(
        error,
        () => acknowledge?.(new ApiError(10077, error.message)),
      );
    });
  }

  #ack(seq: number): PublishAck {
    const { name: stream, host: { replies: { domain } } } = this.#stream;
    return domain === "" ? { stream, seq } : { stream, domain, seq };
  }
}

function sequenceAlone(seq: number): number {
  return seq;
}

/** `given` with the headers that are kept of it. */
function withStored(given: Publication, asked: PublishHeaders): Publication {
  const headers = storedBlock(given.headers, asked);
  return headers === given.headers ? given : { ...given, headers };
}
