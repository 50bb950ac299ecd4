/**
 * What a user may do, compiled from its options: which subjects it may publish
 * to, which subscriptions it may have, and which messages it may hear through
 * those. One object serves all connections of the user, and remembers its last
 * answers by the bytes of the subject.
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

/** What the rules say of a subject that is published to. */
export const PublishVerdict = {
  ALLOWED: 1,
  /** Only as a response, where those are allowed. */
  NOT_ALLOWED: 2,
  /** Not even as a response. */
  DENIED: 3,
} as const;

export type PublishVerdict = typeof PublishVerdict[keyof typeof PublishVerdict];

/** What is kept of a subject that is heard, as bits; one of them is always set. */
const Heard = {
  KNOWN: 1,
  /** A rule for all allows it. */
  ALLOWED: 2,
  DENIED: 4,
  /** Rules for queue groups have more to say. */
  NAMES_QUEUES: 8,
} as const;

const HEARD_BY_ALL = Heard.KNOWN | Heard.ALLOWED;

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
  readonly #published = new VerdictCache();
  readonly #heard = new VerdictCache();

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
    const known = this.#published.find(buffer, start, end);
    if (known !== NO_VERDICT) return known as PublishVerdict;
    const verdict = this.#judge(buffer, start, end);
    this.#published.keep(buffer, start, end, verdict);
    return verdict;
  }

  /** The same for a subject that is not expected again. */
  publishingTo(subject: string): PublishVerdict {
    return this.#judge(asciiBytes(subject), 0, subject.length);
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
    if ((known & Heard.DENIED) !== 0) return false;
    const isAllowed = (known & Heard.ALLOWED) !== 0;
    if (queue === "" || (known & Heard.NAMES_QUEUES) === 0) return isAllowed;
    const { allow, deny } = this.#subscribe;
    if (deny?.namesQueue(buffer, start, end, queue)) return false;
    return allow?.namesQueues(buffer, start, end) === true
      ? allow.namesQueue(buffer, start, end, queue)
      : isAllowed;
  }

  #judge(buffer: Uint8Array, start: number, end: number): PublishVerdict {
    const { allow, deny } = this.#publish;
    if (deny?.matches(buffer, start, end)) return PublishVerdict.DENIED;
    return allow === undefined || allow.matches(buffer, start, end)
      ? PublishVerdict.ALLOWED
      : PublishVerdict.NOT_ALLOWED;
  }

  /** Bits of `Heard`, by the bytes of the subject; `memo` gets them as well. */
  #hearing(
    buffer: Uint8Array,
    start: number,
    end: number,
    memo: SubjectMemo | undefined,
  ): number {
    let known = this.#heard.find(buffer, start, end);
    if (known === NO_VERDICT) {
      known = this.#listen(buffer, start, end);
      this.#heard.keep(buffer, start, end, known);
    }
    if (memo !== undefined) {
      memo.hearer = this;
      memo.heard = known;
    }
    return known;
  }

  #listen(buffer: Uint8Array, start: number, end: number): number {
    const { allow, deny } = this.#subscribe;
    let known: number = Heard.KNOWN;
    if (allow === undefined || allow.matches(buffer, start, end)) {
      known |= Heard.ALLOWED;
    }
    if (deny?.matches(buffer, start, end)) known |= Heard.DENIED;
    if (
      allow?.namesQueues(buffer, start, end) ||
      deny?.namesQueues(buffer, start, end)
    ) known |= Heard.NAMES_QUEUES;
    return known;
  }
}

/** The two lists of one direction. */
class Rules {
  /** Undefined: everything that is not denied. */
  readonly allow: RuleList | undefined;
  /** Undefined: nothing. */
  readonly deny: RuleList | undefined;

  constructor(rules: SubjectRules | undefined, allow: RuleList | undefined) {
    this.allow = rules?.allow === undefined
      ? allow
      : new RuleList(rules.allow, "nothing");
    this.deny = hasEntries(rules?.deny)
      ? new RuleList(rules.deny, "everything")
      : undefined;
  }

  get size(): number {
    return (this.allow?.size ?? 0) + (this.deny?.size ?? 0);
  }
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
