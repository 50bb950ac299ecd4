/**
 * Messages of a stream that are published later: when the next one is due, and
 * what is published then. What is missed while the server does not run is made up
 * for once when it starts.
 */
import type { Timer } from "../../platform/clock.ts";
import { parseSchedule, type Schedule } from "../schedule/schedule.ts";
import { TimeZone } from "../schedule/time_zone.ts";
import { msUntil } from "../moments.ts";
import type { MessageIndex } from "../store/message_index.ts";
import type { StoredMessage, StoreError } from "../store/stream_store.ts";
import type { Acknowledge } from "./arrivals.ts";
import { withHeaders, withoutHeaders } from "./header_block.ts";
import { type PublishHeaders, publishHeaders } from "./publish_headers.ts";
import type { Publication } from "./room.ts";
import { NO_NEXT } from "./schedule_checks.ts";
import type { StreamHost } from "./stream_host.ts";
import { Endings } from "./time_to_live.ts";

/** Under which name a store has when a schedule that comes back is due. */
const VALUES = "schedule/";
const US_PER_S = 1_000_000;
/** After a fault a message is tried again. */
const RETRY_US = 5 * US_PER_S;
const SPENT_MIN = 1000;
/** Of those that are due at one time, as many are published in one turn of the event loop. */
const PART_DUE = 256;

/** The stream, as far as it has schedules. */
export interface ScheduledStream {
  readonly index: MessageIndex;
  read(seq: number): StoredMessage | undefined;
  remove(seq: number): void;
  whenKept(done: (error: StoreError | undefined) => void): void;
  publishScheduled(publication: Publication, acknowledge: Acknowledge): void;
  put(name: string, value: string | undefined): void;
  kept(prefix: string): Iterable<readonly [name: string, value: string]>;
}

interface Planned {
  readonly schedule: Schedule;
  /** Microseconds. */
  dueUs: number;
}

export class Schedules {
  readonly #host: Pick<StreamHost, "clock" | "moments">;
  readonly #stream: ScheduledStream;
  /** By the sequences of the messages that say so. */
  readonly #planned = new Map<number, Planned>();
  /** Those that are over and were not removed in an earlier life. */
  readonly #over: number[] = [];
  #agenda = new Endings();
  /** Messages of an earlier life are still to come: none is published before. */
  #isReplaying = true;
  /** Entries of the agenda that count no more. */
  #spent = 0;
  #timer: Timer | undefined = undefined;
  #looksAtUs = Infinity;

  constructor(
    host: Pick<StreamHost, "clock" | "moments">,
    stream: ScheduledStream,
  ) {
    this.#host = host;
    this.#stream = stream;
  }

  /** Whether the last message of a subject is a schedule; undefined: there is none. */
  isOn(subject: string): boolean | undefined {
    const last = this.#stream.index.subjects.get(subject)?.last;
    return last === undefined ? undefined : this.#planned.has(last);
  }

  /** The schedule on a subject is over once the message `seq`, which says so, is kept. */
  end(subject: string, seq: number): void {
    this.#stream.whenKept((error) => {
      const last = this.#stream.index.subjects.get(subject)?.last ?? seq;
      const isOver = error === undefined && last < seq;
      if (isOver && this.#planned.has(last)) this.#stream.remove(last);
    });
  }

  /** A message is stored that is published later. */
  add(seq: number, schedule: Schedule, timeUs: number): void {
    const dueUs = schedule.after(timeUs);
    if (dueUs === undefined) return;
    this.#planned.set(seq, { schedule, dueUs });
    this.#agenda.add(seq, dueUs);
    this.#watch();
  }

  /** A message of an earlier life of the server is there again, which may be published later. */
  replayed({ seq, timeUs }: StoredMessage, headers: PublishHeaders): void {
    this.#endBy(headers);
    const text = headers.get("Nats-Schedule");
    if (!text) return;
    const zone = headers.get("Nats-Schedule-Time-Zone");
    const schedule = parseSchedule(
      text,
      zone === undefined ? undefined : TimeZone.named(zone),
    );
    if (schedule !== undefined) this.add(seq, schedule, timeUs);
  }

  /** A message of an earlier life tells that a schedule is over, which may not have been removed. */
  #endBy(headers: PublishHeaders): void {
    if (headers.get("Nats-Schedule-Next") !== NO_NEXT) return;
    const scheduler = headers.get("Nats-Scheduler") ?? "";
    const seq = this.#stream.index.subjects.get(scheduler)?.last;
    if (seq !== undefined && this.#planned.has(seq)) this.#over.push(seq);
  }

  /** All messages of an earlier life have been replayed. */
  recover(): void {
    this.#isReplaying = false;
    for (const seq of this.#over.splice(0)) this.#stream.remove(seq);
    for (const [name, value] of [...this.#stream.kept(VALUES)]) {
      const seq = Number(name.slice(VALUES.length));
      const planned = this.#planned.get(seq);
      if (planned === undefined) this.#stream.put(name, undefined);
      else this.#move(seq, planned, Number(value));
    }
    this.#watch();
  }

  /** A message goes. */
  removed(seq: number): void {
    const planned = this.#planned.get(seq);
    if (planned === undefined) return;
    this.#planned.delete(seq);
    if (!planned.schedule.isOnce) this.#stream.put(nameOf(seq), undefined);
    this.#spend();
  }

  /** Messages that are published later. */
  get size(): number {
    return this.#planned.size;
  }

  /** All messages have gone. */
  clear(): void {
    for (const [seq, { schedule }] of this.#planned) {
      if (!schedule.isOnce) this.#stream.put(nameOf(seq), undefined);
    }
    this.#planned.clear();
    this.#agenda = new Endings();
    this.#spent = 0;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#looksAtUs = Infinity;
  }

  #watch(): void {
    const { clock, moments } = this.#host;
    const dueUs = this.#agenda.nextUs;
    if (this.#isReplaying || dueUs >= this.#looksAtUs) return;
    this.#timer?.cancel();
    this.#looksAtUs = dueUs;
    this.#timer = clock.after(msUntil(dueUs, moments.nowUs()), () => {
      this.#looksAtUs = Infinity;
      this.#look();
      this.#watch();
    });
  }

  #look(): void {
    const nowUs = this.#host.moments.nowUs();
    for (let left = PART_DUE; left > 0; left--) {
      const seq = this.#agenda.take(nowUs);
      if (seq === undefined) return;
      const planned = this.#planned.get(seq);
      if (planned === undefined || planned.dueUs > nowUs) this.#spent--;
      else this.#fire(seq, planned, nowUs);
    }
  }

  #fire(seq: number, planned: Planned, nowUs: number): void {
    const { index } = this.#stream;
    const message = this.#stream.read(seq);
    const isLast = message !== undefined &&
      index.subjects.get(message.subject)?.last === seq;
    // Another message of its subject takes its place.
    if (!isLast) return void this.#planned.delete(seq);
    const { schedule, dueUs } = planned;
    const nextUs = schedule.isOnce
      ? undefined
      : schedule.after(Math.max(nowUs, dueUs));
    const next = nextUs === undefined ? NO_NEXT : schedule.text(nextUs);
    // Until it is known what becomes of this one.
    this.#move(seq, planned, nextUs ?? Infinity);
    if (nextUs !== undefined) this.#stream.put(nameOf(seq), String(nextUs));
    this.#stream.publishScheduled(this.#fired(message, next), (ack) => {
      if (!(ack instanceof Error) || !this.#planned.has(seq)) return;
      const againUs = this.#host.moments.nowUs() + RETRY_US;
      if (!schedule.isOnce) this.#stream.put(nameOf(seq), String(againUs));
      this.#move(seq, planned, againUs);
    });
  }

  /** The message that is published for `message`. */
  #fired(message: StoredMessage, next: string): Publication {
    const { index } = this.#stream;
    const headers = publishHeaders(message.headers);
    const source = headers.get("Nats-Schedule-Source");
    const sourceSeq = source && index.subjects.get(source)?.last;
    const from = (sourceSeq && this.#stream.read(sourceSeq)) || message;
    const lines = [
      `Nats-Scheduler: ${message.subject}`,
      `Nats-Schedule-Next: ${next}`,
    ];
    const ttl = headers.get("Nats-Schedule-TTL");
    if (ttl) lines.push(`Nats-TTL: ${ttl}`);
    const rollup = headers.get("Nats-Schedule-Rollup");
    if (rollup) lines.push(`Nats-Rollup: ${rollup}`);
    return {
      subject: headers.get("Nats-Schedule-Target")!,
      headers: withHeaders(withoutHeaders(from.headers, isOfSchedule), lines),
      payload: from.payload,
    };
  }

  /** `dueUs` is when a schedule is due from now on; Infinity: it waits. */
  #move(seq: number, planned: Planned, dueUs: number): void {
    if (planned.dueUs !== dueUs) this.#spend();
    planned.dueUs = dueUs;
    if (dueUs === Infinity) return;
    this.#agenda.add(seq, dueUs);
    this.#watch();
  }

  /** An entry of the agenda counts no more; they are dropped where they are many. */
  #spend(): void {
    if (++this.#spent < Math.max(SPENT_MIN, this.#planned.size)) return;
    this.#spent = 0;
    this.#agenda = new Endings();
    for (const [seq, { dueUs }] of this.#planned) {
      if (dueUs !== Infinity) this.#agenda.add(seq, dueUs);
    }
  }
}

function nameOf(seq: number): string {
  return `${VALUES}${seq}`;
}

/** Headers that say something of a schedule, or of how its message was published. */
function isOfSchedule(name: string): boolean {
  return name.startsWith("Nats-Schedule") ||
    name.startsWith("Nats-Expected-") ||
    ["Nats-Msg-Id", "Nats-TTL", "Nats-Rollup"].includes(name);
}
