/**
 * What one connection knows of the subject of its last message: publishers tend
 * to repeat themselves, to the byte.
 */
import type { MessageArgs } from "../wire/args.ts";
import type { Account } from "./account.ts";
import type { SubjectFacts } from "./known_subjects.ts";
import { isLarge } from "./few_large.ts";

export class KnownFacts {
  #account: Account | undefined = undefined;
  #generation = -1;
  #facts: SubjectFacts | undefined = undefined;

  /** What `account` knows of the subject of the message in `args`, which gets it as its memo. */
  of(account: Account, args: MessageArgs): SubjectFacts {
    const facts = args.isRepeated ? this.still(account) : undefined;
    return facts ?? this.#lookUp(account, args);
  }

  /** What was known of the last subject, if nothing has changed in `account` since. */
  still(account: Account): SubjectFacts | undefined {
    const isSame = this.#account === account &&
      this.#generation === account.generation;
    return isSame ? this.#facts : undefined;
  }

  /** Nothing of an account is kept. */
  forget(): void {
    this.#account = this.#facts = undefined;
  }

  #lookUp(account: Account, { message }: MessageArgs): SubjectFacts {
    const facts = account.facts(
      message.subjectBuffer,
      message.subjectStart,
      message.subjectEnd,
    );
    if (!facts.isShared) message.memo = facts;
    this.#account = account;
    this.#generation = account.generation;
    this.#facts = isLarge(facts.match) ? undefined : facts;
    return facts;
  }
}
