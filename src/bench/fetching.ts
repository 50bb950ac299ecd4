/** A client that asks a consumer of a stream for batches, and acknowledges what comes. */
import { inboxUnder } from "../client/messages/inbox.ts";
import { asciiBytes } from "../core/ascii.ts";
import { type Deferred, deferred } from "../core/deferred.ts";
import type { Nuid } from "../core/nuid.ts";
import type { Timer } from "../platform/clock.ts";
import type { BenchCourse } from "./course.ts";
import { Histogram } from "./histogram.ts";
import type { Load } from "./load.ts";
import type { LoadLine } from "./load_line.ts";
import type { LoadReader } from "./load_reader.ts";
import type { LoadEvents } from "./load_socket.ts";
import { statusOf } from "./status.ts";
import type { Tally } from "./tally.ts";

const PUB = asciiBytes("PUB ");
const ACK = asciiBytes(" 4\r\n+ACK\r\n");
/** After an answer that there is nothing. */
const PAUSE_MS = 20;

/** What some clients fetch together. */
export class FetchGoal {
  readonly reached: Promise<void>;
  /** Messages that nobody has asked for. */
  unasked: number;
  /** Messages that have not come. */
  missing: number;
  readonly #reached: Deferred<void> = deferred<void>();

  constructor(msgs: number) {
    this.unasked = msgs;
    this.missing = msgs;
    this.reached = this.#reached.promise;
    if (msgs === 0) this.#reached.resolve();
  }

  take(): void {
    if (--this.missing <= 0) this.#reached.resolve();
  }
}

export interface FetcherOptions {
  readonly stream: string;
  readonly consumer: string;
  /** Messages to ask for at a time. */
  readonly batch: number;
  readonly acknowledges: boolean;
  /** Gives up when nothing comes for this long. */
  readonly timeoutMs: number;
}

export class Fetcher implements Load, LoadEvents {
  readonly tally: Tally;
  readonly #line: LoadLine;
  readonly #course: BenchCourse;
  readonly #goal: FetchGoal;
  readonly #options: FetcherOptions;
  readonly #latency: Histogram = new Histogram();
  readonly #inbox: string;
  readonly #given: Deferred<void> = deferred<void>();
  /** Messages of the batch under way still to come. */
  #awaited = 0;
  #askedMs = 0;
  #heardMs = 0;
  #nowMs = 0;
  #timer: Timer | undefined;

  constructor(
    line: LoadLine,
    course: BenchCourse,
    tally: Tally,
    goal: FetchGoal,
    nuid: Nuid,
    options: FetcherOptions,
  ) {
    this.tally = tally;
    tally.latency = this.#latency;
    this.#line = line;
    this.#course = course;
    this.#goal = goal;
    this.#options = options;
    this.#inbox = inboxUnder(line.connection.options.inboxPrefix, nuid);
  }

  async prepare(): Promise<void> {
    this.#line.listen(this);
    this.#line.subscribe(this.#inbox);
    await this.#line.settled();
  }

  /** Acknowledgements have left when it resolves. */
  async work(): Promise<void> {
    this.tally.begin();
    this.#heardMs = this.tally.startMs;
    this.#ask();
    await Promise.race([
      this.#goal.reached,
      this.#given.promise,
      this.#course.over,
    ]);
    this.#timer?.cancel();
    await this.#line.settled();
  }

  onChunk(): void {
    this.#nowMs = this.#course.clock.monotonic();
  }

  onFrame(frame: LoadReader): void {
    if (frame.replyEnd === frame.replyStart) return this.#onStatus(frame);
    const { tally } = this;
    tally.msgs++;
    tally.bytes += frame.size;
    tally.endMs = this.#nowMs;
    this.#heardMs = this.#nowMs;
    if (this.#options.acknowledges) this.#acknowledge(frame);
    this.#goal.take();
    if (--this.#awaited > 0) return;
    this.#latency.record(this.#nowMs - this.#askedMs);
    this.#ask();
  }

  onChunkEnd(): void {
    this.#line.flush();
  }

  #acknowledge({ bytes, replyStart, replyEnd }: LoadReader): void {
    const { outbox } = this.#line;
    outbox.append(PUB);
    outbox.append(bytes.subarray(replyStart, replyEnd));
    outbox.append(ACK);
  }

  /** There is not as much as was asked for. */
  #onStatus(frame: LoadReader): void {
    const status = statusOf(frame);
    if (status === 100 || this.#awaited <= 0) return;
    this.#goal.unasked += this.#awaited;
    this.#awaited = 0;
    this.#pause();
  }

  #ask(): void {
    const { stream, consumer, batch } = this.#options;
    if (this.#course.isOver) return;
    const count = Math.min(batch, this.#goal.unasked);
    if (count === 0) return this.#pause();
    this.#goal.unasked -= count;
    this.#awaited = count;
    const body = `{"batch":${count},"no_wait":true}`;
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
    this.#line.outbox.append(
      asciiBytes(`PUB ${subject} ${this.#inbox} ${body.length}\r\n${body}\r\n`),
    );
    this.#askedMs = this.#course.clock.monotonic();
    this.#line.flush();
  }

  /** Others may have what is missing, or give it back. */
  #pause(): void {
    const { clock } = this.#course;
    if (clock.monotonic() - this.#heardMs > this.#options.timeoutMs) {
      return this.#given.resolve();
    }
    this.#timer = clock.after(PAUSE_MS, () => this.#ask());
  }
}
