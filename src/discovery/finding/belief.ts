/**
 * What one provider is believed to know. A provider that has just been started
 * again, or was emptied by a mistake, says that there are no nodes although
 * they live: an empty answer takes the place of one that was not only when it
 * is meant, is repeated, and has been so for a while.
 *
 * The age of the last answer is no reason to believe an empty one: a question
 * that is asked when an answer has expired would then have its first empty
 * answer believed.
 */
import type { Clock } from "../../platform/clock.ts";
import { DiscoveryError, type Endpoint, type Snapshot } from "../discovery.ts";

/** An empty answer is believed no sooner than this after the first one in a row. */
export const EMPTY_DOUBT_MS = 10_000;

/** Of longer answers only the beginning is looked at. */
export const ENDPOINTS_MAX = 1024;

export class Belief {
  readonly #clock: Clock;
  #last: Snapshot | undefined;
  #endpoints: readonly Endpoint[] = [];
  /** Since when the answers are empty and not believed. */
  #emptySinceMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The provider's last answer, whether or not it is believed. */
  get last(): Snapshot | undefined {
    return this.#last;
  }

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /** An empty answer is waiting to be repeated. */
  get isInDoubt(): boolean {
    return this.#emptySinceMs !== undefined;
  }

  /** Takes an answer; false if it is not believed. */
  take(snapshot: Snapshot): boolean {
    this.#last = snapshot;
    if (snapshot.endpoints.length === 0 && !this.#believesEmpty(snapshot)) {
      return false;
    }
    this.#emptySinceMs = undefined;
    this.#endpoints = snapshot.endpoints;
    return true;
  }

  /** The provider failed: empty answers before and after are not in a row. */
  fail(): void {
    this.#emptySinceMs = undefined;
  }

  #believesEmpty({ authoritative }: Snapshot): boolean {
    if (!authoritative) {
      this.#emptySinceMs = undefined;
      return false;
    }
    if (this.#endpoints.length === 0) return true;
    const nowMs = this.#clock.monotonic();
    this.#emptySinceMs ??= nowMs;
    return nowMs - this.#emptySinceMs >= EMPTY_DOUBT_MS;
  }
}

/** An answer that has the form of one: providers may be the user's own code. Throws a `DiscoveryError`. */
export function checked(answer: Snapshot): Snapshot {
  if (!Array.isArray(answer?.endpoints)) {
    throw new DiscoveryError("The provider gave something that is no snapshot");
  }
  return answer.endpoints.length <= ENDPOINTS_MAX
    ? answer
    : { ...answer, endpoints: answer.endpoints.slice(0, ENDPOINTS_MAX) };
}

/** Whether two lists name the same doors in the same way, in any order. */
export function areSame(
  some: readonly Endpoint[],
  others: readonly Endpoint[],
): boolean {
  if (some.length !== others.length) return false;
  const known = new Set(some.map(textOf));
  const heard = new Set(others.map(textOf));
  return known.size === heard.size && [...known].every((one) => heard.has(one));
}

function textOf(endpoint: Endpoint): string {
  return JSON.stringify([
    endpoint.url,
    endpoint.serverId,
    endpoint.serverName,
    endpoint.cluster,
    endpoint.priority ?? 0,
    endpoint.weight,
    endpoint.tlsName,
    endpoint.lameDuck ?? false,
  ]);
}
