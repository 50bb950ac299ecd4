/**
 * Reading in steps: a long text takes longer than others can wait who are served
 * by the same event loop, so a generator yields now and then.
 */

/** Work that yields after each step, about a millisecond, and returns its result. */
export type Steps<T> = Generator<void, T>;

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
