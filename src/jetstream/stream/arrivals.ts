/**
 * How messages come into a stream: each is checked against what its publisher
 * expects and the stream allows, and only then stored.
 *
 * NATS JetStream: the order of the checks is the server's, since only the first
 * that fails is told.
 */
import { ApiError } from "../api/api_error.ts";
import { usOf } from "../moments.ts";
import type { MessageIndex } from "../store/message_index.ts";
import { type StoredMessage, StoreError } from "../store/stream_store.ts";
import { checkIncrement, type Counted, counted } from "./counters.ts";
import {
  checkExpected,
  checkExpectedStream,
  checkLastId,
  checkNotSourced,
  type Rollup,
  rollupOf,
} from "./expectations.ts";
import { KnownIds } from "./known_ids.ts";
import { type PublishHeaders, publishHeaders } from "./publish_headers.ts";
import type { PublishAck } from "./publish_ack.ts";
import { checkRoom, checkSize, type Publication, sizeOf } from "./room.ts";
import type { StreamConfig } from "./stream_config.ts";
import type { StreamHost } from "./stream_host.ts";
import { timeToLive } from "./time_to_live.ts";

/** Told once a message is kept for good, or why it is not. */
export type Acknowledge = (ack: PublishAck | ApiError) => void;

/** The stream, as far as messages come into it. */
export interface FilledStream {
  readonly name: string;
  readonly host: StreamHost;
  readonly index: MessageIndex;
  readonly visibleSeq: number;
  readonly config: StreamConfig;
  /** A message; undefined: it is not there. Throws a `StoreError` for one that is damaged. */
  load(seq: number): StoredMessage | undefined;
  /** What is stored of it: it may have another subject then. */
  transformed(publication: Publication): Publication;
  /** Stores a message, which has the next sequence. */
  keep(message: KeptMessage): void;
  /** Calls `done` once a message is kept for good, or cannot be; 0: none is meant. */
  whenKept(seq: number, done: (error: StoreError | undefined) => void): void;
}

/** A message that was checked, with what its publisher asked. */
export interface KeptMessage {
  readonly message: StoredMessage;
  /** Bytes that it counts. */
  readonly size: number;
  readonly rollup: Rollup;
  /** Microseconds that it stays; undefined: as long as the limits say. */
  readonly lifetimeUs: number | undefined;
}

export class Arrivals {
  readonly #stream: FilledStream;
  readonly #ids: KnownIds;
  /** Of the last message. */
  #lastId = "";

  constructor(stream: FilledStream) {
    this.#stream = stream;
    this.#ids = new KnownIds(usOf(stream.config.duplicate_window ?? 0));
  }

  /** The configuration has changed. */
  reconfigure({ duplicate_window }: StreamConfig): void {
    this.#ids.resize(usOf(duplicate_window ?? 0));
  }

  /** Hears of a message of an earlier life of the server. */
  replayed({ seq, timeUs }: StoredMessage, headers: PublishHeaders): void {
    this.#noteId(headers.get("Nats-Msg-Id"), seq, timeUs);
  }

  /** A message was not kept: it has never been there. */
  forget(id: string | undefined): void {
    if (id) this.#ids.forget(id);
  }

  /** Takes a message in, and calls `acknowledge`, at once or once it is kept for good. */
  publish(given: Publication, acknowledge: Acknowledge): void {
    try {
      this.#take(given, acknowledge);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      acknowledge(error);
    }
  }

  #take(given: Publication, acknowledge: Acknowledge): void {
    const stream = this.#stream;
    const { config, index, host: { moments } } = stream;
    const publication = stream.transformed(given);
    const headers = publishHeaders(publication.headers);
    const nowUs = moments.nowUs();
    checkSize(config, publication);
    checkIncrement(config, publication, headers);
    checkExpectedStream(config, headers);
    const lifetimeUs = timeToLive(config, headers);
    checkExpected(index, publication.subject, headers);
    checkNotSourced(headers);
    const id = headers.get("Nats-Msg-Id");
    const known = id && this.#ids.find(id, nowUs);
    if (known && known > stream.visibleSeq) {
      // Whether the first one is kept is not known yet.
      return stream.whenKept(0, () => this.publish(given, acknowledge));
    }
    if (known) return acknowledge({ ...this.#ack(known), duplicate: true });
    checkLastId(headers, this.#lastId);
    const rollup = rollupOf(config, headers);
    const sum = this.#counted(publication, headers);
    const { subject, headers: block, payload } = sum ?? publication;
    const size = sizeOf(config, sum ?? publication);
    if (rollup === "none") checkRoom(config, index, subject, size);
    const seq = index.lastSeq + 1;
    this.#noteId(id, seq, nowUs);
    const message = { seq, timeUs: nowUs, subject, headers: block, payload };
    stream.keep({ message, size, rollup, lifetimeUs });
    this.#acknowledge(seq, id, sum?.value, acknowledge);
  }

  /** What a stream of counters stores of a message; undefined: it counts nothing. */
  #counted(
    publication: Publication,
    headers: PublishHeaders,
  ): Counted | undefined {
    const { config, index } = this.#stream;
    if (!config.allow_msg_counter) return undefined;
    const seq = index.subjects.get(publication.subject)?.last;
    const last = seq === undefined ? undefined : this.#loaded(seq);
    const sum = counted(publication, headers, last);
    checkSize(config, sum);
    return sum;
  }

  /** A message that has to be readable. */
  #loaded(seq: number): StoredMessage | undefined {
    const { host: { log }, name } = this.#stream;
    try {
      return this.#stream.load(seq);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log.error(`Stream ${name}: ${error.message}`);
      throw new ApiError(10172);
    }
  }

  #noteId(id: string | undefined, seq: number, timeUs: number): void {
    this.#lastId = id ?? "";
    if (id) this.#ids.add(id, seq, timeUs);
  }

  /** Once the message is kept for good, or cannot be. */
  #acknowledge(
    seq: number,
    id: string | undefined,
    val: string | undefined,
    acknowledge: Acknowledge,
  ): void {
    this.#stream.whenKept(seq, (error) => {
      if (error === undefined) {
        return acknowledge(
          val === undefined ? this.#ack(seq) : { ...this.#ack(seq), val },
        );
      }
      this.forget(id);
      acknowledge(new ApiError(10077, error.message));
    });
  }

  #ack(seq: number): PublishAck {
    const { name: stream, host: { domain } } = this.#stream;
    return domain === "" ? { stream, seq } : { stream, domain, seq };
  }
}
