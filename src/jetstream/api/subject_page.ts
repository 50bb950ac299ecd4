/** Subjects of a stream with their messages, in the order of their names, in steps. */
import { utf8Text } from "../../core/ascii.ts";
import { sortedInSteps } from "../../core/sort_steps.ts";
import type { Steps } from "../../core/steps.ts";
import type { SubjectEntry, SubjectTable } from "../store/subject_table.ts";
import { NO_PAGE, pageOf } from "./paging.ts";

/** What an answer has of them. */
export interface SubjectPage {
  readonly page: {
    readonly total: number;
    readonly offset: number;
    readonly limit: number;
  };
  /** Undefined: none. */
  readonly subjects: Readonly<Record<string, number>> | undefined;
}

/** Subjects that are looked at in a step. */
const STEP_SUBJECTS = 4096;
const LIMIT = 100_000;

/** Those that `pattern` means, from the one at `offset` on. */
export function* subjectPage(
  table: SubjectTable,
  pattern: string,
  offset: unknown,
): Steps<SubjectPage> {
  const { dropped } = table;
  const meant = yield* allMeant(table, pattern);
  const sorted = yield* sortedInSteps(
    meant,
    (a, b) => a.subject < b.subject ? -1 : 1,
  );
  const list = table.dropped === dropped
    ? sorted
    : sorted.filter((entry) => table.at(entry.number) === entry);
  const { rows, total } = pageOf(list, offset, LIMIT);
  if (total === 0) return { page: NO_PAGE, subjects: undefined };
  // Without a prototype: "__proto__" is a subject as all others.
  const subjects: Record<string, number> = Object.create(null);
  for (const [i, entry] of rows.entries()) {
    if (i > 0 && i % STEP_SUBJECTS === 0) yield;
    // It may have gone meanwhile.
    if (table.at(entry.number) !== entry) continue;
    subjects[utf8Text(entry.subject)] = entry.count;
  }
  // NATS JetStream API: an offset beyond the end stays what it is.
  const from = typeof offset === "number" ? Math.max(0, offset) : 0;
  return {
    page: { total, offset: from, limit: LIMIT },
    subjects: rows.length > 0 ? subjects : undefined,
  };
}

function* allMeant(
  table: SubjectTable,
  pattern: string,
): Steps<readonly SubjectEntry[]> {
  const filter = table.filter([pattern]);
  while (!table.learnBeginnings(filter)) yield;
  const few = table.few(filter);
  const meant = [...few ?? []];
  if (few === undefined) {
    for (let number = 1; number <= table.numbers; number++) {
      if (number % STEP_SUBJECTS === 0) yield;
      const entry = table.at(number);
      if (entry !== undefined && filter.meansNumber(number)) meant.push(entry);
    }
  }
  filter.release();
  return meant;
}
