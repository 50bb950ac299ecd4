/**
 * Batches whose messages are stored one by one, and acknowledged many at a time:
 * the stream says after how many it acknowledges next, and so how many may be
 * under way.
 *
 * NATS JetStream (`allow_batched`): what a message is in its batch stands in its
 * reply subject, and all answers go there.
 */
import { utf8Text } from "../../core/ascii.ts";
import type { Timer } from "../../platform/clock.ts";
import { ApiError, type ApiErrorRecord } from "../api/api_error.ts";
import { isLevelKnown } from "../api/required_level.ts";
import type { StoreError } from "../store/stream_store.ts";
import { type FastReply, readFastReply } from "./fast_reply.ts";
import type { PublishAck } from "./publish_ack.ts";
import type { PublishHeaders } from "./publish_headers.ts";
import type { StreamConfig } from "./stream_config.ts";
import type { StreamHost } from "./stream_host.ts";

/** NATS JetStream: messages that all batches of a stream may have under way. */
const FLOW_IN_ALL = 500;

/** What is told of a batch while it goes on. */
export type FastNews =
  | { readonly type: "ack"; readonly seq: number; readonly msgs: number }
  | { readonly type: "gap"; readonly last_seq: number; readonly seq: number }
  | {
    readonly type: "err";
    readonly seq: number;
    readonly error: ApiErrorRecord;
  };

type Answer = (answer: FastNews | PublishAck | ApiError) => void;

/** The sequence of a message that is kept for good; 0: it repeats another; or why it is not kept. */
type Outcome = (outcome: number | ApiError) => void;

/** The stream, as far as such batches go into it. */
export interface FastStream {
  readonly name: string;
  readonly host: StreamHost;
  readonly config: StreamConfig;
  whenKept(seq: number, done: (error: StoreError | undefined) => void): void;
}

interface FastBatch {
  readonly begun: FastReply;
  /** The number of the last message that came. */
  last: number;
  /** All up to this number are acknowledged. */
  acknowledged: number;
  /** Messages until the next acknowledgement. */
  step: number;
  /** The sequence in the stream of the last message that is kept; 0: none is. */
  seq: number;
  timer: Timer;
}

export class FastBatches {
  readonly #stream: FastStream;
  /** By id. */
  readonly #open = new Map<string, FastBatch>();

  constructor(stream: FastStream) {
    this.#stream = stream;
  }

  /**
   * Takes a message whose reply subject says that it is of a batch; `store` stores
   * it. Throws an `ApiError`.
   */
  take(
    reply: string,
    headers: PublishHeaders,
    answer: Answer,
    store: (outcome: Outcome) => void,
  ): void {
    if (!this.#stream.config.allow_batched) throw new ApiError(10205);
    const said = readFastReply(reply);
    const known = this.#open.get(said.id);
    const isFirst = said.number === 1 && said.operation !== "ping";
    if (known === undefined && !isFirst) throw new ApiError(10208);
    if (!isLevelKnown(headers)) throw new ApiError(10185);
    const batch = known ?? this.#begin(said);
    batch.timer.cancel();
    batch.timer = this.#endLater(said.id);
    if (said.operation === "ping") return this.#ping(batch, said, answer);
    if (!this.#goesOn(batch, said.number, answer)) return;
    if (known === undefined && said.operation === "start") {
      answer({ type: "ack", seq: 0, msgs: batch.step });
    }
    batch.last = said.number;
    if (said.operation === "end") {
      return this.#end(batch, said.number - 1, answer);
    }
    store((outcome) => this.#settled(batch, said, outcome, answer));
  }

  /** No batch goes on. */
  stop(): void {
    for (const batch of this.#open.values()) this.#close(batch);
  }

  #begin(begun: FastReply): FastBatch {
    const { host: { batches: room } } = this.#stream;
    const isFull = this.#open.size >= room.limits.fastPerStream ||
      room.fastOpen >= room.limits.fastInAll;
    if (isFull) throw new ApiError(10211);
    const isAlone = this.#open.size === 0;
    const batch = {
      begun,
      last: 0,
      acknowledged: 0,
      step: isAlone ? Math.min(begun.flow, FLOW_IN_ALL) : 1,
      seq: 0,
      timer: this.#endLater(begun.id),
    };
    this.#open.set(begun.id, batch);
    room.fastOpen++;
    return batch;
  }

  #ping(batch: FastBatch, { number }: FastReply, answer: Answer): void {
    if (number > batch.last) {
      if (!this.#goesOn(batch, number + 1, answer)) return;
      batch.last = number;
    }
    this.#stream.whenKept(0, () => {
      if (this.#acknowledge(batch, batch.last, answer)) return;
      answer({ type: "ack", seq: batch.acknowledged, msgs: batch.step });
    });
  }

  /** Whether a message with this number may come; where it may not, the batch is over. */
  #goesOn(batch: FastBatch, number: number, answer: Answer): boolean {
    const { last, begun } = batch;
    if (number === last + 1) return true;
    answer({ type: "gap", last_seq: last + 1, seq: number });
    // NATS JetStream: what comes again or too late ends each batch.
    if (begun.allowsGaps && number > last) return true;
    this.#end(batch, last, answer);
    return false;
  }

  /** It is known what becomes of a message. */
  #settled(
    batch: FastBatch,
    { number, operation }: FastReply,
    outcome: number | ApiError,
    answer: Answer,
  ): void {
    const isLast = operation === "commit";
    if (outcome instanceof ApiError) {
      const isOver = !batch.begun.allowsGaps;
      if (isOver && batch.seq === 0) {
        this.#close(batch);
        return answer(outcome);
      }
      answer({ type: "err", seq: number, error: outcome.record() });
      if (isOver || isLast) this.#end(batch, number - 1, answer);
      return;
    }
    if (outcome > 0) batch.seq = outcome;
    if (!isLast || outcome === 0) this.#acknowledge(batch, number, answer);
    if (isLast) this.#end(batch, number, answer);
  }

  /** Acknowledges all up to a number, if it is time to; false: it is not. */
  #acknowledge(batch: FastBatch, number: number, answer: Answer): boolean {
    const steps = Math.floor((number - batch.acknowledged) / batch.step);
    if (steps < 1) return false;
    batch.acknowledged += steps * batch.step;
    const most = Math.max(
      1,
      Math.min(
        batch.begun.flow,
        Math.floor(FLOW_IN_ALL / Math.max(1, this.#open.size)),
      ),
    );
    batch.step = batch.step < most
      ? Math.min(2 * batch.step, most)
      : Math.max(Math.floor(batch.step / 2), most);
    answer({ type: "ack", seq: batch.acknowledged, msgs: batch.step });
    return true;
  }

  /** A batch is over: its publisher is told once all of it is kept. */
  #end(batch: FastBatch, count: number, answer: Answer): void {
    this.#close(batch);
    const { name: stream, host: { replies: { domain } } } = this.#stream;
    this.#stream.whenKept(0, () => {
      answer({
        stream,
        ...(domain !== "" && { domain }),
        seq: batch.seq,
        batch: utf8Text(batch.begun.id),
        count,
      });
    });
  }

  #endLater(id: string): Timer {
    const { batches: { limits }, clock } = this.#stream.host;
    return clock.after(limits.idleMs, () => this.#close(this.#open.get(id)!));
  }

  #close(batch: FastBatch): void {
    batch.timer.cancel();
    if (!this.#open.delete(batch.begun.id)) return;
    this.#stream.host.batches.fastOpen--;
  }
}
