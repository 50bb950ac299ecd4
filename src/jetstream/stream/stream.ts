/**
 * One stream: it takes messages in, keeps them within its limits, and tells its
 * consumers of each that came or went. What it knows without reading a message
 * is in its index; the messages themselves are in its store. A message counts,
 * and is acknowledged, once the store has it for good.
 *
 * More than a dozen members: because the API, consumers and other streams find
 * all that a stream is and does here.
 */
import type { Steps } from "../../core/steps.ts";
import { MessageIndex } from "../store/message_index.ts";
import {
  type Damage,
  type StoredMessage,
  StoreError,
  type StreamStore,
} from "../store/stream_store.ts";
import type { StreamConfig } from "./stream_config.ts";
import type { StreamHost } from "./stream_host.ts";
import type { Publication } from "./room.ts";
import { Succession } from "./succession.ts";
import type { KeptMessage } from "./admitted.ts";
import { type Acknowledge, Arrivals, type FilledStream } from "./arrivals.ts";
import { Damaged } from "./damaged.ts";
import { removeBelow } from "./removals.ts";
import { Commits, type Keeper, type WhenKept } from "./commits.ts";
import { Expiry } from "./expiry.ts";
import { StreamSubjects } from "./republishing.ts";
import { Readers } from "./readers.ts";
import { replay } from "./replay.ts";
import { Schedules } from "./schedules.ts";
import { KeptForReaders } from "./retention.ts";
import { WorkInParts } from "./work_in_parts.ts";

/** The name under which a store has what its stream is told to be. */
export const STREAM_VALUE = "stream";

/** How a message goes: "erased": nothing of it is left in a file. */
type Removal = "alone" | "erased" | "purged";

export class Stream implements FilledStream {
  readonly name: string;
  config: StreamConfig;
  /** Microseconds since the Unix epoch. */
  readonly createdUs: number;
  readonly index: MessageIndex;
  readonly readers: Readers;
  readonly host: StreamHost;
  /** What goes, and what is looked for among all messages or subjects. */
  readonly removals: WorkInParts;
  readonly lookups: WorkInParts;
  /** The same for those who read messages, for whom other requests do not wait. */
  readonly reads: WorkInParts;
  /** The last message that is there for good; readers see none behind it. */
  visibleSeq = 0;
  readonly #store: StreamStore;
  readonly #damaged: Damaged;
  readonly #succession: Succession = new Succession(this);
  readonly #arrivals: Arrivals;
  readonly #commits: Commits;
  readonly #expiry: Expiry;
  readonly #schedules: Schedules;
  readonly #retention: KeptForReaders = new KeptForReaders(this);
  readonly #subjects: StreamSubjects = new StreamSubjects(this);

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
    this.index = new MessageIndex(host.quota.usage.used[config.storage]);
    this.readers = new Readers(this.index.subjects);
    this.#store = store;
    this.#damaged = new Damaged(store);
    this.#commits = new Commits(store, (seq) => this.#kept(seq));
    const changed = (): void => this.#commits.commit();
    this.removals = new WorkInParts(host, changed, this.readers);
    this.lookups = new WorkInParts(host);
    this.reads = new WorkInParts(host);
    this.#expiry = new Expiry(host, {
      index: this.index,
      readers: this.readers,
      config: () => this.config,
      load: (seq) => this.read(seq),
      remove: (seq) => this.remove(seq),
      publish: (publication) => this.publish(publication, () => {}),
      changed,
    });
    this.#arrivals = new Arrivals(this);
    this.#schedules = new Schedules(host, {
      index: this.index,
      read: (seq) => this.read(seq),
      remove: (seq) => this.remove(seq),
      whenKept: (done) => this.#commits.whenKept(0, done),
      publishScheduled: (publication, acknowledge) =>
        this.#arrivals.publish(publication, acknowledge, { isScheduled: true }),
      put: (name, value) => this.#commits.put(name, value),
      kept: (prefix) => store.values(prefix),
    });
    this.#subjects.follow(this.config);
  }

  /** Takes in what the store has, before anything else is done with the stream. */
  *open(): Steps<void> {
    this.removals.isStarting = true;
    yield* replay(this, this.#store, {
      endings: this.#expiry.endings,
      arrivals: this.#arrivals,
      succession: this.#succession,
      schedules: this.#schedules,
      damaged: this.#damaged,
    });
    this.removals.isStarting = false;
    const { first_seq = 1 } = this.config;
    if (this.index.lastSeq < first_seq - 1) this.#skipTo(first_seq - 1);
    this.visibleSeq = this.index.lastSeq;
  }

  /** Lives from now on; `isServing`: others are served, so what is beyond its limits goes in parts. */
  begin(isServing: boolean): void {
    this.removals.isStarting = !isServing;
    this.#succession.enforceAllLimits();
    this.removals.isStarting = false;
    this.#schedules.recover();
    this.#expiry.watch();
  }

  /** What the store cannot give back, as far as that was found out. */
  get damage(): readonly Damage[] {
    return this.#damaged.found;
  }

  /** Keeps what the stream is told to be; `done` hears when it is kept, or why not. */
  save(done: (error?: StoreError) => void = () => {}): void {
    const { config, createdUs } = this;
    const text = JSON.stringify({ config, createdUs });
    this.#commits.put(STREAM_VALUE, text, true);
    this.#commits.whenKept(0, done);
  }

  /** Whether anything of it is there after a restart. */
  get isLasting(): boolean {
    return this.#store.isLasting;
  }

  /** See `Commits.settled`. */
  settled(): Promise<unknown> | undefined {
    return this.#commits.settled();
  }

  /**
   * Becomes what `config` says. Where that cannot be kept it is what it was before,
   * and nothing has gone; else what is beyond its limits goes.
   */
  reconfigure(config: StreamConfig, done: (error?: StoreError) => void): void {
    const before = this.config;
    this.#become(config);
    this.save((error) => {
      if (error === undefined) {
        this.#dropOthers(before);
      } else {
        this.#become(before);
        this.save();
      }
      done(error);
    });
  }

  #become(config: StreamConfig): void {
    this.config = config;
    this.#subjects.follow(this.config);
    this.#arrivals.reconfigure(config);
  }

  /** What does not fit to the configuration goes; it was `before`. */
  #dropOthers(before: StreamConfig): void {
    const { config } = this;
    this.#succession.enforceAllLimits();
    this.#expiry.watchAnew();
    if (config.retention === "interest" && before.retention === "limits") {
      this.#retention.dropUnwanted();
    }
    this.#commits.commit();
  }

  /** `keeper` has changed; `done` is called once that is kept for good. */
  changed(keeper: Keeper, done?: () => void): void {
    const told = (error: StoreError | undefined): void =>
      error === undefined ? done?.() : this.#failed(error);
    if (done === undefined) this.#commits.touched(keeper, told);
    else this.#commits.changed(keeper, told);
  }

  /** What is kept under names that begin with `prefix`. */
  kept(prefix: string): Iterable<readonly [name: string, value: string]> {
    return this.#store.values(prefix);
  }

  /** Takes a message in, and calls `acknowledge`, at once or once it is kept for good. */
  publish(
    publication: Publication,
    acknowledge: Acknowledge,
    reply: string = "",
  ): void {
    this.#arrivals.publish(publication, acknowledge, { reply });
  }

  /** A message of a client has been seen to, whatever became of it. */
  messageTaken(): void {
    this.#commits.messageTaken();
  }

  /** Whether the last message of a subject is a schedule; undefined: there is none. */
  isScheduled(subject: string): boolean | undefined {
    return this.#schedules.isOn(subject);
  }

  /** What is stored of it: it may have another subject then. */
  transformed(publication: Publication): Publication {
    return this.#subjects.transformed(publication);
  }

  /** Whether a message on `subject` would be kept: where it is for consumers, one has to want it. */
  isWanted(subject: string): boolean {
    return this.#retention.isWanted(subject);
  }

  /** Stores a message that was checked, unless nobody wants it. */
  keep(kept: KeptMessage): void {
    const { message, size, rollup, lifetimeUs } = kept;
    const { seq, timeUs, subject } = message;
    if (seq > this.index.lastSeq + 1) this.#skipTo(seq - 1);
    if (!this.isWanted(subject)) return this.#skipTo(seq, timeUs);
    this.index.add({ seq, timeUs, subject, size });
    this.#store.append(message);
    if (kept.ends !== undefined) this.#schedules.end(kept.ends, seq);
    if (kept.schedule) this.#schedules.add(seq, kept.schedule, timeUs);
    this.#succession.add(seq, rollup);
    if (lifetimeUs !== undefined) {
      this.#expiry.endings.add(seq, timeUs + lifetimeUs);
    }
    this.#expiry.watch();
  }

  /** Calls `done` once a message is kept for good, or cannot be. */
  whenKept(seq: number, done: WhenKept): void {
    this.#commits.whenKept(seq, (error) => {
      if (error !== undefined) {
        this.#failed(error);
        // It has never been there. The commit before may have had it all the same.
        this.index.remove(seq);
        if (seq > 0) this.#commits.remove(seq, false);
        this.#expiry.endings.removed(seq);
        this.#schedules.removed(seq);
        this.#succession.forget(seq);
      } else if (seq > 0) {
        this.#subjects.republish(seq);
        this.#succession.kept(seq);
      }
      done(error);
    });
  }

  /** Calls `done` once what was not kept for `error` has left the file as well, or cannot. */
  whenGone(error: StoreError, done: () => void): void {
    if (error.isWritten) this.#commits.whenKept(0, done);
    else done();
  }

  /** A message; undefined: it is not there. Throws a `StoreError` for one that is damaged. */
  load(seq: number): StoredMessage | undefined {
    return this.index.has(seq) ? this.#damaged.load(seq) : undefined;
  }

  /** The same for who goes on without it: damage is told in the log. */
  read(seq: number): StoredMessage | undefined {
    try {
      return this.load(seq);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#failed(error);
      return undefined;
    }
  }

  /** Takes a message out, perhaps along with others; false: it is not there. */
  remove(seq: number, erase: boolean = false): boolean {
    const number = this.index.subjectNumber(seq);
    if (number === 0) return this.#damaged.remove(seq, erase);
    this.#goes(seq, number, erase ? "erased" : "alone");
    this.index.remove(seq);
    return true;
  }

  /** A message is about to leave the index: it goes everywhere else. */
  #goes(seq: number, number: number, how: Removal): void {
    const isPurge = how === "purged";
    this.#damaged.forget(seq);
    this.readers.removing(seq, number, isPurge);
    this.#expiry.endings.removed(seq);
    this.#schedules.removed(seq);
    this.#commits.remove(seq, how === "erased");
  }

  /**
   * Removes what `pattern` means below `end`, which is on disk with the next commits,
   * whenever these come; gives how many those were, once all have gone.
   */
  removeBelow(end: number, pattern?: string): number | Promise<number> {
    const { lastSeq } = this.index;
    const isAhead = pattern === undefined && end > lastSeq + 1;
    if (isAhead) this.#skipTo(end - 1);
    return removeBelow(this, { end, pattern }, {
      goes: (seq, number) => this.#goes(seq, number, "purged"),
      leaves: (seq) => this.#commits.remove(seq, false),
      known: this.#schedules.size,
      emptied: () => {
        this.#expiry.endings.clear();
        this.#schedules.clear();
      },
      allGone: () => {
        if (pattern === undefined) this.#damaged.purge(end, lastSeq);
        if (isAhead) this.visibleSeq = Math.max(this.visibleSeq, end - 1);
      },
    });
  }

  /**
   * What is copied comes behind `seq`: what was taken behind it and could not be
   * kept was never there, and what comes before it never will be.
   */
  copyFrom(seq: number): void {
    const { index } = this;
    const hasMore = index.next(seq + 1) <= index.lastSeq;
    if (hasMore || seq === index.lastSeq) return;
    this.#skipTo(seq);
    this.visibleSeq = seq;
    this.#commits.commit();
  }

  /** All readers are there again after a restart; `isServing`: see `begin`. */
  readersRestored(isServing: boolean): void {
    this.#retention.dropDone(isServing);
    this.#commits.commit();
  }

  /** A reader does not need a message any more: whether it stays. */
  released(seq: number): void {
    this.#retention.released(seq);
  }

  /** A reader has gone, or wants something else. */
  readersChanged(): void {
    if (this.config.retention === "interest") this.#retention.dropUnwanted();
  }

  /** No reader, publisher or timer hears of it any more. */
  stop(): void {
    this.#arrivals.stop();
    this.#schedules.stop();
    this.#expiry.end();
    this.removals.stop();
    this.lookups.stop();
    this.reads.stop();
    this.#commits.stop();
    this.index.leaveLedger();
  }

  async close(): Promise<void> {
    this.stop();
    await this.#store.close();
  }

  async destroy(): Promise<void> {
    this.stop();
    await this.#store.destroy();
  }

  #failed({ message, isFull }: StoreError): void {
    this.host.log.error(`Stream ${this.name}: ${message}`);
    if (isFull) this.host.news.outOfStorage(this.name);
  }

  #skipTo(seq: number, timeUs?: number): void {
    this.index.skipTo(seq, timeUs);
    this.#store.skipTo(seq);
  }

  /** A message is kept for good: readers may have it. */
  #kept(seq: number): void {
    if (seq > this.visibleSeq) this.visibleSeq = seq;
    const number = this.index.subjectNumber(seq);
    if (number !== 0) this.readers.stored(seq, number);
  }
}
