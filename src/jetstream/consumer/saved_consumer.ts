/**
 * A consumer as it is kept with its stream: what it is told to be under one name,
 * how far it has come under another, and each message that waits for an
 * acknowledgement under a name of its own, so that one acknowledgement is one
 * small change.
 */
import type { ConsumerConfig } from "./consumer_config.ts";
import type { SavedAck, SavedProgress } from "./progress.ts";
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

/** All that is kept of a consumer. */
export interface SavedConsumer extends SavedIdentity {
  readonly name: string;
  readonly progress:
    | (SavedProgress & { readonly place: SavedPlace })
    | undefined;
  readonly pending: readonly SavedAck[];
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

/** `waiting` undefined: the message does not wait any more. */
export function savePending(
  put: Put,
  name: string,
  seq: number,
  waiting: SavedAck | undefined,
): void {
  const value = waiting && JSON.stringify({
    ...waiting,
    // JSON has no infinity.
    dueUs: Number.isFinite(waiting.dueUs) ? waiting.dueUs : null,
  });
  put(pendingName(name, seq), value);
}

function pendingName(name: string, seq: number): string {
  return `${PENDING}${name}/${String(seq).padStart(16, "0")}`;
}

/** Nothing is kept of a consumer any more. */
export function forgetConsumer(
  put: Put,
  name: string,
  pending: Iterable<number>,
): void {
  put(`${CONSUMER}${name}`, undefined);
  put(`${PROGRESS}${name}`, undefined);
  for (const seq of pending) put(pendingName(name, seq), undefined);
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
    const pending = [...kept(`${PENDING}${name}/`)].map(([, text]) => {
      const waiting = JSON.parse(text);
      return { ...waiting, dueUs: waiting.dueUs ?? 0 } as SavedAck;
    });
    yield {
      ...JSON.parse(value) as SavedIdentity,
      name,
      progress: progress === undefined ? undefined : JSON.parse(progress),
      pending: pending.sort((a, b) => a.consumerSeq - b.consumerSeq),
    };
  }
}
