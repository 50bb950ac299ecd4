/** The messages of a batch that have been checked, each as if those before were stored. */
import type { MessageIndex } from "../store/message_index.ts";
import type { StoredMessage } from "../store/stream_store.ts";
import type { Admitted } from "./admitted.ts";

export class Staged {
  readonly messages: Admitted[] = [];
  /** The sequence that the last one will have. */
  lastSeq: number;
  /** Bytes that they count. */
  bytes = 0;
  readonly #seqs = new Map<string, number>();
  readonly #lasts = new Map<string, StoredMessage>();
  readonly #counts = new Map<string, number>();

  constructor({ lastSeq }: MessageIndex) {
    this.lastSeq = lastSeq;
  }

  add(admitted: Admitted): void {
    const { id, kept: { message, size } } = admitted;
    const { seq, subject } = message;
    this.messages.push(admitted);
    this.lastSeq = seq;
    this.bytes += size;
    if (id) this.#seqs.set(id, seq);
    this.#lasts.set(subject, message);
    this.#counts.set(subject, this.countOf(subject) + 1);
  }

  /** The message with this id; undefined: there is none. */
  seqOfId(id: string): number | undefined {
    return this.#seqs.get(id);
  }

  /** The last message of a subject; undefined: there is none. */
  lastOf(subject: string): StoredMessage | undefined {
    return this.#lasts.get(subject);
  }

  /** How many messages a subject has. */
  countOf(subject: string): number {
    return this.#counts.get(subject) ?? 0;
  }
}
