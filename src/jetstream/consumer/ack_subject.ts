/**
 * The subject that a delivered message is acknowledged on, written into memory
 * that serves the next one.
 *
 * NATS JetStream: behind `$JS.ACK.`, which a domain may follow, `<stream>.<consumer>.
 * <delivered>.<stream seq>.<consumer seq>.<time>.<pending>`, the time in nanoseconds.
 */
import { DOT, writeBytes, writeDecimal } from "../../core/ascii.ts";

/** For five numbers and what stands between them. */
const NUMBERS_ROOM = 96;
/** A time in microseconds is told in nanoseconds. */
const NO_NANOSECONDS = "000";

export class AckSubject {
  readonly bytes: Uint8Array;
  /** Bytes of the one that was written last. */
  length = 0;
  readonly #numbersAt: number;

  /** `start`: up to the dot behind the consumer. */
  constructor(start: string) {
    this.bytes = new Uint8Array(start.length + NUMBERS_ROOM);
    this.#numbersAt = writeBytes(this.bytes, 0, start);
  }

  /**
   * Of the delivery of the message `seq` that was stored at `timeUs`: its `times`th
   * one, and the consumer's number `consumerSeq`. `pending`: still to come.
   */
  write(
    times: number,
    seq: number,
    consumerSeq: number,
    timeUs: number,
    pending: number,
  ): void {
    const { bytes } = this;
    let at = writeDecimal(bytes, this.#numbersAt, times);
    bytes[at++] = DOT;
    at = writeDecimal(bytes, at, seq);
    bytes[at++] = DOT;
    at = writeDecimal(bytes, at, consumerSeq);
    bytes[at++] = DOT;
    at = writeDecimal(bytes, at, timeUs);
    if (timeUs > 0) at = writeBytes(bytes, at, NO_NANOSECONDS);
    bytes[at++] = DOT;
    this.length = writeDecimal(bytes, at, pending);
  }
}
