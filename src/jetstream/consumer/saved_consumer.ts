/**
 * A consumer as it is kept with its stream: what it is told to be under one name,
 * how far it has come under another, and what is open under further ones
 * (`saved_open.ts`).
 */
import type { ConsumerConfig } from "./consumer_config.ts";
import type { Progress, SavedAck, SavedProgress } from "./progress.ts";
import type { Put } from "../stream/commits.ts";
import { savedOpen } from "./saved_open.ts";
import type { SavedPlace } from "./selection.ts";

const CONSUMER = "consumer/";
const PROGRESS = "progress/";

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

/** Nothing is kept any more of what a consumer is and how far it has come. */
export function forgetConsumer(put: Put, name: string): void {
  put(`${CONSUMER}${name}`, undefined);
  put(`${PROGRESS}${name}`, undefined);
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
    yield {
      ...JSON.parse(value) as SavedIdentity,
      name,
      progress: progress === undefined ? undefined : JSON.parse(progress),
      open: savedOpen(kept, name),
    };
  }
}
