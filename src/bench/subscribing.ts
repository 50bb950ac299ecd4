/** A subscriber: counts what comes, and how old it is where it bears the time. */
import { type Deferred, deferred } from "../core/deferred.ts";
import type { BenchCourse } from "./course.ts";
import type { LoadReader } from "./load_reader.ts";
import { STAMP_BYTES, stampOf } from "./frames.ts";
import { Histogram } from "./histogram.ts";
import type { LoadLine } from "./load_line.ts";
import type { LoadEvents } from "./load_socket.ts";
import type { Load } from "./load.ts";
import type { Tally } from "./tally.ts";

/** A number of messages to be taken by one subscriber, or by a group of them. */
export class Goal {
  readonly reached: Promise<void>;
  taken = 0;
  #wanted = Infinity;
  readonly #reached: Deferred<void> = deferred<void>();

  constructor(wanted: number = Infinity) {
    this.reached = this.#reached.promise;
    this.aim(wanted);
  }

  get missing(): number {
    return Math.max(0, this.#wanted - this.taken);
  }

  /** From now on this many are wanted. */
  aim(wanted: number): void {
    this.#wanted = wanted;
    if (this.taken >= wanted) this.#reached.resolve();
  }

  take(): void {
    if (++this.taken >= this.#wanted) this.#reached.resolve();
  }
}

export interface SubscriberOptions {
  readonly pattern: string;
  /** Empty: in no queue group. */
  readonly queue: string;
  /** Whether payloads begin with the time at which they were sent, on the same clock. */
  readonly stamped: boolean;
}

export class LoadSubscriber implements Load, LoadEvents {
  readonly tally: Tally;
  readonly goal: Goal;
  readonly #line: LoadLine;
  readonly #course: BenchCourse;
  readonly #options: SubscriberOptions;
  readonly #latency: Histogram | undefined;
  #nowMs = 0;

  constructor(
    line: LoadLine,
    course: BenchCourse,
    tally: Tally,
    goal: Goal,
    options: SubscriberOptions,
  ) {
    this.tally = tally;
    this.goal = goal;
    this.#line = line;
    this.#course = course;
    this.#options = options;
    this.#latency = options.stamped ? new Histogram() : undefined;
    tally.latency = this.#latency;
  }

  async prepare(): Promise<void> {
    const { pattern, queue } = this.#options;
    this.#line.listen(this);
    this.#line.subscribe(pattern, queue);
    await this.#line.settled();
  }

  async work(): Promise<void> {
    await Promise.race([this.goal.reached, this.#course.over]);
    // What the server has sent by now still counts.
    if (this.#course.wasInterrupted) await this.#line.settled();
  }

  onChunk(): void {
    this.#nowMs = this.#course.clock.monotonic();
  }

  onChunkEnd(): void {}

  onFrame(frame: LoadReader): void {
    const { tally } = this;
    if (tally.msgs === 0) {
      this.#course.begin();
      tally.begin();
    }
    tally.msgs++;
    tally.bytes += frame.size;
    tally.endMs = this.#nowMs;
    if (this.#latency !== undefined && frame.size >= STAMP_BYTES) {
      const sentMs = stampOf(frame.bytes, frame.bodyStart);
      this.#latency.record(this.#nowMs - sentMs);
    }
    this.goal.take();
  }
}
