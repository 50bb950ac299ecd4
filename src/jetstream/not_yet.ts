/**
 * What a stream may be on nats-server and not on Midge: a request for it is refused by name, and nothing is left out in silence.
 */
import { ApiError } from "./api/api_error.ts";
import type { StreamConfig } from "./stream/stream_config.ts";

const STREAM_FIELDS: readonly (keyof StreamConfig)[] = [
  "allow_batched",
  "allow_msg_schedules",
];

/** Throws an `ApiError` for a stream that Midge cannot have. */
export function refuseMissing(config: StreamConfig): void {
  const field = STREAM_FIELDS.find((name) => config[name] !== undefined);
  if (field !== undefined) throw new ApiError(10052, notYet(field));
}

function notYet(what: string): string {
  return `${what} is not supported by Midge yet`;
}
