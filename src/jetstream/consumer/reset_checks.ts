/** Where a consumer may be set to begin again. */
import { ApiError } from "../api/api_error.ts";
import { momentOf } from "../moments.ts";
import type { Stream } from "../stream/stream.ts";
import type { ConsumerConfig } from "./consumer_config.ts";

/** Throws an `ApiError` where a consumer may not begin again at `seq`. */
export function checkReset(
  { config, stream }: {
    readonly config: ConsumerConfig;
    readonly stream: Stream;
  },
  seq: number,
): void {
  const { deliver_policy, opt_start_seq = 0, opt_start_time = "" } = config;
  switch (deliver_policy) {
    case "all":
      return;
    case "by_start_sequence":
      if (seq < opt_start_seq) throw new ApiError(10204, "below start seq");
      return;
    case "by_start_time":
      if (seq < stream.index.firstAt(momentOf(opt_start_time))) {
        throw new ApiError(10204, "below start time");
      }
      return;
    default:
      throw new ApiError(10204, "not allowed");
  }
}
