/**
 * JetStream of one server: in which accounts it is there, and what requests find
 * in each. It is opened before the server's port, and closed behind it.
 */
import type { Account } from "../accounts/account.ts";
import type { Accounts, AccountsObserver } from "../accounts/accounts.ts";
import type { Delivery } from "../accounts/delivery.ts";
import type { Logger } from "../core/log.ts";
import type { JetStreamOptions } from "../options/options.ts";
import type { Clock, Random } from "../platform/clock.ts";
import { AccountStreams } from "./account_streams.ts";
import { Api } from "./api/api.ts";
import type { LoadStorage } from "../platform/storage.ts";
import type { RunSoon } from "../platform/turns.ts";
import { StoreError } from "./store/stream_store.ts";
import {
  type DurableStorage,
  Stores,
  type StreamStores,
} from "./store/stores.ts";
import { BatchRoom } from "./stream/batch_room.ts";
import { Moments } from "./moments.ts";

/** Gives stores in place of those that a server has. */
export type OverStores = (stores: StreamStores) => StreamStores;

/** What JetStream stands on. */
export interface JetStreamPlatform {
  readonly accounts: Accounts;
  readonly delivery: Delivery;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly serverName: string;
  readonly runSoon: RunSoon;
  /** The folder of streams, where the options of JetStream name none; empty: none. */
  readonly storeDir: string;
  /** Without it all streams are in memory. */
  readonly loadStorage?: LoadStorage | undefined;
  /** Puts something between the server and its stores. */
  readonly overStores?: OverStores | undefined;
}

export class JetStream {
  readonly #options: JetStreamOptions;
  readonly #platform: JetStreamPlatform;
  readonly #moments: Moments;
  readonly #batches = new BatchRoom();
  #stores: StreamStores | undefined = undefined;
  /** By the name of the account. */
  readonly #accounts = new Map<string, AccountStreams>();

  constructor(options: JetStreamOptions, platform: JetStreamPlatform) {
    this.#options = options;
    this.#platform = platform;
    this.#moments = new Moments(platform.clock);
  }

  /** Opens the streams that are there. Throws an error that names what cannot be opened. */
  start(): void {
    const { accounts, runSoon, overStores } = this.#platform;
    const durable = this.#storage();
    const stores = new Stores(durable, runSoon);
    this.#stores = overStores?.(stores) ?? stores;
    this.#platform.log.notice(this.#introduction(durable?.folder));
    for (const account of accounts) this.#open(account);
    accounts.observe(this.#observer);
  }

  #storage(): DurableStorage | undefined {
    const { loadStorage } = this.#platform;
    const folder = this.#options.storeDir || this.#platform.storeDir;
    if (folder === "" || loadStorage === undefined) return undefined;
    return { folder, storage: loadStorage() };
  }

  #introduction(folder: string | undefined): string {
    const { domain } = this.#options;
    const where = folder === undefined
      ? "in memory alone"
      : `in files under "${folder}"`;
    const of = domain === "" ? "" : ` of domain "${domain}"`;
    return `JetStream${of} keeps streams ${where}`;
  }

  async stop(): Promise<void> {
    for (const account of this.#accounts.values()) await account.stop();
  }

  readonly #observer: AccountsObserver = {
    accountAdded: (account) => this.#openLater(account),
    accountRemoved: () => {},
    interestChanged: () => {},
  };

  /** An account is awake: what is wrong with its streams keeps no client out. */
  #openLater(account: Account): void {
    try {
      this.#open(account);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#platform.log.error(`JetStream: ${error.message}`);
    }
  }

  #open(account: Account): void {
    const { accounts } = this.#platform;
    if (account === accounts.system || this.#accounts.has(account.name)) return;
    // NATS JetStream: an account that is configured has streams where it says so.
    const configured = accounts.optionsOf(account.name);
    const has = configured === undefined || configured.jetstream !== undefined;
    if (!has) return;
    const streams = new AccountStreams(account, {
      ...this.#platform,
      moments: this.#moments,
      domain: this.#options.domain,
      stores: this.#stores!,
      batches: this.#batches,
    });
    streams.recover();
    this.#accounts.set(account.name, streams);
    new Api(streams, this.#options.strict);
  }
}
