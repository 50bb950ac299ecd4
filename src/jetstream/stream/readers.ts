/**
 * The readers of a stream, and which of them a message concerns. Where there are many
 * they are found by its subject, so that a thousand who read one subject each cost a
 * message no more than one.
 */
import { hasEmptyToken, isValidSubject } from "../../core/subject.ts";
import type { SubjectMatch, Subscriber } from "../../core/subject_match.ts";
import { Sublist } from "../../core/sublist.ts";
import type { SubjectTable } from "../store/subject_table.ts";
import type { StreamReader } from "./stream_reader.ts";

/** More readers are found by subjects, and fewer than half of them are all asked again. */
const MANY = 8;
const EVERYTHING = [">"];

/** What a reader hears of: messages of one pattern. */
interface Ear extends Subscriber {
  readonly reader: StreamReader;
}

export class Readers implements Iterable<StreamReader> {
  readonly #subjects: SubjectTable;
  /** What each of them hears of. */
  readonly #ears = new Map<StreamReader, readonly Ear[]>();
  /** Undefined: there are few. */
  #bySubject: Sublist<Ear> | undefined = undefined;
  readonly #found = new WeakMap<SubjectMatch<Ear>, readonly StreamReader[]>();

  /** `subjects`: those of the stream. */
  constructor(subjects: SubjectTable) {
    this.#subjects = subjects;
  }

  get size(): number {
    return this.#ears.size;
  }

  [Symbol.iterator](): Iterator<StreamReader> {
    return this.#ears.keys();
  }

  /** Has `reader` told of messages whose subjects match one of `patterns`, and of no others; none: of all. */
  set(reader: StreamReader, patterns: readonly string[]): void {
    this.#unhear(reader);
    const isAll = patterns.length === 0 || !patterns.every(isValidSubject);
    const heard = isAll ? EVERYTHING : patterns;
    const ears = heard.map((subject) => ({
      subject,
      queue: "",
      weight: 1,
      reader,
    }));
    this.#ears.set(reader, ears);
    if (this.#bySubject !== undefined) insertAll(this.#bySubject, ears);
    else if (this.size > MANY) {
      this.#bySubject = new Sublist();
      for (const one of this.#ears.values()) insertAll(this.#bySubject, one);
    }
  }

  delete(reader: StreamReader): void {
    this.#unhear(reader);
    this.#ears.delete(reader);
    if (this.size < MANY / 2) this.#bySubject = undefined;
  }

  /** A message is there, for good. */
  stored(seq: number, subjectNumber: number): void {
    for (const reader of this.#concerned(subjectNumber)) {
      // It may have gone meanwhile.
      if (this.#ears.has(reader)) reader.stored(seq, subjectNumber);
    }
  }

  /** A message goes; `isPurge`: with others. */
  removing(seq: number, subjectNumber: number, isPurge: boolean): void {
    for (const reader of this.#concerned(subjectNumber)) {
      if (this.#ears.has(reader)) reader.removing(seq, subjectNumber, isPurge);
    }
  }

  /** Whether a reader wants a message, or did and has not acknowledged it. */
  needs(seq: number, subjectNumber: number): boolean {
    for (const reader of this.#concerned(subjectNumber)) {
      if (reader.needs(seq, subjectNumber)) return true;
    }
    return false;
  }

  /** Whether a message was for a reader, and is acknowledged. */
  isDone(seq: number, subjectNumber: number): boolean {
    for (const reader of this.#concerned(subjectNumber)) {
      if (reader.isDone(seq, subjectNumber)) return true;
    }
    return false;
  }

  #concerned(subjectNumber: number): Iterable<StreamReader> {
    if (this.#bySubject === undefined) return this.#ears.keys();
    const { subject } = this.#subjects.numbered(subjectNumber);
    const match = this.#bySubject.match(subject);
    // A transform may make a subject of which no pattern hears, not even `>`.
    if (match.plain.length === 0 && hasEmptyToken(subject)) {
      return this.#ears.keys();
    }
    const known = this.#found.get(match);
    if (known !== undefined) return known;
    const readers = [...new Set(match.plain.map(({ reader }) => reader))];
    this.#found.set(match, readers);
    return readers;
  }

  #unhear(reader: StreamReader): void {
    for (const ear of this.#ears.get(reader) ?? []) {
      this.#bySubject?.remove(ear);
    }
  }
}

function insertAll(sublist: Sublist<Ear>, ears: readonly Ear[]): void {
  for (const ear of ears) sublist.insert(ear);
}
