/**
 * The seam of storage: where the messages of one stream are kept, and what goes
 * with them, the states of consumers among it. A stream knows in memory which
 * messages it has (`message_index.ts`); a store keeps what they say, and gives it
 * back. `tests/jetstream/store_suite.ts` holds what each store must do.
 *
 * Changes are made in the order of their calls, and those before a `sync` are
 * kept together or, after a crash, up to one of them. Nothing is promised before
 * `sync` has called back.
 *
 * More than a dozen members: because a store may ask for what is to go along with
 * a commit that is about to be made, and when that is.
 */
import type { Steps } from "../../core/steps.ts";
import { StorageError } from "../../platform/storage.ts";

/** A message as a stream keeps it. Its bytes must not be changed. */
export interface StoredMessage {
  /** From 1 on; each is larger than those before. */
  readonly seq: number;
  /** When it was stored, in microseconds since the Unix epoch. */
  readonly timeUs: number;
  /** A byte string. */
  readonly subject: string;
  /** A block of headers, from `NATS/1.0` to the empty line; empty: none. */
  readonly headers: Uint8Array;
  readonly payload: Uint8Array;
}

/** What a store tells of messages that it cannot give back. */
export interface Damage {
  /** The first of them; 0: not known, or it is none. */
  readonly seq: number;
  /** What is wrong, and in which file. */
  readonly text: string;
}

/** A store cannot take more: the disk is full, or broken. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  /** What could not be synced is in the file all the same, where a later start may find it. */
  readonly isWritten: boolean;

  constructor(
    message: string,
    { isWritten = false, ...options }: ErrorOptions & { isWritten?: boolean } =
      {},
  ) {
    super(message, options);
    this.isWritten = isWritten;
  }

  /** Another process has it. */
  get isInUse(): boolean {
    return this.cause instanceof StorageError && this.cause.fault === "in use";
  }

  /** There is no room left. */
  get isFull(): boolean {
    return this.cause instanceof StorageError && this.cause.fault === "full";
  }
}

export interface StreamStore {
  /** Whether anything of it is there after a restart. */
  readonly isLasting: boolean;
  /**
   * Hands over all messages in ascending order, once, before anything else is
   * asked; what cannot be read is told instead. A step reads some hundred.
   */
  replay(
    take: (message: StoredMessage) => void,
    damaged: (damage: Damage) => void,
  ): Steps<void>;
  /** The largest sequence that was ever used, whether its message is there or not; 0: none was. */
  readonly lastSeq: number;
  /** Sequences up to `seq` are used. */
  skipTo(seq: number): void;
  /** Keeps a message, whose bytes are borrowed for the call. */
  append(message: StoredMessage): void;
  /** A message; undefined: it is not there. Throws a `StoreError` that names it when it is damaged. */
  load(seq: number): StoredMessage | undefined;
  /** Forgets a message. `erase`: nobody who reads the file finds it either. */
  remove(seq: number, erase: boolean): void;
  /**
   * Keeps `value` under a name, in place of what it has; undefined: nothing.
   * `isVital`: twice, at different places.
   */
  put(name: string, value: string | undefined, isVital?: boolean): void;
  /** What is kept under names that begin with `prefix`, in the order of the names. */
  values(prefix: string): Iterable<readonly [name: string, value: string]>;
  /**
   * Calls `done` once all before it is kept for good: in memory at once. With an
   * error nothing since the last `sync` that had none may be relied on.
   */
  sync(done: (error?: StoreError) => void): void;
  /**
   * Called right before what was changed is written for good: more changes may be
   * made with it, and it is what the next `done` of `sync` tells of. A store that
   * keeps everything at once does not call it.
   */
  beforeCommit?: () => void;
  /** Nothing is half done: the store may commit at once what it was asked to. */
  mayCommit?(): void;
  /** Resolves when all is kept and the store may be opened by others. */
  close(): Promise<void>;
  /** Removes all that it keeps. */
  destroy(): Promise<void>;
}
