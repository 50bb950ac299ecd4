/** How large a stream may become, by the limits of its account. */
import type { AccountStreamLimits } from "../../options/options.ts";
import { ApiError } from "../api/api_error.ts";
import type { StreamConfig } from "../stream/stream_config.ts";

/** Throws an `ApiError` for one that has to say it and does not, or that is too large. */
export function checkMaxBytes(
  { max_bytes, storage }: StreamConfig,
  limits: AccountStreamLimits,
): void {
  if (limits.maxBytesRequired && max_bytes <= 0) throw new ApiError(10113);
  const most = storage === "memory"
    ? limits.memoryStreamBytes
    : limits.fileStreamBytes;
  if (most > 0 && max_bytes > most) throw new ApiError(10122);
}
