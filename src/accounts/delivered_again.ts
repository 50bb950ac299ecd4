/**
 * Messages that one publisher sends in a row on one subject, all alike but for
 * their payloads: where one client hears them, or one other server, or nobody,
 * nothing has to be found out for each, and all that stand together are delivered
 * at once.
 */
import type { SubjectMatch } from "../core/subject_match.ts";
import type { Message } from "../wire/message.ts";
import type { AccountName, Interest } from "./interest.ts";

/**
 * How many messages like `message`, which was just delivered to `match` and was
 * taken by as many as `accepted`, may follow at once.
 */
export function mostAgain(
  account: AccountName,
  { plain, queues }: SubjectMatch<Interest>,
  message: Message,
  accepted: number,
): number {
  if (queues.length > 0 || plain.length > 1 || accepted < plain.length) {
    return 0;
  }
  const interest = plain[0];
  if (interest === undefined) return Infinity;
  const { direct, server } = interest;
  return direct?.mostAgain?.(interest, message) ??
    server?.mostAgain?.(account, message) ?? 0;
}

/** Delivers `count` of those, which stand behind `message`, each `stride` bytes further on. */
export function deliverAgain(
  account: AccountName,
  { plain }: SubjectMatch<Interest>,
  message: Message,
  count: number,
  stride: number,
): void {
  const interest = plain[0];
  if (interest === undefined) return;
  const { direct, server } = interest;
  direct?.deliverAgain?.(interest, message, count, stride);
  server?.forwardAgain?.(account, message, count, stride);
}
