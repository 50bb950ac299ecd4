/** A client that answers each request with the same payload, and counts them. */
import { asciiBytes } from "../core/ascii.ts";
import type { BenchCourse } from "./course.ts";
import { frameTail } from "./frames.ts";
import type { Load } from "./load.ts";
import type { LoadLine } from "./load_line.ts";
import type { LoadReader } from "./load_reader.ts";
import type { LoadEvents } from "./load_socket.ts";
import type { Goal } from "./subscribing.ts";
import type { Tally } from "./tally.ts";

const PUB = asciiBytes("PUB ");

export interface ReplierOptions {
  readonly pattern: string;
  /** Empty: in no queue group. */
  readonly queue: string;
  /** Bytes of an answer. */
  readonly size: number;
}

export class Replier implements Load, LoadEvents {
  readonly tally: Tally;
  readonly #line: LoadLine;
  readonly #course: BenchCourse;
  readonly #goal: Goal;
  readonly #options: ReplierOptions;
  readonly #tail: Uint8Array;
  #nowMs = 0;

  constructor(
    line: LoadLine,
    course: BenchCourse,
    tally: Tally,
    goal: Goal,
    options: ReplierOptions,
  ) {
    this.tally = tally;
    this.#line = line;
    this.#course = course;
    this.#goal = goal;
    this.#options = options;
    this.#tail = frameTail(options.size);
  }

  async prepare(): Promise<void> {
    const { pattern, queue } = this.#options;
    this.#line.listen(this);
    this.#line.subscribe(pattern, queue);
    await this.#line.settled();
  }

  /** The last answers have left when it resolves. */
  async work(): Promise<void> {
    await Promise.race([this.#goal.reached, this.#course.over]);
    await this.#line.settled();
  }

  onChunk(): void {
    this.#nowMs = this.#course.clock.monotonic();
  }

  onFrame(frame: LoadReader): void {
    const { bytes, replyStart, replyEnd } = frame;
    if (replyEnd === replyStart) return;
    const { tally } = this;
    if (tally.msgs === 0) {
      this.#course.begin();
      tally.begin();
    }
    const { outbox } = this.#line;
    outbox.append(PUB);
    outbox.append(bytes.subarray(replyStart, replyEnd));
    outbox.append(BLANK);
    outbox.append(this.#tail);
    tally.msgs++;
    tally.bytes += frame.size;
    tally.endMs = this.#nowMs;
    this.#goal.take();
  }

  onChunkEnd(): void {
    this.#line.flush();
  }
}

const BLANK = asciiBytes(" ");
