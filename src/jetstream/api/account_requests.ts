/** Requests about an account as a whole. */
import { API_LEVEL } from "../../core/version.ts";
import type { AccountStreamLimits } from "../../options/options.ts";
import type { AccountStreams, OpenStream } from "../account_streams.ts";
import { isPublic } from "../consumer/consumer_config.ts";
import type { StorageKind } from "../stream/stream_config.ts";
import type { ApiCall } from "./api_call.ts";

export function accountRequests(): readonly ApiCall[] {
  return [{ pattern: "INFO", type: "account_info_response", answer }];
}

function answer({ streams, counts, host }: AccountStreams): object {
  const { quota: { limits }, replies: { domain } } = host;
  const open = [...streams.values()];
  return {
    ...figures(open, limits),
    ...(domain !== "" && { domain }),
    api: { level: API_LEVEL, ...counts },
    ...(limits.tiers !== undefined && { tiers: tiers(open, limits.tiers) }),
  };
}

/** NATS JetStream: a tier is told of as an account of its own. */
function tiers(
  open: readonly OpenStream[],
  limits: Readonly<Record<string, AccountStreamLimits>>,
): object {
  return Object.fromEntries(
    Object.keys(limits).sort().map((tier) => {
      const own = open.filter(({ stream: { config } }) =>
        `R${config.num_replicas}` === tier
      );
      return [tier, figures(own, limits[tier]!)];
    }),
  );
}

function figures(
  open: readonly OpenStream[],
  limits: AccountStreamLimits,
): object {
  const sum = (
    kind: StorageKind,
    bytes: (one: OpenStream) => number,
  ): number =>
    open.filter(({ stream }) => stream.config.storage === kind)
      .reduce((total, one) => total + bytes(one), 0);
  const used = ({ stream }: OpenStream): number => stream.index.bytes;
  const reserved = ({ stream }: OpenStream): number =>
    Math.max(0, stream.config.max_bytes);
  return {
    memory: sum("memory", used),
    storage: sum("file", used),
    reserved_memory: sum("memory", reserved),
    reserved_storage: sum("file", reserved),
    streams: open.length,
    // NATS JetStream: those of other streams are counted here, and nowhere else.
    consumers: open.reduce((total, one) => total + one.consumers.size, 0),
    limits: {
      max_memory: limits.maxMemoryBytes,
      max_storage: limits.maxFileBytes,
      max_streams: limits.maxStreams,
      max_consumers: limits.maxConsumers,
      max_ack_pending: limits.maxAckPending,
      memory_max_stream_bytes: limits.memoryStreamBytes,
      storage_max_stream_bytes: limits.fileStreamBytes,
      max_bytes_required: limits.maxBytesRequired,
    },
  };
}

/** NATS JetStream: consumers of other streams are not counted. */
export function publicCount({ consumers }: OpenStream): number {
  let count = 0;
  for (const { config } of consumers.values()) {
    if (isPublic(config)) count++;
  }
  return count;
}
