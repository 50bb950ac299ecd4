/**
 * Where the streams of a server are: each has a folder of its own,
 * `<store_dir>/<account>/streams/<stream>`. Without a folder all are in memory.
 */
import type { Storage } from "../../platform/storage.ts";
import type { Clock } from "../../platform/clock.ts";
import type { RunSoon } from "../../platform/turns.ts";
import { FileStore } from "./file_store.ts";
import { MemoryStore } from "./memory_store.ts";
import type { StreamStore } from "./stream_store.ts";

/** What a name may have as part of a path; everything else is written as `%2F`. */
const UNSAFE = /[^\w$=-]/g;

/** Durable storage, and the folder that it is in. */
export interface DurableStorage {
  readonly folder: string;
  readonly storage: Storage;
}

/** Where the streams of a server are. `Stores` is what servers have; the test kit puts a disk with faults between. */
export interface StreamStores {
  /** Whether streams outlive the process. */
  readonly isDurable: boolean;
  /** Names of the streams that an account has in files. */
  names(account: string): string[];
  /** The store of a stream, a new one where there is none. Throws a `StoreError`. */
  open(account: string, stream: string, kind: "file" | "memory"): StreamStore;
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
    return storage.folders(`${folder}/${safe(account)}/streams`)
      .flatMap(nameOf);
  }

  open(account: string, stream: string, kind: "file" | "memory"): StreamStore {
    if (kind === "memory" || this.#durable === undefined) {
      return new MemoryStore();
    }
    const { folder, storage } = this.#durable;
    const path = pathOf(folder, account, stream);
    return new FileStore(path, storage, this.#runSoon, this.#clock);
  }

  remove(account: string, stream: string): void {
    if (this.#durable === undefined) return;
    const { folder, storage } = this.#durable;
    storage.remove(pathOf(folder, account, stream));
  }
}

function pathOf(folder: string, account: string, stream: string): string {
  return `${folder}/${safe(account)}/streams/${safe(stream)}`;
}

/** The name that `safe` has made `folder` of; none where something else has. */
function nameOf(folder: string): string[] {
  try {
    const name = decodeURIComponent(folder);
    return safe(name) === folder ? [name] : [];
  } catch {
    return [];
  }
}

function safe(name: string): string {
  return name.replace(
    UNSAFE,
    (char) =>
      [...new TextEncoder().encode(char)].map((byte) =>
        `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
      ).join(""),
  );
}
