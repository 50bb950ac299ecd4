/**
 * A client that asks: a number of requests under way at a time, the next one as
 * soon as an answer comes, each answer timed. Each request has a reply subject
 * of its own, so that a second answer, or a late one, is not taken for another's.
 */
import type { Timer } from "../platform/clock.ts";
import { inboxUnder } from "../client/messages/inbox.ts";
import { DOT } from "../core/ascii.ts";
import { type Deferred, deferred } from "../core/deferred.ts";
import { formatDuration } from "../core/duration.ts";
import type { Nuid } from "../core/nuid.ts";
import type { BenchCourse } from "./course.ts";
import {
  type FrameParts,
  framePartsOf,
  frameTail,
  writeDigits,
} from "./frames.ts";
import { Histogram } from "./histogram.ts";
import type { Load } from "./load.ts";
import type { LoadLine } from "./load_line.ts";
import type { LoadReader } from "./load_reader.ts";
import type { LoadEvents } from "./load_socket.ts";
import { statusOf } from "./status.ts";
import type { Tally } from "./tally.ts";

export interface LoadRequesterOptions {
  readonly subject: string;
  readonly subjects: number;
  readonly size: number;
  /** Infinity: until the course is over. */
  readonly msgs: number;
  readonly inFlight: number;
  /** What comes later is lost. */
  readonly timeoutMs: number;
  /** Whether what counts is the size of the requests, or that of the answers. */
  readonly counts: "requests" | "answers";
  /** What is said when the server knows that nobody hears the subject. */
  readonly unheard: string;
  /** The error that an answer tells of; undefined when there is none. */
  refusal?(frame: LoadReader): Error | undefined;
}

/** Digits of the number of a request, at the end of its reply subject. */
const TOKEN_DIGITS = 12;
/** How often is looked whether something is late. */
const LOOK_MS = 100;
/** NATS client protocol: the status of an empty message. */
const NO_RESPONDERS = 503;
const NOT_SENT = Infinity;

export class LoadRequester implements Load, LoadEvents {
  readonly tally: Tally;
  readonly #line: LoadLine;
  readonly #course: BenchCourse;
  readonly #options: LoadRequesterOptions;
  readonly #latency: Histogram = new Histogram();
  readonly #inbox: string;
  /** `PUB subject inbox.` and the number. */
  readonly #head: Uint8Array;
  readonly #parts: FrameParts;
  /** A blank, the size and the payload. */
  readonly #tail: Uint8Array;
  /** By place of `inFlight`: its last number, whether it is awaited, and when it left. */
  readonly #numbers: Float64Array;
  readonly #awaited: Uint8Array;
  readonly #sentMs: Float64Array;
  /** Places whose request leaves at the end of this chunk. */
  readonly #leaving: Int32Array;
  #leavingCount = 0;
  #begun = 0;
  #underWay = 0;
  #subject: number;
  #nowMs = 0;
  #timer: Timer | undefined;
  readonly #done: Deferred<void> = deferred<void>();

  constructor(
    line: LoadLine,
    course: BenchCourse,
    tally: Tally,
    nuid: Nuid,
    options: LoadRequesterOptions,
  ) {
    this.tally = tally;
    tally.latency = this.#latency;
    this.#line = line;
    this.#course = course;
    this.#options = options;
    this.#inbox = inboxUnder(line.connection.options.inboxPrefix, nuid);
    this.#parts = framePartsOf(options);
    this.#head = headOf(this.#parts.head, this.#inbox);
    this.#tail = tailOf(options.size);
    this.#numbers = Float64Array.from(
      { length: options.inFlight },
      (_, place) => place,
    );
    this.#awaited = new Uint8Array(options.inFlight);
    this.#sentMs = new Float64Array(options.inFlight).fill(NOT_SENT);
    this.#leaving = new Int32Array(options.inFlight);
    this.#subject = (tally.client - 1) % options.subjects;
  }

  async prepare(): Promise<void> {
    this.#line.listen(this);
    this.#line.subscribe(`${this.#inbox}.*`);
    await this.#line.settled();
  }

  async work(): Promise<void> {
    this.tally.begin();
    const first = Math.min(this.#options.inFlight, this.#options.msgs);
    for (let place = 0; place < first; place++) this.#ask(place);
    this.#send();
    if (first === 0) return;
    this.#timer = this.#course.clock.after(LOOK_MS, () => this.#look());
    await Promise.race([this.#done.promise, this.#course.over]);
    this.#timer.cancel();
  }

  onChunk(): void {
    this.#nowMs = this.#course.clock.monotonic();
  }

  onFrame(frame: LoadReader): void {
    const number = numberAtEnd(frame);
    const place = number % this.#options.inFlight;
    if (this.#numbers[place] !== number || this.#awaited[place] === 0) return;
    if (this.#course.isOver) return;
    const refusal =
      statusOf(frame) === NO_RESPONDERS && frame.headerSize === frame.size
        ? new Error(this.#options.unheard)
        : this.#options.refusal?.(frame);
    if (refusal !== undefined) return this.#course.fail(refusal);
    const { tally } = this;
    tally.msgs++;
    tally.bytes += this.#options.counts === "answers"
      ? frame.size
      : this.#options.size;
    tally.endMs = this.#nowMs;
    this.#latency.record(this.#nowMs - this.#sentMs[place]!);
    this.#next(place);
  }

  onChunkEnd(): void {
    if (this.#leavingCount > 0) this.#send();
  }

  /** A place is free. */
  #next(place: number): void {
    this.#underWay--;
    this.#awaited[place] = 0;
    if (this.#begun < this.#options.msgs && !this.#course.isOver) {
      this.#ask(place);
    } else if (this.#underWay === 0) this.#done.resolve();
  }

  #ask(place: number): void {
    const { inFlight, subjects } = this.#options;
    const number = this.#numbers[place]! + inFlight;
    const head = this.#head;
    writeDigits(head, head.length - 1, TOKEN_DIGITS, number);
    const { digits, lastDigit } = this.#parts;
    if (digits > 0) {
      writeDigits(head, lastDigit, digits, this.#subject);
      this.#subject = (this.#subject + 1) % subjects;
    }
    const { outbox } = this.#line;
    outbox.append(head);
    outbox.append(this.#tail);
    this.#numbers[place] = number;
    this.#awaited[place] = 1;
    this.#sentMs[place] = NOT_SENT;
    this.#leaving[this.#leavingCount++] = place;
    this.#begun++;
    this.#underWay++;
  }

  #send(): void {
    const nowMs = this.#course.clock.monotonic();
    for (let at = 0; at < this.#leavingCount; at++) {
      this.#sentMs[this.#leaving[at]!] = nowMs;
    }
    this.#leavingCount = 0;
    this.#line.flush();
  }

  /** Gives up what is late. */
  #look(): void {
    const oldestMs = this.#course.clock.monotonic() - this.#options.timeoutMs;
    for (let place = 0; place < this.#awaited.length; place++) {
      if (this.#awaited[place] === 0 || this.#sentMs[place]! > oldestMs) {
        continue;
      }
      if (this.tally.msgs === 0) return this.#course.fail(this.#noAnswer());
      this.tally.lost++;
      this.tally.mark();
      this.#next(place);
    }
    if (this.#leavingCount > 0) this.#send();
    this.#timer = this.#course.clock.after(LOOK_MS, () => this.#look());
  }

  #noAnswer(): Error {
    const { subject, timeoutMs } = this.#options;
    const wait = formatDuration(timeoutMs);
    return new Error(`No answer from "${subject}" within ${wait}`);
  }
}

function headOf(line: Uint8Array, inbox: string): Uint8Array {
  const reply = new TextEncoder().encode(
    `${inbox}.${"0".repeat(TOKEN_DIGITS)}`,
  );
  const head = new Uint8Array(line.length + reply.length);
  head.set(line);
  head.set(reply, line.length);
  return head;
}

function tailOf(size: number): Uint8Array {
  const tail = frameTail(size);
  const all = new Uint8Array(tail.length + 1);
  all.set([0x20]);
  all.set(tail, 1);
  return all;
}

/** The number behind the last dot of the subject. */
function numberAtEnd({ bytes, subjectStart, subjectEnd }: LoadReader): number {
  let start = subjectEnd;
  while (start > subjectStart && bytes[start - 1] !== DOT) start--;
  let number = 0;
  for (let at = start; at < subjectEnd; at++) {
    number = 10 * number + bytes[at]! - 0x30;
  }
  return number;
}
