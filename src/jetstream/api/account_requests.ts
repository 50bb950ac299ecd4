/** Requests about an account as a whole. */
import { API_LEVEL } from "../../core/version.ts";
import type { AccountStreams } from "../account_streams.ts";
import type { ApiCall, ApiCounts } from "./api_call.ts";

export function accountRequests(counts: ApiCounts): readonly ApiCall[] {
  return [{
    pattern: "INFO",
    type: "account_info_response",
    answer: (account) => accountInfo(account, counts),
  }];
}

function accountInfo(
  { streams, host }: AccountStreams,
  { total, errors }: ApiCounts,
): object {
  let memory = 0;
  let storage = 0;
  let consumers = 0;
  for (const { stream, consumers: own } of streams.values()) {
    if (stream.config.storage === "memory") memory += stream.index.bytes;
    else storage += stream.index.bytes;
    consumers += own.size;
  }
  return {
    memory,
    storage,
    reserved_memory: 0,
    reserved_storage: 0,
    streams: streams.size,
    consumers,
    limits: {
      max_memory: -1,
      max_storage: -1,
      max_streams: -1,
      max_consumers: -1,
      max_ack_pending: -1,
      memory_max_stream_bytes: -1,
      storage_max_stream_bytes: -1,
      max_bytes_required: false,
    },
    ...(host.domain !== "" && { domain: host.domain }),
    api: { level: API_LEVEL, total, errors },
  };
}
