/**
 * The store of a stream on a node's disk: what is written waits in front of the
 * store behind it, and goes there all at once when the disk has taken it. So a
 * kill loses what the disk had not taken, and a full disk takes nothing of it.
 *
 * More than a dozen members: because it is a whole store, and dies.
 */
import type { Steps } from "../../core/steps.ts";
import type { RunSoon } from "../../platform/turns.ts";
import { type Done, Outcomes } from "../../jetstream/store/outcomes.ts";
import type {
  Damage,
  StoredMessage,
  StreamStore,
} from "../../jetstream/store/stream_store.ts";
import { StoreError } from "../../jetstream/store/stream_store.ts";

/** What of a disk is one stream's. */
export interface DiskSpace {
  /** Where the stream is, for errors. */
  readonly place: string;
  /** Messages that cannot be read. */
  readonly damaged: Set<number>;
  /** Takes `bytes`; false: there is no room for them. */
  take(bytes: number): boolean;
  /** Calls `run` when the disk has written. */
  written(run: () => void): void;
  /** The stream is gone from the disk. */
  destroyed(): void;
}

/** A change that is not on the disk yet. */
interface Change {
  readonly bytes: number;
  apply(store: StreamStore): void;
  /** It is on the disk, or refused. */
  over(): void;
}

const NOTHING = (): void => {};
/** What a record takes on a disk besides what it says. */
const RECORD_BYTES = 16;

export class DiskStore implements StreamStore {
  readonly isLasting: boolean = true;
  beforeCommit: () => void = () => {};
  lastSeq: number;
  readonly #behind: StreamStore;
  readonly #space: DiskSpace;
  readonly #runSoon: RunSoon;
  #changes: Change[] = [];
  /** Those that the disk is writing. */
  #written: Change[] = [];
  /** Messages and values that the changes are about; undefined: they go. */
  readonly #messages = new Map<number, StoredMessage | undefined>();
  readonly #values = new Map<string, string | undefined>();
  #waiting: Done[] = [];
  readonly #outcomes = new Outcomes();
  #isWriting = false;
  #isDead = false;

  constructor(behind: StreamStore, space: DiskSpace, runSoon: RunSoon) {
    this.#behind = behind;
    this.#space = space;
    this.#runSoon = runSoon;
    this.lastSeq = behind.lastSeq;
  }

  *replay(
    take: (message: StoredMessage) => void,
    damaged: (damage: Damage) => void,
  ): Steps<void> {
    yield* this.#behind.replay((message) => {
      const { seq } = message;
      if (!this.#space.damaged.has(seq)) take(message);
      else damaged({ seq, text: this.#damageAt(seq) });
    }, damaged);
    this.lastSeq = this.#behind.lastSeq;
  }

  skipTo(seq: number): void {
    this.lastSeq = seq;
    this.#change(0, (store) => store.skipTo(seq));
  }

  append(given: StoredMessage): void {
    const { seq, subject } = given;
    const headers = given.headers.slice();
    const payload = given.payload.slice();
    const message = { ...given, headers, payload };
    this.lastSeq = seq;
    const bytes = subject.length + headers.length + payload.length;
    this.#changeMessage(
      seq,
      message,
      RECORD_BYTES + bytes,
      (store) => store.append(message),
    );
  }

  load(seq: number): StoredMessage | undefined {
    if (this.#messages.has(seq)) return this.#messages.get(seq);
    if (this.#space.damaged.has(seq)) throw new StoreError(this.#damageAt(seq));
    return this.#behind.load(seq);
  }

  remove(seq: number, erase: boolean): void {
    this.#changeMessage(seq, undefined, 0, (store) => {
      store.remove(seq, erase);
      this.#space.damaged.delete(seq);
    });
  }

  put(name: string, value: string | undefined, isVital?: boolean): void {
    const values = this.#values;
    values.set(name, value);
    const bytes = value === undefined
      ? 0
      : RECORD_BYTES + name.length + value.length;
    this.#change(bytes, (store) => store.put(name, value, isVital), () => {
      if (values.get(name) === value) values.delete(name);
    });
  }

  values(prefix: string): Iterable<readonly [string, string]> {
    const values = new Map(this.#behind.values(prefix));
    for (const [name, value] of this.#values) {
      if (!name.startsWith(prefix)) continue;
      if (value === undefined) values.delete(name);
      else values.set(name, value);
    }
    return [...values].sort(([a], [b]) => a < b ? -1 : 1);
  }

  sync(done: Done): void {
    if (this.#isDead) return;
    if (this.#waiting.push(done) > 1 || this.#isWriting) return;
    this.#runSoon(() => this.#write());
  }

  async close(): Promise<void> {
    if (!this.#isDead) this.#flush([...this.#written, ...this.#changes]);
    this.#isDead = true;
    await this.#behind.close();
  }

  async destroy(): Promise<void> {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#space.destroyed();
    await this.#behind.destroy();
  }

  /** The node dies: of what the disk had not taken the first `bytes` are there; below 0: nothing. */
  die(bytes: number): void {
    if (this.#isDead) return;
    this.#isDead = true;
    let end = 0;
    for (const change of [...this.#written, ...this.#changes]) {
      end += change.bytes;
      if (end > bytes) break;
      change.apply(this.#behind);
    }
    this.#behind.sync(NOTHING);
  }

  #changeMessage(
    seq: number,
    message: StoredMessage | undefined,
    bytes: number,
    apply: (store: StreamStore) => void,
  ): void {
    const messages = this.#messages;
    messages.set(seq, message);
    this.#change(bytes, apply, () => {
      if (messages.get(seq) === message) messages.delete(seq);
    });
  }

  #change(
    bytes: number,
    apply: (store: StreamStore) => void,
    over: () => void = NOTHING,
  ): void {
    if (!this.#isDead) this.#changes.push({ bytes, apply, over });
  }

  #write(): void {
    // Nothing is written that nobody hears of.
    const isAsked = this.#waiting.length > 0 && !this.#isWriting;
    if (this.#isDead || !isAsked) return;
    this.beforeCommit();
    this.#isWriting = true;
    this.#written = this.#changes;
    this.#changes = [];
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#space.written(() => {
      if (this.#isDead) return;
      this.#flush(this.#written, (error) => {
        this.#isWriting = false;
        if (this.#isDead) return;
        if (error !== undefined) waiting.push(...this.#waiting.splice(0));
        this.#outcomes.add(waiting, error);
        // As with a file, the next write begins before those of this one are told.
        if (error === undefined) this.#write();
        this.#outcomes.tell();
        if (this.#waiting.length > 0) this.#runSoon(() => this.#write());
      });
    });
  }

  /** Hands all changes on, or none. */
  #flush(changes: readonly Change[], done: Done = NOTHING): void {
    this.#written = [];
    const bytes = changes.reduce((sum, change) => sum + change.bytes, 0);
    const isTaken = this.#space.take(bytes);
    if (!isTaken) {
      // What has come since stands on it, and goes with it.
      for (const change of [...changes, ...this.#changes]) change.over();
      this.#changes = [];
      return done(new StoreError(`${this.#space.place}: the disk is full`));
    }
    for (const change of changes) {
      change.apply(this.#behind);
      change.over();
    }
    if (this.#behind.lastSeq < this.lastSeq && this.#changes.length === 0) {
      this.#behind.skipTo(this.lastSeq);
    }
    this.#behind.sync(done);
  }

  #damageAt(seq: number): string {
    return `message ${seq} of ${this.#space.place} is damaged`;
  }
}
