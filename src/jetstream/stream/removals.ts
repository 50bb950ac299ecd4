/** Messages of a stream that go by the thousand, in parts. */
import { type MessageIndex, PART_MESSAGES } from "../store/message_index.ts";
import type { StreamReader } from "./stream_reader.ts";
import type { WorkInParts } from "./work_in_parts.ts";

/** Messages that leave the store in one turn, where nothing else is done with them. */
const STORED_MESSAGES = 4 * PART_MESSAGES;

/** Messages of which more is known than the index has, and that go at once all the same. */
const KNOWN_MESSAGES = 8 * PART_MESSAGES;

/** The stream whose messages go. */
interface ShrinkingStream {
  readonly index: MessageIndex;
  readonly readers: Iterable<StreamReader>;
  readonly removals: WorkInParts;
}

/** Who hears of messages that go. */
interface RemovalObserver {
  /** Messages of which it knows more than the index. */
  readonly known: number;
  /** A message is about to leave the index. */
  goes(seq: number, subjectNumber: number): void;
  /** All have left it at once. */
  emptied(): void;
  /** One of those is about to leave the store. */
  leaves(seq: number): void;
  /** The last one has left it. */
  allGone(): void;
}

/**
 * Takes out of the index of `stream` what `pattern` means below `end`; gives how many
 * those were, once all have gone.
 */
export function removeBelow(
  stream: ShrinkingStream,
  { end, pattern }: {
    readonly end: number;
    readonly pattern: string | undefined;
  },
  observer: RemovalObserver,
): number | Promise<number> {
  const { index, readers, removals } = stream;
  const isAll = pattern === undefined && end > index.lastSeq;
  if (isAll && knownOf(stream, observer) <= KNOWN_MESSAGES) {
    return removeAll(stream, observer);
  }
  const filter = index.subjects.filter([pattern ?? ">"]);
  let removed = 0;
  let next = index.firstSeq;
  const allGone = removals.run(() => {
    if (!index.subjects.learnBeginnings(filter)) return false;
    const { messages } = removals;
    next = index.removePart(next, { end, messages }, filter, (seq, number) => {
      removed++;
      observer.goes(seq, number);
    });
    if (next < end) return false;
    observer.allGone();
    const left = index.next(index.firstSeq, filter);
    for (const reader of readers) reader.purged(pattern, left);
    filter.release();
    return true;
  });
  return allGone?.then(() => removed) ?? removed;
}

/** Messages of which something is known besides what the index has. */
function knownOf(
  { readers }: ShrinkingStream,
  { known }: RemovalObserver,
): number {
  return [...readers].reduce((sum, one) => sum + one.openMessages, known);
}

/** All are gone at once for everybody who asks, and leave the store in parts. */
function removeAll(
  { index, readers, removals }: ShrinkingStream,
  observer: RemovalObserver,
): number | Promise<number> {
  const removed = index.messages;
  const segments = index.empty();
  observer.emptied();
  observer.allGone();
  for (const reader of readers) {
    reader.emptied();
    reader.purged(undefined, index.firstSeq);
  }
  let at = 0;
  const allGone = removals.run(() => {
    for (let left = STORED_MESSAGES; left > 0 && at < segments.length; at++) {
      const segment = segments[at]!;
      left -= segment.live;
      for (const seq of segment.seqs()) observer.leaves(seq);
    }
    return at === segments.length;
  });
  return allGone?.then(() => removed) ?? removed;
}
