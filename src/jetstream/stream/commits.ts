/**
 * What a stream does with its store, and who waits until it is kept for good: what
 * comes while a commit is under way goes into the next, which may have been asked
 * for already, and may have begun before those who waited for the one are told.
 */
import type { StoreError, StreamStore } from "../store/stream_store.ts";

/** See `StreamStore.put`. */
export type Put = (
  name: string,
  value: string | undefined,
  isVital?: boolean,
) => void;

/** Hears that something is kept for good, or why it cannot be. */
export type WhenKept = (error: StoreError | undefined) => void;

/** Something that is kept with a stream, by names and texts. */
export interface Keeper {
  /** Hands over what has changed since the last time; undefined: it is not kept any more. */
  save(put: Put): void;
}

/**
 * What was changed besides messages that came: it has happened, whether or not a
 * commit fails. It is told again in the order in which it was told last, since of
 * a write that is cut short the beginning may be there.
 */
class Changes {
  /** Values by name, and messages that went: whether they are to be erased. */
  readonly #changes = new Map<string | number, Parameters<Put> | boolean>();

  put(...given: Parameters<Put>): void {
    this.#changes.delete(given[0]);
    this.#changes.set(given[0], given);
  }

  remove(seq: number, erase: boolean): void {
    this.#changes.set(seq, erase);
  }

  /** Tells all of it again. */
  tell(to: Pick<StreamStore, "put" | "remove">): void {
    for (const [key, given] of this.#changes) {
      if (typeof given !== "boolean") to.put(...given);
      else to.remove(Number(key), given);
    }
  }
}

/** Waits for a commit. */
interface Waiting {
  /** The message that is kept by it; 0: none. */
  readonly seq: number;
  readonly done: WhenKept;
}

/** What goes with one commit. */
interface Commit {
  readonly waiting: Waiting[];
  readonly changes: Changes;
}

export class Commits {
  readonly #store: StreamStore;
  /** Told of each message that is kept for good. */
  readonly #kept: (seq: number) => void;
  readonly #changed = new Set<Keeper>();
  #waiting: Waiting[] = [];
  /** What has changed since the last commit began. */
  #changes = new Changes();
  /** The next commit has been asked for, and has not begun. */
  #isAsked = false;
  /** Those that have begun, in this order. */
  readonly #underWay: Commit[] = [];
  /** The store has not been told of those: it failed when it was to keep them. */
  #isOwed = false;
  /** Something is told of that is kept at once, as memory does, and is to be told behind it. */
  #isTelling = false;
  readonly #untold: Waiting[] = [];
  #isStopped = false;

  constructor(store: StreamStore, kept: (seq: number) => void) {
    this.#store = store;
    this.#kept = kept;
    store.beforeCommit = () => this.#begin();
  }

  /** Keeps `value` under a name with the next commit; undefined: nothing. */
  put(...given: Parameters<Put>): void {
    this.#changes.put(...given);
    if (!this.#isOwed) this.#store.put(...given);
  }

  /** A message goes with the next commit. */
  remove(seq: number, erase: boolean): void {
    if (this.#store.isLasting) this.#changes.remove(seq, erase);
    if (!this.#isOwed) this.#store.remove(seq, erase);
  }

  /** `keeper` has changed; `done` is called once that is kept for good, or cannot be. */
  changed(
    keeper: Keeper,
    done: WhenKept,
  ): void {
    if (!this.#store.isLasting) return done(undefined);
    this.#changed.add(keeper);
    this.whenKept(0, done);
  }

  /** As `changed`, where nobody waits for it: a change that is to be handed over already takes this one along. */
  touched(
    keeper: Keeper,
    done: WhenKept,
  ): void {
    if (!this.#changed.has(keeper)) this.changed(keeper, done);
  }

  /** Calls `done` once the message `seq`, and all before, is kept for good, or cannot be. */
  whenKept(
    seq: number,
    done: WhenKept,
  ): void {
    if (!this.#store.isLasting && this.#isIdle) {
      if (this.#isTelling) this.#untold.push({ seq, done });
      else this.#tell({ seq, done });
      return;
    }
    this.#waiting.push({ seq, done });
    this.commit();
  }

  /**
   * Tells of what nothing has to be waited for. Who hears of it may publish: what comes
   * meanwhile is told behind it, as readers are told of messages in their order.
   */
  #tell(first: Waiting): void {
    this.#isTelling = true;
    try {
      for (let next: Waiting | undefined = first; next !== undefined;) {
        const { seq, done } = next;
        done(undefined);
        if (seq > 0) this.#kept(seq);
        next = this.#untold.shift();
      }
    } finally {
      this.#isTelling = false;
    }
  }

  /** A message of a client has been seen to: nothing is half done. */
  messageTaken(): void {
    if (this.#isAsked) this.#store.mayCommit?.();
  }

  get #isIdle(): boolean {
    return this.#underWay.length === 0 && !this.#isAsked &&
      this.#waiting.length === 0 && !this.#isStopped;
  }

  /** Has what was changed kept, soon. */
  commit(): void {
    if (this.#isAsked || this.#isStopped) return;
    this.#isAsked = true;
    this.#pay();
    this.#save();
    this.#store.sync((error) => this.#ended(error));
  }

  /** The store commits: what was done until now goes along, what consumers did as well. */
  #begin(): void {
    this.#pay();
    this.#save();
    if (!this.#isAsked) return;
    this.#isAsked = false;
    this.#underWay.push({ waiting: this.#waiting, changes: this.#changes });
    this.#waiting = [];
    this.#changes = new Changes();
  }

  #ended(error: StoreError | undefined): void {
    // Memory has what it is told at once.
    if (this.#underWay.length === 0) this.#begin();
    const { waiting, changes } = this.#underWay.shift()!;
    if (error !== undefined) this.#owe(changes);
    // What failed takes along what was written since.
    const settled = error === undefined
      ? waiting
      : [...waiting, ...this.#waiting.splice(0)];
    for (const { seq, done } of settled) {
      // Who publishes hears of it before those who listen.
      done(error);
      if (error === undefined && seq > 0) this.#kept(seq);
    }
    if (this.#waiting.length > 0 || this.#changed.size > 0) this.commit();
  }

  /**
   * Resolves once all that has changed until now is kept for good, and rejects
   * with a `StoreError` where it cannot be. Undefined: it is kept already.
   */
  settled(): Promise<unknown> | undefined {
    this.commit();
    const ends = this.#underWay.map(({ waiting }) => endOf(waiting));
    if (this.#isAsked) ends.push(endOf(this.#waiting));
    return ends.length === 0 ? undefined : Promise.all(ends);
  }

  /** Nobody waits any more; what has changed goes into the store, which is about to be closed. */
  stop(): void {
    this.#isStopped = true;
    this.#waiting = [];
    this.#untold.length = 0;
    this.#pay();
    this.#save();
  }

  /** A commit has failed: what it was to keep, and what has come since, goes into the next one. */
  #owe(changes: Changes): void {
    this.#changes.tell(changes);
    this.#changes = changes;
    this.#isOwed = true;
  }

  /** Tells the store what it is owed. */
  #pay(): void {
    if (!this.#isOwed) return;
    this.#isOwed = false;
    this.#changes.tell(this.#store);
  }

  #save(): void {
    for (const keeper of this.#changed) {
      keeper.save((...given) => this.put(...given));
    }
    this.#changed.clear();
  }
}

/** Settles with the commit that `waiting` wait for. */
function endOf(waiting: Waiting[]): Promise<void> {
  return new Promise((resolve, reject) =>
    waiting.push({
      seq: 0,
      done: (error) => error === undefined ? resolve() : reject(error),
    })
  );
}
