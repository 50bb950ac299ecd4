/**
 * The permissions of one client's user, where it has some, and what they need
 * to know of the client: whether its subscriptions can meet what it may not
 * hear, and which responses it may send.
 */
import type { SubjectFacts } from "../../accounts/known_subjects.ts";
import type { Interest } from "../../accounts/interest.ts";
import { type Permissions, PublishVerdict } from "../../auth/permissions.ts";
import type { WorkMeter } from "../../core/work_meter.ts";
import type { Clock } from "../../platform/clock.ts";
import { type Message, replyOf, subjectOf } from "../../wire/message.ts";
import { ResponsePermits } from "./response_permits.ts";

/** Rules that are compared with a subscription in one unit of work. */
const RULES_PER_WORK_SHIFT = 1;

/** What rights are measured with. */
export interface RightsHost {
  readonly clock: Clock;
  readonly turn: { readonly meter: WorkMeter };
}

export class ClientRights {
  readonly #permissions: Permissions;
  readonly #meter: WorkMeter;
  #permits: ResponsePermits | undefined;
  /** Some subscription may meet what the client may not hear; once true, it stays so. */
  #filters = false;
  /** `mayHear` need not be asked of a delivery. */
  hearsAll: boolean;

  constructor(permissions: Permissions, { clock, turn }: RightsHost) {
    const { responses } = permissions;
    this.#permissions = permissions;
    this.#meter = turn.meter;
    this.#permits = responses && new ResponsePermits(responses, clock);
    this.hearsAll = responses === undefined;
  }

  /**
   * These take the place of `before`, undefined: everything was allowed, by
   * which the client has subscriptions. Responses that it might send it still
   * may, if the rules for them are the same.
   */
  replace(before: ClientRights | undefined): void {
    this.#filters = true;
    this.hearsAll = false;
    const { responses } = this.#permissions;
    const permits = before === undefined ? undefined : before.#permits;
    if (responses !== undefined && permits?.holdsFor(responses)) {
      this.#permits = permits;
    }
  }

  /** May it publish to the subject that `facts` are about and that stands in `message`? */
  mayPublish(facts: SubjectFacts, message: Message): boolean {
    const verdict = facts.judge === this.#permissions
      ? facts.verdict
      : this.#judge(facts, message);
    return verdict === PublishVerdict.ALLOWED ||
      (verdict === PublishVerdict.NOT_ALLOWED &&
        this.#permits?.use(subjectOf(message)) === true);
  }

  /** Is it known of the subject that it may always publish to it, not as a response? */
  alwaysPublishes({ judge, verdict }: SubjectFacts): boolean {
    return judge === this.#permissions && verdict === PublishVerdict.ALLOWED;
  }

  /** May it publish to `subject`, a byte string, whatever responses it may send? */
  mayPublishTo(subject: string): boolean {
    return this.#permissions.publishingTo(subject) === PublishVerdict.ALLOWED;
  }

  /** May it have this subscription? It is then heard with what `mayHear` lets through. */
  maySubscribe(subject: string, queue: string): boolean {
    const permissions = this.#permissions;
    this.#meter.spent += permissions.subscribeRules >> RULES_PER_WORK_SHIFT;
    if (!permissions.maySubscribe(subject, queue)) return false;
    if (!this.#filters && permissions.needsFilter(subject, queue)) {
      this.#filters = true;
      this.hearsAll = false;
    }
    return true;
  }

  /** May it hear `message` through `interest`? If it may, it may respond as well. */
  mayHear(interest: Interest, message: Message): boolean {
    if (this.#filters) {
      const { memo } = message;
      const isHeard = memo !== undefined && this.#permissions.letsAllHear(memo);
      if (!isHeard && !this.#judgesHeard(interest, message)) return false;
    }
    if (this.#permits !== undefined && message.hasReply) {
      this.#permit(this.#permits, replyOf(message));
    }
    return true;
  }

  #judgesHeard({ queue }: Interest, message: Message): boolean {
    const { subjectBuffer, subjectStart, subjectEnd, memo } = message;
    return this.#permissions.mayHear(
      subjectBuffer,
      subjectStart,
      subjectEnd,
      queue,
      memo,
    );
  }

  /** Only what the rules leave open: what they deny stays denied. */
  #permit(permits: ResponsePermits, reply: string): void {
    const verdict = this.#permissions.publishingTo(reply);
    if (verdict === PublishVerdict.NOT_ALLOWED) permits.add(reply);
  }

  #judge(facts: SubjectFacts, message: Message): PublishVerdict {
    const { subjectBuffer, subjectStart, subjectEnd } = message;
    const verdict = this.#permissions.publishing(
      subjectBuffer,
      subjectStart,
      subjectEnd,
    );
    if (!facts.isShared) {
      facts.verdict = verdict;
      facts.judge = this.#permissions;
    }
    return verdict;
  }
}
