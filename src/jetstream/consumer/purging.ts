/** Where a consumer goes on once messages were purged. */
import { isSubsetMatch, subjectsCollide } from "../../core/subject.ts";
import { type ConsumerConfig, patternsOf } from "./consumer_config.ts";

/** Where a stream begins, and the first message that `pattern` means and is left. */
interface Purged {
  /** Undefined: all messages up to a place were purged. */
  readonly pattern: string | undefined;
  readonly firstSeq: number;
  readonly next: number;
}

/**
 * The first message that may still come to a consumer; undefined: the purge does
 * not concern it.
 *
 * NATS JetStream: a consumer that wants nothing but what was purged goes on at what
 * is left of that, others go on at the beginning of the stream.
 */
export function startAfterPurge(
  config: ConsumerConfig,
  { pattern, firstSeq, next }: Purged,
): number | undefined {
  if (pattern === undefined) return next;
  const filters = patternsOf(config);
  if (filters.length === 0) return firstSeq;
  if (filters.every((filter) => isSubsetMatch(filter, pattern))) return next;
  const meets = filters.some((filter) => subjectsCollide(filter, pattern));
  return meets ? firstSeq : undefined;
}
