/**
 * Single messages out of a database. A query costs every runtime more than a row, so
 * who reads one message behind the other is given some that were read together.
 */
import {
  type Database,
  type Statement,
  StorageError,
} from "../../platform/storage.ts";
import type { MessageRemover } from "./message_remover.ts";
import { MESSAGE_ROWS, type Records } from "./records.ts";
import type { StoredMessage } from "./stream_store.ts";

/** Messages that are read together at most, and bytes of them where they are as long as the one before them. */
const AHEAD_MESSAGES = 64;
const AHEAD_BYTES = 65_536;
/** A message is read alone if it is longer than this many times its part of those bytes. */
const LONG_FACTOR = 4;
/** As they stand there: what damage has made of one may end the reading of all. */
const NEXT_ROWS = "SELECT seq, time_us, subject, headers, payload, checksum " +
  "FROM message WHERE seq BETWEEN ? AND ? AND " +
  "coalesce(length(payload), 0) + coalesce(length(headers), 0) <= ? " +
  "ORDER BY seq";

export class MessageReader {
  readonly #records: Records;
  readonly #remover: MessageRemover;
  readonly #one: Statement;
  readonly #several: Statement;
  /** Messages one behind the other; those before `#at` have been asked for. */
  #ahead: readonly StoredMessage[] = [];
  #at = 0;
  /** Where they begin; those that are too long are not among them. */
  #from = 0;
  /** The message that was given last, and its size; -1: none was. */
  #last = -1;
  #lastBytes = 0;
  /** How many have been asked for one behind the other. */
  #inRow = 0;
  /** Up to here they are read singly: one of them is damaged. */
  #singlyUpTo = 0;

  constructor(database: Database, records: Records, remover: MessageRemover) {
    this.#records = records;
    this.#remover = remover;
    this.#one = database.prepare(`${MESSAGE_ROWS} WHERE seq = ?`);
    this.#several = database.prepare(NEXT_ROWS);
  }

  /** A message; undefined: it is not there; null: it is not as it was written. Throws a `StorageError`. */
  load(seq: number): StoredMessage | undefined | null {
    // Who could not pass one on asks for it again.
    if (seq === this.#last + 1) this.#inRow++;
    else if (seq !== this.#last) this.#inRow = 0;
    let message = this.#known(seq);
    const reads = message === undefined && this.#inRow > 0 &&
      seq > this.#singlyUpTo && !this.#isPassed(seq);
    if (reads) {
      this.#readAhead(seq);
      message = this.#known(seq);
    }
    if (message === undefined) {
      const row = this.#one.first(seq);
      if (row === undefined) return undefined;
      message = this.#records.messageIn(Object.values(row));
      if (message === undefined) return null;
    }
    this.#last = seq;
    const { subject, headers, payload } = message;
    this.#lastBytes = subject.length + headers.length + payload.length;
    return message;
  }

  /** What was read ahead may not be there any more. */
  forget(): void {
    this.#ahead = [];
    this.#at = 0;
  }

  /** A message is not there any more. */
  removed(seq: number): void {
    const next = this.#ahead[this.#at];
    if (next !== undefined && seq >= next.seq) this.forget();
  }

  #known(seq: number): StoredMessage | undefined {
    const ahead = this.#ahead;
    while (this.#at < ahead.length && ahead[this.#at]!.seq < seq) this.#at++;
    const message = ahead[this.#at];
    return message?.seq === seq ? message : undefined;
  }

  /** Whether a message was left out between others that were read ahead. */
  #isPassed(seq: number): boolean {
    return this.#at < this.#ahead.length && seq >= this.#from;
  }

  #readAhead(seq: number): void {
    const fitting = Math.floor(AHEAD_BYTES / Math.max(1, this.#lastBytes));
    const most = Math.min(AHEAD_MESSAGES, fitting, 2 * this.#inRow);
    this.forget();
    if (most < 2) return;
    this.#from = seq;
    const end = seq + most;
    const longest = Math.floor(LONG_FACTOR * AHEAD_BYTES / most);
    const ahead: StoredMessage[] = [];
    try {
      for (const columns of this.#several.all(seq, end - 1, longest)) {
        const message = this.#records.messageIn(columns);
        if (message === undefined) {
          this.#singlyUpTo = end;
          break;
        }
        // Those that go are in the database for a while.
        if (!this.#remover.has(message.seq)) ahead.push(message);
      }
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#singlyUpTo = end;
    }
    this.#ahead = ahead;
  }
}
