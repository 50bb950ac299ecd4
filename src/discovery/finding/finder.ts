/**
 * Asks several providers on behalf of one seeker, a client or a node, and keeps
 * their answers apart: what one of them says, or fails to say, never touches
 * what another one said. A `ProviderSeeker` looks after each. Who asks, how
 * often and how a failure is slowed down is decided here, so that a provider
 * need only know how to ask, and a slow one does not hold the others back. Time
 * is monotonic time: wall clocks do not matter.
 */
import type { Clock, Random } from "../../platform/clock.ts";
import type { Discovery, Reason } from "../discovery.ts";
import type { FinderEvents } from "./finder_events.ts";
import { ProviderSeeker } from "./provider_seeker.ts";

export interface FinderPolicy {
  /** Time between two questions while all is well; 20 % more or less. Default: 60 seconds; at least one. */
  readonly periodMs?: number;
}

const PERIOD_MS = 60_000;
const PERIOD_MIN_MS = 1000;

export class Finder {
  readonly #seekers: readonly ProviderSeeker[];

  constructor(
    providers: readonly Discovery[],
    platform: { readonly clock: Clock; readonly random: Random },
    events: FinderEvents,
    policy: FinderPolicy = {},
  ) {
    const periodMs = Math.max(policy.periodMs ?? PERIOD_MS, PERIOD_MIN_MS);
    this.#seekers = named(providers).map(([name, provider]) =>
      new ProviderSeeker(name, provider, platform, events, periodMs)
    );
  }

  /** Starts the watches and the periodic questions. A provider that has not answered before is asked at once. */
  start(): void {
    this.#seekers.forEach((seeker) => seeker.start());
  }

  /**
   * Asks every provider once, as soon as its rate allows. Resolves when each
   * has answered, failed or timed out after 5 seconds; never rejects. Several
   * calls at once share one question.
   */
  async ask(reason: Reason): Promise<void> {
    await Promise.all(this.#seekers.map((seeker) => seeker.ask(reason)));
  }

  /**
   * No server or node is reachable: asks again and again until `rest`. The first question
   * goes out at once if a second has passed since the last one, the next ones
   * 1 to 5 seconds after an answer and up to 30 after failures, and a little
   * later, so that a herd drifts apart.
   */
  seek(reason: Reason): void {
    this.#seekers.forEach((seeker) => seeker.seek(reason));
  }

  /** One was reached: back to periodic questions. */
  rest(): void {
    this.#seekers.forEach((seeker) => seeker.rest());
  }

  /** Aborts everything. No event comes afterwards. */
  stop(): void {
    this.#seekers.forEach((seeker) => seeker.stop());
  }
}

/** The providers, each by a name of its own. */
function named(providers: readonly Discovery[]): [string, Discovery][] {
  const byName = new Map<string, Discovery>();
  for (const provider of providers) {
    let name = provider.name;
    for (let number = 2; byName.has(name); number++) {
      name = `${provider.name}#${number}`;
    }
    byName.set(name, provider);
  }
  return [...byName];
}
