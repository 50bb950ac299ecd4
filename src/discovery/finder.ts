/**
 * Asks several providers on behalf of one seeker, a client or a node, and keeps
 * their answers apart: what one of them says, or fails to say, never touches
 * what another one said. A `ProviderSeeker` looks after each. Who asks, how
 * often and how a failure is slowed down is decided here, so that a provider
 * need only know how to ask.
 *
 * A combination is taken apart into its parts, so that a slow one holds nobody
 * back. Time is monotonic time: nobody's wall clock matters.
 */
import type { Clock, Random } from "../core/clock.ts";
import type { Discovery, Endpoint, Reason } from "./discovery.ts";
import type { DiscoveryError } from "./discovery.ts";

/** What a finder tells its owner. No event comes after `stop`; none may throw. */
export interface FinderEvents {
  /**
   * The whole set of one provider has changed, or was confirmed. Never called
   * for a failure, nor for an empty answer that is not yet believed.
   */
  onFound(provider: string, endpoints: readonly Endpoint[]): void;
  /** Something was asked, or pushed: for events and logs. */
  onAnswer(answer: FinderAnswer): void;
}

export interface FinderAnswer {
  /** The provider's name; two providers of one name are told apart by a number. */
  readonly provider: string;
  readonly reason: Reason | "watch";
  /** How many endpoints came; 0 with an error. */
  readonly count: number;
  readonly error?: DiscoveryError;
}

export interface FinderPolicy {
  /** Time between two questions while all is well; 20 % more or less. Default: 60 seconds; at least one. */
  readonly periodMs?: number;
}

export class Finder {
  constructor(
    _providers: readonly Discovery[],
    _platform: { readonly clock: Clock; readonly random: Random },
    _events: FinderEvents,
    _policy: FinderPolicy = {},
  ) {}

  /** Starts the watches and the periodic questions. Whoever was not asked before is asked at once. */
  start(): void {}

  /**
   * Asks every provider once, as soon as its rate allows. Resolves when each
   * has answered, failed or timed out after 5 seconds; never rejects. Several
   * calls at once share one question.
   */
  ask(_reason: Reason): Promise<void> {
    return Promise.resolve();
  }

  /**
   * Nobody is reachable: asks again and again until `rest`. The first question
   * goes out at once if a second has passed since the last one, the next ones
   * 1 to 5 seconds after an answer and up to 30 after failures.
   */
  seek(_reason: Reason): void {}

  /** Somebody was reached: back to periodic questions. */
  rest(): void {}

  /** Aborts everything. No event comes afterwards. */
  stop(): void {}
}
