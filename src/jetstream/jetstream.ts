/**
 * JetStream of one server: in which accounts it is there, and what requests find
 * in each. It is opened before the server's port, and closed behind it.
 */
import type { Account } from "../accounts/account.ts";
import type { AccountsObserver } from "../accounts/accounts.ts";
import type { Logger } from "../core/log.ts";
import { subjectMatches } from "../core/subject.ts";
import type {
  AccountStreamLimits,
  JetStreamOptions,
} from "../options/options.ts";
import type { Clock } from "../platform/clock.ts";
import { AccountStreams } from "./account_streams.ts";
import { Api } from "./api/api.ts";
import { API_PREFIX } from "./api/call_table.ts";
import { tellOfShutdown } from "./consumer/pulling.ts";
import { NoStreams } from "./api/no_streams.ts";
import type { LoadStorage } from "../platform/storage.ts";
import type { RunSoon } from "../platform/turns.ts";
import { Quota, ServerQuota, UNLIMITED_STREAMS } from "./limits/quota.ts";
import { StoreError } from "./store/stream_store.ts";
import {
  type DurableStorage,
  Stores,
  type StreamStores,
} from "./store/stores.ts";
import { BatchRoom } from "./stream/batch_room.ts";
import type { StreamHost } from "./stream/stream_host.ts";
import { Moments, type WallClock } from "./moments.ts";
import { replySubjects } from "./reply_subjects.ts";
import { ServerNews, type ServerNewsParts } from "./server_news.ts";

/** Gives stores in place of those that a server has. */
export type OverStores = (stores: StreamStores) => StreamStores;

/** What JetStream stands on. */
export interface JetStreamPlatform extends ServerNewsParts {
  readonly clock: Clock & WallClock;
  readonly log: Logger;
  readonly runSoon: RunSoon;
  /** Work over many turns of the event loop: `StreamHost.longWork`. */
  readonly longWork: StreamHost["longWork"];
  /** The folder of streams, where the options of JetStream name none; empty: none. */
  readonly storeDir: string;
  /** Other servers may have streams beside it. */
  readonly isClustered: boolean;
  /** Without it all streams are in memory. */
  readonly loadStorage?: LoadStorage | undefined;
  /** Puts something between the server and its stores. */
  readonly overStores?: OverStores | undefined;
}

const LAZY = 'JetStream acknowledges before it syncs (sync: "lazy"): ' +
  "a machine that fails, or loses its power, loses what was acknowledged last";

export class JetStream {
  readonly quota: ServerQuota;
  /** By the name of the account. */
  readonly accounts: Map<string, AccountStreams> = new Map();
  /** Accounts whose streams could not be opened, by name, and why. */
  readonly unopened: Map<string, string> = new Map();
  /** Of streams in files; empty: all are in memory. */
  folder = "";
  readonly #platform: JetStreamPlatform;
  readonly #moments: Moments;
  readonly #news: ServerNews;
  readonly #batches = new BatchRoom(() => this.quota.batch);
  #stores: StreamStores | undefined = undefined;
  /** They answer in accounts that have no streams. */
  readonly #without = new Map<string, NoStreams>();
  /** Accounts whose streams are being closed. */
  readonly #closing = new Map<string, Promise<void>>();
  /** Streams that are read while others are served. */
  readonly #opening = new Set<Promise<void>>();
  #isServing = false;
  #isStopped = false;
  #unobserve = (): void => {};

  constructor(options: JetStreamOptions, platform: JetStreamPlatform) {
    this.quota = new ServerQuota(options);
    this.#platform = platform;
    this.#moments = new Moments(platform.clock);
    this.#news = new ServerNews(
      platform,
      this.#moments,
      () => this.quota.options.domain,
    );
  }

  /**
   * Opens the streams that are there; `isServing`: while others are served, see
   * `opened`. Throws an error that names what cannot be opened.
   */
  start(isServing: boolean): void {
    this.#isServing = isServing;
    const { accounts, runSoon, clock, overStores } = this.#platform;
    const durable = this.#storage();
    // A wrong place is told now, not to the first publisher.
    durable?.storage.makeFolder(durable.folder);
    this.folder = durable?.folder ?? "";
    const stores = new Stores(durable, runSoon, clock);
    this.#stores = overStores?.(stores) ?? stores;
    this.#platform.log.notice(this.#introduction(durable?.folder));
    if (durable !== undefined && this.quota.options.sync === "lazy") {
      this.#platform.log.warn(LAZY);
    }
    this.#wake();
    for (const account of accounts) this.#set(account);
    this.#unobserve = accounts.observe(this.#observer);
    this.#isServing = true;
  }

  /** Resolves once all streams are there that are being opened, or cannot be. */
  async opened(): Promise<void> {
    await Promise.all(this.#opening);
  }

  #storage(): DurableStorage | undefined {
    const { loadStorage } = this.#platform;
    const folder = this.quota.options.storeDir || this.#platform.storeDir;
    if (folder === "" || loadStorage === undefined) return undefined;
    return { folder, storage: loadStorage(this.quota.options.sync) };
  }

  #introduction(folder: string | undefined): string {
    const { domain } = this.quota.options;
    const where = folder === undefined
      ? "in memory alone"
      : `in files under "${folder}"`;
    const of = domain === "" ? "" : ` of domain "${domain}"`;
    return `JetStream${of} keeps streams ${where}`;
  }

  /** Takes other limits over, of the server and of its accounts, and opens what could not be opened. */
  async reconfigure(options: JetStreamOptions): Promise<void> {
    this.quota.options = options;
    this.#wake();
    const known = [...this.accounts.values()];
    for (const account of this.#platform.accounts) this.#setLater(account);
    for (const streams of known) this.#openAgain(streams);
    await this.opened();
  }

  /** What could not be opened is tried again: its files may be others by now. */
  #openAgain(streams: AccountStreams): void {
    const { account: { name }, recovery } = streams;
    if (this.accounts.get(name) !== streams) return;
    try {
      this.#opens(recovery.openAgain(this.unopened.has(name)));
      this.unopened.delete(name);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#miss(name, error);
    }
  }

  #opens(opened: Promise<void> | undefined): void {
    if (opened === undefined) return;
    this.#opening.add(opened);
    void opened.finally(() => this.#opening.delete(opened));
  }

  /** The server is about to stop: those who wait for messages are told while they are there. */
  leaving(): void {
    for (const { streams } of this.accounts.values()) {
      for (const { consumers } of streams.values()) {
        for (const consumer of consumers.values()) {
          tellOfShutdown(consumer);
        }
      }
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#unobserve();
    for (const account of this.#without.values()) account.stop();
    for (const { account } of this.accounts.values()) {
      account.hasStreams = false;
    }
    // At once nobody is heard any more, and then all is closed.
    const stopped = [...this.accounts.values()].map((account) =>
      account.stop()
    );
    await Promise.all([...stopped, ...this.#closing.values()]);
  }

  /** Accounts with streams are awake: these are there for clients of other nodes, too. */
  #wake(): void {
    const { accounts } = this.#platform;
    for (const name of accounts.names()) {
      if (accounts.optionsOf(name)?.jetstream !== undefined) {
        accounts.named(name);
      }
    }
  }

  readonly #observer: AccountsObserver = {
    accountAdded: (account) => this.#setLater(account),
    accountConfigured: (account) => this.#setLater(account),
    accountRemoved: (account) => this.#remove(account),
    interestChanged: () => {},
  };

  /** What is wrong with the streams of an account keeps no client out. */
  #setLater(account: Account): void {
    try {
      this.#set(account);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#miss(account.name, error);
    }
  }

  #miss(account: string, { message }: StoreError): void {
    this.unopened.set(account, message);
    this.#platform.log.error(`JetStream: ${message}`);
  }

  /** An account has streams, or has none, as its options say. */
  #set(account: Account): void {
    if (this.#isStopped) return;
    const limits = this.#limitsOf(account);
    const known = this.accounts.get(account.name);
    if (limits === undefined) {
      if (known !== undefined) this.#close(known);
      return this.#answerWithout(account);
    }
    if (known !== undefined) known.host.quota.limits = limits;
    else this.#open(account, limits);
  }

  /** NATS JetStream: an account that is configured has streams where it says so. */
  #limitsOf(account: Account): AccountStreamLimits | undefined {
    const { accounts } = this.#platform;
    if (account === accounts.system) return undefined;
    const configured = accounts.optionsOf(account.name);
    if (configured !== undefined) return configured.jetstream;
    // NATS JetStream: without a word about it the global account has streams,
    // unless there are others.
    const isAlone = accounts.names().every((name) =>
      name === account.name || name === accounts.system?.name
    );
    return isAlone ? UNLIMITED_STREAMS : undefined;
  }

  #answerWithout(account: Account): void {
    const { accounts, delivery } = this.#platform;
    if (this.#asksOthers(account)) return this.#stopWithout(account);
    if (this.#without.has(account.name)) return;
    const isSystem = account === accounts.system;
    this.#without.set(
      account.name,
      new NoStreams(account, delivery, isSystem),
    );
  }

  /** NATS JetStream: an account that asks another one about its streams has no answer of its own. */
  #asksOthers({ name }: Account): boolean {
    const { imports = [] } = this.#platform.accounts.optionsOf(name) ?? {};
    return imports.some(({ kind, local }) =>
      kind === "service" && subjectMatches(local, `${API_PREFIX}INFO`)
    );
  }

  #stopWithout({ name }: Account): void {
    this.#without.get(name)?.stop();
    this.#without.delete(name);
  }

  #remove(account: Account): void {
    this.#stopWithout(account);
    const known = this.accounts.get(account.name);
    if (known !== undefined) this.#close(known);
  }

  #close(streams: AccountStreams): void {
    const { name } = streams.account;
    this.accounts.delete(name);
    streams.account.hasStreams = false;
    const closed = streams.stop().then(() => {
      this.#closing.delete(name);
      // It may be back meanwhile.
      const account = this.#platform.accounts.awake(name);
      if (account !== undefined) this.#setLater(account);
    });
    this.#closing.set(name, closed);
  }

  #open(account: Account, limits: AccountStreamLimits): void {
    const { name } = account;
    if (this.#closing.has(name)) return;
    const { log, accounts, isClustered } = this.#platform;
    const { domain } = this.quota.options;
    account.hasStreams = true;
    const streams = new AccountStreams(account, {
      ...this.#platform,
      moments: this.#moments,
      news: this.#news,
      replies: replySubjects(name, domain, isClustered),
      isMeantBy: (publisher) =>
        publisher === undefined ||
        !accounts.streamPlaces.unheard.has(publisher),
      stores: this.#stores!,
      batches: this.#batches,
      quota: new Quota(name, this.quota, limits, log),
    });
    this.unopened.delete(name);
    try {
      if (this.#isServing) this.#opens(streams.recovery.openServing());
      else streams.recovery.open();
    } catch (error) {
      if (!(error instanceof StoreError) || error.isInUse) throw error;
      this.#miss(name, error);
    }
    this.#stopWithout(account);
    this.accounts.set(name, streams);
    new Api(streams, this.quota.options.strict);
  }
}
