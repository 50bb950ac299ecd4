/**
 * One list of a user's rules: subjects with wildcards, those of subscriptions
 * also with the queue group that they are for. It answers what permissions ask
 * of a list; which answer means what is in `permissions.ts`.
 */
import { utf8ByteString } from "../core/ascii.ts";
import {
  hasWildcard,
  isSubsetMatch,
  isValidConfigSubject,
  subjectsCollide,
  tokenCount,
} from "../core/subject.ts";
import type { Subscriber } from "../core/subject_match.ts";
import { Sublist } from "../core/sublist.ts";

/** A rule stands in the list as a subscription would. */
type Rule = Subscriber;

/** What is blank between a rule's subject and its queue group. */
const BLANKS = /[ \t\n\f\r]+/;

const ANY_SUBJECT = ">";

export class RuleList {
  readonly #rules: Rule[] = [];
  readonly #trie = new Sublist<Rule>({ cache: false });
  #mostTokens = 0;

  /**
   * An entry that makes no sense counts as `otherwise`: the list of what is
   * denied then denies everything, that of what is allowed goes without it.
   */
  constructor(entries: readonly string[], otherwise: "nothing" | "everything") {
    for (const entry of new Set(entries)) {
      const [subject = "", queue = "", ...more] = utf8ByteString(entry)
        .split(BLANKS);
      const isValid = isValidConfigSubject(subject) && more.length === 0;
      if (isValid) this.#add(subject, queue);
      else if (otherwise === "everything") this.#add(ANY_SUBJECT, "");
    }
  }

  /** How many rules there are. */
  get size(): number {
    return this.#rules.length;
  }

  /** Whether a rule without a queue group matches the published `subject`. */
  matches(subject: string): boolean {
    return this.#trie.matchOnce(subject).plain.length > 0;
  }

  /** The queue groups of the rules that match the published `subject`. */
  queuesAt(subject: string): readonly string[] {
    return this.#trie.matchOnce(subject).queues.map(({ name }) => name);
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
   * group if the rule is for one.
   */
  collides(subject: string, queue: string): boolean {
    return this.#rules.some((rule) =>
      (rule.queue === "" || fitsQueue(rule.queue, queue)) &&
      subjectsCollide(rule.subject, subject)
    );
  }

  /** Whether a rule for some queue group has subjects that `subject` has as well. */
  collidesInAQueue(subject: string): boolean {
    return this.#rules.some((rule) =>
      rule.queue !== "" && subjectsCollide(rule.subject, subject)
    );
  }

  /** As `covers`, for a `subject` that stands for subjects of one length. */
  #coversLength(subject: string, queue: string): boolean {
    // Tokens `*` of the subject are looked up as ordinary ones, which finds
    // rules that cover it, and maybe some that do not.
    const { plain, queues } = this.#trie.matchOnce(subject);
    const covers = (rule: Rule): boolean =>
      isSubsetMatch(subject, rule.subject);
    if (queue !== "") {
      const groups = queues.filter(({ members }) => members.some(covers));
      if (groups.length > 0) {
        return groups.some(({ name }) => fitsQueue(name, queue));
      }
    }
    return plain.some(covers);
  }

  #add(subject: string, queue: string): void {
    const rule: Rule = { subject, queue, weight: 1 };
    this.#rules.push(rule);
    this.#trie.insert(rule);
    this.#mostTokens = Math.max(this.#mostTokens, tokenCount(subject));
  }
}

/**
 * NATS permissions: whether a rule's queue group is `queue`, or has wildcards
 * and contains it. Names of groups may have any form; empty is none.
 */
export function fitsQueue(pattern: string, queue: string): boolean {
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

function endsOpen(subject: string): boolean {
  return subject === ">" || subject.endsWith(".>");
}
