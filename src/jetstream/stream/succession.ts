/**
 * Older messages that go for newer ones, by a limit of the stream or because a
 * message takes their place: once that is kept, and not where it cannot be.
 *
 * They are gone on disk with the commit behind it. A server that ends before has
 * them still, and removes them when they are replayed.
 */
import type { MessageIndex } from "../store/message_index.ts";
import type { StoredMessage } from "../store/stream_store.ts";
import type { Rollup } from "./admitted.ts";
import type { PublishHeaders } from "./publish_headers.ts";
import { beyondAllLimits, beyondLimits } from "./room.ts";
import type { StreamConfig } from "./stream_config.ts";
import type { WorkInParts } from "./work_in_parts.ts";

/** The stream whose messages they are. */
interface SucceedingStream {
  readonly config: StreamConfig;
  readonly index: MessageIndex;
  readonly removals: WorkInParts;
  remove(seq: number): void;
  /** Removes what `pattern` means below `end`. */
  removeBelow(end: number, pattern?: string): unknown;
}

export class Succession {
  readonly #stream: SucceedingStream;
  /** What the messages ask for that are not kept yet. */
  readonly #rollups = new Map<number, Rollup>();
  /** What is beyond the limits, as far as it has not gone; undefined: all has. */
  #beyond: Iterator<number> | undefined = undefined;

  constructor(stream: SucceedingStream) {
    this.#stream = stream;
  }

  /** A message is stored, and is to take the place of others when it is kept. */
  add(seq: number, rollup: Rollup): void {
    if (rollup !== "none") this.#rollups.set(seq, rollup);
  }

  /** A message cannot be kept. */
  forget(seq: number): void {
    this.#rollups.delete(seq);
  }

  /** A message is kept. */
  kept(seq: number): void {
    const rollup = this.#rollups.get(seq);
    if (rollup !== undefined) {
      this.#rollups.delete(seq);
      this.#rollUp(seq, rollup);
    }
    const subject = this.#stream.index.subjectOf(seq);
    if (subject !== undefined) this.#enforceLimits(subject);
  }

  /** A message is there from an earlier life of the server. */
  replayed({ seq }: StoredMessage, headers: PublishHeaders): void {
    const { allow_rollup_hdrs, deny_purge } = this.#stream.config;
    const rollup = headers.get("Nats-Rollup")?.toLowerCase();
    if (!allow_rollup_hdrs || deny_purge) return;
    if (rollup === "sub" || rollup === "all") this.#rollUp(seq, rollup);
  }

  /** What is beyond the limits goes, whatever its subject. */
  enforceAllLimits(): void {
    const { config, index, removals } = this.#stream;
    const beyond = beyondAllLimits(config, index)[Symbol.iterator]();
    this.#beyond = beyond;
    void removals.run(() => {
      for (let left = removals.messages; left > 0; left--) {
        // The limits may be others by now.
        if (this.#beyond !== beyond) return true;
        const { done, value: seq } = beyond.next();
        if (done) this.#beyond = undefined;
        else if (seq > 0) this.#stream.remove(seq);
      }
      return false;
    });
  }

  #rollUp(seq: number, rollup: Rollup): void {
    const { index } = this.#stream;
    const subject = index.subjectOf(seq);
    if (subject === undefined) return;
    this.#stream.removeBelow(seq, rollup === "all" ? undefined : subject);
  }

  #enforceLimits(subject: string): void {
    const { config, index, removals } = this.#stream;
    let left = removals.messages;
    for (let seq; (seq = beyondLimits(config, index, subject)) !== undefined;) {
      if (left-- > 0) this.#stream.remove(seq);
      else {
        if (this.#beyond === undefined) this.enforceAllLimits();
        return;
      }
    }
  }
}
