/**
 * JetStream in one account: its streams, each with its consumers. What a request
 * may ask for is checked before anything is made here.
 *
 * More than a dozen members: because each kind of request has one.
 */
import { InternalClient } from "../accounts/internal.ts";
import type { Account } from "../accounts/account.ts";
import type { Delivery } from "../accounts/delivery.ts";
import { utf8ByteString } from "../core/ascii.ts";
import { finishSteps, type Steps } from "../core/steps.ts";
import { AccountConsumers, type StreamConsumers } from "./account_consumers.ts";
import { Advisories } from "./advisories.ts";
import type { ApiCounts } from "./api/api_counts.ts";
import { ApiError } from "./api/api_error.ts";
import { tellOfShutdown, tellWaiting } from "./consumer/pulling.ts";
import { type Restore, RESTORING } from "./backup/restore.ts";
import { BackupError } from "./backup/s2_block.ts";
import type { Consumer } from "./consumer/consumer.ts";
import { DirectGet } from "./stream/direct_get.ts";
import { Copies } from "./copying/copies.ts";
import { newStore } from "./kept_streams.ts";
import { Recovery, type ReopenedStream } from "./recovery.ts";
import type { StreamStores } from "./store/stores.ts";
import type { StreamStore } from "./store/stream_store.ts";
import { Published } from "./stream/published.ts";
import { Stream } from "./stream/stream.ts";
import type { StreamConfig } from "./stream/stream_config.ts";
import type { StreamHost } from "./stream/stream_host.ts";
import { WorkInParts } from "./stream/work_in_parts.ts";

/** What JetStream stands on. */
export interface JetStreamHost
  extends Omit<StreamHost, "client" | "advisories"> {
  readonly delivery: Delivery;
  readonly serverName: string;
  readonly stores: StreamStores;
}

/** A stream, with what hears its subjects. */
export interface OpenStream extends StreamConsumers {
  /** What it has of other streams. */
  readonly copies: Copies;
}

export class AccountStreams {
  readonly account: Account;
  readonly host: StreamHost;
  readonly serverName: string;
  /** By name. */
  readonly streams: Map<string, OpenStream> = new Map();
  /** Streams that are in files from an earlier life of the server. */
  readonly recovery: Recovery;
  /** Of its requests. */
  readonly counts: ApiCounts = { total: 0, errors: 0 };
  /** Streams that are on their way from a backup, by name. */
  readonly restores: Map<string, Restore> = new Map();
  /** Of all its streams. */
  readonly consumers: AccountConsumers;
  readonly #stores: StreamStores;
  /** Streams that are read while others are served. */
  readonly #work: WorkInParts;
  readonly #ends = new Map<string, (() => void)[]>();
  /** Streams hear the streams that they copy as clients of their own. */
  readonly #copier: InternalClient;

  constructor(account: Account, host: JetStreamHost) {
    this.account = account;
    this.#stores = host.stores;
    this.serverName = host.serverName;
    const client = new InternalClient(account, host.delivery, {
      answersAnybody: true,
      hearsImports: true,
    });
    this.#copier = new InternalClient(account, host.delivery, {
      answersAnybody: true,
      hearsImports: true,
      tellsAccount: true,
    });
    const advisories = new Advisories(account.name, client, host);
    this.host = { ...host, client, advisories };
    this.consumers = new AccountConsumers(this.host, this.streams);
    this.#work = new WorkInParts(host);
    this.recovery = new Recovery({
      name: account.name,
      stores: host.stores,
      log: host.log,
      work: this.#work,
      has: (name) => this.streams.has(name) || this.restores.has(name),
      open: (reopened) => this.#reopened(reopened),
    });
  }

  /** Makes a stream, whose configuration has been checked. */
  create(config: StreamConfig): OpenStream {
    const { account, host: { moments, advisories } } = this;
    const restore = this.restores.get(config.name);
    if (restore?.isBrokenOff === false) throw new ApiError(10058);
    void restore?.stop("another stream has its name");
    const store = newStore(this.#stores, account.name, config);
    const stream = new Stream(config, this.host, store, moments.nowUs());
    finishSteps(stream.open());
    stream.begin(true);
    const open = this.#add(stream, new Map());
    open.stream.save((error) => {
      if (error === undefined) advisories.stream(config.name, "create");
      else this.#close(open).catch(() => {});
    });
    return open;
  }

  /** A new store for a stream that comes from a backup. */
  restoredStore(config: StreamConfig): StreamStore {
    const store = newStore(this.#stores, this.account.name, config);
    store.put(RESTORING, "true");
    return store;
  }

  /** Opens a stream whose messages and consumers are in the store already. */
  async adopt(
    config: StreamConfig,
    store: StreamStore,
    createdUs: number,
  ): Promise<OpenStream> {
    const kept = { config, store, createdUs, isServing: true };
    const open = await this.#work.runSteps(this.#reopened(kept));
    if (open === undefined) throw new BackupError("the server stops");
    store.put(RESTORING, undefined);
    open.stream.save();
    this.host.advisories.stream(config.name, "create");
    return open;
  }

  /** A stream that is in a store already: it is there behind the last step. */
  *#reopened(
    { config, store, createdUs, isServing }: ReopenedStream,
  ): Steps<OpenStream> {
    const stream = new Stream(config, this.host, store, createdUs);
    const consumers = new Map<string, Consumer>();
    let isOpen = false;
    try {
      yield* stream.open();
      if (!isServing) stream.begin(false);
      yield* this.consumers.restore({ stream, consumers });
      isOpen = true;
    } finally {
      if (!isOpen) {
        for (const consumer of consumers.values()) consumer.stop();
        stream.stop();
      }
    }
    const open = this.#add(stream, consumers);
    this.consumers.startAll(open, isServing);
    // What goes from now on, the consumers hear of.
    if (isServing) stream.begin(true);
    return open;
  }

  /** A stream is there from now on. */
  #add(stream: Stream, consumers: Map<string, Consumer>): OpenStream {
    const { config } = stream;
    const copies = new Copies(stream, {
      ...this.host,
      account: this.account.name,
      domain: this.host.replies.domain,
      client: this.#copier,
    });
    const open = { stream, consumers, copies };
    this.recovery.unopened.delete(config.name);
    this.#reserve(config);
    this.streams.set(config.name, open);
    this.#listen(open);
    for (const other of this.streams.values()) {
      other.copies.hasCome(config.name);
    }
    return open;
  }

  /** NATS JetStream: a stream has its `max_bytes` for itself. */
  #reserve({ storage, max_bytes }: StreamConfig, sign: 1 | -1 = 1): void {
    if (max_bytes <= 0) return;
    this.host.quota.usage.reserved[storage].add(sign * max_bytes);
  }

  /**
   * A stream becomes what `config` says, which has been checked; where that cannot
   * be kept, what it was before.
   */
  update(open: OpenStream, config: StreamConfig): void {
    const { stream } = open;
    const before = stream.config;
    stream.reconfigure(config, (error) => {
      if (error !== undefined) return this.#updated(open, config);
      this.host.advisories.stream(stream.name, "modify");
    });
    if (stream.config === config) this.#updated(open, before);
  }

  /** A stream was something else `before`. */
  #updated(open: OpenStream, before: StreamConfig): void {
    const { stream, copies } = open;
    this.#reserve(before, -1);
    this.#reserve(stream.config);
    copies.follow();
    this.#silence(stream.name);
    this.#listen(open);
  }

  /** Hears the subjects of a stream, and those who ask for its messages. */
  #listen({ stream, copies }: OpenStream): void {
    const { config } = stream;
    const { client } = this.host;
    const published = new Published(stream);
    const ends = (config.subjects ?? []).map((subject) =>
      client.subscribe(
        utf8ByteString(subject),
        "",
        (message) => published.take(message),
      )
    );
    if (config.allow_direct) {
      const direct = new DirectGet(stream);
      ends.push(() => direct.stop());
    }
    const { mirror, mirror_direct } = config;
    if (mirror !== undefined && mirror_direct) {
      // What the origin says itself is newer.
      const direct = new DirectGet(
        stream,
        mirror.name,
        () => copies.isCaughtUp && !this.streams.has(mirror.name),
      );
      ends.push(() => direct.stop());
    }
    this.#ends.set(config.name, ends);
  }

  #silence(name: string): void {
    for (const end of this.#ends.get(name) ?? []) end();
    this.#ends.delete(name);
  }

  /** The stream with this name. Throws an `ApiError` where there is none. */
  named(name: string): OpenStream {
    const open = this.streams.get(name);
    if (open === undefined) throw new ApiError(10059);
    return open;
  }

  /** See `Commits.settled`; `name` may be no stream's. */
  settled(name: string = ""): Promise<unknown> | undefined {
    return this.streams.get(name)?.stream.settled();
  }

  async delete(name: string): Promise<void> {
    await this.#close(this.named(name));
    this.host.advisories.stream(name, "delete");
  }

  /** A stream is gone, with its messages. */
  async #close({ stream, consumers, copies }: OpenStream): Promise<void> {
    this.streams.delete(stream.name);
    this.#reserve(stream.config, -1);
    copies.leave();
    this.#silence(stream.name);
    for (const consumer of consumers.values()) {
      tellWaiting(consumer, "409 Consumer Deleted");
      consumer.stop();
    }
    await this.recovery.delete(stream.name, () => stream.destroy());
  }

  /** The server stops, or the account has no streams any more. */
  async stop(): Promise<void> {
    this.#work.stop();
    for (const restore of this.restores.values()) {
      await restore.stop("the server stops");
    }
    const open = [...this.streams.values()];
    for (const { copies } of open) copies.stop();
    this.streams.clear();
    this.host.client.close();
    this.#copier.close();
    for (const { stream, consumers } of open) {
      this.#reserve(stream.config, -1);
      for (const consumer of consumers.values()) {
        tellOfShutdown(consumer);
        consumer.stop();
      }
      stream.stop();
    }
    for (const { stream } of open) await stream.close();
  }
}
