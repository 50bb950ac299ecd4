/**
 * A consumer as it is kept with its stream: what it is told to be under one name,
 * how far it has come under another, and each message that is not acknowledged
 * under a name of its own, so that one acknowledgement is one small change.
 */
import type { ConsumerConfig } from "./consumer_config.ts";
import type { Progress, SavedAck, SavedProgress } from "./progress.ts";
import type { Put } from "../stream/commits.ts";
import type { SavedPlace } from "./selection.ts";

const CONSUMER = "consumer/";
const PROGRESS = "progress/";
const PENDING = "pending/";

/** What a consumer is told to be. */
export interface SavedIdentity {
  readonly config: ConsumerConfig;
  readonly createdUs: number;
}

/** How far a consumer has come. */
export interface SavedCourse {
  readonly progress:
    | (SavedProgress & { readonly place: SavedPlace })
    | undefined;
  readonly open: readonly SavedAck[];
}

/** All that is kept of a consumer. */
export interface SavedConsumer extends SavedIdentity, SavedCourse {
  readonly name: string;
}

/** How far it has come by now. */
export function courseOf(progress: Progress, place: SavedPlace): SavedCourse {
  const { consumerSeq, seq, floor, deliveredUs, ackedUs } = progress;
  const open = new Set([
    ...progress.pending.keys(),
    ...progress.deliveries.keys(),
  ]);
  return {
    progress: { consumerSeq, seq, floor, deliveredUs, ackedUs, place },
    open: [...open].sort((a, b) => a - b).map((one) => ({
      seq: one,
      times: progress.timesDelivered(one),
      waiting: progress.pending.get(one),
    })),
  };
}

export function saveIdentity(
  put: Put,
  name: string,
  identity: SavedIdentity,
): void {
  put(`${CONSUMER}${name}`, JSON.stringify(identity), true);
}

export function saveProgress(
  put: Put,
  name: string,
  { consumerSeq, seq, floor, deliveredUs, ackedUs }: SavedProgress,
  place: SavedPlace,
): void {
  const saved = { consumerSeq, seq, floor, deliveredUs, ackedUs, place };
  put(`${PROGRESS}${name}`, JSON.stringify(saved));
}

/** `times` 0: the message is acknowledged, or gone. */
export function saveOpen(
  put: Put,
  name: string,
  { seq, times, waiting }: SavedAck,
): void {
  if (times === 0) return put(pendingName(name, seq), undefined);
  const saved = { seq, times, ...waiting };
  // JSON has no infinity.
  const value = JSON.stringify(
    saved,
    (_, one) => one === Infinity ? null : one,
  );
  put(pendingName(name, seq), value);
}

function openOf(text: string): SavedAck {
  const { seq, times, ...waiting } = JSON.parse(text);
  if (waiting.consumerSeq === undefined) {
    return { seq, times, waiting: undefined };
  }
  return {
    seq,
    times,
    waiting: { ...waiting, seq, dueUs: waiting.dueUs ?? 0 },
  };
}

function pendingName(name: string, seq: number): string {
  return `${PENDING}${name}/${String(seq).padStart(16, "0")}`;
}

/** Nothing is kept of a consumer any more. */
export function forgetConsumer(
  put: Put,
  name: string,
  open: Iterable<number>,
): void {
  put(`${CONSUMER}${name}`, undefined);
  put(`${PROGRESS}${name}`, undefined);
  for (const seq of open) put(pendingName(name, seq), undefined);
}

/** The consumers that are kept, by what gives all values whose names have a prefix. */
export function* savedConsumers(
  kept: (prefix: string) => Iterable<readonly [string, string]>,
): Iterable<SavedConsumer> {
  for (const [key, value] of [...kept(CONSUMER)]) {
    const name = key.slice(CONSUMER.length);
    const progressName = `${PROGRESS}${name}`;
    const progress = [...kept(progressName)]
      .find(([other]) => other === progressName)?.[1];
    const open = [...kept(`${PENDING}${name}/`)].map(([, text]) =>
      openOf(text)
    );
    yield {
      ...JSON.parse(value) as SavedIdentity,
      name,
      progress: progress === undefined ? undefined : JSON.parse(progress),
      open: open.sort((a, b) => a.seq - b.seq),
    };
  }
}
