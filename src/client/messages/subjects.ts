/**
 * What may be used as a subject, a reply subject or a queue name. The broker is
 * lenient here ("NATS subject rules"); a client library is strict, because a
 * blank in a subject would change the meaning of the whole line.
 */
import { SPACE } from "../../core/ascii.ts";
import {
  hasEmptyToken,
  isLiteralSubject,
  isValidSubject,
} from "../../core/subject.ts";
import { InvalidSubjectError } from "../api/errors.ts";

const DELETE = 0x7f;

/**
 * Throws unless a message may be published to it: no blanks and no empty tokens.
 * Wildcards are tokens like others, which reach those who subscribe to more;
 * JetStream's API has such subjects. A pedantic server complains about them.
 */
export function checkPublished(
  what: string,
  subject: string,
  pedantic: boolean,
): void {
  if (pedantic) checkLiteralSubject(what, subject);
  else if (hasEmptyToken(subject) || hasBlank(subject)) {
    throw new InvalidSubjectError(what, subject);
  }
}

/** Throws for blanks, empty tokens and wildcards. */
export function checkLiteralSubject(what: string, subject: string): void {
  if (!isLiteralSubject(subject) || hasBlank(subject)) {
    throw new InvalidSubjectError(what, subject);
  }
}

/** Throws unless it can be subscribed to. */
export function checkPattern(subject: string): void {
  if (!isValidSubject(subject) || hasBlank(subject)) {
    throw new InvalidSubjectError("subject", subject);
  }
}

export function checkQueue(queue: string): void {
  if (queue === "" || hasBlank(queue)) {
    throw new InvalidSubjectError("queue name", queue);
  }
}

/** Whether it holds a blank or a control character. */
export function hasBlank(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char <= SPACE || char === DELETE) return true;
  }
  return false;
}
