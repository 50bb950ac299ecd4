/**
 * One consumer of a stream: it hands messages to those that ask for them, knows
 * which wait for an acknowledgement, and hands those out again for which none
 * comes.
 *
 * More than a dozen members: because the API shows all that a consumer is.
 */
import { usOf } from "../moments.ts";
import type { Keeper, Put } from "../stream/commits.ts";
import type { Stream } from "../stream/stream.ts";
import type { StreamReader } from "../stream/stream_reader.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { tellOfDeletion, tellOfPause } from "./delivery_news.ts";
import {
  type ConsumerConfig,
  filtersOf,
  patternsOf,
} from "./consumer_config.ts";
import { Deliveries, type Demand } from "./deliveries.ts";
import type { Inactivity } from "./inactivity.ts";
import { Pause } from "./pause.ts";
import { startAfterPurge } from "./purging.ts";
import { Redelivery } from "./redelivery.ts";
import { Progress } from "./progress.ts";
import {
  courseOf,
  forgetConsumer,
  type SavedCourse,
  saveIdentity,
  saveProgress,
} from "./saved_consumer.ts";
import { SavedOpen } from "./saved_open.ts";
import { Selection } from "./selection.ts";

export class Consumer implements StreamReader, Keeper {
  readonly name: string;
  config: ConsumerConfig;
  readonly createdUs: number;
  readonly stream: Stream;
  readonly progress: Progress;
  selection: Selection;
  demand: Demand | undefined = undefined;
  /** When it was asked or answered last, on the monotonic clock. */
  lastUse = 0;
  inactivity: Inactivity | undefined = undefined;
  /** The request that made it is answered: before that nothing is pushed. */
  isAnnounced = true;
  readonly #again: Redelivery;
  readonly #acknowledgements: Acknowledgements;
  readonly pause: Pause;
  readonly #deliveries: Deliveries;
  readonly #saved = new SavedOpen();
  /** It is not saved what it is told to be. */
  #isNew = true;
  #isGone = false;

  constructor(
    name: string,
    config: ConsumerConfig,
    stream: Stream,
    createdUs: number,
  ) {
    this.name = name;
    this.config = config;
    this.stream = stream;
    this.createdUs = createdUs;
    this.selection = new Selection(stream, config);
    this.progress = new Progress(this.selection.startsAfter);
    this.#again = new Redelivery(
      stream.host,
      this.progress.pending,
      (seqs) => this.#deliveries.overdue(seqs),
    );
    this.#acknowledgements = new Acknowledgements(this, this.#again);
    this.#deliveries = new Deliveries(this, this.#again);
    this.pause = new Pause(stream.host, () => this.#resumed());
    this.pause.until(config.pause_until);
  }

  /** Hears acknowledgements, and of messages. */
  start(): void {
    this.#hear();
    const { ack_policy } = this.config;
    const acks = ack_policy === "explicit" || ack_policy === "all";
    if (acks) this.#acknowledgements.start();
  }

  /** It is told of messages that it means, and of all where it may have delivered others. */
  #hear(): void {
    const { config, selection, stream } = this;
    const { pending, deliveries } = this.progress;
    const isOther = (seq: number): boolean =>
      !selection.means(stream.index.subjectNumber(seq));
    const hasOthers = [...pending.keys(), ...deliveries.keys()].some(isOther);
    stream.readers.set(this, hasOthers ? [">"] : patternsOf(config));
  }

  /** Becomes what `config` says; what was delivered stays so. */
  reconfigure(config: ConsumerConfig): void {
    const filters = (one: ConsumerConfig): string => filtersOf(one).join(" ");
    const isSame = filters(config) === filters(this.config);
    this.config = config;
    this.#isNew = true;
    this.stream.changed(this);
    this.pause.until(config.pause_until);
    if (!isSame) {
      this.selection.release();
      this.selection = new Selection(this.stream, config);
      this.selection.moveTo(this.progress.seq + 1);
      this.#hear();
      this.stream.readersChanged();
    }
    this.pump();
  }

  /** Goes on where an earlier life of the server came to. */
  restore(state: SavedCourse): void {
    this.#isNew = false;
    this.#saved.restored(state.open);
    this.#comeTo(state);
  }

  #comeTo({ progress, open }: SavedCourse): void {
    if (progress === undefined) return;
    const { stream: { index, visibleSeq } } = this;
    const { place, ...saved } = progress;
    // What the stream has lost can neither be ahead nor wait.
    const seq = Math.min(saved.seq, visibleSeq);
    const isThere = open.filter((one) => one.seq <= seq && index.has(one.seq));
    this.progress.restore({ ...saved, seq }, isThere);
    this.selection.restore(
      { ...place, next: Math.min(place.next, visibleSeq + 1) },
      seq,
    );
    if (this.progress.pending.size > 0) this.#again.watch(0);
  }

  save(put: Put): void {
    if (this.config.mem_storage || this.config.direct) return;
    const { name, config, createdUs, progress, selection } = this;
    if (this.#isGone) {
      forgetConsumer(put, name);
      return this.#saved.forget(put, name);
    }
    if (this.#isNew) saveIdentity(put, name, { config, createdUs });
    this.#isNew = false;
    this.#saved.save(put, name, progress);
    // Behind what waits: of a write that is cut short the beginning is there.
    saveProgress(put, name, progress, selection.place);
  }

  /** It is deleted: nothing is kept of it. */
  forget(): void {
    this.#isGone = true;
    this.stream.changed(this);
  }

  stop(): void {
    this.stream.readers.delete(this);
    this.#again.stop();
    this.inactivity?.stop();
    this.#acknowledgements.stop();
    this.pause.stop();
    this.#deliveries.stop();
    this.demand?.stop();
    // What was under way may still ask for more, of a store that is closed.
    this.demand = undefined;
    this.selection.release();
  }

  needs(seq: number, subjectNumber: number): boolean {
    const { progress } = this;
    if (!this.selection.means(subjectNumber)) return false;
    return seq > progress.seq || progress.isOpen(seq);
  }

  isDone(seq: number, subjectNumber: number): boolean {
    const { progress, selection } = this;
    return seq <= progress.seq && !progress.isOpen(seq) &&
      selection.means(subjectNumber);
  }

  stored(seq: number, subjectNumber: number): void {
    if (this.selection.stored(seq, subjectNumber)) this.pump();
  }

  removing(seq: number, subjectNumber: number, isPurge: boolean): void {
    this.selection.removing(seq, subjectNumber);
    this.#again.forget(seq);
    if (!isPurge) tellOfDeletion(this, seq);
    if (this.progress.settle(seq)) this.touched(seq);
  }

  get openMessages(): number {
    return this.progress.pending.size + this.progress.deliveries.size;
  }

  emptied(): void {
    const { pending, deliveries } = this.progress;
    for (const seq of [...pending.keys(), ...deliveries.keys()]) {
      this.#again.forget(seq);
      if (this.progress.settle(seq)) this.touched(seq);
    }
    this.selection.emptied();
  }

  purged(pattern: string | undefined, next: number): void {
    const { config, stream: { index: { firstSeq } } } = this;
    const start = startAfterPurge(config, { pattern, firstSeq, next });
    if (start === undefined) return;
    this.progress.skipTo(start - 1);
    this.stream.changed(this);
  }

  /** What is known of a message has changed. */
  touched(seq: number): void {
    const { direct, mem_storage } = this.config;
    // Nothing is kept of it.
    if (direct || mem_storage || !this.stream.isLasting) return;
    this.#saved.touched(seq);
    this.stream.changed(this);
  }

  #resumed(): void {
    tellOfPause(this);
    this.pump();
  }

  /** All that waits for an acknowledgement is due. */
  deliverAgain(): void {
    for (const seq of this.progress.pending.keys()) {
      this.#again.postpone(seq, 0);
    }
  }

  /**
   * Forgets what was delivered and begins again at `seq`, or behind all that is
   * acknowledged. What it gives takes that back.
   */
  reset(seq: number | undefined): () => void {
    const { progress, selection, stream } = this;
    const earlier = courseOf(progress, selection.place);
    const { floor, pending, deliveries } = progress;
    const before = [...pending.keys(), ...deliveries.keys()];
    const after = seq === undefined ? floor.seq : seq - 1;
    progress.startOver(after);
    if (seq === undefined) selection.goBack(after);
    else selection.moveTo(seq);
    for (const one of before) {
      this.#again.forget(one);
      this.#saved.touched(one);
    }
    this.demand?.restart();
    stream.changed(this);
    // Behind the answer to the request that asked for it.
    stream.host.clock.after(0, () => this.pump());
    return () => this.#goBackTo(earlier);
  }

  #goBackTo(earlier: SavedCourse): void {
    const { progress, stream } = this;
    if (this.#isGone) return;
    const open = [...progress.pending.keys(), ...progress.deliveries.keys()];
    for (const seq of open) this.#again.forget(seq);
    progress.startOver(0);
    this.#comeTo(earlier);
    for (const seq of [...open, ...earlier.open.map((one) => one.seq)]) {
      this.#saved.touched(seq);
    }
    stream.changed(this);
    this.pump();
  }

  /** Whether there is interest in the subject that it pushes to. */
  get isBound(): boolean {
    const { deliver_subject: to, deliver_group } = this.config;
    const { client } = this.stream.host;
    return to !== undefined && client.isHeard(to, deliver_group);
  }

  /** As many messages wait for an acknowledgement as may. */
  get isFull(): boolean {
    const { max_ack_pending = -1 } = this.config;
    return max_ack_pending > 0 &&
      this.progress.pending.size >= max_ack_pending;
  }

  /** All messages up to `seq` are acknowledged. */
  acknowledgeTo(seq: number): void {
    this.used();
    this.#acknowledgements.settleTo(seq);
    this.pump();
  }

  /** Messages that are to be delivered again now. */
  get dueAgain(): number {
    return this.#again.size;
  }

  /** It was asked or answered. */
  used(): void {
    this.lastUse = this.stream.host.clock.monotonic();
  }

  /** Hands out what may go, as long as it is taken. */
  pump(): void {
    this.#deliveries.pump();
  }

  /**
   * The request that made it was answered. What it pushes goes in a write of its
   * own: a client that reads both at once may see to the messages before the answer.
   */
  announced(): void {
    this.isAnnounced = true;
    this.#deliveries.pumpLater();
  }

  /** How long an acknowledgement may take, in microseconds. */
  waitUs(times: number): number {
    const { ack_policy, backoff, ack_wait = 0 } = this.config;
    // The copy that answers for them asks for them again.
    if (ack_policy === "flow_control") return Infinity;
    if (backoff === undefined) return usOf(ack_wait);
    return usOf(backoff[Math.min(times, backoff.length) - 1]!);
  }
}
