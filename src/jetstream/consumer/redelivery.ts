/**
 * Which messages of a consumer are to be delivered again: those that were not
 * acknowledged in time, in the order of the stream, and those that a client gave
 * back, in the order in which it did.
 */
import type { Timer } from "../../platform/clock.ts";
import { msUntil } from "../moments.ts";
import type { StreamHost } from "../stream/stream_host.ts";
import type { PendingAck } from "./progress.ts";
import { SeqQueue } from "./seq_queue.ts";

export class Redelivery {
  readonly #host: Pick<StreamHost, "clock" | "moments">;
  readonly #pending: ReadonlyMap<number, PendingAck>;
  /** These were not acknowledged in time. */
  readonly #areDue: (seqs: readonly number[]) => void;
  readonly #seqs = new SeqQueue();
  #timer: Timer | undefined = undefined;
  /** When `#timer` looks, in microseconds. */
  #looksAtUs = Infinity;

  constructor(
    host: Pick<StreamHost, "clock" | "moments">,
    pending: ReadonlyMap<number, PendingAck>,
    areDue: (seqs: readonly number[]) => void,
  ) {
    this.#host = host;
    this.#pending = pending;
    this.#areDue = areDue;
  }

  /** Messages that may be delivered again now. */
  get size(): number {
    return this.#seqs.size;
  }

  /** The one of them whose turn it is; undefined: there is none. */
  get next(): number | undefined {
    return this.#seqs.first;
  }

  /** A message is not to be delivered again, or just was. */
  forget(seq: number): void {
    this.#seqs.delete(seq);
  }

  /** A message that waits is to be delivered again, after `delayUs`. */
  postpone(seq: number, delayUs: number): void {
    const waiting = this.#pending.get(seq);
    if (waiting === undefined) return;
    if (delayUs === 0) {
      waiting.dueUs = Infinity;
      this.#seqs.add(seq);
      return;
    }
    waiting.dueUs = this.#host.moments.nowUs() + delayUs;
    this.watch(waiting.dueUs);
  }

  /** A message is due at `atUs`, in microseconds. */
  watch(atUs: number): void {
    if (atUs >= this.#looksAtUs) return;
    const { clock, moments } = this.#host;
    this.#timer?.cancel();
    this.#looksAtUs = atUs;
    this.#timer = clock.after(msUntil(atUs, moments.nowUs()), () => {
      this.#looksAtUs = Infinity;
      this.#collect();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #collect(): void {
    const nowUs = this.#host.moments.nowUs();
    const due: number[] = [];
    let nextUs = Infinity;
    for (const waiting of this.#pending.values()) {
      if (waiting.dueUs > nowUs) nextUs = Math.min(nextUs, waiting.dueUs);
      else {
        waiting.dueUs = Infinity;
        due.push(waiting.seq);
      }
    }
    for (const seq of due.sort((a, b) => a - b)) this.#seqs.add(seq);
    if (nextUs < Infinity) this.watch(nextUs);
    this.#areDue(due);
  }
}
