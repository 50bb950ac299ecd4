/**
 * What a consumer that is asked for pedantically has to say itself: where a server
 * would put something else in place of what was said, it refuses.
 */
import { ApiError } from "../api/api_error.ts";
import type { StreamConfig } from "../stream/stream_config.ts";
import type { GivenConsumerConfig, NumberField } from "./consumer_config.ts";

/** What would be put in place of anything less. */
const LEAST: readonly (readonly [NumberField, number])[] = [
  ["max_deliver", -1],
  ["max_waiting", 0],
  ["max_ack_pending", -1],
  ["max_batch", 0],
  ["max_expires", 0],
  ["max_bytes", 0],
  ["idle_heartbeat", 0],
  ["inactive_threshold", 0],
  ["priority_timeout", 0],
];

/** Throws an `ApiError` with the first thing that would not stay as it is. */
export function checkPedanticConsumer(
  given: GivenConsumerConfig,
  { consumer_limits }: StreamConfig,
): void {
  const refuse = (text: string): never => {
    throw new ApiError(10157, text);
  };
  for (const [field, least] of LEAST) {
    if ((given[field] ?? 0) >= least) continue;
    refuse(
      `${field} ${least < 0 ? "must be set to -1" : "must not be negative"}`,
    );
  }
  const [first] = given.backoff ?? [];
  if (first !== undefined && first !== given.ack_wait) {
    refuse("first backoff value has to equal batch AckWait");
  }
  const { max_ack_pending = 0, inactive_threshold = 0 } = consumer_limits;
  const limited = (name: string): string =>
    `${name} must be set if it's configured in stream limits`;
  if (max_ack_pending > 0 && !given.max_ack_pending) {
    refuse(limited("max_ack_pending"));
  }
  if (inactive_threshold > 0 && !given.inactive_threshold) {
    refuse(limited("inactive_threshold"));
  }
}
