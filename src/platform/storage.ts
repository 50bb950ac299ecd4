/**
 * The seam of durable storage: small databases, each a file, and their folders.
 * `runtime/storage/sqlite.ts` implements it.
 */

/** What a place in a row holds. Numbers are whole. */
export type StoredValue = number | string | Uint8Array | null;

/** A row, by the names of its columns. */
export type StoredRow = Readonly<Record<string, StoredValue>>;

/** A row, by the order of its columns. */
export type StoredColumns = readonly StoredValue[];

/** Why a database does not do what it is told. */
export type StorageFault =
  /** Another process has it. */
  | "in use"
  /** There is no room left. */
  | "full"
  /** What it reads makes no sense. */
  | "damaged"
  /** The file, or one that SQLite has beside it, cannot be opened. */
  | "not opened"
  | "failed";

export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly fault: StorageFault;

  constructor(message: string, fault: StorageFault, cause?: unknown) {
    super(message, { cause });
    this.fault = fault;
  }
}

/** One statement of SQL, with `?` for values. Throws a `StorageError`. */
export interface Statement {
  /** Gives how many rows it has changed. */
  run(...values: readonly StoredValue[]): number;
  first(...values: readonly StoredValue[]): StoredRow | undefined;
  /** All rows, each as its columns in their order. */
  all(...values: readonly StoredValue[]): readonly StoredColumns[];
  /** One row after the other; ends early where the caller does. */
  rows(...values: readonly StoredValue[]): Iterable<StoredRow>;
}

/** An open database, which this process has for itself. Throws a `StorageError`. */
export interface Database {
  /** Statements without values or rows. */
  execute(sql: string): void;
  prepare(sql: string): Statement;
  /**
   * Calls `done` once all that is committed is on disk, or cannot be; before it
   * returns where that is known already. One call at a time.
   */
  sync(done: (error?: StorageError) => void): void;
  close(): void;
}

/** A file as its bytes. Throws a `StorageError`. */
export interface RawFile {
  readonly size: number;
  /** Bytes from `offset` on; fewer where the file ends, or cannot be read there. */
  read(offset: number, length: number): Uint8Array;
  write(offset: number, bytes: Uint8Array): void;
  close(): void;
}

/** Files by their paths, as far as a damaged database needs them. Throws a `StorageError`. */
export interface RawFiles {
  exists(path: string): boolean;
  /** Opens a file, a new one where there is none. */
  open(path: string): RawFile;
  rename(from: string, to: string): void;
  /** Removes a file, if there is one. */
  remove(path: string): void;
}

export interface Storage {
  /** Opens the database `path`; its folder is made where it is missing. */
  open(path: string): Database;
  /** Makes a folder where it is missing. Throws a `StorageError`. */
  makeFolder(path: string): void;
  /** Names of all that is in a folder; none where that is missing. Throws a `StorageError`. */
  entries(path: string): string[];
  /** Removes a folder, if there is one, with all that is in it, also where a link leads to it. Throws a `StorageError`. */
  remove(path: string): void;
  /** Without it a damaged database is not opened. */
  readonly raw?: RawFiles;
  /** CRC-32 (ISO 3309) of `bytes` behind what has the checksum `before`. */
  checksum(bytes: Uint8Array, before: number): number;
}

/**
 * When what is committed is on disk: `always`, when `Database.sync` says so, and the
 * event loop goes on meanwhile; `lazy`, when the operating system writes it, so that
 * a machine that fails loses the last of it, and a process that ends loses nothing.
 */
export type Syncing = "always" | "lazy";

/** `in commits`: when the commit returns, for where no time may pass meanwhile. */
export type StorageSyncing = Syncing | "in commits";

/** Makes storage ready. Throws a `StorageError` where the runtime has none. */
export type LoadStorage = (syncing?: StorageSyncing) => Storage;
