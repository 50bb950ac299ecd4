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
import {
  checkIncrement,
  type Counted,
  counted,
  countedThere,
  isIncrement,
} from "./counters.ts";
import {
  checkExpected,
  checkExpectedStream,
  checkLastId,
  checkNotSourced,
  rollupOf,
} from "./expectations.ts";
import { KnownIds } from "./known_ids.ts";
import { withHeaders, withoutHeaders } from "./header_block.ts";
import type { PublishHeaders } from "./publish_headers.ts";
import { endedSchedule, NO_NEXT, scheduleIn } from "./schedule_checks.ts";
import type { Schedule } from "../schedule/schedule.ts";
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
import {
  keptTimeToLive,
  secondsBesideMarkers,
  timeToLive,
} from "./time_to_live.ts";

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
  /** Whether the last message of a subject is a schedule; undefined: there is none. */
  isScheduled(subject: string): boolean | undefined;
}

/** What a message has to do with schedules. */
interface Plan {
  readonly schedule?: Schedule | undefined;
  readonly ends?: string | undefined;
}

const US_PER_S = 1_000_000;

/** How a message comes. */
interface AdmitOptions {
  /** Messages of its batch that are stored before it. */
  readonly staged?: Staged;
  /** A schedule of the stream itself publishes it. */
  readonly isScheduled?: boolean;
}

export class ArrivalChecks {
  readonly #stream: CheckedStream;
  readonly #ids: KnownIds;
  /** Of the last message, and of the last one that is kept for good. */
  #lastId = "";
  #lastKeptId = "";

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

  /** A message is kept for good. */
  kept(id: string | undefined): void {
    this.#lastKeptId = id ?? "";
  }

  /** A message was not kept: it has never been there. */
  forget(id: string | undefined): void {
    if (id) this.#ids.forget(id);
    this.#lastId = this.#lastKeptId;
  }

  /**
   * A message as it is stored next, behind those that are `staged`; the sequence
   * of the one that it repeats; throws an `ApiError` for one that is not taken.
   */
  admit(
    given: Publication,
    headers: PublishHeaders,
    nowUs: number,
    { staged, isScheduled = false }: AdmitOptions = {},
  ): Admitted | number {
    const { config, index } = this.#stream;
    const { copied } = given;
    if (copied) return this.#admitCopy(given, copied, headers, nowUs);
    if (headers.size === 0 && config.allow_msg_counter !== true) {
      return this.#admitPlain(given, nowUs, staged);
    }
    checkIncrement(config, given, headers);
    checkExpectedStream(config, headers);
    const asksUs = timeToLive(config, headers, staged !== undefined);
    checkExpected(index, given.subject, headers, staged);
    const plan = isScheduled
      ? { ends: endedByOwn(headers) }
      : this.#plan(given.subject, headers);
    checkNotSourced(headers);
    const id = headers.get("Nats-Msg-Id");
    if (id) {
      const known = staged?.seqOfId(id) ?? this.#ids.find(id, nowUs);
      if (known !== undefined) return known;
    }
    checkLastId(headers, this.#lastId, staged);
    const { publication: lasting, lifetimeUs } = this.#lasting(given, asksUs);
    const publication = plan.schedule ? rolledUp(lasting, headers) : lasting;
    const asked = plan.schedule ? "sub" : headers.get("Nats-Rollup");
    const rollup = rollupOf(config, asked, given.subject, staged);
    const sum = this.#counted(publication, headers, staged);
    const { subject, headers: block, payload } = sum ?? publication;
    const size = sizeOf(config, sum ?? publication);
    this.#checkRoom(subject, size, rollup, staged);
    const seq = (staged?.lastSeq ?? index.lastSeq) + 1;
    const message = { seq, timeUs: nowUs, subject, headers: block, payload };
    return {
      kept: { message, size, rollup, lifetimeUs, ...plan },
      id,
      value: sum?.value,
    };
  }

  /** Admits a message whose headers ask for nothing. */
  #admitPlain(
    given: Publication,
    nowUs: number,
    staged: Staged | undefined,
  ): Admitted {
    const { config, index } = this.#stream;
    const { publication, lifetimeUs } = this.#lasting(given, undefined);
    const { subject, headers, payload } = publication;
    const size = sizeOf(config, publication);
    this.#checkRoom(subject, size, "none", staged);
    const seq = (staged?.lastSeq ?? index.lastSeq) + 1;
    return {
      kept: {
        message: { seq, timeUs: nowUs, subject, headers, payload },
        size,
        rollup: "none",
        lifetimeUs,
      },
      id: undefined,
      value: undefined,
    };
  }

  /** Admits a message of another stream, which has checked what its publisher asked for. */
  #admitCopy(
    given: Publication,
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
      ? rollupOf(
        config,
        headers.get("Nats-Rollup"),
        given.subject,
        undefined,
      )
      : "none";
    const counts = config.allow_msg_counter === true && !isMirrored;
    // NATS JetStream: what adds nothing to a counter is left out.
    if (counts && !isIncrement(headers)) return 0;
    const { publication, lifetimeUs } = this.#lasting(
      given,
      keptTimeToLive(config, headers),
    );
    const sum = counts
      ? countedThere(publication, headers, this.#lastOf(publication.subject))
      : undefined;
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
    checkRoom(config, index, { subject, size, rollup }, staged);
  }

  /** What becomes of a message that would stay `lifetimeUs`, and how long it stays. */
  #lasting(
    given: Publication,
    lifetimeUs: number | undefined,
  ): {
    readonly publication: Publication;
    readonly lifetimeUs: number | undefined;
  } {
    const seconds = secondsBesideMarkers(this.#stream.config, lifetimeUs);
    if (seconds === undefined) return { publication: given, lifetimeUs };
    const isTtl = (name: string): boolean => name === "Nats-TTL";
    const others = withoutHeaders(given.headers, isTtl);
    const headers = withHeaders(others, [`Nats-TTL: ${seconds}`]);
    return {
      publication: { ...given, headers },
      lifetimeUs: seconds * US_PER_S,
    };
  }

  /** Throws an `ApiError` for what is asked of a schedule and makes no sense. */
  #plan(subject: string, headers: PublishHeaders): Plan {
    const { config } = this.#stream;
    const schedule = scheduleIn(config, subject, headers);
    const ends = endedSchedule(
      config,
      subject,
      headers,
      (scheduler) => this.#stream.isScheduled(scheduler),
    );
    return { schedule, ends };
  }

  /** What a stream of counters stores of a message; undefined: it counts nothing. */
  #counted(
    publication: Publication,
    headers: PublishHeaders,
    staged: Staged | undefined,
  ): Counted | undefined {
    const { config } = this.#stream;
    if (!config.allow_msg_counter) return undefined;
    const { subject } = publication;
    const last = staged?.lastOf(subject) ?? this.#lastOf(subject);
    const sum = counted(publication, headers, last);
    checkSize(config, sum);
    return sum;
  }

  /** The last message of a subject, which has to be readable; undefined: there is none. */
  #lastOf(subject: string): StoredMessage | undefined {
    const { host: { log }, name, index } = this.#stream;
    const seq = index.subjects.get(subject)?.last;
    if (seq === undefined) return undefined;
    try {
      return this.#stream.load(seq);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log.error(`Stream ${name}: ${error.message}`);
      throw new ApiError(10172);
    }
  }
}

/** NATS JetStream: of each subject there is one schedule. */
function rolledUp(
  publication: Publication,
  asked: PublishHeaders,
): Publication {
  if (asked.get("Nats-Rollup")) return publication;
  const headers = withHeaders(publication.headers, ["Nats-Rollup: sub"]);
  return { ...publication, headers };
}

function endedByOwn(headers: PublishHeaders): string | undefined {
  return headers.get("Nats-Schedule-Next") === NO_NEXT
    ? headers.get("Nats-Scheduler")
    : undefined;
}
