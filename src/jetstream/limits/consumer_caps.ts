/** What a consumer may be at most, by the server, its account and its stream. */
import type { StreamConfig } from "../stream/stream_config.ts";
import type { Quota } from "./quota.ts";

export interface ConsumerCaps {
  /** Messages that may wait for an acknowledgement, of the server and the account. */
  readonly ackPending: readonly number[];
  /** Messages that may be asked for at once; 0: no limit. */
  readonly requestBatch: number;
  /** Consumers of the stream; 0 or less: no limit. */
  readonly consumers: number;
}

export function consumerCaps(
  quota: Quota,
  { max_consumers, num_replicas }: StreamConfig,
): ConsumerCaps {
  const { maxAckPending, maxRequestBatch, maxConsumers } = quota.server.limits;
  const ofAccount = quota.of(num_replicas);
  const own = max_consumers <= 0 ||
      (ofAccount.maxConsumers > 0 && ofAccount.maxConsumers < max_consumers)
    ? ofAccount.maxConsumers
    : max_consumers;
  return {
    ackPending: [maxAckPending, ofAccount.maxAckPending],
    requestBatch: maxRequestBatch,
    consumers: own > 0 ? own : maxConsumers,
  };
}
