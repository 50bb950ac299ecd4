/**
 * A consumer as a backup has it: what it is told to be, how far it has come, and
 * what waits for an acknowledgement.
 */
import { isRecord } from "../../core/json.ts";
import type { Consumer } from "../consumer/consumer.ts";
import type {
  PendingAck,
  Progress,
  SavedAck,
  SavedProgress,
} from "../consumer/progress.ts";
import { BackupError } from "./s2_block.ts";

const NS_PER_US = 1000;

/** What a backup says of a consumer, besides what it is told to be. */
export interface ConsumerState {
  readonly progress: SavedProgress;
  /** When it is due is not told. */
  readonly open: readonly SavedAck[];
}

/** NATS JetStream (backups): a consumer as JSON. */
export function consumerText({ config, progress }: Consumer): string {
  return `{"config":${JSON.stringify(config)},"state":${stateText(progress)}}`;
}

function stateText(progress: Progress): string {
  const { consumerSeq, seq, floor, pending, deliveries } = progress;
  const waiting = [...pending.values()].map((one) =>
    // Nanoseconds are too many for a number.
    `"${one.seq}":{"Sequence":${one.consumerSeq},` +
    `"Timestamp":${Math.floor(one.deliveredUs)}000}`
  );
  // Of what does not wait any more: how often it was delivered.
  const again = [...deliveries].map(([one, times]) =>
    `"${one}":${pending.has(one) ? times - 1 : times}`
  );
  return `{"delivered":{"consumer_seq":${consumerSeq},"stream_seq":${seq}},` +
    `"ack_floor":{"consumer_seq":${floor.consumerSeq},` +
    `"stream_seq":${floor.seq}},"pending":{${waiting.join(",")}},` +
    `"redelivered":{${again.join(",")}}}`;
}

/** Throws a `BackupError` for what is none. */
export function consumerState(value: unknown): ConsumerState {
  if (!isRecord(value)) throw noConsumer();
  const { delivered, ack_floor: floor, pending, redelivered } = value;
  const last = placeOf(delivered);
  const again = isRecord(redelivered) ? redelivered : {};
  const waiting = isRecord(pending) ? pending : {};
  const given = Object.keys(again).filter((seq) =>
    !Object.hasOwn(waiting, seq)
  );
  return {
    progress: {
      ...last,
      floor: placeOf(floor),
      deliveredUs: 0,
      ackedUs: 0,
    },
    open: [
      ...Object.entries(waiting).map(([seq, one]) => ({
        seq: count(Number(seq)),
        times: 1 + count(again[seq] ?? 0),
        waiting: waitingOf(count(Number(seq)), one),
      })),
      ...given.map((seq) => ({
        seq: count(Number(seq)),
        times: Math.max(1, count(again[seq])),
        waiting: undefined,
      })),
    ],
  };
}

function waitingOf(seq: number, value: unknown): PendingAck {
  if (!isRecord(value)) throw noConsumer();
  const { Sequence: consumerSeq, Timestamp: ns } = value;
  const deliveredUs = Math.floor(Number(ns) / NS_PER_US) || 0;
  return { seq, consumerSeq: count(consumerSeq), deliveredUs, dueUs: 0 };
}

function placeOf(
  value: unknown,
): { readonly consumerSeq: number; readonly seq: number } {
  if (!isRecord(value)) return { consumerSeq: 0, seq: 0 };
  const { consumer_seq: consumerSeq = 0, stream_seq: seq = 0 } = value;
  return { consumerSeq: count(consumerSeq), seq: count(seq) };
}

function count(value: unknown): number {
  if (!Number.isSafeInteger(value) || Number(value) < 0) throw noConsumer();
  return Number(value);
}

function noConsumer(): BackupError {
  return new BackupError("a consumer of the backup makes no sense");
}
