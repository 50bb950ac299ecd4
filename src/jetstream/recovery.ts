/**
 * Streams of an account that are in files from an earlier life of the server: they
 * are opened when it starts, and those that could not be are tried again when it
 * reads its configuration again. While others are served that is done in steps, and
 * a stream is there once all of it was read.
 */
import { type Deferred, deferred } from "../core/deferred.ts";
import { isError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { finishSteps, type Steps } from "../core/steps.ts";
import { openKept } from "./kept_streams.ts";
import type { StreamStores } from "./store/stores.ts";
import { StoreError, type StreamStore } from "./store/stream_store.ts";
import type { StreamConfig } from "./stream/stream_config.ts";
import type { WorkInParts } from "./stream/work_in_parts.ts";

/** A stream as it was kept, to be opened. */
export interface ReopenedStream {
  readonly config: StreamConfig;
  readonly createdUs: number;
  readonly store: StreamStore;
  /** Others are served meanwhile. */
  readonly isServing: boolean;
}

/** The account whose streams they are. */
interface RecoveringAccount {
  readonly name: string;
  readonly stores: StreamStores;
  readonly log: Logger;
  readonly work: WorkInParts;
  /** Whether a stream with this name is there, or on its way from a backup. */
  has(name: string): boolean;
  /** Opens a stream that is in a store, with its consumers. */
  open(stream: ReopenedStream): Steps<unknown>;
}

export class Recovery {
  /** Streams that could not be opened, by name, and why; or not yet. */
  readonly unopened: Map<string, string> = new Map();
  readonly #account: RecoveringAccount;
  /** Streams that are deleted, and whose files may be there still. */
  readonly #deleted = new Set<string>();
  /** Streams that are being opened, or are about to be. */
  readonly #underWay = new Map<string, Deferred<void>>();

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
        finishSteps(this.#openOne(name, false));
      } catch (error) {
        if (error instanceof StoreError && error.isInUse) throw error;
        this.#miss(name, "is not opened", error);
      }
    }
  }

  /**
   * The same while others are served; resolves behind the last one. Throws a
   * `StoreError` where it cannot be told which there are.
   */
  openServing(): Promise<void> {
    const names = this.#names();
    for (const name of names) this.unopened.set(name, "it is being read");
    return this.#openAll(names, () => {});
  }

  /**
   * Tries again to open what could not be; `all`: it could not be told which streams
   * there are. Resolves behind the last one. Throws a `StoreError` where it still
   * cannot be told.
   */
  openAgain(all: boolean): Promise<void> | undefined {
    const { log } = this.#account;
    if (!all && this.unopened.size === 0) return undefined;
    const names = new Set(this.#names());
    for (const name of this.unopened.keys()) {
      if (names.has(name) || this.#underWay.has(name)) continue;
      this.unopened.delete(name);
      log.notice(`Stream ${name} has no files any more`);
    }
    return this.#openAll(
      [...all ? names : this.unopened.keys()].filter((name) =>
        this.#isOff(name)
      ),
      (name) =>
        log.notice(`Stream ${name} is opened, which could not be before`),
    );
  }

  /** Resolves once a stream is there that is being opened, or cannot be; undefined: none of that name is. */
  underWay(name: string): Promise<void> | undefined {
    return this.#underWay.get(name)?.promise;
  }

  /** The same of all of them. */
  get allUnderWay(): Promise<unknown> | undefined {
    return this.#underWay.size === 0
      ? undefined
      : Promise.all([...this.#underWay.values()].map(({ promise }) => promise));
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

  /** Whether a stream may be opened. */
  #isOff(name: string): boolean {
    return !this.#account.has(name) && !this.#deleted.has(name) &&
      !this.#underWay.has(name);
  }

  async #openAll(
    names: readonly string[],
    opened: (name: string) => void,
  ): Promise<void> {
    for (const name of names) {
      this.#underWay.set(name, deferred());
    }
    await this.#account.work.runSteps(this.#openEach(names, opened));
    for (const name of names) this.#over(name);
  }

  *#openEach(
    names: readonly string[],
    opened: (name: string) => void,
  ): Steps<void> {
    for (const name of names) {
      yield;
      try {
        yield* this.#openOne(name, true);
        opened(name);
      } catch (error) {
        this.#miss(name, "is not opened", error);
      }
      this.#over(name);
    }
  }

  #over(name: string): void {
    this.#underWay.get(name)?.resolve();
    this.#underWay.delete(name);
  }

  *#openOne(name: string, isServing: boolean): Steps<void> {
    const { stores, name: account, log } = this.#account;
    const isOpen = yield* openKept(
      stores,
      account,
      name,
      (kept, store) => this.#account.open({ ...kept, store, isServing }),
    );
    if (isOpen) return;
    this.unopened.delete(name);
    log.warn(`Stream ${name} was not restored to its end: it is gone`);
  }

  #miss(name: string, what: string, error: unknown): void {
    const why = isError(error) ? error.message : error;
    this.unopened.set(name, `it ${what}: ${why}`);
    this.#account.log.error(`Stream ${name} ${what}: ${why}`);
  }
}
