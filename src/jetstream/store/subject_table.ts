/**
 * The subjects of a stream's messages, each with a number and with where its
 * messages begin and end. A number is used again when its subject has gone.
 */
import { subjectMatches } from "../../core/subject.ts";
import { type KeyedMap, withRoom } from "../../core/wide_map.ts";

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
const NO_VERDICTS: Uint8Array = new Uint8Array(0);

/**
 * Which messages are meant, by their subjects: those that match one of its
 * patterns. It remembers the answer for each subject of the stream.
 */
export class SubjectFilter {
  /** Byte strings; none: all messages are meant. */
  readonly patterns: readonly string[];
  readonly #table: SubjectTable;
  /** None before it is asked of the first one. */
  #verdicts = NO_VERDICTS;

  constructor(patterns: readonly string[], table: SubjectTable) {
    this.patterns = patterns.includes(">") ? [] : patterns;
    this.#table = table;
  }

  get meansAll(): boolean {
    return this.patterns.length === 0;
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
  }

  /** It is not asked any more. */
  release(): void {
    this.#table.filters.delete(this);
  }

  #grow(number: number): void {
    const room = new Uint8Array(
      Math.max(number + 1, FIRST_ROOM, 2 * this.#verdicts.length),
    );
    room.set(this.#verdicts);
    this.#verdicts = room;
  }
}

export class SubjectTable {
  /** Filters that are asked about subjects of this table. */
  readonly filters: Set<SubjectFilter> = new Set();
  #byName: KeyedMap<string, SubjectEntry> = new Map();
  /** By number; undefined: the number is free. */
  #byNumber: (SubjectEntry | undefined)[] = [undefined];
  #free: number[] = [];

  get size(): number {
    return this.#byName.size;
  }

  /** A filter by `patterns`; to be released by the one who asked for it. */
  filter(patterns: readonly string[]): SubjectFilter {
    const filter = new SubjectFilter(patterns, this);
    this.filters.add(filter);
    return filter;
  }

  get(subject: string): SubjectEntry | undefined {
    return this.#byName.get(subject);
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
    this.#byName = withRoom(this.#byName);
    this.#byName.set(subject, entry);
    return entry;
  }

  /** The last message of a subject has gone. */
  drop({ subject, number }: SubjectEntry): void {
    this.#byName.delete(subject);
    this.#byNumber[number] = undefined;
    this.#free.push(number);
    for (const filter of this.filters) filter.forget(number);
  }

  /** All of them, in no promised order. */
  entries(): Iterable<SubjectEntry> {
    return this.#byName.values();
  }

  /** All messages have gone. */
  clear(): void {
    this.#byName = new Map();
    this.#byNumber = [undefined];
    this.#free = [];
    for (const filter of this.filters) filter.forgetAll();
  }
}
