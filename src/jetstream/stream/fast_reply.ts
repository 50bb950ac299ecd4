/**
 * What the reply subject of a message says of its batch.
 *
 * NATS JetStream: `PREFIX.ID.FLOW.GAPS.NUMBER.OPERATION.$FI`.
 */
import { ApiError } from "../api/api_error.ts";

export const FAST_END = ".$FI";

const ID_MAX = 64;
/** How many messages are acknowledged at once where nothing sensible is said. */
const FLOW_DEFAULT = 10;
const FLOW_MAX = 65_535;

/** By the digit that stands for it. */
const OPERATIONS = ["start", "append", "commit", "end", "ping"] as const;

export interface FastReply {
  readonly id: string;
  /** Messages between two acknowledgements, at most. */
  readonly flow: number;
  /** Whether the batch goes on where messages are missing. */
  readonly allowsGaps: boolean;
  /** The message's number in its batch; of a ping, the number of the last message. */
  readonly number: number;
  readonly operation: typeof OPERATIONS[number];
}

/** Throws an `ApiError` for one that makes no sense. */
export function readFastReply(reply: string): FastReply {
  const tokens = reply.slice(0, -FAST_END.length).split(".");
  const [id, flow, gaps, number, operation] = tokens.slice(-5);
  const kind = /^\d+$/.test(operation ?? "")
    ? OPERATIONS[Number(operation)]
    : undefined;
  const isNumber = /^\d+$/.test(number ?? "") && Number(number) > 0;
  const isFirst = Number(number) === 1;
  const isOdd = tokens.length < 6 || kind === undefined || !isNumber ||
    (gaps !== "ok" && gaps !== "fail") ||
    (kind === "start" && !isFirst) ||
    ((kind === "append" || kind === "end") && isFirst);
  if (isOdd) throw new ApiError(10206);
  if (id === "" || id!.length > ID_MAX) throw new ApiError(10207);
  return {
    id: id!,
    flow: flowIn(flow!),
    allowsGaps: gaps === "ok",
    number: Number(number),
    operation: kind,
  };
}

function flowIn(text: string): number {
  const flow = /^\d+$/.test(text) ? Number(text) : 0;
  return flow === 0 ? FLOW_DEFAULT : Math.min(flow, FLOW_MAX);
}
