/**
 * A subject to which the server sends message after message that show other ones:
 * what is known of its interest is looked up once for each state of that, and a
 * message takes no memory that the one before has not had.
 */
import { asciiBytes } from "../core/ascii.ts";
import type { QueueGroup, SubjectMatch } from "../core/subject_match.ts";
import { isLiteralSubject } from "../core/subject.ts";
import type { Account } from "./account.ts";
import type { Delivery } from "./delivery.ts";
import type { DirectReceiver, Interest } from "./interest.ts";
import type { Leading, SpareMessages } from "./spare_messages.ts";

const NOBODY: SubjectMatch<Interest> = { plain: [], queues: [] };

export class Destination {
  /** A byte string. */
  readonly subject: string;
  readonly #account: Account;
  readonly #delivery: Delivery;
  readonly #sender: DirectReceiver;
  readonly #spares: SpareMessages;
  readonly #bytes: Uint8Array;
  readonly #isLiteral: boolean;
  #match = NOBODY;
  /** The generation of the account for which the match is right. */
  #generation = -1;

  /** `sender` publishes by way of `delivery`, with the memory of `spares`. */
  constructor(
    subject: string,
    account: Account,
    delivery: Delivery,
    sender: DirectReceiver,
    spares: SpareMessages,
  ) {
    this.subject = subject;
    this.#account = account;
    this.#delivery = delivery;
    this.#sender = sender;
    this.#spares = spares;
    this.#bytes = asciiBytes(subject);
    this.#isLiteral = isLiteralSubject(subject);
  }

  /** Whether anybody but the sender hears it; `group`: in the queue group of that name. */
  isHeard(group?: string): boolean {
    const { plain, queues } = this.#current();
    if (group !== undefined) return isNamed(queues, group);
    if (queues.length > 0) return true;
    for (const { direct } of plain) if (direct !== this.#sender) return true;
    return false;
  }

  /**
   * Publishes `payload` (borrowed) here, with `shown` in the place of the subject:
   * a byte string. `headers`: a whole block, or none. Gives how many receivers took
   * it: none where the subject makes no sense.
   */
  publish(
    shown: string,
    reply: Leading,
    headers: Uint8Array,
    payload: Uint8Array,
  ): number {
    if (!this.#isLiteral) return 0;
    const match = this.#current();
    const message = this.#spares.takeWith(shown, reply, headers, payload);
    message.publishedOn = this.#bytes;
    try {
      return this.#delivery.publish(
        this.#account,
        match,
        message,
        this.#sender,
      );
    } finally {
      this.#spares.giveBack();
    }
  }

  #current(): SubjectMatch<Interest> {
    const { generation } = this.#account;
    if (generation !== this.#generation) {
      const bytes = this.#bytes;
      this.#match = this.#account.facts(bytes, 0, bytes.length).match;
      this.#generation = generation;
    }
    return this.#match;
  }
}

function isNamed(
  groups: readonly QueueGroup<Interest>[],
  group: string,
): boolean {
  for (const { name } of groups) if (name === group) return true;
  return false;
}
