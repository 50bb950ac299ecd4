/**
 * Streams of an account that are in files from an earlier life of the server: they
 * are opened when it starts, and those that could not be are tried again when it
 * reads its configuration again.
 */
import { isError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { openKept } from "./kept_streams.ts";
import type { StreamStores } from "./store/stores.ts";
import { StoreError, type StreamStore } from "./store/stream_store.ts";
import type { StreamConfig } from "./stream/stream_config.ts";

/** The account whose streams they are. */
interface RecoveringAccount {
  readonly name: string;
  readonly stores: StreamStores;
  readonly log: Logger;
  /** Whether a stream with this name is there, or on its way from a backup. */
  has(name: string): boolean;
  /** Opens a stream that is in a store; what it gives adds its consumers. */
  open(
    config: StreamConfig,
    store: StreamStore,
    createdUs: number,
  ): () => void;
}

export class Recovery {
  /** Streams that could not be opened, by name, and why. */
  readonly unopened: Map<string, string> = new Map();
  readonly #account: RecoveringAccount;
  /** Streams that are deleted, and whose files may be there still. */
  readonly #deleted = new Set<string>();

  constructor(account: RecoveringAccount) {
    this.#account = account;
  }

  /**
   * Opens what is there. A stream that cannot be read is told of, and all others are
   * opened; throws a `StoreError` for one that another process has, or where it
   * cannot be told which there are.
   */
  open(): void {
    for (const name of this.#names()) {
      try {
        this.#openOne(name);
      } catch (error) {
        if (error instanceof StoreError && error.isInUse) throw error;
        this.#miss(name, "is not opened", error);
      }
    }
  }

  /**
   * Tries again to open what could not be; `all`: it could not be told which streams
   * there are. Throws a `StoreError` where it still cannot.
   */
  openAgain(all: boolean): void {
    const { log } = this.#account;
    if (!all && this.unopened.size === 0) return;
    const names = new Set(this.#names());
    for (const name of this.unopened.keys()) {
      if (names.has(name)) continue;
      this.unopened.delete(name);
      log.notice(`Stream ${name} has no files any more`);
    }
    for (const name of all ? names : [...this.unopened.keys()]) {
      if (this.#account.has(name) || this.#deleted.has(name)) continue;
      try {
        this.#openOne(name);
        log.notice(`Stream ${name} is opened, which could not be before`);
      } catch (error) {
        this.#miss(name, "is not opened", error);
      }
    }
  }

  /** A stream is deleted: `destroy` removes its files, and rejects where it cannot. */
  async delete(name: string, destroy: () => Promise<void>): Promise<void> {
    this.#deleted.add(name);
    try {
      await destroy();
      this.#deleted.delete(name);
    } catch (error) {
      this.#miss(name, "is deleted, and its files are not", error);
      throw error;
    }
  }

  #names(): string[] {
    const { stores, name } = this.#account;
    return stores.names(name);
  }

  #openOne(name: string): void {
    const { stores, name: account, log } = this.#account;
    const addConsumers = openKept(
      stores,
      account,
      name,
      ({ config, createdUs }, store) =>
        this.#account.open(config, store, createdUs),
    );
    if (addConsumers !== undefined) return addConsumers();
    this.unopened.delete(name);
    log.warn(`Stream ${name} was not restored to its end: it is gone`);
  }

  #miss(name: string, what: string, error: unknown): void {
    const why = isError(error) ? error.message : error;
    this.unopened.set(name, `it ${what}: ${why}`);
    this.#account.log.error(`Stream ${name} ${what}: ${why}`);
  }
}
