/** What the limits of the account and of the server say of a stream that is asked for. */
import type { AccountStreamLimits } from "../../options/options.ts";
import type { AccountStreams } from "../account_streams.ts";
import type {
  GivenStreamConfig,
  StreamConfig,
} from "../stream/stream_config.ts";
import type { StreamSurroundings } from "../stream/stream_checks.ts";
import { ApiError } from "./api_error.ts";

const NS_PER_MS = 1e6;

/** How long a stream may remember ids, in nanoseconds; 0: no limit. */
export function windowMax({ host: { quota } }: AccountStreams): number {
  return Math.max(0, quota.server.limits.duplicateWindowMs) * NS_PER_MS;
}

/** What a stream is checked against. */
export function surroundings(
  account: AccountStreams,
  { name }: StreamConfig,
  limits: AccountStreamLimits,
): StreamSurroundings {
  const others = [...account.streams.values()]
    .map(({ stream }) => stream.config)
    .filter((config) => config.name !== name);
  return { others, duplicateWindowMax: windowMax(account), limits };
}

/**
 * Throws an `ApiError` where the account may not have another stream such as
 * `given`; gives the limits that hold for it.
 */
export function checkAnother(
  account: AccountStreams,
  given: GivenStreamConfig,
): AccountStreamLimits {
  const { quota } = account.host;
  const { name = "", max_bytes = 0, max_consumers = 0, storage } = given;
  const limits = quota.of(given.num_replicas ?? 0);
  const known = account.streams.get(name);
  const count = account.streams.size - (known === undefined ? 0 : 1);
  if (limits.maxStreams > 0 && count >= limits.maxStreams) {
    throw new ApiError(10027);
  }
  // NATS JetStream: what it says itself counts here, nothing that it leaves out.
  const size = { max_bytes, max_consumers, ...(storage && { storage }) };
  quota.checkStream(size, limits, known?.stream.config);
  return limits;
}
