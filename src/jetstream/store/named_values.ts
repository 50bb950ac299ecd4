/**
 * Values by name in a stream's database: each in one table, and in another one as
 * well where nothing else could replace it. Its methods throw a `StorageError`.
 */
import { byteString } from "../../core/ascii.ts";
import type { Database, Statement, StoredRow } from "../../platform/storage.ts";
import { putInto, type Records, valueRows } from "./records.ts";

export class NamedValues {
  readonly #records: Records;
  readonly #put: Statement;
  readonly #putSpare: Statement;
  readonly #drop: Statement;
  readonly #dropSpare: Statement;
  readonly #rows: Statement;
  readonly #spareRows: Statement;

  constructor(database: Database, records: Records) {
    this.#records = records;
    this.#put = database.prepare(putInto("value"));
    this.#putSpare = database.prepare(putInto("spare"));
    this.#drop = database.prepare("DELETE FROM value WHERE name = ?");
    this.#dropSpare = database.prepare("DELETE FROM spare WHERE name = ?");
    this.#rows = database.prepare(valueRows("value"));
    this.#spareRows = database.prepare(valueRows("spare"));
  }

  /** Undefined: nothing is kept under the name. `isVital`: in both tables. */
  put(name: string, value: string | undefined, isVital: boolean): void {
    if (value === undefined) {
      this.#drop.run(name);
      this.#dropSpare.run(name);
      return;
    }
    const columns = this.#records.valueColumns(name, value);
    this.#put.run(...columns);
    if (isVital) this.#putSpare.run(...columns);
  }

  /** Those whose names begin with `prefix`, in the order of the names. */
  under(prefix: string): (readonly [name: string, value: string])[] {
    const found = new Map<string, string>();
    for (const row of this.#all()) {
      const value = this.#records.valueIn(Object.values(row));
      if (value?.[0].startsWith(prefix)) found.set(...value);
    }
    return [...found].sort(([a], [b]) => a < b ? -1 : 1);
  }

  /** Names of values that are not what was written. */
  damaged(): Set<string> {
    const names = new Set<string>();
    for (const row of this.#all()) {
      const columns = Object.values(row);
      if (this.#records.valueIn(columns) !== undefined) continue;
      const [name] = columns;
      names.add(
        name instanceof Uint8Array
          ? JSON.stringify(byteString(name, 0, name.length))
          : String(name),
      );
    }
    return names;
  }

  /** What both tables have, the spare one first. */
  *#all(): Iterable<StoredRow> {
    yield* this.#spareRows.rows();
    yield* this.#rows.rows();
  }
}
