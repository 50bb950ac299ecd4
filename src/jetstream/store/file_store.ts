/**
 * A stream's messages in a database of their own. What is written in one turn of
 * the event loop is committed together at its end, and what waits for it is told
 * only then, when it is on disk.
 *
 * Each message has a checksum, which is verified whenever the message is read.
 * One that does not fit is told of, and everything else stays readable; nothing
 * is ever removed because something is damaged.
 */
import {
  asciiBytes,
  byteString,
  utf8ByteString,
  utf8Text,
} from "../../core/ascii.ts";
import {
  type Database,
  type Statement,
  type Storage,
  StorageError,
  type StoredRow,
} from "../../platform/storage.ts";
import type { RunSoon } from "../../platform/turns.ts";
import {
  type Damage,
  type StoredMessage,
  StoreError,
  type StreamStore,
} from "./stream_store.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS message (
  seq INTEGER PRIMARY KEY,
  time_us INTEGER NOT NULL,
  subject NOT NULL,
  headers BLOB,
  payload BLOB,
  checksum INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS value (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
`;

/** The name of the value that tells the last sequence. */
const LAST_SEQ = "last_seq";
const NO_BYTES: Uint8Array = new Uint8Array(0);

type Done = (error?: StoreError) => void;

export class FileStore implements StreamStore {
  readonly isLasting: boolean = true;
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
  readonly #drop: Statement;
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
    this.#database = this.#faulty(() => storage.open(this.#path));
    const prepare = (sql: string): Statement =>
      this.#faulty(() => this.#database.prepare(sql));
    this.#faulty(() => this.#database.execute(SCHEMA));
    this.#insert = prepare("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?)");
    this.#select = prepare("SELECT * FROM message WHERE seq = ?");
    this.#delete = prepare("DELETE FROM message WHERE seq = ?");
    this.#put = prepare("INSERT OR REPLACE INTO value VALUES (?, ?)");
    this.#drop = prepare("DELETE FROM value WHERE name = ?");
    const known = this.#faulty(() =>
      this.#database.prepare("SELECT value FROM value WHERE name = ?")
        .first(LAST_SEQ)
    );
    this.lastSeq = Number(known?.["value"] ?? 0);
  }

  replay(
    take: (message: StoredMessage) => void,
    damaged: (damage: Damage) => void,
  ): void {
    const rows = this.#faulty(() =>
      this.#database.prepare("SELECT * FROM message ORDER BY seq").rows()
    );
    for (const row of rows) {
      const seq = Number(row["seq"]);
      if (seq > this.lastSeq) this.lastSeq = seq;
      const message = this.#messageIn(row);
      if (message === undefined) damaged({ seq, text: this.#damageAt(seq) });
      else take(message);
    }
  }

  skipTo(seq: number): void {
    this.lastSeq = seq;
    this.#isAhead = true;
  }

  append(message: StoredMessage): void {
    const { seq, timeUs, subject, headers, payload } = message;
    this.#write(() =>
      this.#insert.run(
        seq,
        timeUs,
        subjectValue(subject),
        headers.length === 0 ? null : headers,
        payload,
        this.#checksum(message),
      )
    );
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
    this.#write(() => this.#delete.run(seq));
  }

  put(name: string, value: string | undefined): void {
    this.#write(() =>
      value === undefined ? this.#drop.run(name) : this.#put.run(name, value)
    );
  }

  *values(prefix: string): Iterable<readonly [string, string]> {
    const rows = this.#faulty(() =>
      this.#database.prepare(
        "SELECT * FROM value WHERE substr(name, 1, ?) = ? ORDER BY name",
      ).rows(prefix.length, prefix)
    );
    for (const { name, value } of rows) yield [String(name), String(value)];
  }

  sync(done: Done): void {
    if (this.#waiting.push(done) > 1) return;
    this.#runSoon(() => this.#commit());
  }

  close(): Promise<void> {
    if (!this.#isClosed) {
      this.#commit();
      this.#isClosed = true;
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
    const waiting = this.#waiting;
    this.#waiting = [];
    if (this.#isAhead) this.put(LAST_SEQ, String(this.lastSeq));
    if (this.#isWriting) this.#write(() => this.#database.execute("COMMIT"));
    const fault = this.#fault;
    if (fault === undefined) this.#isAhead = this.#isWriting = false;
    else this.#rollBack();
    this.#fault = undefined;
    if (fault === undefined && this.#erases) this.#eraseOld();
    for (const done of waiting) done(fault);
  }

  /** What was removed stands in the log of the database until that is emptied. */
  #eraseOld(): void {
    try {
      this.#database.execute(
        "PRAGMA secure_delete = OFF; PRAGMA wal_checkpoint(TRUNCATE)",
      );
      this.#erases = false;
    } catch (error) {
      // The next commit tries again.
      if (!(error instanceof StorageError)) throw error;
    }
  }

  #rollBack(): void {
    this.#isWriting = false;
    try {
      this.#database.execute("ROLLBACK");
    } catch {
      // SQLite has done so itself.
    }
  }

  /** Undefined: it is not what was written. */
  #messageIn(row: StoredRow): StoredMessage | undefined {
    const { seq, time_us, subject, headers, payload, checksum } = row;
    const isShaped = typeof seq === "number" && typeof time_us === "number" &&
      (headers === null || headers instanceof Uint8Array) &&
      (payload === null || payload instanceof Uint8Array) &&
      (typeof subject === "string" || subject instanceof Uint8Array);
    if (!isShaped) return undefined;
    const message = {
      seq,
      timeUs: time_us,
      subject: typeof subject === "string"
        ? utf8ByteString(subject)
        : byteString(subject, 0, subject.length),
      headers: headers ?? NO_BYTES,
      payload: payload ?? NO_BYTES,
    };
    return this.#checksum(message) === checksum ? message : undefined;
  }

  #checksum({ seq, timeUs, subject, headers, payload }: StoredMessage): number {
    const facts = asciiBytes(`${seq} ${timeUs} ${headers.length} ${subject}`);
    const { checksum } = this.#storage;
    return checksum(payload, checksum(headers, checksum(facts, 0)));
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

/** A subject as text, which tools show; as bytes where it is none. */
function subjectValue(subject: string): string | Uint8Array {
  const text = utf8Text(subject);
  return utf8ByteString(text) === subject ? text : asciiBytes(subject);
}
