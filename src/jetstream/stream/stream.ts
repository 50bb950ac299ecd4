/**
 * One stream: it takes messages in, keeps them within its limits, and tells its
 * consumers of each that came or went. What it knows without reading a message
 * is in its index; the messages themselves are in its store. A message counts,
 * and is acknowledged, once the store has it for good.
 *
 * More than a dozen members: because the API, consumers and other streams find
 * all that a stream is and does here.
 */
import { DAMAGE_PREFIX } from "../store/database_file.ts";
import { MessageIndex } from "../store/message_index.ts";
import {
  type Damage,
  type StoredMessage,
  StoreError,
  type StreamStore,
} from "../store/stream_store.ts";
import type { StreamConfig } from "./stream_config.ts";
import type { StreamHost } from "./stream_host.ts";
import type { StreamReader } from "./stream_reader.ts";
import { beyondLimits, type Publication, sizeOf } from "./room.ts";
import type { KeptMessage } from "./admitted.ts";
import { type Acknowledge, Arrivals, type FilledStream } from "./arrivals.ts";
import { Commits, type Keeper } from "./commits.ts";
import { Expiry } from "./expiry.ts";
import { ConfiguredTransform, Republishing } from "./republishing.ts";
import { publishHeaders } from "./publish_headers.ts";
import { KeptForReaders } from "./retention.ts";
import { keptTimeToLive } from "./time_to_live.ts";

/** The name under which a store has what its stream is told to be. */
export const STREAM_VALUE = "stream";

const NOTHING = (): void => {};

export class Stream implements FilledStream {
  readonly name: string;
  config: StreamConfig;
  /** Microseconds since the Unix epoch. */
  readonly createdUs: number;
  readonly index: MessageIndex;
  readonly readers: Set<StreamReader> = new Set();
  readonly host: StreamHost;
  /** The last message that is there for good; readers see none behind it. */
  visibleSeq = 0;
  /** What the store cannot give back, as far as that was found out. */
  readonly damage: Damage[] = [];
  readonly #store: StreamStore;
  readonly #arrivals: Arrivals;
  readonly #commits: Commits;
  readonly #expiry: Expiry;
  readonly #retention: KeptForReaders = new KeptForReaders(this);
  #transform: ConfiguredTransform | undefined = undefined;
  #republishing: Republishing | undefined = undefined;

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
    this.#store = store;
    this.#commits = new Commits(store, (seq) => this.#kept(seq));
    this.#expiry = new Expiry(host, {
      index: this.index,
      config: () => this.config,
      load: (seq) => this.read(seq),
      remove: (seq) => this.remove(seq),
      publish: (publication) => this.publish(publication, NOTHING),
      changed: () => this.#commits.commit(),
    });
    this.#arrivals = new Arrivals(this);
    this.#readTransforms();
    this.#replay();
    const { first_seq = 1 } = config;
    if (this.index.lastSeq < first_seq - 1) this.#skipTo(first_seq - 1);
    this.visibleSeq = this.index.lastSeq;
    this.#expiry.watch();
  }

  /** Keeps what the stream is told to be; `done` hears when it is kept, or why not. */
  save(done: (error?: StoreError) => void = NOTHING): void {
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

  /** Becomes what `config` says: what is beyond its limits goes at once. */
  reconfigure(config: StreamConfig): void {
    const before = this.config;
    this.config = config;
    this.#readTransforms();
    this.save();
    this.#arrivals.reconfigure(config);
    for (const { subject } of [...this.index.subjects.entries()]) {
      this.#enforceLimits(subject);
    }
    this.#expiry.stop();
    if (config.max_age > 0) this.#expiry.expire();
    this.#expiry.watch();
    if (config.retention === "interest" && before.retention === "limits") {
      this.#retention.dropUnwanted();
    }
  }

  /** `keeper` has changed; `done` is called once that is kept for good. */
  changed(keeper: Keeper, done: () => void = NOTHING): void {
    this.#commits.changed(keeper, (error) => {
      if (error === undefined) done();
      else this.#failed(error);
    });
  }

  /** What is kept under names that begin with `prefix`. */
  kept(prefix: string): Iterable<readonly [name: string, value: string]> {
    return this.#store.values(prefix);
  }

  /** Takes a message in, and calls `acknowledge`, at once or once it is kept for good. */
  publish(publication: Publication, acknowledge: Acknowledge): void {
    this.#arrivals.publish(publication, acknowledge);
  }

  /** What is stored of it: it may have another subject then. */
  transformed(publication: Publication): Publication {
    const subject = this.#transform?.of(publication.subject);
    return subject === undefined ? publication : { ...publication, subject };
  }

  /** Whether a message on `subject` would be kept: where it is for consumers, one has to want it. */
  isWanted(subject: string): boolean {
    return this.#retention.isWanted(subject);
  }

  /** Stores a message that was checked, unless nobody wants it. */
  keep({ message, size, rollup, lifetimeUs }: KeptMessage): void {
    const { seq, timeUs, subject } = message;
    if (seq > this.index.lastSeq + 1) this.#skipTo(seq - 1);
    if (!this.isWanted(subject)) return this.#skipTo(seq, timeUs);
    this.index.add({ seq, timeUs, subject, size });
    this.#store.append(message);
    if (rollup === "all") this.purge(seq);
    if (rollup === "sub") this.purge(seq, subject);
    this.#enforceLimits(subject);
    if (lifetimeUs !== undefined) {
      this.#expiry.endings.add(seq, timeUs + lifetimeUs);
    }
    this.#expiry.watch();
  }

  /** Calls `done` once a message is kept for good, or cannot be. */
  whenKept(
    seq: number,
    done: (error: StoreError | undefined) => void,
  ): void {
    this.#commits.whenKept(seq, (error) => {
      if (error !== undefined) {
        this.#failed(error);
        // It has never been there. The commit before may have had it all the same.
        this.index.remove(seq);
        if (seq > 0) this.#commits.remove(seq, false);
        this.#expiry.endings.removed(seq);
      } else if (seq > 0) this.#republish(seq);
      done(error);
    });
  }

  /** A message; undefined: it is not there. Throws a `StoreError` for one that is damaged. */
  load(seq: number): StoredMessage | undefined {
    if (!this.index.has(seq)) return undefined;
    try {
      return this.#store.load(seq);
    } catch (error) {
      if (error instanceof StoreError) this.#noteDamage(seq, error);
      throw error;
    }
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
  remove(
    seq: number,
    erase: boolean = false,
    isPurge: boolean = false,
  ): boolean {
    const number = this.index.subjectNumber(seq);
    if (number === 0) return this.#removeDamaged(seq, erase);
    if (this.damage.length > 0) this.#forgetDamage(seq);
    for (const reader of this.readers) reader.removing(seq, number, isPurge);
    this.index.remove(seq);
    this.#expiry.endings.removed(seq);
    this.#commits.remove(seq, erase);
    return true;
  }

  #noteDamage(seq: number, { message: text }: StoreError): void {
    const isKnown = this.damage.some((one) => one.seq === seq);
    if (!isKnown) this.damage.push({ seq, text });
  }

  /** Takes a message out that cannot be read. */
  #removeDamaged(seq: number, erase: boolean): boolean {
    const wasThere = this.#forgetDamage(seq);
    if (wasThere) this.#store.remove(seq, erase);
    return wasThere;
  }

  /** What was told of a damaged message is told no more; false: nothing was. */
  #forgetDamage(seq: number): boolean {
    const at = this.damage.findIndex((one) => one.seq === seq);
    if (at < 0) return false;
    this.damage.splice(at, 1);
    this.#dropTold(`${DAMAGE_PREFIX}${seq} `);
    return true;
  }

  #dropTold(prefix: string): void {
    for (const [name] of [...this.#store.values(prefix)]) {
      this.#store.put(name, undefined);
    }
  }

  /** Removes what `pattern` means below `end`; gives how many those were. */
  purge(end: number, pattern?: string): number {
    const filter = pattern === undefined
      ? undefined
      : this.index.subjects.filter([pattern]);
    let purged = 0;
    let seq = this.index.next(this.index.firstSeq, filter);
    while (seq < end && seq <= this.index.lastSeq) {
      this.remove(seq, false, true);
      purged++;
      seq = this.index.next(seq + 1, filter);
    }
    if (filter === undefined) this.#purgeDamage(end);
    if (filter === undefined && end > this.index.lastSeq + 1) {
      this.#skipTo(end - 1);
      this.visibleSeq = end - 1;
    }
    const next = this.index.next(this.index.firstSeq, filter);
    for (const reader of this.readers) reader.purged(pattern, next);
    filter?.release();
    this.#commits.commit();
    return purged;
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

  /** All readers are there again after a restart. */
  readersRestored(): void {
    this.#retention.dropDone();
    this.#commits.commit();
  }

  /** Nobody misses messages below `end` any more. */
  #purgeDamage(end: number): void {
    for (const { seq } of [...this.damage]) {
      if (seq > 0 && seq < end) this.#removeDamaged(seq, false);
    }
    if (end <= this.index.lastSeq || this.damage.length === 0) return;
    this.damage.length = 0;
    this.#dropTold(DAMAGE_PREFIX);
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
    this.#expiry.stop();
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

  /** Takes in what the store has from an earlier life. */
  #replay(): void {
    const { index, host: { log } } = this;
    this.#store.replay((message) => {
      const { seq, timeUs, subject, headers } = message;
      const size = sizeOf(this.config, message);
      if (seq > index.lastSeq + 1) index.skipTo(seq - 1);
      index.add({ seq, timeUs, subject, size });
      const asked = publishHeaders(headers);
      const lifetimeUs = keptTimeToLive(this.config, asked);
      if (lifetimeUs !== undefined) {
        this.#expiry.endings.add(seq, timeUs + lifetimeUs);
      }
      this.#arrivals.replayed(message, asked);
    }, (damage) => {
      this.damage.push(damage);
      log.error(`Stream ${this.name}: ${damage.text}`);
    });
    const { lastSeq } = this.#store;
    if (lastSeq > index.lastSeq) index.skipTo(lastSeq);
  }

  /** Takes over what the configuration says of subjects. */
  #readTransforms(): void {
    const { name, host, config: { subject_transform, republish } } = this;
    this.#transform = subject_transform &&
      new ConfiguredTransform(subject_transform, host.random);
    this.#republishing = republish && new Republishing(name, republish, host);
  }

  #republish(seq: number): void {
    const republishing = this.#republishing;
    if (republishing === undefined) return;
    const message = this.read(seq);
    if (message === undefined) return;
    republishing.publish(message, this.index.sameBefore(seq));
  }

  #failed({ message }: Error): void {
    this.host.log.error(`Stream ${this.name}: ${message}`);
  }

  /** Old messages go until what is left is within the limits. */
  #enforceLimits(subject: string): void {
    const { config, index } = this;
    for (const seq of beyondLimits(config, index, subject)) this.remove(seq);
  }

  #skipTo(seq: number, timeUs?: number): void {
    this.index.skipTo(seq, timeUs);
    this.#store.skipTo(seq);
  }

  /** A message is kept for good: readers may have it. */
  #kept(seq: number): void {
    if (seq > this.visibleSeq) this.visibleSeq = seq;
    const number = this.index.subjectNumber(seq);
    if (number === 0) return;
    for (const reader of this.readers) reader.stored(seq, number);
  }
}
