/**
 * What a user may do, compiled from its options: which subjects it may publish
 * to, which subscriptions it may have, and which messages it may hear through
 * those. One object serves all connections of the user, and remembers its last
 * answers by the bytes of the subject.
 *
 * NATS permissions, with two differences on purpose: a subscription has to lie
 * within what is allowed as a whole, and nothing overrides a publish deny.
 */
import { byteString } from "../core/ascii.ts";
import { SubjectCache } from "../core/subject_cache.ts";
import type {
  PermissionsOptions,
  ResponseRules,
  SubjectRules,
} from "../options/options.ts";
import { fitsQueue, RuleList } from "./rule_list.ts";

/** What the rules say of a subject that is published to. */
export const PublishVerdict = {
  ALLOWED: 0,
  /** Only as a response, where those are allowed. */
  NOT_ALLOWED: 1,
  /** Not even as a response. */
  DENIED: 2,
} as const;

export type PublishVerdict = typeof PublishVerdict[keyof typeof PublishVerdict];

/** Subjects whose answers are kept, for each user. */
const KEPT_SUBJECTS = 1024;

/** Queue groups whose answers are kept, for each subject. */
const KEPT_QUEUES = 16;

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
  #published: SubjectCache<PublishVerdict> | undefined = undefined;
  #heard: SubjectCache<Audible> | undefined = undefined;

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
    const cache = this.#published ??= new SubjectCache(KEPT_SUBJECTS);
    const known = cache.find(buffer, start, end);
    return known === undefined
      ? this.publishingTo(byteString(buffer, start, end))
      : known.value ??= this.publishingTo(known.subject);
  }

  /** The same for a subject that is not expected again. */
  publishingTo(subject: string): PublishVerdict {
    const { allow, deny } = this.#publish;
    if (deny?.matches(subject)) return PublishVerdict.DENIED;
    return allow === undefined || allow.matches(subject)
      ? PublishVerdict.ALLOWED
      : PublishVerdict.NOT_ALLOWED;
  }

  /** May there be a subscription to `subject`, in the queue group `queue` unless that is empty? */
  maySubscribe(subject: string, queue: string): boolean {
    const { allow, deny } = this.#subscribe;
    if (allow?.covers(subject, queue) === false) return false;
    if (deny === undefined) return true;
    // NATS permissions: wildcards of the subscription count as ordinary tokens,
    // so one that is wider than a deny is allowed, and filtered.
    return !deny.matches(subject) &&
      !deny.queuesAt(subject).some((name) => fitsQueue(name, queue));
  }

  /** Whether an allowed subscription may meet messages that `mayHear` refuses. */
  needsFilter(subject: string, queue: string): boolean {
    const { allow, deny } = this.#subscribe;
    if (deny?.collides(subject, queue)) return true;
    // A rule for one group takes its subjects from all other groups.
    return queue !== "" && allow?.collidesInAQueue(subject) === true;
  }

  /** May a message on `buffer[start, end)` be heard by a subscription in `queue`? */
  mayHear(
    buffer: Uint8Array,
    start: number,
    end: number,
    queue: string,
  ): boolean {
    const cache = this.#heard ??= new SubjectCache(KEPT_SUBJECTS);
    const known = cache.find(buffer, start, end);
    const audible = known === undefined
      ? new Audible(this.#subscribe, byteString(buffer, start, end))
      : known.value ??= new Audible(this.#subscribe, known.subject);
    return audible.isIn(queue);
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

/** Who may hear a subject: plain subscriptions, and those of each queue group. */
class Audible {
  readonly #isAllowed: boolean;
  readonly #isDenied: boolean;
  /** The groups that rules for this subject name. */
  readonly #allowed: readonly string[];
  readonly #denied: readonly string[];
  /** Answers for groups, where rules name some. */
  readonly #queues: Map<string, boolean> | undefined;

  constructor({ allow, deny }: Rules, subject: string) {
    this.#isAllowed = allow === undefined || allow.matches(subject);
    this.#isDenied = deny?.matches(subject) === true;
    this.#allowed = allow?.queuesAt(subject) ?? [];
    this.#denied = deny?.queuesAt(subject) ?? [];
    const namesQueues = this.#allowed.length + this.#denied.length > 0;
    this.#queues = namesQueues ? new Map() : undefined;
  }

  /** `queue` is empty for a plain subscription. */
  isIn(queue: string): boolean {
    if (this.#isDenied) return false;
    const queues = this.#queues;
    if (queues === undefined || queue === "") return this.#isAllowed;
    const known = queues.get(queue);
    if (known !== undefined) return known;
    const isIn = this.#judge(queue);
    if (queues.size >= KEPT_QUEUES) queues.clear();
    queues.set(queue, isIn);
    return isIn;
  }

  #judge(queue: string): boolean {
    const fits = (name: string): boolean => fitsQueue(name, queue);
    const isAllowed = this.#allowed.length > 0
      ? this.#allowed.some(fits)
      : this.#isAllowed;
    return isAllowed && !this.#denied.some(fits);
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
