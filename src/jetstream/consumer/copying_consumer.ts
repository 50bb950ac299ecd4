/**
 * Consumers by which other streams copy the messages of one: a request for such a
 * consumer gets what the stream needs so that nothing is lost.
 *
 * NATS JetStream (ADR-60): from a stream with limits a copy reads with a consumer
 * that nobody sees and nothing is kept of. One that keeps messages for consumers
 * gets a lasting one instead, whose answers to flow control are acknowledgements.
 */
import { utf8ByteString } from "../../core/ascii.ts";
import { randomName } from "../../core/nuid.ts";
import { shortHash } from "../../core/short_hash.ts";
import { ApiError } from "../api/api_error.ts";
import type { Stream } from "../stream/stream.ts";
import type { GivenConsumerConfig } from "./consumer_config.ts";

const TOKEN_CHARS = 8;
const MAX_ACK_PENDING = 1000;

/** A consumer that is asked for: its name, and what it is told to be. */
export interface AskedConsumer {
  readonly name: string;
  readonly given: GivenConsumerConfig;
}

/** What is made where `asked` is asked for. */
export function forCopies(
  asked: AskedConsumer,
  { config: { retention }, host }: Stream,
): AskedConsumer {
  const { name, given } = asked;
  if (!given.sourcing || !given.direct) return asked;
  if (retention === "limits") {
    const own = `${name}-${randomName(host.random, TOKEN_CHARS)}`;
    return { name: own, given: { ...given, name: own } };
  }
  const {
    ack_wait: _wait,
    inactive_threshold: _threshold,
    direct: _direct,
    opt_start_seq: _seq,
    opt_start_time: _time,
    ...others
  } = given;
  return {
    name,
    given: {
      ...others,
      durable_name: name,
      name,
      deliver_policy: "all",
      ack_policy: "flow_control",
      max_deliver: -1,
      max_ack_pending: MAX_ACK_PENDING,
    },
  };
}

/** Whether a consumer is one that copies make; their origin says which stream it is. */
export function isForCopies(
  { sourcing, direct }: GivenConsumerConfig,
): boolean {
  return sourcing === true || direct === true;
}

/** What tells a stream from another one that has had its name. */
export function streamIdentity({ name, createdUs }: Stream): string {
  return shortHash(`${utf8ByteString(name)} ${createdUs}`);
}

/** Throws an `ApiError` where a request means another stream of that name. */
export function checkIdentity(
  stream: Stream,
  wanted: string | undefined,
): void {
  const identity = streamIdentity(stream);
  if (wanted && wanted !== identity) throw new ApiError(10225, identity);
}
