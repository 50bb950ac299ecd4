/**
 * The open messages of a consumer, delivered and not acknowledged, as they are kept
 * with its stream: those whose sequences are near to each other under one name, so
 * that a thousand deliveries in a row are a few changes, and one acknowledgement is
 * a small one.
 */
import type { Put } from "../stream/commits.ts";
import type { Progress, SavedAck } from "./progress.ts";

const PREFIX = "open/";
/** Sequences of which what is open is kept under one name. */
const BLOCK_SEQS = 32;

/** An open message by its place in the block, with its deliveries, and if it waits with the rest of `PendingAck`. */
type Row =
  | readonly [place: number, times: number]
  | readonly [
    place: number,
    times: number,
    consumerSeq: number,
    /** Microseconds since `Block.from`. */
    delivered: number,
    /** Microseconds since then; null: it waits to be delivered again. */
    due: number | null,
  ];

/** What is kept under one name. */
interface Block {
  /** Microseconds since the Unix epoch. */
  readonly from: number;
  readonly open: readonly Row[];
}

export class SavedOpen {
  /** Blocks in which something has changed since. */
  readonly #changed = new Set<number>();
  /** Blocks of which something is kept. */
  readonly #kept = new Set<number>();

  /** What is known of a message has changed. */
  touched(seq: number): void {
    this.#changed.add(blockOf(seq));
  }

  /** These were kept by an earlier life of the server. */
  restored(open: Iterable<SavedAck>): void {
    for (const { seq } of open) this.#kept.add(blockOf(seq));
  }

  save(put: Put, consumer: string, progress: Progress): void {
    for (const block of this.#changed) {
      const open = openIn(block, progress);
      // What was delivered and acknowledged since was never kept.
      if (open.length === 0 && !this.#kept.has(block)) continue;
      putBlock(put, consumer, block, open);
      if (open.length > 0) this.#kept.add(block);
      else this.#kept.delete(block);
    }
    this.#changed.clear();
  }

  /** The consumer is deleted. */
  forget(put: Put, consumer: string): void {
    for (const block of this.#kept) putBlock(put, consumer, block, []);
    this.#kept.clear();
    this.#changed.clear();
  }
}

/** Keeps the open messages of a consumer of which nothing is kept yet. */
export function saveAllOpen(
  put: Put,
  consumer: string,
  open: readonly SavedAck[],
): void {
  const blocks = new Map<number, SavedAck[]>();
  for (const one of open) {
    const block = blocks.get(blockOf(one.seq)) ?? [];
    block.push(one);
    blocks.set(blockOf(one.seq), block);
  }
  for (const [block, all] of blocks) putBlock(put, consumer, block, all);
}

/** The open messages that are kept of a consumer, ascending, by what gives all values whose names have a prefix. */
export function savedOpen(
  kept: (prefix: string) => Iterable<readonly [string, string]>,
  consumer: string,
): readonly SavedAck[] {
  const prefix = `${PREFIX}${consumer}/`;
  const open: SavedAck[] = [];
  for (const [name, text] of kept(prefix)) {
    const first = Number(name.slice(prefix.length)) * BLOCK_SEQS;
    const { from, open: rows } = JSON.parse(text) as Block;
    open.push(...rows.map((row) => ackIn(row, first, from)));
  }
  return open.sort((a, b) => a.seq - b.seq);
}

function blockOf(seq: number): number {
  return Math.floor(seq / BLOCK_SEQS);
}

function openIn(block: number, progress: Progress): readonly SavedAck[] {
  const open: SavedAck[] = [];
  const first = block * BLOCK_SEQS;
  for (let seq = first; seq < first + BLOCK_SEQS; seq++) {
    const waiting = progress.pending.get(seq);
    if (waiting === undefined && !progress.deliveries.has(seq)) continue;
    open.push({ seq, times: progress.timesDelivered(seq), waiting });
  }
  return open;
}

function putBlock(
  put: Put,
  consumer: string,
  block: number,
  open: readonly SavedAck[],
): void {
  const from = open.find(({ waiting }) => waiting)?.waiting?.deliveredUs ?? 0;
  const value: Block = {
    from,
    open: open.map((one) => rowOf(one, block * BLOCK_SEQS, from)),
  };
  const text = open.length === 0 ? undefined : JSON.stringify(value);
  put(`${PREFIX}${consumer}/${block}`, text);
}

function rowOf(
  { seq, times, waiting }: SavedAck,
  first: number,
  from: number,
): Row {
  const place = seq - first;
  if (waiting === undefined) return [place, times];
  const { consumerSeq, deliveredUs, dueUs } = waiting;
  // JSON has no infinity.
  const due = dueUs === Infinity ? null : dueUs - deliveredUs;
  return [place, times, consumerSeq, deliveredUs - from, due];
}

function ackIn(row: Row, first: number, from: number): SavedAck {
  const [place, times, consumerSeq, delivered = 0, due = null] = row;
  const seq = first + place;
  if (consumerSeq === undefined) return { seq, times, waiting: undefined };
  const deliveredUs = from + delivered;
  const dueUs = due === null ? 0 : deliveredUs + due;
  return { seq, times, waiting: { seq, consumerSeq, deliveredUs, dueUs } };
}
