/** Which messages a stream keeps for its consumers, where it keeps any for them. */
import type { MessageIndex } from "../store/message_index.ts";
import type { StreamConfig } from "./stream_config.ts";
import type { Readers } from "./readers.ts";
import type { WorkInParts } from "./work_in_parts.ts";

/** The stream whose messages they are. */
interface Kept {
  readonly config: StreamConfig;
  readonly index: MessageIndex;
  readonly readers: Readers;
  readonly removals: WorkInParts;
  remove(seq: number): void;
}

export class KeptForReaders {
  readonly #stream: Kept;
  /** How often those that none wants were to go. */
  #drops = 0;

  constructor(stream: Kept) {
    this.#stream = stream;
  }

  /** Messages are kept for consumers from now on: those that none wants go. */
  dropUnwanted(): void {
    const { index, removals } = this.#stream;
    const drop = ++this.#drops;
    let seq = index.firstSeq;
    void removals.run(() => {
      for (let left = removals.messages; left > 0; left--) {
        // What was there at the end of the last part may have gone.
        seq = index.next(seq);
        // A run that began later sees to all of them.
        if (seq > index.lastSeq || this.#drops !== drop) return true;
        if (!this.#stream.readers.needs(seq, index.subjectNumber(seq))) {
          this.#stream.remove(seq);
        }
        seq++;
      }
      return false;
    });
  }

  /**
   * The server has started again: what a consumer was done with goes. An
   * acknowledgement may be kept when its message is there still.
   */
  dropDone(isServing: boolean): void {
    const { config: { retention }, index, removals } = this.#stream;
    if (retention === "limits") return;
    const { lastSeq } = index;
    let seq = index.firstSeq;
    removals.isStarting = !isServing;
    void removals.run(() => {
      for (let left = removals.messages; left > 0; left--) {
        seq = index.next(seq);
        if (seq > lastSeq) return true;
        const number = index.subjectNumber(seq);
        if (
          this.#stream.readers.isDone(seq, number) &&
          !this.#stream.readers.needs(seq, number)
        ) {
          this.#stream.remove(seq);
        }
        seq++;
      }
      return false;
    });
    removals.isStarting = false;
  }

  /** A reader does not need a message any more: whether it stays. */
  released(seq: number): void {
    const { config: { retention }, index } = this.#stream;
    if (retention === "limits") return;
    const number = index.subjectNumber(seq);
    if (number === 0) return;
    const isNeeded = retention === "interest" &&
      this.#stream.readers.needs(seq, number);
    if (!isNeeded) this.#stream.remove(seq);
  }

  /** Whether a message is kept at all: not where it is kept for consumers, and none wants it. */
  isWanted(subject: string): boolean {
    const { config, index } = this.#stream;
    if (config.retention !== "interest") return true;
    const { subjects } = index;
    const isNew = subjects.get(subject) === undefined;
    const entry = subjects.take(subject);
    const isWanted = this.#stream.readers.needs(
      index.lastSeq + 1,
      entry.number,
    );
    if (isNew) subjects.drop(entry);
    return isWanted;
  }
}
