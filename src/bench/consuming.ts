/**
 * A client to which a consumer of its own pushes a stream, in order and without
 * acknowledgements; it answers the consumer's flow control.
 */
import { asciiBytes, byteString } from "../core/ascii.ts";
import { decodeHeaders } from "../core/headers.ts";
import type { BenchCourse } from "./course.ts";
import type { Load } from "./load.ts";
import type { LoadLine } from "./load_line.ts";
import type { LoadReader } from "./load_reader.ts";
import type { LoadEvents } from "./load_socket.ts";
import { statusOf } from "./status.ts";
import type { Goal } from "./subscribing.ts";
import type { Tally } from "./tally.ts";

/** Where a stalled consumer wants to hear from us. */
const STALLED = "Nats-Consumer-Stalled";

export class PushReader implements Load, LoadEvents {
  readonly tally: Tally;
  readonly #line: LoadLine;
  readonly #course: BenchCourse;
  readonly #goal: Goal;
  /** Makes the consumer, which pushes to the subject that the client hears. */
  readonly #open: () => Promise<void>;
  readonly #subject: string;
  #nowMs = 0;

  constructor(
    line: LoadLine,
    course: BenchCourse,
    tally: Tally,
    goal: Goal,
    subject: string,
    open: () => Promise<void>,
  ) {
    this.tally = tally;
    this.#line = line;
    this.#course = course;
    this.#goal = goal;
    this.#subject = subject;
    this.#open = open;
  }

  async prepare(): Promise<void> {
    this.#line.listen(this);
    this.#line.subscribe(this.#subject);
    await this.#line.settled();
  }

  async work(): Promise<void> {
    this.tally.begin();
    await this.#open();
    await Promise.race([this.#goal.reached, this.#course.over]);
  }

  onChunk(): void {
    this.#nowMs = this.#course.clock.monotonic();
  }

  onFrame(frame: LoadReader): void {
    if (frame.headerSize > 0 && statusOf(frame) === 100) {
      return this.#onStatus(frame);
    }
    const { tally } = this;
    tally.msgs++;
    tally.bytes += frame.size;
    tally.endMs = this.#nowMs;
    this.#goal.take();
  }

  onChunkEnd(): void {
    this.#line.flush();
  }

  /** A flow-control request, or a heartbeat. */
  #onStatus(frame: LoadReader): void {
    const { bytes, replyStart, replyEnd, bodyStart, headerSize } = frame;
    const reply = byteString(bytes, replyStart, replyEnd) ||
      decodeHeaders(bytes.slice(bodyStart, bodyStart + headerSize))
        .get(STALLED);
    if (reply === "") return;
    this.#line.outbox.append(asciiBytes(`PUB ${reply} 0\r\n\r\n`));
  }
}
