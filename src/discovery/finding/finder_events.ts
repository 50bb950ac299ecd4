/** What is told of the answers of providers: to a client, or to a node's routes. */
import type { DiscoveryError, Endpoint, Reason } from "../discovery.ts";

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
