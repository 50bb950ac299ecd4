/**
 * Publishers and subscribers in one run: what was sent is known when the
 * publishers are done, and each subscriber, or each group, waits for that much.
 */
import { deferred } from "../core/deferred.ts";
import type { BenchCourse } from "./course.ts";
import { type Load, runLoads } from "./load.ts";
import type { LoadSubscriber } from "./subscribing.ts";

/** How often is looked whether anything still comes. */
const LOOK_MS = 100;

export interface FanOut {
  readonly publishers: readonly Load[];
  readonly subscribers: readonly LoadSubscriber[];
  /** What comes later than this behind the one before is lost. */
  readonly silenceMs: number;
}

/** Runs all of them; what did not come is counted as lost. */
export async function runFanOut(
  course: BenchCourse,
  { publishers, subscribers, silenceMs }: FanOut,
): Promise<void> {
  for (const subscriber of subscribers) await subscriber.prepare();
  await runLoads(course, publishers);
  const sent = publishers.reduce((sum, { tally }) => sum + tally.msgs, 0);
  const goals = [...new Set(subscribers.map(({ goal }) => goal))];
  for (const goal of goals) goal.aim(sent);
  const stop = deferred<void>();
  await Promise.race([
    Promise.all(goals.map(({ reached }) => reached)),
    silence(course, subscribers, silenceMs, stop.promise),
  ]);
  stop.resolve();
  // A group lacks messages as a whole: its first member says so.
  for (const { tally, goal } of firstOfEach(subscribers)) {
    tally.lost = goal.missing;
  }
}

/** Resolves when nothing has come for a while. */
async function silence(
  { clock }: BenchCourse,
  subscribers: readonly LoadSubscriber[],
  silenceMs: number,
  stop: Promise<void>,
): Promise<void> {
  let isStopped = false;
  stop.then(() => isStopped = true);
  let before = -1;
  let sinceMs = clock.monotonic();
  while (!isStopped) {
    const taken = subscribers.reduce((sum, { tally }) => sum + tally.msgs, 0);
    const nowMs = clock.monotonic();
    if (taken !== before) sinceMs = nowMs;
    if (nowMs - sinceMs >= silenceMs) return;
    before = taken;
    const { promise, resolve } = deferred<void>();
    const timer = clock.after(LOOK_MS, resolve);
    await Promise.race([promise, stop]);
    timer.cancel();
  }
}

function firstOfEach(subscribers: readonly LoadSubscriber[]): LoadSubscriber[] {
  const goals = new Set();
  return subscribers.filter(({ goal }) => {
    const isFirst = !goals.has(goal);
    goals.add(goal);
    return isFirst;
  });
}
