/** Subjects for answers: a prefix, and a name that nobody else has. */
import type { Nuid } from "../../core/nuid.ts";
import { isLiteralSubject } from "../../core/subject.ts";
import { InvalidArgumentError } from "../../core/errors.ts";
import { hasBlank } from "./subjects.ts";

/** As in nats.js; users may be allowed to subscribe below another one only. */
export const INBOX_PREFIX = "_INBOX";

/** A new inbox; an empty prefix means the usual one. */
export function inboxUnder(prefix: string, nuid: Nuid): string {
  checkInboxPrefix("Prefix", prefix || INBOX_PREFIX);
  return `${prefix || INBOX_PREFIX}.${nuid.next()}`;
}

export function checkInboxPrefix(what: string, prefix: string): void {
  if (isLiteralSubject(prefix) && !hasBlank(prefix)) return;
  throw new InvalidArgumentError(
    `${what} is no subject without wildcards: ${JSON.stringify(prefix)}`,
  );
}
