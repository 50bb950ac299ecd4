/**
 * A stream's messages in a database of their own. What is written in one turn of
 * the event loop, or while the disk is busy with what came before, is committed
 * together, and what waits for it is told when it is on disk.
 *
 * Each message has a checksum, which is verified whenever the message is read.
 * One that does not fit is told of, and everything else stays readable; nothing
 * is ever removed because something is damaged.
 *
 * More than a dozen members: because `StreamStore` has them.
 */
import {
  type Database,
  type Storage,
  StorageError,
} from "../../platform/storage.ts";
import type { Steps } from "../../core/steps.ts";
import type { Clock } from "../../platform/clock.ts";
import type { RunSoon } from "../../platform/turns.ts";
import { Acknowledged } from "./acknowledged.ts";
import { DAMAGE_PREFIX, LAST_SEQ, openDatabase } from "./database_file.ts";
import { Gaps } from "./gaps.ts";
import { Gathering } from "./gathering.ts";
import { databaseIn, removeStream } from "./folders.ts";
import { MessageReader } from "./message_reader.ts";
import { MessageRemover } from "./message_remover.ts";
import { MessageScan } from "./message_scan.ts";
import { MessageWriter } from "./message_writer.ts";
import { NamedValues } from "./named_values.ts";
import { type Done, Outcomes } from "./outcomes.ts";
import { Records } from "./records.ts";
import {
  type Damage,
  type StoredMessage,
  StoreError,
  type StreamStore,
} from "./stream_store.ts";

/** What is removed from a page is not found in it either, where the page is written anyway. */
const ERASE_CHEAPLY = "PRAGMA secure_delete = FAST";

export class FileStore implements StreamStore {
  readonly isLasting: boolean = true;
  beforeCommit: () => void = () => {};
  lastSeq = 0;
  readonly #path: string;
  readonly #folder: string;
  readonly #storage: Storage;
  readonly #database: Database;
  readonly #runSoon: RunSoon;
  readonly #writer: MessageWriter;
  readonly #remover: MessageRemover;
  readonly #reader: MessageReader;
  readonly #records: Records;
  readonly #values: NamedValues;
  readonly #acknowledged: Acknowledged;
  /** Messages that there are, and those that the last commit has kept. */
  #count = 0;
  #kept = 0;
  #isWriting = false;
  /** What was committed is on its way to the disk. */
  #isSyncing = false;
  readonly #gathering: Gathering;
  /** Messages that came since the last commit. */
  #appended = 0;
  /** What has failed since the last commit. */
  #fault: StoreError | undefined = undefined;
  /** The last sequence has to be written with the next commit. */
  #isAhead = false;
  #erases = false;
  #waiting: Done[] = [];
  readonly #outcomes = new Outcomes();
  #isClosed = false;

  /** Opens the store in `folder`. Throws a `StoreError`. */
  constructor(
    folder: string,
    storage: Storage,
    runSoon: RunSoon,
    clock?: Clock,
  ) {
    this.#gathering = new Gathering(clock, () => this.#commitSoon());
    this.#folder = folder;
    this.#path = databaseIn(folder);
    this.#storage = storage;
    this.#runSoon = runSoon;
    this.#records = new Records(storage.checksum);
    this.#acknowledged = new Acknowledged(folder, storage);
    const { isThere } = this.#acknowledged;
    try {
      this.#database = this.#faulty(() =>
        openDatabase(this.#path, storage, isThere)
      );
    } catch (error) {
      this.#acknowledged.close();
      throw error;
    }
    this.#faulty(() => this.#database.execute(ERASE_CHEAPLY));
    this.#writer = this.#faulty(() =>
      new MessageWriter(this.#database, this.#records)
    );
    this.#remover = this.#faulty(() =>
      new MessageRemover(this.#database, this.#writer)
    );
    this.#reader = this.#faulty(() =>
      new MessageReader(this.#database, this.#records, this.#remover)
    );
    this.#values = this.#faulty(() =>
      new NamedValues(this.#database, this.#records)
    );
    const [, last] = [...this.values(LAST_SEQ)]
      .find(([name]) => name === LAST_SEQ) ?? [];
    const noted = this.#acknowledged;
    const [lastSeq, count] = last?.split(" ") ?? [noted.lastSeq, noted.count];
    this.lastSeq = Number(lastSeq);
    this.#count = this.#kept = Number(count);
  }

  *replay(
    take: (message: StoredMessage) => void,
    damaged: (damage: Damage) => void,
  ): Steps<void> {
    const scan = this.#faulty(() =>
      new MessageScan(this.#database, this.#records)
    );
    const gaps = new Gaps(this.#count);
    // What is taken may be removed at once.
    this.#count = 0;
    yield* scan.each(({ seq, message }) => {
      gaps.found(seq);
      this.#count++;
      if (message === undefined) damaged({ seq, text: this.#damageAt(seq) });
      else take(message);
    });
    this.lastSeq = Math.max(this.lastSeq, gaps.lastSeq);
    this.#tellOfDamage(gaps, damaged);
    this.#kept = gaps.count;
  }

  /** What is not there though it should be, and what was found at earlier starts. */
  #tellOfDamage(gaps: Gaps, damaged: (damage: Damage) => void): void {
    const { lastSeq: acknowledged, damage: unknown } = this.#acknowledged;
    const texts = gaps.missing(this.lastSeq, acknowledged, this.#path);
    this.lastSeq = Math.max(this.lastSeq, acknowledged);
    if (unknown !== undefined) damaged({ seq: 0, text: unknown });
    for (const [, text] of this.values(DAMAGE_PREFIX)) {
      damaged({ seq: 0, text });
    }
    for (const name of this.#faulty(() => this.#values.damaged())) {
      const text = `what ${this.#path} has of ${name} is damaged`;
      damaged({ seq: 0, text });
    }
    for (const { seq, text } of texts) {
      damaged({ seq, text });
      // It is told at later starts as well.
      this.put(`${DAMAGE_PREFIX}${seq} ${text}`, text);
      this.#isAhead = true;
    }
    if (this.#isWriting) this.sync(() => {});
  }

  skipTo(seq: number): void {
    this.lastSeq = seq;
    this.#isAhead = true;
  }

  append(message: StoredMessage): void {
    if (this.#fault === undefined) {
      try {
        this.#begin();
        this.#writer.add(message);
        this.#count++;
      } catch (error) {
        this.#failed(error);
      }
    }
    this.lastSeq = message.seq;
    this.#isAhead = true;
    this.#gathering.came(++this.#appended);
  }

  load(seq: number): StoredMessage | undefined {
    if (this.#remover.has(seq)) return undefined;
    this.#flush(seq);
    const message = this.#faulty(() => this.#reader.load(seq));
    if (message === null) throw new StoreError(this.#damageAt(seq));
    return message;
  }

  remove(seq: number, erase: boolean): void {
    if (erase && !this.#erases) {
      this.#erases = true;
      this.#write(() => this.#database.execute("PRAGMA secure_delete = ON"));
    }
    this.#reader.removed(seq);
    this.#write(() => {
      this.#count -= this.#remover.add(seq);
      this.#isAhead = true;
    });
  }

  /** What was removed has left the database. */
  #flushRemoved(): void {
    if (!this.#isWriting) return;
    this.#write(() => this.#count -= this.#remover.flush());
  }

  put(name: string, value: string | undefined, isVital: boolean = false): void {
    this.#write(() => this.#values.put(name, value, isVital));
  }

  values(prefix: string): Iterable<readonly [string, string]> {
    return this.#faulty(() => this.#values.under(prefix));
  }

  sync(done: Done): void {
    if (this.#waiting.push(done) === 1) this.#commitSoon();
  }

  mayCommit(): void {
    const isTime = this.#gathering.isEnough(this.#appended) &&
      this.#mayCommit;
    if (isTime) this.#commit();
  }

  async close(): Promise<void> {
    if (this.#isSyncing) await this.#synced();
    if (this.#isClosed) return;
    this.#commit();
    if (this.#isSyncing) await this.#synced();
    this.#end();
  }

  async destroy(): Promise<void> {
    this.#waiting = [];
    if (this.#isSyncing) await this.#synced();
    this.#end();
    this.#faulty(() => removeStream(this.#folder, this.#storage));
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#gathering.stop();
    this.#acknowledged.close();
    this.#faulty(() => this.#database.close());
  }

  /** Nothing is on its way to the disk any more. */
  async #synced(): Promise<void> {
    while (this.#isSyncing) await this.#outcomes.told();
  }

  get #mayCommit(): boolean {
    return this.#waiting.length > 0 && !this.#isSyncing &&
      !this.#gathering.waits(this.#appended);
  }

  #commitSoon(): void {
    if (!this.#mayCommit) return;
    this.#runSoon(() => {
      if (this.#mayCommit) this.#commit();
    });
  }

  /**
   * Makes a change in the transaction that the next commit ends. Where it fails,
   * that commit does.
   */
  #write(change: () => void): void {
    if (this.#fault !== undefined) return;
    try {
      this.#begin();
      change();
    } catch (error) {
      this.#failed(error);
    }
  }

  #begin(): void {
    if (this.#isWriting) return;
    this.#database.execute("BEGIN");
    this.#isWriting = true;
  }

  #failed(error: unknown): void {
    if (error instanceof StorageError) this.#fault = this.#storeError(error);
    else if (error instanceof StoreError) this.#fault = error;
    else throw error;
  }

  /** The message `seq`, or all, stands in the transaction. */
  #flush(seq?: number): void {
    if (this.#isWriting) this.#write(() => this.#writer.flush(seq));
  }

  #commit(): void {
    if (this.#isClosed || this.#isSyncing) return;
    this.beforeCommit();
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#flushRemoved();
    if (this.#isAhead) this.put(LAST_SEQ, `${this.lastSeq} ${this.#count}`);
    const appended = this.#appended;
    this.#appended = 0;
    const acknowledged = this.#isAhead ? this.lastSeq : -1;
    const hasWritten = this.#isWriting;
    if (hasWritten) {
      this.#flush();
      this.#write(() => this.#database.execute("COMMIT"));
    }
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault !== undefined) this.#rollBack();
    else this.#committed();
    if (fault !== undefined || !hasWritten) {
      this.#outcomes.add(waiting, fault);
      return this.#tell();
    }
    const count = this.#kept;
    this.#isSyncing = true;
    this.#gathering.syncBegins(appended);
    this.#database.sync((error) => {
      this.#isSyncing = false;
      this.#gathering.syncEnded(appended, this.#appended);
      if (error === undefined && acknowledged >= 0) {
        this.#acknowledged.note(acknowledged, count);
      }
      this.#outcomes.add(waiting, error && this.#storeError(error, true));
      // The disk goes on while those who have waited are told.
      if (error === undefined) this.mayCommit();
      this.#tell();
    });
  }

  /** Calls those who wait: what they wait for is on disk, or cannot be. */
  #tell(): void {
    this.#outcomes.tell();
    if (this.#waiting.length > 0) this.#commitSoon();
  }

  #committed(): void {
    this.#isAhead = this.#isWriting = false;
    this.#kept = this.#count;
    if (this.#erases) this.#eraseOld();
  }

  /** What was removed stands in the log of the database until that is emptied. */
  #eraseOld(): void {
    try {
      this.#database.execute(
        `${ERASE_CHEAPLY}; PRAGMA wal_checkpoint(TRUNCATE)`,
      );
      this.#erases = false;
    } catch (error) {
      // The next commit tries again.
      if (!(error instanceof StorageError)) throw error;
    }
  }

  #rollBack(): void {
    this.#isWriting = false;
    this.#writer.forget();
    this.#remover.forget();
    this.#reader.forget();

    this.#count = this.#kept;
    try {
      this.#database.execute("ROLLBACK");
    } catch {
      // SQLite has done so itself.
    }
  }

  #damageAt(seq: number): string {
    return `message ${seq} of ${this.#path} is damaged`;
  }

  #faulty<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      throw this.#storeError(error);
    }
  }

  #storeError(cause: StorageError, isWritten: boolean = false): StoreError {
    const why = cause.fault === "in use"
      ? "is in use by another process"
      : cause.message;
    return new StoreError(`${this.#path}: ${why}`, { cause, isWritten });
  }
}
