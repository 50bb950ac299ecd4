/**
 * By which beginnings the subjects of a stream are found, and for how long. Nothing is
 * made for a stream of which nobody asks by such patterns.
 */
import { literalTokens, SubjectPrefixes } from "./subject_prefixes.ts";

/** Numbers of tokens by which subjects are found: those that are asked for first. */
const MOST_KINDS = 4;

/** The subjects, by number. */
interface Subjects {
  /** The largest number. */
  readonly numbers: number;
  at(number: number): { readonly subject: string } | undefined;
}

interface Kind {
  readonly prefixes: SubjectPrefixes;
  /** Subjects with numbers up to this one are in it; Infinity: all are. */
  learned: number;
  /** Subjects that have come and gone since it was asked. */
  unasked: number;
}

export class SubjectBeginnings {
  readonly #subjects: Subjects;
  readonly #partSubjects: number;
  /** By how many tokens subjects have in common. */
  readonly #kinds = new Map<number, Kind>();

  /** `partSubjects`: those that are looked at in one turn of the event loop. */
  constructor(subjects: Subjects, partSubjects: number) {
    this.#subjects = subjects;
    this.#partSubjects = partSubjects;
  }

  /** A subject has come. */
  added(number: number, subject: string): void {
    if (this.#kinds.size === 0) return;
    for (const [tokens, kind] of this.#kinds) {
      if (number <= kind.learned) kind.prefixes.add(number, subject);
      this.#changed(tokens, kind);
    }
  }

  /** A subject has gone. */
  removed(number: number): void {
    if (this.#kinds.size === 0) return;
    for (const [tokens, kind] of this.#kinds) {
      kind.prefixes.remove(number);
      this.#changed(tokens, kind);
    }
  }

  /** All have gone. */
  clear(): void {
    this.#kinds.clear();
  }

  /**
   * Looks at a part of the subjects, as many as a turn has time for; true: `alike`
   * finds those that begin as `pattern` does, or never will.
   */
  learnPart(pattern: string): boolean {
    const tokens = literalTokens(pattern);
    const kind = this.#kinds.get(tokens) ?? this.#make(tokens);
    if (kind === undefined || kind.learned === Infinity) return true;
    const { numbers } = this.#subjects;
    const end = Math.min(kind.learned + this.#partSubjects, numbers);
    for (let number = kind.learned + 1; number <= end; number++) {
      const entry = this.#subjects.at(number);
      if (entry !== undefined) kind.prefixes.add(number, entry.subject);
    }
    kind.learned = end === numbers ? Infinity : end;
    return end === numbers;
  }

  /**
   * The numbers of subjects that may begin as `pattern` does, and of all that do;
   * undefined: they are more than `most`, or `learnPart` has not come to its end.
   */
  alike(pattern: string, most: number): readonly number[] | undefined {
    const kind = this.#kinds.get(literalTokens(pattern));
    if (kind?.learned !== Infinity) return undefined;
    kind.unasked = 0;
    return kind.prefixes.alike(pattern, most);
  }

  #make(tokens: number): Kind | undefined {
    if (tokens === 0 || this.#kinds.size === MOST_KINDS) return undefined;
    const prefixes = new SubjectPrefixes(tokens, this.#subjects.numbers);
    const kind = { prefixes, learned: 0, unasked: 0 };
    this.#kinds.set(tokens, kind);
    return kind;
  }

  /** What costs each subject something, and is not asked, goes. */
  #changed(tokens: number, kind: Kind): void {
    const isOver = ++kind.unasked > 2 * this.#subjects.numbers;
    if (isOver) this.#kinds.delete(tokens);
  }
}
