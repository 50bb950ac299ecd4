/**
 * Waiting that a signal ends, also when the work that is waited for does not
 * listen to it. Nothing is left behind on the signal, which may live as long as the
 * program, once the waiting is over.
 */
import type { Clock } from "../platform/clock.ts";

/** What `work` comes to, or a rejection with the signal's reason as soon as it aborts. */
export function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    const forget = (): void => signal.removeEventListener("abort", onAbort);
    work.then(resolve, reject).finally(forget);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
  });
}

/** Resolves after `ms`, or as soon as the signal aborts. */
export function pause(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = clock.after(ms, end);
    if (signal.aborted) end();
    else signal.addEventListener("abort", end);
  });
}

/**
 * The values of `stream`; throws the signal's reason as soon as it aborts. In
 * the end the stream is closed, and not waited for.
 */
export async function* eachUntilAborted<T>(
  stream: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const iterator = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const step = await untilAborted(iterator.next(), signal);
      if (step.done) return;
      yield step.value;
    }
  } finally {
    abandon(iterator);
  }
}

// What an iterator fails with when it is closed is of no interest any more.
function abandon(iterator: AsyncIterator<unknown>): void {
  const ignore = (): void => {};
  try {
    iterator.return?.().then(ignore, ignore);
  } catch {
    // One that was written by hand may throw right away.
  }
}
