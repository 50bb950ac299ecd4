/**
 * Storage by `node:sqlite`, which is a part of Node from 22.13 on, of Deno and of
 * Bun. It is loaded when a server needs it.
 *
 * A database has its file for itself (`locking_mode`), and what is committed is
 * on disk when the call returns (`synchronous`).
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { isError } from "../../core/errors.ts";
import { builtInModule } from "../process/built_in.ts";
import {
  type Database,
  type Statement,
  type Storage,
  StorageError,
  type StorageFault,
  type StoredRow,
  type StoredValue,
} from "../../platform/storage.ts";

/** What is used of `node:sqlite`, which types of older Nodes do not know. */
interface SqliteModule {
  readonly DatabaseSync: new (path: string) => DatabaseSync;
}

interface DatabaseSync {
  exec(sql: string): void;
  prepare(sql: string): StatementSync;
  close(): void;
}

interface StatementSync {
  run(...values: readonly StoredValue[]): unknown;
  get(...values: readonly StoredValue[]): StoredRow | undefined;
  iterate(...values: readonly StoredValue[]): Iterator<StoredRow>;
}

/** The same of `node:zlib`. */
interface ZlibModule {
  crc32(bytes: Uint8Array, before: number): number;
}

export function loadStorage(): Storage {
  const { DatabaseSync } = builtIn<SqliteModule>("node:sqlite");
  const { crc32 } = builtIn<ZlibModule>("node:zlib");
  return {
    open(path) {
      return faulty(() => {
        mkdirSync(dirname(path), { recursive: true });
        return new SqliteDatabase(new DatabaseSync(path));
      });
    },
    folders(path) {
      try {
        return readdirSync(path, { withFileTypes: true })
          .filter((entry) => entry.isDirectory()).map(({ name }) => name);
      } catch {
        return [];
      }
    },
    remove: (path) => rmSync(path, { recursive: true, force: true }),
    checksum: (bytes, before) => crc32(bytes, before),
  };
}

function builtIn<Module>(name: string): Module {
  try {
    return builtInModule(name);
  } catch (cause) {
    const text = `This runtime has no ${name}: streams in files need ` +
      "Node 22.13, Deno 2.8 or Bun 1.4";
    throw new StorageError(text, "failed", cause);
  }
}

class SqliteDatabase implements Database {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; " +
        "PRAGMA synchronous = FULL",
    );
  }

  execute(sql: string): void {
    faulty(() => this.#database.exec(sql));
  }

  prepare(sql: string): Statement {
    return new SqliteStatement(faulty(() => this.#database.prepare(sql)));
  }

  close(): void {
    faulty(() => this.#database.close());
  }
}

class SqliteStatement implements Statement {
  readonly #statement: StatementSync;

  constructor(statement: StatementSync) {
    this.#statement = statement;
  }

  run(...values: readonly StoredValue[]): void {
    faulty(() => this.#statement.run(...values));
  }

  first(...values: readonly StoredValue[]): StoredRow | undefined {
    return faulty(() => this.#statement.get(...values));
  }

  *rows(...values: readonly StoredValue[]): Iterable<StoredRow> {
    const rows = faulty(() => this.#statement.iterate(...values));
    while (true) {
      const { done, value } = faulty(() => rows.next());
      if (done) return;
      yield value;
    }
  }
}

/** What `act` gives. Throws a `StorageError` in place of what it throws. */
function faulty<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    const text = isError(error) ? error.message : String(error);
    throw new StorageError(text, faultOf(text), error);
  }
}

/** Not every runtime tells the number of an error; all tell SQLite's text. */
const FAULTS: readonly (readonly [RegExp, StorageFault])[] = [
  [/locked|busy/i, "in use"],
  [/is full/i, "full"],
  [/malformed|not a database|corrupt/i, "damaged"],
];

function faultOf(text: string): StorageFault {
  return FAULTS.find(([pattern]) => pattern.test(text))?.[1] ?? "failed";
}
