/**
 * The subjects of a stream's messages, each with a number and with where its
 * messages begin and end. A number is used again when its subject has gone.
 *
 * More than a dozen members: because subjects are asked for by their names, their
 * numbers and by patterns.
 */
import { hasWildcard, subjectMatches } from "../../core/subject.ts";
import { type KeyedMap, withRoom } from "../../core/wide_map.ts";
import { SubjectBeginnings } from "./subject_beginnings.ts";

/** A subject that some message of the stream has. */
export interface SubjectEntry {
  /** From 1 on. */
  readonly number: number;
  /** A byte string. */
  readonly subject: string;
  /** Its messages. */
  count: number;
  /** Sequences of the first and the last of them. */
  first: number;
  last: number;
}

/** What is known of a subject, in `SubjectFilter`. */
const Verdict = { UNKNOWN: 0, MATCHES: 1, DIFFERS: 2 } as const;

const FIRST_ROOM = 64;
/** Subjects that a filter is asked about in one turn of the event loop. */
const PART_SUBJECTS = 4096;
/** Subjects that are looked at for one message. */
const FEW_SUBJECTS = 1024;
const NO_VERDICTS: Uint8Array = new Uint8Array(0);

/**
 * Which messages are meant, by their subjects: those that match one of its
 * patterns. It remembers the answer for each subject of the stream. Those who ask
 * by the same patterns share one.
 */
export class SubjectFilter {
  /** Byte strings; none: all messages are meant. */
  readonly patterns: readonly string[];
  /** None of its patterns has a wildcard. */
  readonly isLiteral: boolean;
  /** Those who ask it. */
  users = 0;
  readonly #table: SubjectTable;
  readonly #released: () => void;
  /** None before it is asked of the first one. */
  #verdicts = NO_VERDICTS;
  /** `learnPart` has come to this number. */
  #learned = 0;
  /** What it means is not found by its beginnings. */
  #meansMany = false;

  /** `released` is called when nobody asks it any more. */
  constructor(
    patterns: readonly string[],
    table: SubjectTable,
    released: () => void,
  ) {
    this.patterns = patterns.includes(">") ? [] : patterns;
    this.isLiteral = !this.meansAll && !this.patterns.some(hasWildcard);
    this.#table = table;
    this.#released = released;
  }

  get meansAll(): boolean {
    return this.patterns.length === 0;
  }

  /** It knows no answer yet: to go through messages takes it long. */
  get isNew(): boolean {
    return this.#verdicts.length === 0;
  }

  /** Whether the subject with this number is meant. */
  meansNumber(number: number): boolean {
    if (this.meansAll) return true;
    if (number >= this.#verdicts.length) this.#grow(number);
    const known = this.#verdicts[number]!;
    if (known !== Verdict.UNKNOWN) return known === Verdict.MATCHES;
    const isMeant = this.means(this.#table.numbered(number).subject);
    this.#verdicts[number] = isMeant ? Verdict.MATCHES : Verdict.DIFFERS;
    return isMeant;
  }

  /**
   * Looks at a part of the stream's subjects, as many as a turn has time for, so that
   * what goes through all of them is quick; true: it knows each, or they are found by
   * their beginnings.
   */
  learnPart(): boolean {
    const { numbers } = this.#table;
    // These are found by their names.
    if (this.meansAll || this.isLiteral) return true;
    if (!this.#meansMany) {
      if (!this.#table.learnBeginnings(this)) return false;
      if (this.#table.few(this) !== undefined) return true;
      this.#meansMany = true;
    }
    const end = Math.min(this.#learned + PART_SUBJECTS, numbers);
    for (let number = this.#learned + 1; number <= end; number++) {
      if (this.#table.at(number) !== undefined) this.meansNumber(number);
    }
    this.#learned = end;
    return end === numbers;
  }

  means(subject: string): boolean {
    return this.meansAll ||
      this.patterns.some((pattern) => subjectMatches(pattern, subject));
  }

  /** The number may be that of another subject from now on. */
  forget(number: number): void {
    if (number < this.#verdicts.length) {
      this.#verdicts[number] = Verdict.UNKNOWN;
    }
  }

  /** All numbers may be those of other subjects from now on. */
  forgetAll(): void {
    this.#verdicts = NO_VERDICTS;
    this.#learned = 0;
    this.#meansMany = false;
  }

  /** One of those who ask it does so no more. */
  release(): void {
    if (--this.users === 0) this.#released();
  }

  #grow(number: number): void {
    const room = new Uint8Array(
      Math.max(number + 1, FIRST_ROOM, 2 * this.#verdicts.length),
    );
    room.set(this.#verdicts);
    this.#verdicts = room;
  }
}

function nameOf({ subject }: SubjectEntry): string {
  return subject;
}

export class SubjectTable {
  /** Filters that are asked about subjects of this table, by their patterns. */
  readonly #filters = new Map<string, SubjectFilter>();
  #byName: KeyedMap<string, SubjectEntry> = new Map();
  /** By number; undefined: the number is free. */
  #byNumber: (SubjectEntry | undefined)[] = [undefined];
  #free: number[] = [];
  readonly #few: number;
  readonly #beginnings: SubjectBeginnings;
  /** How often a subject has gone. */
  dropped = 0;

  /** `few`: subjects that are looked at for one message, at most; `part`: those of one turn. */
  constructor(few: number = FEW_SUBJECTS, part: number = PART_SUBJECTS) {
    this.#few = few;
    this.#beginnings = new SubjectBeginnings(this, part);
  }

  get size(): number {
    return this.#byName.size;
  }

  /** A filter by `patterns`; to be released by the one who asked for it. */
  filter(patterns: readonly string[]): SubjectFilter {
    const key = patterns.join(" ");
    const filter = this.#filters.get(key) ??
      new SubjectFilter(patterns, this, () => this.#filters.delete(key));
    this.#filters.set(key, filter);
    filter.users++;
    return filter;
  }

  get(subject: string): SubjectEntry | undefined {
    return this.#byName.get(subject);
  }

  /** The largest number that was given. */
  get numbers(): number {
    return this.#byNumber.length - 1;
  }

  /** The subject with a number; undefined: it is free. */
  at(number: number): SubjectEntry | undefined {
    return this.#byNumber[number];
  }

  /** The subject with a number that is in use. */
  numbered(number: number): SubjectEntry {
    return this.#byNumber[number]!;
  }

  /** The entry of `subject`, a new one without messages if there is none. */
  take(subject: string): SubjectEntry {
    const known = this.#byName.get(subject);
    if (known !== undefined) return known;
    const number = this.#free.pop() ?? this.#byNumber.length;
    const entry = { number, subject, count: 0, first: 0, last: 0 };
    this.#byNumber[number] = entry;
    this.#byName = withRoom(this.#byName, nameOf);
    this.#byName.set(subject, entry);
    this.#beginnings.added(number, subject);
    return entry;
  }

  /** The last message of a subject has gone. */
  drop({ subject, number }: SubjectEntry): void {
    this.dropped++;
    this.#byName.delete(subject);
    this.#byNumber[number] = undefined;
    this.#free.push(number);
    this.#beginnings.removed(number);
    for (const filter of this.#filters.values()) filter.forget(number);
  }

  /** All of them, in no promised order. */
  entries(): Iterable<SubjectEntry> {
    return this.#byName.values();
  }

  /** Those that `filter` means, in no promised order. */
  *meantBy(filter: SubjectFilter): Iterable<SubjectEntry> {
    const few = this.few(filter);
    if (few !== undefined) return yield* few;
    for (const entry of this.entries()) {
      if (filter.meansNumber(entry.number)) yield entry;
    }
  }

  /** A part of what `few` needs to find what `filter` means; true: there is nothing left to do. */
  learnBeginnings({ patterns }: SubjectFilter): boolean {
    if (this.size <= this.#few) return true;
    return patterns.every((pattern) =>
      !hasWildcard(pattern) || this.#beginnings.learnPart(pattern)
    );
  }

  /**
   * Those that `filter` means, in no promised order, where they are found with a look
   * at a few; undefined: with a look at all.
   */
  few(filter: SubjectFilter): readonly SubjectEntry[] | undefined {
    if (filter.meansAll) return undefined;
    if (filter.isLiteral) return this.#named(new Set(filter.patterns));
    if (this.size <= this.#few) {
      return [...this.entries()].filter(({ subject }) => filter.means(subject));
    }
    const names = filter.patterns.filter((pattern) => !hasWildcard(pattern));
    const found = new Set(this.#named(names));
    for (const pattern of filter.patterns) {
      if (!hasWildcard(pattern)) continue;
      const alike = this.#beginnings.alike(pattern, this.#few);
      if (alike === undefined) return undefined;
      for (const number of alike) {
        const entry = this.numbered(number);
        if (filter.means(entry.subject)) found.add(entry);
      }
    }
    return [...found];
  }

  #named(subjects: Iterable<string>): SubjectEntry[] {
    const entries: SubjectEntry[] = [];
    for (const subject of subjects) {
      const entry = this.get(subject);
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }

  /** All messages have gone. */
  clear(): void {
    this.dropped += this.size;
    this.#byName = new Map();
    this.#byNumber = [undefined];
    this.#free = [];
    this.#beginnings.clear();
    for (const filter of this.#filters.values()) filter.forgetAll();
  }
}
