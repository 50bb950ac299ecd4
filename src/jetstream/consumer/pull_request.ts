/**
 * A request for messages of a consumer, as its JSON gives it.
 *
 * NATS JetStream: an empty request asks for one message, a bare number for that
 * number of messages, and any other text that is no JSON for one.
 */
import { formatDuration } from "../../core/duration.ts";
import { readShape, ShapeError, type Struct } from "../api/shape.ts";
import type { ConsumerConfig } from "./consumer_config.ts";

/** Names are those of the JSON; durations are nanoseconds. */
export interface PullRequest {
  readonly batch: number;
  readonly expires: number;
  readonly no_wait: boolean;
  /** 0: any number. */
  readonly max_bytes: number;
  readonly idle_heartbeat: number;
  /** Empty: none is named. */
  readonly group: string;
  /** 0: any number. */
  readonly min_pending: number;
  readonly min_ack_pending: number;
  /** Of a client that is pinned; empty: none. */
  readonly id: string;
  readonly priority: number;
}

const PRIORITY_MAX = 9;
const INT = { kind: "int", type: "int" } as const;
const DURATION = { kind: "int", type: "time.Duration" } as const;
const STRING = { kind: "string" } as const;

const PULL_REQUEST: Struct = {
  name: "JSApiConsumerGetNextRequest",
  fields: {
    expires: DURATION,
    batch: INT,
    max_bytes: INT,
    no_wait: { kind: "bool" },
    idle_heartbeat: DURATION,
    group: STRING,
    min_pending: { kind: "int", type: "int64" },
    min_ack_pending: { kind: "int", type: "int64" },
    id: STRING,
    priority: INT,
  },
};

/** What keeps a request from being served: a status. */
export class PullRefusal extends Error {
  override readonly name = "PullRefusal";
}

/** A request in JSON. */
export interface PullAsked extends PullRequest {
  readonly isJson: boolean;
}

/** The request in `text`. Throws a `PullRefusal`. */
export function readPull(text: string): PullAsked {
  const nothing = {
    batch: 1,
    expires: 0,
    no_wait: false,
    max_bytes: 0,
    idle_heartbeat: 0,
    group: "",
    min_pending: 0,
    min_ack_pending: 0,
    id: "",
    priority: 0,
    isJson: false,
  };
  const trimmed = text.trim();
  if (!trimmed.startsWith("{")) {
    const batch = /^\d+$/.test(trimmed) ? Number(trimmed) : 1;
    return { ...nothing, batch: batch || 1 };
  }
  try {
    const given = readShape(trimmed, PULL_REQUEST, { strict: false });
    // NATS JetStream: a batch that is not told of is one message, and counts as none.
    const request = {
      ...nothing,
      batch: 0,
      ...given,
      isJson: true,
    } as PullAsked;
    const { idle_heartbeat, expires } = request;
    if (idle_heartbeat > 0 && 2 * idle_heartbeat > expires) {
      throw new PullRefusal("400 Bad Request - heartbeat value too large");
    }
    if (request.priority < 0 || request.priority > PRIORITY_MAX) {
      throw new PullRefusal(
        `400 Bad Request - Priority must be between 0 and ${PRIORITY_MAX}`,
      );
    }
    return request;
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new PullRefusal(`400 Bad Request - ${error.message}`);
  }
}

/** Throws a `PullRefusal` for a request that the consumer does not allow. */
export function checkPull(
  request: PullAsked,
  config: ConsumerConfig,
): void {
  const { batch, expires, max_bytes } = request;
  const { max_batch = 0, max_expires = 0, max_bytes: most = 0 } = config;
  if (max_batch > 0 && batch > max_batch) {
    throw new PullRefusal(`409 Exceeded MaxRequestBatch of ${max_batch}`);
  }
  if (max_expires > 0 && expires > max_expires) {
    const limit = durationOf(max_expires);
    throw new PullRefusal(`409 Exceeded MaxRequestExpires of ${limit}`);
  }
  if (most > 0 && max_bytes > most) {
    throw new PullRefusal(`409 Exceeded MaxRequestMaxBytes of ${most}`);
  }
  if (request.isJson) checkGroup(request, config);
}

function checkGroup(
  { group, min_pending, min_ack_pending, id }: PullRequest,
  { priority_policy = "none", priority_groups = [] }: ConsumerConfig,
): void {
  const refuse = (why: string): never => {
    throw new PullRefusal(`400 Bad Request - ${why}`);
  };
  const hasLeast = min_pending !== 0 || min_ack_pending !== 0;
  if (hasLeast && priority_policy !== "overflow") {
    refuse("Not a Overflow Priority consumer");
  }
  if (id !== "" && priority_policy !== "pinned_client") {
    refuse("Not a Pinned Client Priority consumer");
  }
  if (priority_policy === "none") return;
  if (group === "") refuse("Priority Group missing");
  if (!priority_groups.includes(group)) refuse("Invalid Priority Group");
}

const NS_PER_MS = 1e6;

/** As Go writes it. */
function durationOf(nanoseconds: number): string {
  return formatDuration(nanoseconds / NS_PER_MS);
}
