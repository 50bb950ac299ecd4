/**
 * Which messages a stream takes in: each is checked against what its publisher
 * expects and the stream allows before anything of it is stored.
 *
 * NATS JetStream: the order of the checks is the server's, since only the first
 * that fails is told.
 */
import { ApiError } from "../api/api_error.ts";
import { usOf } from "../moments.ts";
import type { MessageIndex } from "../store/message_index.ts";
import { type StoredMessage, StoreError } from "../store/stream_store.ts";
import type { Admitted } from "./admitted.ts";
import { checkIncrement, type Counted, counted } from "./counters.ts";
import {
  checkExpected,
  checkExpectedStream,
  checkLastId,
  checkNotSourced,
  rollupOf,
} from "./expectations.ts";
import { KnownIds } from "./known_ids.ts";
import type { PublishHeaders } from "./publish_headers.ts";
import { checkRoom, checkSize, type Publication, sizeOf } from "./room.ts";
import type { Staged } from "./staged.ts";
import type { StreamConfig } from "./stream_config.ts";
import type { StreamHost } from "./stream_host.ts";
import { timeToLive } from "./time_to_live.ts";

/** The stream, as far as messages are checked. */
export interface CheckedStream {
  readonly name: string;
  readonly host: StreamHost;
  readonly index: MessageIndex;
  readonly config: StreamConfig;
  /** Whether a message on `subject` would be stored at all. */
  isWanted(subject: string): boolean;
  /** A message; undefined: it is not there. Throws a `StoreError` for one that is damaged. */
  load(seq: number): StoredMessage | undefined;
}

export class ArrivalChecks {
  readonly #stream: CheckedStream;
  readonly #ids: KnownIds;
  /** Of the last message. */
  #lastId = "";

  constructor(stream: CheckedStream) {
    this.#stream = stream;
    this.#ids = new KnownIds(usOf(stream.config.duplicate_window ?? 0));
  }

  /** The configuration has changed. */
  reconfigure({ duplicate_window }: StreamConfig): void {
    this.#ids.resize(usOf(duplicate_window ?? 0));
  }

  /** A message has been stored. */
  stored(id: string | undefined, { seq, timeUs }: StoredMessage): void {
    this.#lastId = id ?? "";
    if (id) this.#ids.add(id, seq, timeUs);
  }

  /** A message was not kept: it has never been there. */
  forget(id: string | undefined): void {
    if (id) this.#ids.forget(id);
  }

  /**
   * A message as it is stored next, behind those that are `staged`; the sequence
   * of the one that it repeats; throws an `ApiError` for one that is not taken.
   */
  admit(
    publication: Publication,
    headers: PublishHeaders,
    nowUs: number,
    staged?: Staged,
  ): Admitted | number {
    const { config, index, host } = this.#stream;
    checkIncrement(config, publication, headers);
    checkExpectedStream(config, headers);
    const lifetimeUs = timeToLive(config, headers, staged !== undefined);
    checkExpected(index, publication.subject, headers, staged);
    checkNotSourced(headers);
    const id = headers.get("Nats-Msg-Id");
    if (id) {
      const known = staged?.seqOfId(id) ?? this.#ids.find(id, nowUs);
      if (known !== undefined) return known;
    }
    checkLastId(headers, this.#lastId, staged);
    const rollup = rollupOf(config, headers, publication.subject, staged);
    const sum = this.#counted(publication, headers, staged);
    const { subject, headers: block, payload } = sum ?? publication;
    const size = sizeOf(config, sum ?? publication);
    host.quota.checkServerRoom(config.storage);
    if (this.#stream.isWanted(subject)) {
      host.quota.checkRoom(config.storage, size + (staged?.bytes ?? 0));
      if (rollup === "none") checkRoom(config, index, subject, size, staged);
    }
    const seq = (staged?.lastSeq ?? index.lastSeq) + 1;
    const message = { seq, timeUs: nowUs, subject, headers: block, payload };
    return {
      kept: { message, size, rollup, lifetimeUs },
      id,
      value: sum?.value,
    };
  }

  /** What a stream of counters stores of a message; undefined: it counts nothing. */
  #counted(
    publication: Publication,
    headers: PublishHeaders,
    staged: Staged | undefined,
  ): Counted | undefined {
    const { config, index } = this.#stream;
    if (!config.allow_msg_counter) return undefined;
    const { subject } = publication;
    const seq = index.subjects.get(subject)?.last;
    const last = staged?.lastOf(subject) ??
      (seq === undefined ? undefined : this.#loaded(seq));
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
}
