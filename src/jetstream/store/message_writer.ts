/**
 * Messages on their way into a stream's database. A call of SQLite costs more than
 * most messages, so that those of one commit go in many at a time; their bytes are
 * copied meanwhile, close together.
 */
import type {
  Database,
  Statement,
  StoredValue,
} from "../../platform/storage.ts";
import {
  insertMessages,
  MESSAGE_COLUMNS,
  type Records,
  roomOf,
} from "./records.ts";
import type { StoredMessage } from "./stream_store.ts";

/** Messages that go in together. */
const TOGETHER = 16;
/** Room for their bytes; a message that needs more goes in alone. */
const ROOM_MIN_BYTES = 4096;
const ROOM_MAX_BYTES = 65536;
const NO_ROOM = new Uint8Array(0);

export class MessageWriter {
  readonly #database: Database;
  readonly #records: Records;
  readonly #single: Statement;
  /** Made for the first messages that need it. */
  #several: Statement | undefined = undefined;
  /** Columns of messages that are not in the database yet, one behind the other. */
  #waiting: StoredValue[] = [];
  #room: Uint8Array = NO_ROOM;
  #filled = 0;

  constructor(database: Database, records: Records) {
    this.#database = database;
    this.#records = records;
    this.#single = database.prepare(insertMessages(1));
  }

  /** Takes a message, whose bytes are borrowed. Throws a `StorageError`, for earlier ones as well. */
  add(message: StoredMessage): void {
    const bytes = roomOf(message);
    if (this.#filled + bytes > this.#room.length) this.#makeRoom(bytes);
    this.#records.addColumns(this.#waiting, message, this.#room, this.#filled);
    this.#filled += bytes;
    if (this.#waiting.length === TOGETHER * MESSAGE_COLUMNS) {
      this.#several ??= this.#database.prepare(insertMessages(TOGETHER));
      this.#several.run(...this.#taken());
    } else if (bytes > ROOM_MAX_BYTES) this.flush();
  }

  /** Has the message `seq`, or all, in the database. Throws a `StorageError`. */
  flush(seq: number = Infinity): void {
    const isThere = this.#waiting.length === 0 ||
      seq < (this.#waiting[0] as number);
    if (isThere) return;
    const columns = this.#taken();
    for (let at = 0; at < columns.length; at += MESSAGE_COLUMNS) {
      this.#single.run(...columns.slice(at, at + MESSAGE_COLUMNS));
    }
  }

  /** Forgets those that are not in the database yet. */
  forget(): void {
    this.#taken();
  }

  #makeRoom(bytes: number): void {
    this.flush();
    const twice = Math.min(2 * this.#room.length, ROOM_MAX_BYTES);
    this.#room = new Uint8Array(Math.max(ROOM_MIN_BYTES, twice, bytes));
  }

  #taken(): StoredValue[] {
    const columns = this.#waiting;
    this.#waiting = [];
    this.#filled = 0;
    if (this.#room.length > ROOM_MAX_BYTES) this.#room = NO_ROOM;
    return columns;
  }
}
