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
import type { Admitted, Rollup } from "./admitted.ts";
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
import {
  checkRoom,
  checkSize,
  type CopiedPlace,
  type Publication,
  sizeOf,
} from "./room.ts";
import type { Staged } from "./staged.ts";
import type { StreamConfig } from "./stream_config.ts";
import type { StreamHost } from "./stream_host.ts";
import { keptTimeToLive, timeToLive } from "./time_to_live.ts";

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
    const { config, index } = this.#stream;
    const { copied } = publication;
    if (copied) return this.#admitCopy(publication, copied, headers, nowUs);
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
    this.#checkRoom(subject, size, rollup, staged);
    const seq = (staged?.lastSeq ?? index.lastSeq) + 1;
    const message = { seq, timeUs: nowUs, subject, headers: block, payload };
    return {
      kept: { message, size, rollup, lifetimeUs },
      id,
      value: sum?.value,
    };
  }

  /** The same for a message of another stream, whose publisher has spoken to that one. */
  #admitCopy(
    publication: Publication,
    { seq, timeUs }: CopiedPlace,
    headers: PublishHeaders,
    nowUs: number,
  ): Admitted | number {
    const { config, index } = this.#stream;
    const isMirrored = seq !== undefined;
    const id = headers.get("Nats-Msg-Id");
    const known = id && !isMirrored ? this.#ids.find(id, nowUs) : undefined;
    if (known !== undefined) return known;
    const rollup = config.allow_rollup_hdrs && !config.deny_purge
      ? rollupOf(config, headers, publication.subject, undefined)
      : "none";
    const sum = isMirrored
      ? undefined
      : this.#counted(publication, headers, undefined);
    const { subject, headers: block, payload } = sum ?? publication;
    const size = sizeOf(config, sum ?? publication);
    this.#checkRoom(subject, size, rollup, undefined);
    const message = {
      seq: seq ?? index.lastSeq + 1,
      timeUs: timeUs ?? nowUs,
      subject,
      headers: block,
      payload,
    };
    const lifetimeUs = keptTimeToLive(config, headers);
    return {
      kept: { message, size, rollup, lifetimeUs },
      id,
      value: undefined,
    };
  }

  /** Throws an `ApiError` where there is no room for a message of `size`. */
  #checkRoom(
    subject: string,
    size: number,
    rollup: Rollup,
    staged: Staged | undefined,
  ): void {
    const { config, index, host: { quota } } = this.#stream;
    quota.checkServerRoom(config.storage);
    if (!this.#stream.isWanted(subject)) return;
    quota.checkRoom(config.storage, size + (staged?.bytes ?? 0));
    if (rollup === "none") checkRoom(config, index, subject, size, staged);
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
