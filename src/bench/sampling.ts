/** What a run does over its time: messages in a second, of each role, ten times a second. */
import type { Timer } from "../platform/clock.ts";
import type { Series } from "./chart.ts";
import type { BenchCourse } from "./course.ts";
import type { Role, Tally } from "./tally.ts";

const INTERVAL_MS = 100;
/** Samples that are kept; beyond that two become one. */
const SAMPLES_MAX = 1000;

interface Sample {
  readonly atMs: number;
  readonly msgs: readonly number[];
}

export class Sampler {
  readonly #course: BenchCourse;
  readonly #tallies: readonly Tally[];
  readonly #roles: readonly Role[];
  #samples: Sample[] = [];
  #intervalMs = INTERVAL_MS;
  #timer: Timer | undefined;

  constructor(course: BenchCourse, tallies: readonly Tally[]) {
    this.#course = course;
    this.#tallies = tallies;
    this.#roles = [...new Set(tallies.map(({ role }) => role))];
  }

  start(): void {
    this.#sample();
    this.#timer = this.#course.clock.after(
      this.#intervalMs,
      () => this.start(),
    );
  }

  stop(): void {
    this.#timer?.cancel();
    this.#sample();
  }

  /** Rates over the seconds since the first message. */
  series(): Series[] {
    const first = this.#samples.findIndex(({ msgs }) =>
      msgs.some((count) => count > 0)
    );
    const used = this.#samples.slice(Math.max(0, first - 1));
    const start = used[0]?.atMs ?? 0;
    return this.#roles.map((name, role) => ({
      name,
      points: used.slice(1).map(({ atMs, msgs }, before) => {
        const { atMs: beforeMs, msgs: beforeMsgs } = used[before]!;
        const spentMs = atMs - beforeMs;
        const count = msgs[role]! - beforeMsgs[role]!;
        const perSecond = spentMs > 0 ? count / spentMs * 1000 : 0;
        return [(atMs - start) / 1000, perSecond] as const;
      }),
    }));
  }

  #sample(): void {
    const atMs = this.#course.clock.monotonic();
    const msgs = this.#roles.map((role) =>
      this.#tallies.reduce(
        (sum, tally) => tally.role === role ? sum + tally.msgs : sum,
        0,
      )
    );
    this.#samples.push({ atMs, msgs });
    if (this.#samples.length < SAMPLES_MAX) return;
    this.#samples = this.#samples.filter((_, at) => at % 2 === 0);
    this.#intervalMs *= 2;
  }
}
