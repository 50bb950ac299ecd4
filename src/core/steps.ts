/**
 * Work in steps: a long text, or ten thousand users, take longer than others can
 * wait who are served by the same event loop, so a generator yields now and then.
 */

/** Work that yields after each step, about a millisecond, and returns its result. */
export type Steps<T> = Generator<void, T>;

/** Calls `act` for each of `items`, with a step behind every `count` of them. */
export function* forEachInSteps<T>(
  items: Iterable<T>,
  count: number,
  act: (item: T) => void,
): Steps<void> {
  let done = 0;
  for (const item of items) {
    act(item);
    if (++done % count === 0) yield;
  }
}

/** Does all steps one after the other. */
export function finishSteps<T>(work: Steps<T>): T {
  let step = work.next();
  while (!step.done) step = work.next();
  return step.value;
}

/** Does the steps with a `pause` behind each. */
export async function finishInTurns<T>(
  work: Steps<T>,
  pause: () => Promise<void>,
): Promise<T> {
  let step = work.next();
  while (!step.done) {
    await pause();
    step = work.next();
  }
  return step.value;
}
