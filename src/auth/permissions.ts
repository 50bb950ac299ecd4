/**
 * What a user may do, compiled from its options: which subjects it may publish
 * to, which subscriptions it may have, and which messages it may hear through
 * those. One object serves all connections of the user.
 *
 * NATS permissions, with two differences on purpose: a subscription has to lie
 * within what is allowed as a whole, and nothing overrides a publish deny.
 */
import { asciiBytes } from "../core/ascii.ts";
import {
  NO_VERDICT,
  type SubjectMemo,
  VerdictCache,
} from "../core/verdict_cache.ts";
import type {
  PermissionsOptions,
  ResponseRules,
  SubjectRules,
} from "../options/options.ts";
import { RuleList } from "./rule_list.ts";
import { type Pattern, SubjectAutomaton } from "./subject_automaton.ts";

/** What the rules say of a subject that is published to. */
export const PublishVerdict = {
  ALLOWED: 1,
  /** Only as a response, where those are allowed. */
  NOT_ALLOWED: 2,
  /** Not even as a response. */
  DENIED: 3,
} as const;

export type PublishVerdict = typeof PublishVerdict[keyof typeof PublishVerdict];

/** What the rules of one direction say of a subject, as bits; one of them is always set. */
const Said = {
  KNOWN: 1,
  /** A rule for all allows it. */
  ALLOWED: 2,
  DENIED: 4,
  /** Rules for queue groups have more to say. */
  NAMES_QUEUES: 8,
} as const;

const HEARD_BY_ALL = Said.KNOWN | Said.ALLOWED;

const compiled = new WeakMap<PermissionsOptions, Permissions>();

/** The permissions that `options` ask for, one object for each; undefined: everything is allowed. */
export function permissionsOf(
  options: PermissionsOptions | undefined,
): Permissions | undefined {
  if (options === undefined || allowsAll(options)) return undefined;
  const known = compiled.get(options);
  if (known !== undefined) return known;
  const permissions = new Permissions(options);
  compiled.set(options, permissions);
  return permissions;
}

export class Permissions {
  readonly responses: ResponseRules | undefined;
  readonly #publish: Rules;
  readonly #subscribe: Rules;

  constructor({ publish, subscribe, responses }: PermissionsOptions) {
    this.responses = responses;
    this.#publish = new Rules(
      publish,
      // NATS permissions: who may respond may publish nothing else unless told.
      responses === undefined ? undefined : new RuleList([], "nothing"),
    );
    this.#subscribe = new Rules(subscribe, undefined);
  }

  /** How many rules a wildcard subscription is compared with. */
  get subscribeRules(): number {
    return this.#subscribe.size;
  }

  /** May `buffer[start, end)` be published to? */
  publishing(buffer: Uint8Array, start: number, end: number): PublishVerdict {
    return verdictOf(this.#publish.judge(buffer, start, end));
  }

  /** As `publishing`, for a subject that is not expected again. */
  publishingTo(subject: string): PublishVerdict {
    return verdictOf(
      this.#publish.judgeOnce(asciiBytes(subject), 0, subject.length),
    );
  }

  /** May there be a subscription to `subject`, in the queue group `queue` unless that is empty? */
  maySubscribe(subject: string, queue: string): boolean {
    const { allow, deny } = this.#subscribe;
    if (allow?.covers(subject, queue) === false) return false;
    if (deny === undefined) return true;
    // NATS permissions: wildcards of the subscription count as ordinary tokens,
    // so one that is wider than a deny is allowed, and filtered.
    const bytes = asciiBytes(subject);
    return !deny.matches(bytes, 0, bytes.length) &&
      !deny.namesQueue(bytes, 0, bytes.length, queue);
  }

  /** Whether an allowed subscription may meet messages that `mayHear` refuses. */
  needsFilter(subject: string, queue: string): boolean {
    const { allow, deny } = this.#subscribe;
    if (deny?.collides(subject, queue)) return true;
    // A rule for one group takes its subjects from all other groups.
    return queue !== "" && allow?.collidesInAQueue(subject) === true;
  }

  /** Is it known from `memo`, a subject's own, that all subscriptions may hear that? */
  letsAllHear(memo: SubjectMemo): boolean {
    return memo.hearer === this && memo.heard === HEARD_BY_ALL;
  }

  /**
   * May a message on `buffer[start, end)` be heard by a subscription in `queue`?
   * `memo`: the subject's own.
   */
  mayHear(
    buffer: Uint8Array,
    start: number,
    end: number,
    queue: string,
    memo: SubjectMemo | undefined,
  ): boolean {
    const known = memo !== undefined && memo.hearer === this
      ? memo.heard
      : this.#hearing(buffer, start, end, memo);
    if ((known & Said.DENIED) !== 0) return false;
    const isAllowed = (known & Said.ALLOWED) !== 0;
    if (queue === "" || (known & Said.NAMES_QUEUES) === 0) return isAllowed;
    const { allow, deny } = this.#subscribe;
    if (deny?.namesQueue(buffer, start, end, queue)) return false;
    return allow?.namesQueues(buffer, start, end) === true
      ? allow.namesQueue(buffer, start, end, queue)
      : isAllowed;
  }

  /** What is said of the subject; `memo` gets it as well. */
  #hearing(
    buffer: Uint8Array,
    start: number,
    end: number,
    memo: SubjectMemo | undefined,
  ): number {
    const known = this.#subscribe.judge(buffer, start, end);
    if (memo !== undefined) {
      memo.hearer = this;
      memo.heard = known;
    }
    return known;
  }
}

/** The two lists of one direction. */
class Rules {
  /** Undefined: everything that is not denied. */
  readonly allow: RuleList | undefined;
  /** Undefined: nothing. */
  readonly deny: RuleList | undefined;
  /** Said of every subject, whatever the lists say. */
  readonly #always: number;
  /** One of them is made for the first subject, for few rules and for many. */
  #automaton: SubjectAutomaton | undefined = undefined;
  #known: VerdictCache | undefined = undefined;

  constructor(rules: SubjectRules | undefined, allow: RuleList | undefined) {
    this.allow = rules?.allow === undefined
      ? allow
      : new RuleList(rules.allow, "nothing");
    this.deny = hasEntries(rules?.deny)
      ? new RuleList(rules.deny, "everything")
      : undefined;
    this.#always = this.allow === undefined
      ? Said.KNOWN | Said.ALLOWED
      : Said.KNOWN;
  }

  get size(): number {
    return (this.allow?.size ?? 0) + (this.deny?.size ?? 0);
  }

  /** Bits of `Said`. */
  judge(buffer: Uint8Array, start: number, end: number): number {
    const automaton = this.#automaton;
    if (automaton !== undefined) {
      return this.#always | automaton.match(buffer, start, end);
    }
    const known = this.#known?.find(buffer, start, end) ?? NO_VERDICT;
    return known !== NO_VERDICT ? known : this.#judgeAnew(buffer, start, end);
  }

  /** As `judge`, and nothing is kept of the subject. */
  judgeOnce(buffer: Uint8Array, start: number, end: number): number {
    const { allow, deny } = this;
    let said = this.#always;
    if (allow?.matches(buffer, start, end)) said |= Said.ALLOWED;
    if (deny?.matches(buffer, start, end)) said |= Said.DENIED;
    if (
      allow?.namesQueues(buffer, start, end) ||
      deny?.namesQueues(buffer, start, end)
    ) said |= Said.NAMES_QUEUES;
    return said;
  }

  #judgeAnew(buffer: Uint8Array, start: number, end: number): number {
    const { allow, deny } = this;
    if (allow?.areFew !== false && deny?.areFew !== false) {
      this.#automaton = new SubjectAutomaton([
        ...patternsOf(allow, Said.ALLOWED),
        ...patternsOf(deny, Said.DENIED),
      ]);
      return this.judge(buffer, start, end);
    }
    const said = this.judgeOnce(buffer, start, end);
    this.#known ??= new VerdictCache();
    this.#known.keep(buffer, start, end, said);
    return said;
  }
}

/** The rules of `list`: those for all say `bits`. */
function patternsOf(list: RuleList | undefined, bits: number): Pattern[] {
  if (list === undefined) return [];
  return [
    ...list.subjects("all").map((bytes) => ({ bytes, bits })),
    ...list.subjects("groups").map((bytes) => ({
      bytes,
      bits: Said.NAMES_QUEUES,
    })),
  ];
}

function verdictOf(said: number): PublishVerdict {
  if ((said & Said.DENIED) !== 0) return PublishVerdict.DENIED;
  return (said & Said.ALLOWED) !== 0
    ? PublishVerdict.ALLOWED
    : PublishVerdict.NOT_ALLOWED;
}

function allowsAll(
  { publish, subscribe, responses }: PermissionsOptions,
): boolean {
  return responses === undefined && !hasRules(publish) && !hasRules(subscribe);
}

function hasRules(rules: SubjectRules | undefined): boolean {
  return rules?.allow !== undefined || hasEntries(rules?.deny);
}

function hasEntries(
  list: readonly string[] | undefined,
): list is readonly string[] {
  return list !== undefined && list.length > 0;
}
