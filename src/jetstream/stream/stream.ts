/**
 * One stream: it takes messages in, keeps them within its limits, and tells its
 * consumers of each that came or went. What it knows without reading a message
 * is in its index; the messages themselves are in its store. A message counts,
 * and is acknowledged, once the store has it for good.
 *
 * More than a dozen members: because the API, consumers and other streams find
 * all that a stream is and does here.
 */
import type { SubjectFilter } from "../store/subject_table.ts";
import { ApiError } from "../api/api_error.ts";
import { MessageIndex } from "../store/message_index.ts";
import type {
  StoredMessage,
  StoreError,
  StreamStore,
} from "../store/stream_store.ts";
import { msUntil, usOf } from "../moments.ts";
import type { Timer } from "../../platform/clock.ts";
import type { StreamConfig } from "./stream_config.ts";
import type { StreamHost } from "./stream_host.ts";
import { KnownIds } from "./known_ids.ts";
import { publishHeaders } from "./publish_headers.ts";

/** What a stream tells those that hand its messages on. */
export interface StreamReader {
  /** Whether a message is wanted, or was and is not acknowledged. */
  needs(seq: number, subjectNumber: number): boolean;
  /** A message is there, for good. */
  stored(seq: number, subjectNumber: number): void;
  /** A message goes, by a limit or on request. */
  removing(seq: number, subjectNumber: number): void;
}

/** Something that is kept with a stream, by names and texts. */
export interface Keeper {
  /** Hands over what has changed since the last time; undefined: it is not kept any more. */
  save(put: (name: string, value: string | undefined) => void): void;
}

/** A message as somebody publishes it. Its bytes are the stream's from now on. */
export interface Publication {
  readonly subject: string;
  readonly headers: Uint8Array;
  readonly payload: Uint8Array;
}

/** What a publisher is told. */
export interface PublishAck {
  readonly stream: string;
  readonly domain?: string;
  readonly seq: number;
  readonly duplicate?: true;
}

/** Told once a message is kept for good, or why it is not. */
export type Acknowledge = (ack: PublishAck | ApiError) => void;

/** The name under which a store has what its stream is told to be. */
export const STREAM_VALUE = "stream";

/** Bytes that a message counts besides its own, in memory and in a file. */
const MEMORY_OVERHEAD = 16;
const FILE_OVERHEAD = 30;
const FILE_HEADER_OVERHEAD = 4;

const HEADERS_MAX = 65_535;
const NOTHING = (): void => {};

export class Stream {
  readonly name: string;
  config: StreamConfig;
  /** Microseconds since the Unix epoch. */
  readonly createdUs: number;
  readonly index: MessageIndex = new MessageIndex();
  readonly readers: Set<StreamReader> = new Set();
  readonly host: StreamHost;
  /** The last message that is there for good; readers see none behind it. */
  visibleSeq = 0;
  readonly #store: StreamStore;
  readonly #ids: KnownIds;
  #lastId = "";
  /** Messages that are stored, but not for good; the oldest first. */
  #unsynced: { readonly seq: number; readonly done: () => void }[] = [];
  /** What has changed and is to be kept with the next commit. */
  readonly #changed = new Set<Keeper>();
  #isSyncing = false;
  #ageTimer: Timer | undefined = undefined;

  constructor(
    config: StreamConfig,
    host: StreamHost,
    store: StreamStore,
    createdUs: number,
  ) {
    this.name = config.name;
    this.config = config;
    this.createdUs = createdUs;
    this.host = host;
    this.#store = store;
    this.#ids = new KnownIds(usOf(config.duplicate_window ?? 0));
    this.#replay();
    const { first_seq = 1 } = config;
    if (this.index.lastSeq < first_seq - 1) this.#skipTo(first_seq - 1);
    this.visibleSeq = this.index.lastSeq;
    this.#watchAge();
  }

  /** Keeps what the stream is told to be. */
  save(): void {
    const { config, createdUs } = this;
    this.#store.put(STREAM_VALUE, JSON.stringify({ config, createdUs }));
    this.#sync();
  }

  /** Becomes what `config` says: what is beyond its limits goes at once. */
  reconfigure(config: StreamConfig): void {
    const before = this.config;
    this.config = config;
    this.save();
    if (config.duplicate_window !== before.duplicate_window) {
      this.#ids.resize(usOf(config.duplicate_window ?? 0));
    }
    for (const { subject } of [...this.index.subjects.entries()]) {
      this.#enforceLimits(subject);
    }
    this.#ageTimer?.cancel();
    this.#ageTimer = undefined;
    if (config.max_age > 0) this.#expire();
    this.#watchAge();
    if (config.retention === "interest" && before.retention === "limits") {
      this.#dropUnwanted();
    }
  }

  /** Messages are kept for consumers from now on: those that none wants go. */
  #dropUnwanted(): void {
    const { index } = this;
    let seq = index.next(index.firstSeq);
    while (seq <= index.lastSeq) {
      if (!this.#isNeeded(seq, index.subjectNumber(seq))) this.remove(seq);
      seq = index.next(seq + 1);
    }
  }

  /** `keeper` has changed; `done` is called once that is kept for good. */
  changed(keeper: Keeper, done: () => void = NOTHING): void {
    if (!this.#store.isLasting) return done();
    this.#changed.add(keeper);
    this.#whenSynced(0, done);
  }

  /** What is kept under names that begin with `prefix`. */
  kept(prefix: string): Iterable<readonly [name: string, value: string]> {
    return this.#store.values(prefix);
  }

  /** Takes a message in, and calls `acknowledge`, at once or once it is kept for good. */
  publish(publication: Publication, acknowledge: Acknowledge): void {
    try {
      this.#take(publication, acknowledge);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      acknowledge(error);
    }
  }

  /** A message; undefined: it is not there. */
  load(seq: number): StoredMessage | undefined {
    return this.index.has(seq) ? this.#store.load(seq) : undefined;
  }

  /** Takes a message out; false: it is not there. */
  remove(seq: number, erase: boolean = false): boolean {
    const number = this.index.subjectNumber(seq);
    if (number === 0) return false;
    for (const reader of this.readers) reader.removing(seq, number);
    this.index.remove(seq);
    this.#store.remove(seq, erase);
    return true;
  }

  /** Removes what `filter` means below `end`; gives how many those were. */
  purge(end: number, filter?: SubjectFilter): number {
    let purged = 0;
    let seq = this.index.next(this.index.firstSeq, filter);
    while (seq < end && seq <= this.index.lastSeq) {
      this.remove(seq);
      purged++;
      seq = this.index.next(seq + 1, filter);
    }
    if (filter === undefined && end > this.index.lastSeq + 1) {
      this.#skipTo(end - 1);
      this.visibleSeq = end - 1;
    }
    this.#sync();
    return purged;
  }

  /** A reader does not need a message any more: whether it stays. */
  released(seq: number): void {
    const { retention } = this.config;
    if (retention === "limits") return;
    const number = this.index.subjectNumber(seq);
    if (number === 0) return;
    const isNeeded = retention === "interest" && this.#isNeeded(seq, number);
    if (!isNeeded) this.remove(seq);
  }

  /** No reader, publisher or timer hears of it any more. */
  stop(): void {
    this.#ageTimer?.cancel();
    this.#unsynced = [];
  }

  async close(): Promise<void> {
    this.stop();
    await this.#store.close();
  }

  async destroy(): Promise<void> {
    this.stop();
    await this.#store.destroy();
  }

  /** Takes in what the store has from an earlier life. */
  #replay(): void {
    const { index, host: { log } } = this;
    this.#store.replay((message) => {
      const { seq, timeUs, subject, headers } = message;
      const size = this.#sizeOf(message);
      if (seq > index.lastSeq + 1) index.skipTo(seq - 1);
      index.add({ seq, timeUs, subject, size });
      const id = publishHeaders(headers).get("Nats-Msg-Id");
      this.#lastId = id ?? "";
      if (id) this.#ids.add(id, seq, timeUs);
    }, ({ text }) => log.error(`Stream ${this.name}: ${text}`));
    const { lastSeq } = this.#store;
    if (lastSeq > index.lastSeq) index.skipTo(lastSeq);
  }

  #take(publication: Publication, acknowledge: Acknowledge): void {
    const { subject, headers: block, payload } = publication;
    const { config, index } = this;
    const nowUs = this.host.moments.nowUs();
    const headers = publishHeaders(block);
    if (config.sealed) throw new ApiError(10109);
    const length = block.length + payload.length;
    if (config.max_msg_size >= 0 && length > config.max_msg_size) {
      throw new ApiError(10054);
    }
    if (block.length > HEADERS_MAX) throw new ApiError(10097);
    this.#checkExpected(subject, headers);
    const id = headers.get("Nats-Msg-Id");
    const known = id && this.#ids.find(id, nowUs);
    if (known) return acknowledge({ ...this.#ack(known), duplicate: true });
    const lastId = headers.get("Nats-Expected-Last-Msg-Id");
    if (lastId !== undefined && lastId !== this.#lastId) {
      throw new ApiError(10070, this.#lastId);
    }
    const rollup = this.#rollupOf(headers.get("Nats-Rollup"));
    const size = this.#sizeOf(publication);
    if (rollup === "") this.#checkRoom(subject, size);
    const seq = index.lastSeq + 1;
    this.#lastId = id ?? "";
    if (id) this.#ids.add(id, seq, nowUs);
    if (!this.#isWanted(subject)) {
      this.#skipTo(seq);
      return this.#whenSynced(seq, () => acknowledge(this.#ack(seq)));
    }
    index.add({ seq, timeUs: nowUs, subject, size });
    this.#store.append({
      seq,
      timeUs: nowUs,
      subject,
      headers: block,
      payload,
    });
    if (rollup === "all") this.purge(seq);
    if (rollup === "sub") this.#purgeSubject(subject, seq);
    this.#enforceLimits(subject);
    this.#watchAge();
    this.#whenSynced(seq, () => acknowledge(this.#ack(seq)));
  }

  #ack(seq: number): PublishAck {
    const { domain } = this.host;
    return { stream: this.name, ...(domain !== "" && { domain }), seq };
  }

  #checkExpected(subject: string, headers: ReadonlyMap<string, string>): void {
    const { index } = this;
    const stream = headers.get("Nats-Expected-Stream");
    if (stream !== undefined && stream !== this.name) throw new ApiError(10060);
    const ofSubject = headers.get("Nats-Expected-Last-Subject-Sequence");
    const other = headers.get("Nats-Expected-Last-Subject-Sequence-Subject");
    if (ofSubject !== undefined) {
      const filter = index.subjects.filter([other ?? subject]);
      const last = index.previous(index.lastSeq + 1, filter);
      filter.release();
      if (last !== Number(ofSubject)) throw new ApiError(10071, last);
    } else if (other !== undefined) {
      throw new ApiError(10193);
    }
    const last = headers.get("Nats-Expected-Last-Sequence");
    if (last !== undefined && Number(last) !== index.lastSeq) {
      throw new ApiError(10071, index.lastSeq);
    }
  }

  #rollupOf(value: string | undefined): "" | "sub" | "all" {
    if (value === undefined) return "";
    if (!this.config.allow_rollup_hdrs || this.config.deny_purge) {
      throw new ApiError(10111, "rollup not permitted");
    }
    const rollup = value.toLowerCase();
    if (rollup === "sub" || rollup === "all") return rollup;
    throw new ApiError(10111, `rollup value invalid: ${JSON.stringify(value)}`);
  }

  /** Bytes that a message counts. */
  #sizeOf({ subject, headers, payload }: Publication): number {
    const bytes = subject.length + headers.length + payload.length;
    if (this.config.storage === "memory") return bytes + MEMORY_OVERHEAD;
    return bytes + FILE_OVERHEAD +
      (headers.length > 0 ? FILE_HEADER_OVERHEAD : 0);
  }

  /** Refuses a message for which there is no room, where older ones may not go. */
  #checkRoom(subject: string, size: number): void {
    const { config, index } = this;
    if (config.discard === "old") return;
    const ofSubject = index.subjects.get(subject)?.count ?? 0;
    const isFullOfSubject = config.max_msgs_per_subject > 0 &&
      ofSubject >= config.max_msgs_per_subject;
    if (isFullOfSubject) {
      if (!config.discard_new_per_subject) return;
      throw new ApiError(10077, "maximum messages per subject exceeded");
    }
    if (config.max_msgs > 0 && index.messages >= config.max_msgs) {
      throw new ApiError(10077, "maximum messages exceeded");
    }
    if (config.max_bytes > 0 && index.bytes + size > config.max_bytes) {
      throw new ApiError(10077, "maximum bytes exceeded");
    }
  }

  /** Whether a message is kept at all: not where it is kept for consumers, and none wants it. */
  #isWanted(subject: string): boolean {
    if (this.config.retention !== "interest") return true;
    const { subjects } = this.index;
    const isNew = subjects.get(subject) === undefined;
    const entry = subjects.take(subject);
    const isWanted = this.#isNeeded(this.index.lastSeq + 1, entry.number);
    if (isNew) subjects.drop(entry);
    return isWanted;
  }

  #isNeeded(seq: number, subjectNumber: number): boolean {
    for (const reader of this.readers) {
      if (reader.needs(seq, subjectNumber)) return true;
    }
    return false;
  }

  #purgeSubject(subject: string, before: number): void {
    const filter = this.index.subjects.filter([subject]);
    this.purge(before, filter);
    filter.release();
  }

  /** Old messages go until what is left is within the limits. */
  #enforceLimits(subject: string): void {
    const { config, index } = this;
    const { max_msgs, max_bytes, max_msgs_per_subject } = config;
    const entry = index.subjects.get(subject);
    if (entry !== undefined && max_msgs_per_subject > 0) {
      while (entry.count > max_msgs_per_subject) this.remove(entry.first);
    }
    while (max_msgs > 0 && index.messages > max_msgs) {
      this.remove(index.firstSeq);
    }
    while (max_bytes > 0 && index.bytes > max_bytes) {
      this.remove(index.firstSeq);
    }
  }

  /** Has the first message removed when it is too old. */
  #watchAge(): void {
    const { config: { max_age }, index, host: { clock, moments } } = this;
    if (max_age === 0 || this.#ageTimer !== undefined || index.messages === 0) {
      return;
    }
    const goesAt = index.timeOf(index.firstSeq) + usOf(max_age);
    this.#ageTimer = clock.after(msUntil(goesAt, moments.nowUs()), () => {
      this.#ageTimer = undefined;
      this.#expire();
      this.#watchAge();
    });
  }

  #expire(): void {
    const { index } = this;
    const oldest = this.host.moments.nowUs() - usOf(this.config.max_age);
    while (index.messages > 0 && index.timeOf(index.firstSeq) <= oldest) {
      this.remove(index.firstSeq);
    }
    this.#sync();
  }

  #skipTo(seq: number): void {
    this.index.skipTo(seq);
    this.#store.skipTo(seq);
  }

  /** Calls `done` once the message `seq` is kept for good; then readers hear of it as well. */
  #whenSynced(seq: number, done: () => void): void {
    this.#unsynced.push({ seq, done });
    this.#sync();
  }

  /** One call to the store is under way at a time; what comes meanwhile waits for the next. */
  #sync(): void {
    if (this.#isSyncing) return;
    this.#isSyncing = true;
    for (const keeper of this.#changed) {
      keeper.save((name, value) => this.#store.put(name, value));
    }
    this.#changed.clear();
    const waiting = this.#unsynced;
    this.#unsynced = [];
    this.#store.sync((error) => {
      this.#isSyncing = false;
      if (error === undefined) this.#synced(waiting);
      else this.#failed(error);
      if (this.#unsynced.length > 0) this.#sync();
    });
  }

  #synced(waiting: readonly { readonly seq: number; done(): void }[]): void {
    for (const { seq, done } of waiting) {
      if (seq > this.visibleSeq) this.visibleSeq = seq;
      done();
      const number = this.index.subjectNumber(seq);
      if (number === 0) continue;
      for (const reader of this.readers) reader.stored(seq, number);
    }
  }

  #failed(error: StoreError): void {
    this.host.log.error(`Stream ${this.name}: ${error.message}`);
  }
}
