/** The subjects of one account as those of another one, without a string for those that come again. */
import { asciiBytes } from "../core/ascii.ts";
import { SubjectCache } from "../core/subject_cache.ts";
import type { SubjectTransform } from "../core/subject_transform.ts";
import type { Random } from "../platform/clock.ts";
import { type Message, subjectOf } from "../wire/message.ts";

export class Translation {
  readonly #transform: SubjectTransform | undefined;
  readonly #literal: Uint8Array;
  readonly #random: Random;
  #known: SubjectCache<Uint8Array> | undefined = undefined;

  /** Without a transform every subject becomes `literal`. */
  constructor(
    transform: SubjectTransform | undefined,
    literal: string,
    random: Random,
  ) {
    this.#transform = transform;
    this.#literal = asciiBytes(literal);
    this.#random = random;
  }

  /** What the subject of `message` becomes, as bytes that do not change. */
  of(message: Message): Uint8Array {
    const transform = this.#transform;
    if (transform === undefined) return this.#literal;
    const { subjectBuffer, subjectStart, subjectEnd } = message;
    this.#known ??= new SubjectCache();
    const known = this.#known.find(subjectBuffer, subjectStart, subjectEnd);
    if (known?.value !== undefined) return known.value;
    const subject = known?.subject ?? subjectOf(message);
    const made = asciiBytes(transform.apply(subject, this.#random));
    if (known !== undefined) known.value = made;
    return made;
  }
}
