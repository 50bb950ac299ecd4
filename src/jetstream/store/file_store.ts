/**
 * A stream's messages in a database of their own. What is written in one turn of
 * the event loop is committed together at its end, and what waits for it is told
 * only then, when it is on disk.
 *
 * Each message has a checksum, which is verified whenever the message is read.
 * One that does not fit is told of, and everything else stays readable; nothing
 * is ever removed because something is damaged.
 *
 * More than a dozen members: because `StreamStore` has them.
 */
import { asciiBytes, byteString } from "../../core/ascii.ts";
import {
  type Database,
  type RawFile,
  type Statement,
  type Storage,
  StorageError,
  type StoredRow,
} from "../../platform/storage.ts";
import type { RunSoon } from "../../platform/turns.ts";
import { DAMAGE_PREFIX, LAST_SEQ, openDatabase } from "./database_file.ts";
import { Gaps } from "./gaps.ts";
import {
  INSERT_MESSAGE,
  MESSAGE_ROWS,
  putInto,
  Records,
  valueRows,
} from "./records.ts";
import {
  type Damage,
  type StoredMessage,
  StoreError,
  type StreamStore,
} from "./stream_store.ts";

/** The name of the file that tells what was acknowledged, besides the database. */
const ACKNOWLEDGED = "acknowledged";
/** What is removed from a page is not found in it either, where the page is written anyway. */
const ERASE_CHEAPLY = "PRAGMA secure_delete = FAST";
const DIGITS = 16;
const ACKNOWLEDGED_BYTES = 2 * DIGITS + 1;
const NO_BYTES = new Uint8Array(0);

type Done = (error?: StoreError) => void;

export class FileStore implements StreamStore {
  readonly isLasting: boolean = true;
  beforeCommit: () => void = () => {};
  lastSeq = 0;
  readonly #path: string;
  readonly #folder: string;
  readonly #storage: Storage;
  readonly #database: Database;
  readonly #runSoon: RunSoon;
  readonly #insert: Statement;
  readonly #select: Statement;
  readonly #delete: Statement;
  readonly #put: Statement;
  readonly #putSpare: Statement;
  readonly #drop: Statement;
  readonly #dropSpare: Statement;
  readonly #records: Records;
  readonly #acknowledged: RawFile | undefined;
  /** Messages that there are, and those that the last commit has kept. */
  #count = 0;
  #kept = 0;
  #isWriting = false;
  /** What has failed since the last commit. */
  #fault: StoreError | undefined = undefined;
  /** The last sequence has to be written with the next commit. */
  #isAhead = false;
  #erases = false;
  #waiting: Done[] = [];
  #isClosed = false;

  /** Opens the store in `folder`. Throws a `StoreError`. */
  constructor(folder: string, storage: Storage, runSoon: RunSoon) {
    this.#folder = folder;
    this.#path = `${folder}/stream.db`;
    this.#storage = storage;
    this.#runSoon = runSoon;
    this.#records = new Records(storage.checksum);
    this.#acknowledged = storage.raw?.open(`${folder}/${ACKNOWLEDGED}`);
    const isUsed = this.#acknowledged !== undefined &&
      this.#acknowledged.size > 0;
    try {
      this.#database = this.#faulty(() =>
        openDatabase(this.#path, storage, isUsed)
      );
    } catch (error) {
      this.#acknowledged?.close();
      throw error;
    }
    this.#faulty(() => this.#database.execute(ERASE_CHEAPLY));
    const prepare = (sql: string): Statement =>
      this.#faulty(() => this.#database.prepare(sql));
    this.#insert = prepare(INSERT_MESSAGE);
    this.#select = prepare(`${MESSAGE_ROWS} WHERE seq = ?`);
    this.#delete = prepare("DELETE FROM message WHERE seq = ?");
    this.#put = prepare(putInto("value"));
    this.#putSpare = prepare(putInto("spare"));
    this.#drop = prepare("DELETE FROM value WHERE name = ?");
    this.#dropSpare = prepare("DELETE FROM spare WHERE name = ?");
    const [, last] = [...this.values(LAST_SEQ)]
      .find(([name]) => name === LAST_SEQ) ?? [];
    const [lastSeq, count] = last?.split(" ") ?? this.#readAcknowledged();
    this.lastSeq = Number(lastSeq);
    this.#count = this.#kept = Number(count);
  }

  replay(
    take: (message: StoredMessage) => void,
    damaged: (damage: Damage) => void,
  ): void {
    const rows = this.#faulty(() =>
      this.#database.prepare(`${MESSAGE_ROWS} ORDER BY seq`).rows()
    );
    const gaps = new Gaps(this.#count);
    // What is taken may be removed at once.
    this.#count = 0;
    for (const row of rows) {
      const [seq] = Object.values(row) as [number];
      const message = this.#messageIn(row);
      gaps.found(seq);
      this.#count++;
      if (message === undefined) damaged({ seq, text: this.#damageAt(seq) });
      else take(message);
    }
    this.lastSeq = Math.max(this.lastSeq, gaps.lastSeq);
    this.#tellOfDamage(gaps, damaged);
    this.#kept = gaps.count;
  }

  /** What is not there though it should be, and what was found at earlier starts. */
  #tellOfDamage(gaps: Gaps, damaged: (damage: Damage) => void): void {
    const acknowledged = this.#readAcknowledged()[0]!;
    const texts = gaps.missing(this.lastSeq, acknowledged, this.#path);
    this.lastSeq = Math.max(this.lastSeq, acknowledged);
    const values = [
      ...this.#damagedValues("value"),
      ...this.#damagedValues("spare"),
    ];
    for (const [, text] of this.values(DAMAGE_PREFIX)) {
      damaged({ seq: 0, text });
    }
    for (const name of new Set(values)) {
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

  /** Names of values that are not what was written. */
  #damagedValues(table: "value" | "spare"): string[] {
    return [...this.#rowsOf(table)]
      .filter((row) => this.#records.valueIn(Object.values(row)) === undefined)
      .map((row) => {
        const [name] = Object.values(row);
        if (!(name instanceof Uint8Array)) return String(name);
        return JSON.stringify(byteString(name, 0, name.length));
      });
  }

  #rowsOf(table: "value" | "spare"): Iterable<StoredRow> {
    return this.#faulty(() => this.#database.prepare(valueRows(table)).rows());
  }

  skipTo(seq: number): void {
    this.lastSeq = seq;
    this.#isAhead = true;
  }

  append(message: StoredMessage): void {
    const { seq } = message;
    this.#write(() => {
      this.#count += this.#insert.run(...this.#records.columnsOf(message));
    });
    this.lastSeq = seq;
    this.#isAhead = true;
  }

  load(seq: number): StoredMessage | undefined {
    const row = this.#faulty(() => this.#select.first(seq));
    if (row === undefined) return undefined;
    const message = this.#messageIn(row);
    if (message === undefined) throw new StoreError(this.#damageAt(seq));
    return message;
  }

  remove(seq: number, erase: boolean): void {
    if (erase && !this.#erases) {
      this.#erases = true;
      this.#write(() => this.#database.execute("PRAGMA secure_delete = ON"));
    }
    this.#write(() => {
      this.#count -= this.#delete.run(seq);
      this.#isAhead = true;
    });
  }

  put(name: string, value: string | undefined, isVital: boolean = false): void {
    this.#write(() => {
      if (value === undefined) {
        this.#drop.run(name);
        this.#dropSpare.run(name);
        return;
      }
      const columns = this.#records.valueColumns(name, value);
      this.#put.run(...columns);
      if (isVital) this.#putSpare.run(...columns);
    });
  }

  values(prefix: string): Iterable<readonly [string, string]> {
    const found = new Map<string, string>();
    for (const table of ["spare", "value"] as const) {
      for (const row of this.#rowsOf(table)) {
        const value = this.#records.valueIn(Object.values(row));
        if (value?.[0].startsWith(prefix)) found.set(...value);
      }
    }
    return [...found].sort(([a], [b]) => a < b ? -1 : 1);
  }

  sync(done: Done): void {
    if (this.#waiting.push(done) > 1) return;
    this.#runSoon(() => this.#commit());
  }

  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#commit();
      this.#isClosed = true;
      this.#acknowledged?.close();
      this.#faulty(() => this.#database.close());
    }
    return Promise.resolve();
  }

  async destroy(): Promise<void> {
    this.#waiting = [];
    await this.close();
    this.#storage.remove(this.#folder);
  }

  /**
   * Makes a change in the transaction that the next commit ends. Where it fails,
   * that commit does.
   */
  #write(change: () => void): void {
    if (this.#fault !== undefined) return;
    try {
      this.#faulty(() => {
        if (!this.#isWriting) this.#database.execute("BEGIN");
        this.#isWriting = true;
        change();
      });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#fault = error;
    }
  }

  #commit(): void {
    if (this.#isClosed) return;
    this.beforeCommit();
    const waiting = this.#waiting;
    this.#waiting = [];
    if (this.#isAhead) this.put(LAST_SEQ, `${this.lastSeq} ${this.#count}`);
    if (this.#isWriting) this.#write(() => this.#database.execute("COMMIT"));
    const fault = this.#fault;
    if (fault === undefined) this.#committed();
    else this.#rollBack();
    this.#fault = undefined;
    if (fault === undefined && this.#erases) this.#eraseOld();
    for (const done of waiting) done(fault);
    this.#settle();
  }

  /** Calls those who wait for what this commit has kept as well. */
  #settle(): void {
    while (this.#waiting.length > 0 && !this.#isWriting && !this.#isAhead) {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const done of waiting) done();
    }
  }

  #committed(): void {
    if (this.#isAhead) this.#noteAcknowledged();
    this.#isAhead = this.#isWriting = false;
    this.#kept = this.#count;
  }

  /**
   * Notes the last sequence beside the database, so that it shows when that loses
   * its end. Nothing waits until this is on disk.
   */
  #noteAcknowledged(): void {
    const facts = [this.lastSeq, this.#count].map(digitsOf).join(" ");
    try {
      this.#acknowledged?.write(0, asciiBytes(`${facts}\n`));
    } catch (error) {
      // The database has it.
      if (!(error instanceof StorageError)) throw error;
    }
  }

  /** The last sequence, and how many messages there were. */
  #readAcknowledged(): number[] {
    const bytes = this.#acknowledged?.read(0, ACKNOWLEDGED_BYTES) ?? NO_BYTES;
    const [, ...facts] =
      /^(\d+) (\d+)$/.exec(byteString(bytes, 0, bytes.length)) ?? [0, 0, 0];
    return facts.map(Number);
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
    this.#count = this.#kept;
    try {
      this.#database.execute("ROLLBACK");
    } catch {
      // SQLite has done so itself.
    }
  }

  #messageIn(row: StoredRow): StoredMessage | undefined {
    return this.#records.messageIn(Object.values(row));
  }

  #damageAt(seq: number): string {
    return `message ${seq} of ${this.#path} is damaged`;
  }

  #faulty<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      const why = error.fault === "in use"
        ? "is in use by another process"
        : error.message;
      throw new StoreError(`${this.#path}: ${why}`, { cause: error });
    }
  }
}

function digitsOf(number: number): string {
  return String(number).padStart(DIGITS, "0");
}
