/**
 * Requests that only a cluster of JetStream can serve: a server that stands alone
 * says so, whatever they are about.
 */
import type { ApiCall } from "./api_call.ts";
import { ApiError } from "./api_error.ts";

const REQUESTS: readonly (readonly [string, string])[] = [
  ["STREAM.LEADER.STEPDOWN.*", "stream_leader_stepdown_response"],
  ["STREAM.PEER.REMOVE.*", "stream_remove_peer_response"],
  ["STREAM.PEER.EVACUATE.*", "stream_evacuate_peer_response"],
  ["STREAM.CANCEL_MOVE.*", "stream_cancel_move_response"],
  ["CONSUMER.LEADER.STEPDOWN.*.*", "consumer_leader_stepdown_response"],
];

export function clusterRequests(): readonly ApiCall[] {
  return REQUESTS.map(([pattern, type]) => ({ pattern, type, answer: refuse }));
}

function refuse(): never {
  throw new ApiError(10010);
}
