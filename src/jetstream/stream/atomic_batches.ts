/**
 * Batches of messages that are stored together or not at all: they are gathered
 * here, and checked and stored when the last one comes.
 *
 * NATS JetStream (ADR-50): headers say which batch a message belongs to, its
 * number in it, and that it is the last.
 */
import { utf8Text } from "../../core/ascii.ts";
import { ApiError } from "../api/api_error.ts";
import { isLevelKnown } from "../api/required_level.ts";
import type { AbandonReason } from "../advisories.ts";
import type { Timer } from "../../platform/clock.ts";
import { withHeader } from "./header_block.ts";
import type { PublishHeaders } from "./publish_headers.ts";
import { ownPublication, type Publication } from "./room.ts";
import type { StreamConfig } from "./stream_config.ts";
import type { StreamHost } from "./stream_host.ts";

const COMMIT = "Nats-Batch-Commit";
const ID_MAX = 64;
const SEQUENCE_MAX = 2n ** 64n;

/** A message of a batch, as it came. */
export interface Gathered {
  readonly publication: Publication;
  readonly headers: PublishHeaders;
}

interface OpenBatch {
  readonly messages: Gathered[];
  bytes: number;
  timer: Timer;
}

/** Why a batch does not go on, and what its publisher is told. */
interface Fault {
  readonly reason: AbandonReason;
  readonly error: ApiError;
}

/** The stream, as far as batches are gathered for it. */
export interface GatheringStream {
  readonly name: string;
  readonly host: StreamHost;
  readonly config: StreamConfig;
}

export class AtomicBatches {
  readonly #stream: GatheringStream;
  /** By id. */
  readonly #open = new Map<string, OpenBatch>();

  constructor(stream: GatheringStream) {
    this.#stream = stream;
  }

  /**
   * Takes a message of the batch `id`. Gives all messages of the batch, if it was
   * the last one; else what becomes of it is told to `acknowledge`. Throws an
   * `ApiError`.
   */
  take(
    id: string,
    message: Gathered,
    acknowledge: (ack: ApiError | undefined) => void,
  ): readonly Gathered[] | undefined {
    const { config } = this.#stream;
    if (!config.allow_atomic) throw new ApiError(10174);
    if (id.length > ID_MAX) throw new ApiError(10179);
    const number = numberIn(message.headers);
    const isEob = message.headers.get(COMMIT) === "eob";
    const batch = this.#open.get(id) ?? this.#begin(id, number, isEob);
    const fault = this.#faultOf(batch, message, number, isEob);
    if (fault !== undefined) {
      // NATS JetStream: the publisher hears of it before those who listen.
      acknowledge(fault.error);
      this.#abandon(id, fault.reason);
      return undefined;
    }
    const commit = message.headers.get(COMMIT);
    if (commit !== undefined && commit !== "1" && !isEob) {
      this.#close(id, batch);
      throw new ApiError(10200);
    }
    if (!isEob) this.#add(id, batch, message);
    if (commit === undefined) {
      acknowledge(undefined);
      return undefined;
    }
    this.#close(id, batch);
    if (isEob) endAtLast(batch.messages);
    return batch.messages;
  }

  /** Why a batch cannot go on with a message; undefined: it can. */
  #faultOf(
    { messages }: OpenBatch,
    { headers, publication }: Gathered,
    number: bigint,
    isEob: boolean,
  ): Fault | undefined {
    const { host: { batches: room } } = this.#stream;
    const { limits } = room;
    if (!isLevelKnown(headers)) {
      return { reason: "unsupported", error: new ApiError(10185) };
    }
    const isNext = number === BigInt(messages.length + 1);
    if (!isNext || (isEob && messages.length === 0)) {
      return { reason: "incomplete", error: new ApiError(10176) };
    }
    if (number > most(limits.messages, isEob)) {
      return { reason: "large", error: new ApiError(10199, limits.messages) };
    }
    if (room.bytes + bytesOf(publication) > limits.bytesInAll) {
      return { reason: "large", error: new ApiError(10023) };
    }
    return undefined;
  }

  /** No batch goes on. */
  stop(): void {
    for (const [id, batch] of this.#open) this.#close(id, batch);
  }

  #begin(id: string, number: bigint, isEob: boolean): OpenBatch {
    const { host: { batches: room } } = this.#stream;
    const { limits } = room;
    if (number > most(limits.messages, isEob)) {
      throw new ApiError(10199, limits.messages);
    }
    if (number !== 1n) throw new ApiError(10176);
    const isFull = this.#open.size >= limits.openPerStream ||
      room.open >= limits.openInAll;
    if (isFull) throw new ApiError(10210);
    const batch = { messages: [], bytes: 0, timer: this.#endLater(id) };
    this.#open.set(id, batch);
    room.open++;
    return batch;
  }

  #add(
    id: string,
    batch: OpenBatch,
    { publication, headers }: Gathered,
  ): void {
    const { host: { batches: room } } = this.#stream;
    const bytes = bytesOf(publication);
    batch.messages.push({ publication: ownPublication(publication), headers });
    batch.bytes += bytes;
    room.bytes += bytes;
    batch.timer.cancel();
    batch.timer = this.#endLater(id);
  }

  /** Gives a batch up that nothing comes for. */
  #endLater(id: string): Timer {
    const { batches: { limits }, clock } = this.#stream.host;
    return clock.after(limits.idleMs, () => this.#abandon(id, "timeout"));
  }

  #abandon(id: string, reason: AbandonReason): void {
    const { name, host } = this.#stream;
    this.#close(id, this.#open.get(id)!);
    host.advisories.batchAbandoned(name, utf8Text(id), reason);
  }

  #close(id: string, batch: OpenBatch): void {
    const { host: { batches: room } } = this.#stream;
    batch.timer.cancel();
    this.#open.delete(id);
    room.open--;
    room.bytes -= batch.bytes;
  }
}

/** Throws an `ApiError` where a message does not say its number. */
function numberIn(headers: PublishHeaders): bigint {
  const text = headers.get("Nats-Batch-Sequence") ?? "";
  const number = /^\d+$/.test(text) ? BigInt(text) : SEQUENCE_MAX;
  if (number >= SEQUENCE_MAX) throw new ApiError(10175);
  return number;
}

/** The largest number that a message may have: one that is not stored comes behind the last. */
function most(messages: number, isEob: boolean): number {
  return isEob ? messages + 1 : messages;
}

function bytesOf({ headers, payload }: Publication): number {
  return headers.length + payload.length;
}

/** The last of them says that it is. */
function endAtLast(messages: Gathered[]): void {
  const { publication, headers } = messages.pop()!;
  const block = withHeader(publication.headers, COMMIT, "1");
  messages.push({ publication: { ...publication, headers: block }, headers });
}
