/**
 * Where the streams of a server are: each has a folder of its own,
 * `<store_dir>/<account>/streams/<stream>`. Without a folder all are in memory.
 */
import { type Storage, StorageError } from "../../platform/storage.ts";
import type { Clock } from "../../platform/clock.ts";
import type { RunSoon } from "../../platform/turns.ts";
import { isDatabase } from "./database_file.ts";
import { FileStore } from "./file_store.ts";
import {
  accountFolder,
  databaseIn,
  namesOfStreams,
  removeStream,
  streamFolder,
} from "./folders.ts";
import { MemoryStore } from "./memory_store.ts";
import { StoreError, type StreamStore } from "./stream_store.ts";

/** Durable storage, and the folder that it is in. */
export interface DurableStorage {
  readonly folder: string;
  readonly storage: Storage;
}

/** Where a stream is; `kept`: in files that are there from an earlier life of the server. */
export type StoreKind = "file" | "memory" | "kept";

/** Where the streams of a server are. `Stores` is what servers have; the test kit puts a disk with faults between. */
export interface StreamStores {
  /** Whether streams outlive the process. */
  readonly isDurable: boolean;
  /** Names of the streams that an account has in files. Throws a `StoreError`. */
  names(account: string): string[];
  /** The store of a stream, in files a new one where there is none. Throws a `StoreError`. */
  open(account: string, stream: string, kind: StoreKind): StreamStore;
  /** Removes the files of a stream that is not open. */
  remove(account: string, stream: string): void;
}

export class Stores implements StreamStores {
  readonly #durable: DurableStorage | undefined;
  readonly #runSoon: RunSoon;
  readonly #clock: Clock | undefined;

  constructor(
    durable: DurableStorage | undefined,
    runSoon: RunSoon,
    clock?: Clock,
  ) {
    this.#durable = durable;
    this.#runSoon = runSoon;
    this.#clock = clock;
  }

  get isDurable(): boolean {
    return this.#durable !== undefined;
  }

  names(account: string): string[] {
    if (this.#durable === undefined) return [];
    const { folder, storage } = this.#durable;
    const streams = accountFolder(folder, account);
    try {
      return namesOfStreams(streams, storage);
    } catch (cause) {
      if (!(cause instanceof StorageError)) throw cause;
      const text = `no stream of ${streams} is opened: ${cause.message}`;
      throw new StoreError(text, { cause });
    }
  }

  open(account: string, stream: string, kind: StoreKind): StreamStore {
    if (kind === "memory" || this.#durable === undefined) {
      return new MemoryStore();
    }
    const { folder, storage } = this.#durable;
    const path = streamFolder(folder, account, stream);
    if (kind === "kept" && !isDatabase(databaseIn(path), storage)) {
      throw noDatabase(path, storage);
    }
    const isNew = storage.raw?.exists(path) === false;
    try {
      return new FileStore(path, storage, this.#runSoon, this.#clock);
    } catch (error) {
      // What is in use came in the meantime.
      const isInUse = error instanceof StoreError && error.isInUse;
      if (isNew && !isInUse) removeUnmade(path, storage);
      throw error;
    }
  }

  remove(account: string, stream: string): void {
    if (this.#durable === undefined) return;
    const { folder, storage } = this.#durable;
    removeStream(streamFolder(folder, account, stream), storage);
  }
}

/** A folder that cannot be looked into says why. */
function noDatabase(folder: string, storage: Storage): StoreError {
  const what = `there is no ${databaseIn(folder)}`;
  try {
    storage.entries(folder);
    return new StoreError(what);
  } catch (cause) {
    if (!(cause instanceof StorageError)) throw cause;
    return new StoreError(`${what} to be seen: ${cause.message}`, { cause });
  }
}

/** A later start would tell of a stream that there never was. */
function removeUnmade(folder: string, storage: Storage): void {
  try {
    if (storage.raw?.exists(folder)) removeStream(folder, storage);
  } catch (error) {
    // It is told why the stream could not be made.
    if (!(error instanceof StorageError)) throw error;
  }
}
