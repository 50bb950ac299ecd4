/**
 * One list of a user's rules: subjects with wildcards, those of subscriptions
 * also with the queue group that they are for. It answers what permissions ask
 * of a list; which answer means what is in `permissions.ts`. What is asked for
 * each message is answered from the bytes of the subject, without a string.
 */
import {
  asciiBytes,
  byteString,
  DOT,
  GREATER,
  STAR,
  utf8ByteString,
} from "../core/ascii.ts";
import {
  hasWildcard,
  isSubsetMatch,
  isValidConfigSubject,
  subjectsCollide,
  tokenCount,
} from "../core/subject.ts";
import type { Subscriber } from "../core/subject_match.ts";
import { Sublist } from "../core/sublist.ts";

/** What is blank between a rule's subject and its queue group. */
const BLANKS = /[ \t\n\f\r]+/;

const ANY_SUBJECT = ">";

/** A list with more rules is looked up in a trie, which takes longer than to go through a few. */
const FEW_RULES = 32;

/** With more rules than this it takes too long to look which of them a subscription meets. */
const MANY_RULES = 1000;

/** Stands in a trie as a subscription would. */
class Rule implements Subscriber {
  readonly subject: string;
  readonly bytes: Uint8Array;
  /** Empty: for all. */
  readonly queue: string;
  readonly weight = 1;
  /** Subscriptions of one group ask one after the other. */
  #lastQueue = "";
  #lastFits = false;

  constructor(subject: string, queue: string) {
    this.subject = subject;
    this.bytes = asciiBytes(subject);
    this.queue = queue;
  }

  fits(queue: string): boolean {
    if (queue === this.#lastQueue) return this.#lastFits;
    this.#lastQueue = queue;
    return this.#lastFits = fitsQueue(this.queue, queue);
  }
}

export class RuleList {
  /** For all subscriptions, and for those of a queue group. */
  readonly #plain: Rule[] = [];
  readonly #queued: Rule[] = [];
  /** The plain ones, if they are many. */
  readonly #trie: Sublist<Rule> | undefined;
  readonly #mostTokens: number;

  /**
   * An entry that makes no sense counts as `otherwise`: the list of what is
   * denied then denies everything, that of what is allowed goes without it.
   */
  constructor(entries: readonly string[], otherwise: "nothing" | "everything") {
    for (const entry of new Set(entries)) {
      const rule = ruleOf(entry) ??
        (otherwise === "everything" ? new Rule(ANY_SUBJECT, "") : undefined);
      if (rule === undefined) continue;
      (rule.queue === "" ? this.#plain : this.#queued).push(rule);
    }
    this.#trie = this.#plain.length > FEW_RULES
      ? trieOf(this.#plain)
      : undefined;
    this.#mostTokens = Math.max(
      0,
      ...[...this.#plain, ...this.#queued].map((rule) =>
        tokenCount(rule.subject)
      ),
    );
  }

  /** So few that they are better gone through than looked up. */
  get areFew(): boolean {
    return this.#trie === undefined && this.#queued.length <= FEW_RULES;
  }

  /** The subjects of the rules for all, and of those for a queue group. */
  subjects(who: "all" | "groups"): readonly Uint8Array[] {
    const rules = who === "all" ? this.#plain : this.#queued;
    return rules.map(({ bytes }) => bytes);
  }

  /** How many rules there are. */
  get size(): number {
    return this.#plain.length + this.#queued.length;
  }

  /** Whether a rule for all matches the published subject `buffer[start, end)`. */
  matches(buffer: Uint8Array, start: number, end: number): boolean {
    if (this.#trie !== undefined) {
      const subject = byteString(buffer, start, end);
      return this.#trie.matchOnce(subject).plain.length > 0;
    }
    const rules = this.#plain;
    for (let i = 0; i < rules.length; i++) {
      if (matchesBytes(rules[i]!.bytes, buffer, start, end)) return true;
    }
    return false;
  }

  /** Whether a rule for some queue group does. */
  namesQueues(buffer: Uint8Array, start: number, end: number): boolean {
    const rules = this.#queued;
    for (let i = 0; i < rules.length; i++) {
      if (matchesBytes(rules[i]!.bytes, buffer, start, end)) return true;
    }
    return false;
  }

  /** Whether a rule for the queue group `queue` does. */
  namesQueue(
    buffer: Uint8Array,
    start: number,
    end: number,
    queue: string,
  ): boolean {
    const rules = this.#queued;
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i]!;
      if (rule.fits(queue) && matchesBytes(rule.bytes, buffer, start, end)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Whether the rules allow each subject that a subscription to `subject` may
   * hear in `queue`; empty: plain. If some of them that cover a subject name
   * queue groups, those alone decide about a subscription in a group.
   */
  covers(subject: string, queue: string): boolean {
    if (!endsOpen(subject)) return this.#coversLength(subject, queue);
    // What `>` stands for has one token, or two, or more: longer than any rule
    // without `>`, one more token makes no difference.
    const before = subject.slice(0, -1);
    let last = this.#mostTokens - tokenCount(subject) + 2;
    let tokens = "*";
    do {
      if (!this.#coversLength(before + tokens, queue)) return false;
      tokens += ".*";
    } while (--last > 0);
    return true;
  }

  /**
   * Whether some subject matches both a rule and the subscription, in its queue
   * group if the rule is for one. Of very many rules some is taken to do so.
   */
  collides(subject: string, queue: string): boolean {
    if (this.size > MANY_RULES) return true;
    const meets = (rule: Rule): boolean =>
      subjectsCollide(rule.subject, subject);
    return this.#plain.some(meets) ||
      this.#queued.some((rule) => rule.fits(queue) && meets(rule));
  }

  /** Whether a rule for some queue group has subjects that `subject` has as well. */
  collidesInAQueue(subject: string): boolean {
    if (this.#queued.length > MANY_RULES) return true;
    return this.#queued.some((rule) => subjectsCollide(rule.subject, subject));
  }

  /** As `covers`, for a `subject` that stands for subjects of one length. */
  #coversLength(subject: string, queue: string): boolean {
    const covers = (rule: Rule): boolean =>
      isSubsetMatch(subject, rule.subject);
    if (queue !== "") {
      const named = this.#queued.filter(covers);
      if (named.length > 0) return named.some((rule) => rule.fits(queue));
    }
    // A wildcard counts as an ordinary token, which only another one matches.
    return this.#trie === undefined
      ? this.#plain.some(covers)
      : this.#trie.matchOnce(subject).plain.length > 0;
  }
}

/** Undefined for an entry that makes no sense. */
function ruleOf(entry: string): Rule | undefined {
  const [subject = "", queue = "", ...more] = utf8ByteString(entry)
    .split(BLANKS);
  return isValidConfigSubject(subject) && more.length === 0
    ? new Rule(subject, queue)
    : undefined;
}

function trieOf(rules: readonly Rule[]): Sublist<Rule> {
  const trie = new Sublist<Rule>({ cache: false });
  for (const rule of rules) trie.insert(rule);
  return trie;
}

/**
 * NATS permissions: whether a rule's queue group is `queue`, or has wildcards
 * and contains it. Names of groups may have any form; empty is none.
 */
function fitsQueue(pattern: string, queue: string): boolean {
  if (queue === "") return false;
  if (pattern === queue) return true;
  if (!hasWildcard(pattern)) return false;
  const tokens = queue.split(".");
  const wanted = pattern.split(".");
  for (let i = 0; i < wanted.length; i++) {
    const token = tokens[i];
    if (token === undefined) return false;
    if (wanted[i] === ">") return true;
    const fits = wanted[i] === "*"
      ? token !== "" && token !== ">"
      : token === wanted[i];
    if (!fits) return false;
  }
  return tokens.length === wanted.length;
}

/** `subjectMatches` of `core/subject.ts`, for bytes. */
function matchesBytes(
  pattern: Uint8Array,
  buffer: Uint8Array,
  start: number,
  end: number,
): boolean {
  const { length } = pattern;
  let at = start;
  for (let i = 0;; i++, at++) {
    if (pattern[i] === GREATER && i + 1 === length) {
      return !hasEmptyTokenIn(buffer, at, end);
    }
    const tokenStart = at;
    if (pattern[i] === STAR && (i + 1 === length || pattern[i + 1] === DOT)) {
      i++;
      while (at < end && buffer[at] !== DOT) at++;
    } else {
      while (i < length && pattern[i] !== DOT) {
        if (at === end || buffer[at++] !== pattern[i++]) return false;
      }
    }
    if (at === tokenStart || (at < end && buffer[at] !== DOT)) return false;
    if (i === length || at === end) return i === length && at === end;
  }
}

function hasEmptyTokenIn(
  buffer: Uint8Array,
  start: number,
  end: number,
): boolean {
  let previous = DOT;
  for (let i = start; i < end; i++) {
    const byte = buffer[i]!;
    if (byte === DOT && previous === DOT) return true;
    previous = byte;
  }
  return previous === DOT;
}

function endsOpen(subject: string): boolean {
  return subject === ">" || subject.endsWith(".>");
}
