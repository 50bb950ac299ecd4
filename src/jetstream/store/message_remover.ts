/**
 * Messages on their way out of a stream's database: a call of SQLite costs more than
 * a row, so that those that stand in a row and go one after the other go together.
 */
import type { Database, Statement } from "../../platform/storage.ts";
import type { MessageWriter } from "./message_writer.ts";

export class MessageRemover {
  readonly #writer: MessageWriter;
  readonly #delete: Statement;
  /** What goes, from the first to the last; `#last` 0: nothing. */
  #first = 0;
  #last = 0;

  /** `writer` may have messages that are to go and are not in the database yet. */
  constructor(database: Database, writer: MessageWriter) {
    this.#writer = writer;
    this.#delete = database.prepare(
      "DELETE FROM message WHERE seq BETWEEN ? AND ?",
    );
  }

  /** A message goes; gives how many were there of those that have gone now. Throws a `StorageError`. */
  add(seq: number): number {
    const follows = this.#last > 0 && seq === this.#last + 1;
    const gone = follows ? 0 : this.flush();
    if (!follows) this.#first = seq;
    this.#last = seq;
    return gone;
  }

  /** Whether a message goes that is in the database still. */
  has(seq: number): boolean {
    return seq >= this.#first && seq <= this.#last;
  }

  /** All that go have gone; gives how many were there of them. Throws a `StorageError`. */
  flush(): number {
    const [first, last] = [this.#first, this.#last];
    if (last === 0) return 0;
    this.forget();
    this.#writer.flush(last);
    return this.#delete.run(first, last);
  }

  /** Those that are in the database stay. */
  forget(): void {
    this.#first = this.#last = 0;
  }
}
