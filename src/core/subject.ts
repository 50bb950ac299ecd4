/**
 * What a subject is and when two of them meet. A subject is a byte string of
 * tokens divided by dots; a token that is exactly `*` stands for any one token,
 * and a last token that is exactly `>` for one or more. The broker, the routes,
 * the permissions and the configuration all ask here. Every rule is NATS's
 * ("NATS subject rules"): `foo*`, `*.>x` and `a>b` have no wildcard, and no
 * token may be empty. Nothing else is forbidden on the wire: control characters
 * and invalid UTF-8 pass.
 */

import { DOT, GREATER, SPACE, STAR } from "./ascii.ts";

/** Where the token that starts at `start` ends. */
export function tokenEnd(subject: string, start: number): number {
  const dot = subject.indexOf(".", start);
  return dot < 0 ? subject.length : dot;
}

/** How many tokens a subject has; the empty one has none. */
export function tokenCount(subject: string): number {
  if (subject === "") return 0;
  let count = 1;
  for (let i = 0; i < subject.length; i++) {
    if (subject.charCodeAt(i) === DOT) count++;
  }
  return count;
}

/** Whether some token is empty, as in `foo.`, `.foo`, `a..b` and the empty subject. */
export function hasEmptyToken(subject: string): boolean {
  return subject === "" || hasEmptyTokenFrom(subject, 0);
}

/** Whether a client may subscribe to it. NATS subject rules: no empty token, `>` only last. */
export function isValidSubject(subject: string): boolean {
  if (hasEmptyToken(subject)) return false;
  const last = subject.lastIndexOf(".") + 1;
  const greater = findWildcard(subject, GREATER);
  return greater < 0 || greater === last;
}

/**
 * Whether it may be published to without complaint. NATS subject rules: no
 * empty token and no wildcard token; checked for pedantic clients only.
 */
export function isLiteralSubject(subject: string): boolean {
  return !hasEmptyToken(subject) && !hasWildcard(subject);
}

/**
 * Whether it may stand in a configuration file. NATS subject rules: as for
 * subscribing, and no blanks, which the wire cannot carry inside a subject.
 */
export function isValidConfigSubject(subject: string): boolean {
  return isValidSubject(subject) && !hasBlank(subject);
}

/** Whether some token is `*` or `>`. */
export function hasWildcard(subject: string): boolean {
  return findWildcard(subject, STAR) >= 0 ||
    findWildcard(subject, GREATER) >= 0;
}

/**
 * Whether a message on `subject` reaches a subscription to `pattern`, which
 * must be valid. Wildcards in `subject` are ordinary tokens; a subject with an
 * empty token reaches nobody.
 */
export function subjectMatches(pattern: string, subject: string): boolean {
  return covers(pattern, subject, true);
}

/**
 * Whether `pattern` matches every subject that `subject` matches; both may have
 * wildcards, and `pattern` must be valid. Permissions ask this of subscriptions.
 */
export function isSubsetMatch(subject: string, pattern: string): boolean {
  return covers(pattern, subject, false);
}

/** Whether some literal subject matches both; both must be valid. */
export function subjectsCollide(a: string, b: string): boolean {
  let aStart = 0;
  let bStart = 0;
  while (true) {
    const aEnd = tokenEnd(a, aStart);
    const bEnd = tokenEnd(b, bStart);
    if (isToken(a, aStart, aEnd, GREATER)) return true;
    if (isToken(b, bStart, bEnd, GREATER)) return true;
    const meet = isToken(a, aStart, aEnd, STAR) ||
      isToken(b, bStart, bEnd, STAR) ||
      sameToken(a, aStart, aEnd, b, bStart, bEnd);
    if (!meet) return false;
    if (aEnd === a.length || bEnd === b.length) {
      return aEnd === a.length && bEnd === b.length;
    }
    aStart = aEnd + 1;
    bStart = bEnd + 1;
  }
}

/** What both match, as a pattern; both must be valid and collide. */
export function subjectsMeet(a: string, b: string): string {
  const [left, right] = [a.split("."), b.split(".")];
  const tokens: string[] = [];
  for (let i = 0; i < left.length || i < right.length; i++) {
    if (left[i] === ">") return [...tokens, ...right.slice(i)].join(".");
    if (right[i] === ">") return [...tokens, ...left.slice(i)].join(".");
    tokens.push(left[i] === "*" ? right[i]! : left[i]!);
  }
  return tokens.join(".");
}

/** Walks both token by token; `literal` makes a `>` in `subject` an ordinary token. */
function covers(pattern: string, subject: string, literal: boolean): boolean {
  let patternStart = 0;
  let subjectStart = 0;
  while (true) {
    const patternStop = tokenEnd(pattern, patternStart);
    const subjectStop = tokenEnd(subject, subjectStart);
    if (subjectStop === subjectStart) return false;
    if (isToken(pattern, patternStart, patternStop, GREATER)) {
      return !hasEmptyTokenFrom(subject, subjectStart);
    }
    if (!literal && isToken(subject, subjectStart, subjectStop, GREATER)) {
      return false;
    }
    const fits = isToken(pattern, patternStart, patternStop, STAR) ||
      sameToken(
        pattern,
        patternStart,
        patternStop,
        subject,
        subjectStart,
        subjectStop,
      );
    if (!fits) return false;
    if (patternStop === pattern.length || subjectStop === subject.length) {
      return patternStop === pattern.length && subjectStop === subject.length;
    }
    patternStart = patternStop + 1;
    subjectStart = subjectStop + 1;
  }
}

function hasEmptyTokenFrom(subject: string, start: number): boolean {
  let previous = DOT;
  for (let i = start; i < subject.length; i++) {
    const char = subject.charCodeAt(i);
    if (char === DOT && previous === DOT) return true;
    previous = char;
  }
  return previous === DOT;
}

/** Where the first token that is just `wildcard` starts, or -1. */
function findWildcard(subject: string, wildcard: number): number {
  for (let i = 0; i < subject.length; i++) {
    if (subject.charCodeAt(i) !== wildcard) continue;
    const opens = i === 0 || subject.charCodeAt(i - 1) === DOT;
    const closes = i + 1 === subject.length ||
      subject.charCodeAt(i + 1) === DOT;
    if (opens && closes) return i;
  }
  return -1;
}

function hasBlank(subject: string): boolean {
  for (let i = 0; i < subject.length; i++) {
    if (isBlank(subject.charCodeAt(i))) return true;
  }
  return false;
}

/** NATS subject rules: space, tab, line feed, form feed and carriage return. */
function isBlank(char: number): boolean {
  return char === SPACE || (char >= 0x09 && char <= 0x0d && char !== 0x0b);
}

function isToken(
  subject: string,
  start: number,
  end: number,
  wildcard: number,
): boolean {
  return end - start === 1 && subject.charCodeAt(start) === wildcard;
}

function sameToken(
  a: string,
  aStart: number,
  aEnd: number,
  b: string,
  bStart: number,
  bEnd: number,
): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false;
  for (let i = aStart, j = bStart; i < aEnd; i++, j++) {
    if (a.charCodeAt(i) !== b.charCodeAt(j)) return false;
  }
  return true;
}
