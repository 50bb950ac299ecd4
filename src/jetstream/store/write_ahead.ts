/**
 * The write-ahead log of an SQLite database: pages that were committed and do not
 * stand in the database yet. SQLite reads it up to the first page that is not as
 * it was written, and takes what follows for never written. That is right for what
 * was being written when the machine failed; where a later commit stands whole
 * behind it, it is damage.
 *
 * SQLite's file format: a head of 32 bytes, and before each page 24 bytes with its
 * number, the size of the database where it ends a commit, two numbers by which the
 * log is told from an older one, and a checksum that goes on from the page before.
 */
import { PAGE_SIZE } from "./pages.ts";

const HEAD = 32;
const FRAME_HEAD = 24;
const FRAME = FRAME_HEAD + PAGE_SIZE;
const SALT_AT = 16;
const SUM_AT = 24;
/** In the head of a log whose checksums are of numbers with the low byte first. */
const LOW_FIRST = 0x377f0682;

/** What stands in a log. */
export interface WriteAhead {
  /** Pages up to its last commit that stands whole, by number: the last of each. */
  readonly pages: ReadonlyMap<number, Uint8Array>;
  /** The size of the database, in pages, with that commit; 0: there is none. */
  readonly count: number;
  /** Something before the end of that commit is not as it was written. */
  readonly isDamaged: boolean;
}

export function readWriteAhead(log: Uint8Array): WriteAhead {
  const view = new DataView(log.buffer, log.byteOffset, log.length);
  const frames = Math.max(0, Math.floor((log.length - HEAD) / FRAME));
  const { end, isDamaged } = frames === 0
    ? { end: 0, isDamaged: false }
    : lastCommit(view, frames);
  const pages = new Map<number, Uint8Array>();
  let count = 0;
  for (let i = 0; i < end; i++) {
    const at = HEAD + i * FRAME;
    count = view.getUint32(at + 4) || count;
    pages.set(
      view.getUint32(at),
      log.subarray(at + FRAME_HEAD, at + FRAME),
    );
  }
  return { pages, count, isDamaged };
}

/** Where whole commits end, and whether all before that is whole. */
interface Commits {
  readonly end: number;
  readonly isDamaged: boolean;
}

function lastCommit(view: DataView, frames: number): Commits {
  const isLowFirst = view.getUint32(0) === LOW_FIRST;
  const isHeadWhole = sumsTo(view, 0, SUM_AT, [0, 0], SUM_AT, isLowFirst);
  if (isHeadWhole) return commitsIn(view, frames, isLowFirst, true);
  // The head does not tell the order of bytes either: the right one gives more.
  const lowFirst = commitsIn(view, frames, true, false);
  const highFirst = commitsIn(view, frames, false, false);
  return highFirst.end > lowFirst.end ? highFirst : lowFirst;
}

function commitsIn(
  view: DataView,
  frames: number,
  isLowFirst: boolean,
  isHeadWhole: boolean,
): Commits {
  // Those of the first page, where the head is not to be relied on.
  const saltAt = isHeadWhole ? SALT_AT : HEAD + 8;
  const salt = view.getBigUint64(saltAt);
  let end = 0;
  let firstBad = isHeadWhole ? Infinity : 0;
  let isCommitWhole = true;
  for (let i = 0; i < frames; i++) {
    const at = HEAD + i * FRAME;
    const isWhole = view.getBigUint64(at + 8) === salt &&
      isFrameWhole(view, i, isLowFirst);
    if (!isWhole) {
      firstBad = Math.min(firstBad, i);
      isCommitWhole = false;
    }
    const endsCommit = view.getUint32(at + 4) !== 0;
    if (!endsCommit) continue;
    if (isCommitWhole) end = i + 1;
    // The next one begins behind this one.
    isCommitWhole = true;
  }
  return { end, isDamaged: firstBad < end };
}

function isFrameWhole(
  view: DataView,
  frame: number,
  isLowFirst: boolean,
): boolean {
  const at = HEAD + frame * FRAME;
  const before = frame === 0 ? SUM_AT : at - FRAME + 16;
  const seed: Sum = [view.getUint32(before), view.getUint32(before + 4)];
  const sum = summed(view, at, 8, seed, isLowFirst);
  return sumsTo(view, at + FRAME_HEAD, PAGE_SIZE, sum, at + 16, isLowFirst);
}

type Sum = readonly [number, number];

function sumsTo(
  view: DataView,
  from: number,
  length: number,
  seed: Sum,
  writtenAt: number,
  isLowFirst: boolean,
): boolean {
  const [a, b] = summed(view, from, length, seed, isLowFirst);
  return a === view.getUint32(writtenAt) &&
    b === view.getUint32(writtenAt + 4);
}

function summed(
  view: DataView,
  from: number,
  length: number,
  [a, b]: Sum,
  isLowFirst: boolean,
): Sum {
  let first = a;
  let second = b;
  for (let at = from; at < from + length; at += 8) {
    first = (first + view.getUint32(at, isLowFirst) + second) >>> 0;
    second = (second + view.getUint32(at + 4, isLowFirst) + first) >>> 0;
  }
  return [first, second];
}
