/**
 * A publisher: sends batches of frames as fast as the server takes them, or at a
 * given rate. What it counts the server has handled.
 */
import type { BenchCourse } from "./course.ts";
import { FrameBatches, type LoadMessages } from "./frames.ts";
import type { Load } from "./load.ts";
import type { LoadLine } from "./load_line.ts";
import type { Tally } from "./tally.ts";

/** How often a publisher with a rate looks whether it is time for more. */
const TICK_MS = 1;

export interface LoadPublisherOptions extends LoadMessages {
  /** Infinity: until the course is over. */
  readonly msgs: number;
  /** Messages in a second; Infinity: as fast as it goes. */
  readonly perSecond: number;
}

export class LoadPublisher implements Load {
  readonly tally: Tally;
  readonly #line: LoadLine;
  readonly #course: BenchCourse;
  readonly #options: LoadPublisherOptions;
  readonly #batches: FrameBatches;
  #sent = 0;

  constructor(
    line: LoadLine,
    course: BenchCourse,
    tally: Tally,
    options: LoadPublisherOptions,
  ) {
    this.tally = tally;
    this.#line = line;
    this.#course = course;
    this.#options = options;
    this.#batches = new FrameBatches(options, tally.client - 1);
  }

  prepare(): Promise<void> {
    return this.#line.settled();
  }

  async work(): Promise<void> {
    const { tally } = this;
    tally.begin();
    const underWay: Promise<void>[] = [];
    while (!this.#course.isOver && this.#sent < this.#options.msgs) {
      const count = this.#due();
      if (count === 0) {
        await this.#course.wait(TICK_MS);
        continue;
      }
      const sending = this.#send(count);
      sending.catch(() => {}); // it is waited for later
      underWay.push(sending);
      if (underWay.length >= this.#batches.window) await underWay.shift();
    }
    await Promise.all(underWay);
  }

  /** Messages that may leave now. */
  #due(): number {
    const { msgs, perSecond } = this.#options;
    const left = Math.min(this.#batches.framesMax, msgs - this.#sent);
    if (perSecond === Infinity) return left;
    const spentMs = this.#course.clock.monotonic() - this.tally.startMs;
    const wanted = Math.floor(spentMs / 1000 * perSecond) + 1;
    return Math.max(0, Math.min(left, wanted - this.#sent));
  }

  /** Resolves when the server has handled them. */
  async #send(count: number): Promise<void> {
    const { tally } = this;
    this.#line.write(
      this.#batches.take(count, this.#course.clock.monotonic()),
    );
    this.#sent += count;
    await this.#line.settled();
    tally.msgs += count;
    tally.bytes += count * this.#options.size;
    tally.mark();
  }
}
