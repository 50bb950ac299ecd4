/**
 * Filters that are about to be asked about all subjects of a stream. To compare a
 * subject with patterns takes longer than anything else that is done with it, so a
 * filter first learns of all of them in parts; what asks it then does so in one
 * turn, and sees one state of the stream.
 */
import type { MessageIndex } from "../store/message_index.ts";
import type { WorkInParts } from "./work_in_parts.ts";

/** Where the subjects are, and the work. */
interface Learning {
  readonly index: MessageIndex;
  readonly lookups: WorkInParts;
}

/**
 * Resolves with what `use` gives once a filter by `patterns`, byte strings, knows all
 * subjects: the same filter is found in the index meanwhile. At once where there are
 * few of them.
 */
export function whenLearned<T>(
  { index, lookups }: Learning,
  patterns: readonly string[],
  use: () => T | Promise<T>,
): T | Promise<T> {
  const filter = index.subjects.filter(patterns);
  const learned = lookups.run(() => filter.learnPart());
  if (learned === undefined) {
    try {
      return use();
    } finally {
      filter.release();
    }
  }
  return learned.then(async () => {
    try {
      return await use();
    } finally {
      filter.release();
    }
  });
}

/**
 * The same for `use` that looks for one message alone, from `from` on or, where it
 * `isBack`, before that: at once as well where one is near.
 */
export function whenNear<T>(
  learning: Learning,
  pattern: string,
  { from, isBack }: { readonly from: number; readonly isBack: boolean },
  use: () => T | Promise<T>,
): T | Promise<T> {
  const { index } = learning;
  const filter = index.subjects.filter([pattern]);
  try {
    const isNear = index.isNear(from, filter, isBack);
    return isNear ? use() : whenLearned(learning, [pattern], use);
  } finally {
    filter.release();
  }
}
