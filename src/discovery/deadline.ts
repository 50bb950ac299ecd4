/**
 * Time limits for requests and streams: a signal that aborts together with
 * another one, or when its time is up. Nothing is left behind on the other one
 * after `end`, which has to be called.
 */
import type { Clock, Timer } from "../platform/clock.ts";
import { untilAborted } from "./until_aborted.ts";

export class Deadline {
  readonly #clock: Clock;
  readonly #parent: AbortSignal;
  readonly #aborter: AbortController = new AbortController();
  readonly #onAbort: () => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, parent: AbortSignal) {
    this.#clock = clock;
    this.#parent = parent;
    this.#onAbort = () => this.#aborter.abort(parent.reason);
    if (parent.aborted) this.#onAbort();
    else parent.addEventListener("abort", this.#onAbort);
  }

  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  /** Aborts with `reason` in `ms`; what was set before holds no longer. */
  set(ms: number, reason: unknown): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(ms, () => this.#aborter.abort(reason));
  }

  end(): void {
    this.#timer?.cancel();
    this.#parent.removeEventListener("abort", this.#onAbort);
  }
}

/** What `work` comes to; rejects with `late`, and aborts the signal that it was given, after `ms`. */
export async function within<T>(
  clock: Clock,
  ms: number,
  parent: AbortSignal,
  late: Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new Deadline(clock, parent);
  try {
    deadline.set(ms, late);
    deadline.signal.throwIfAborted();
    return await untilAborted(work(deadline.signal), deadline.signal);
  } finally {
    deadline.end();
  }
}
