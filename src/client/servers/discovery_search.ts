/**
 * Where a client with discovery connects to. A finder asks the providers,
 * `intake.ts` puts what they name into the pool, `rounds.ts` says in which order
 * servers are tried and `patience.ts` for how long; this file tells each of them
 * what it needs to know of the others.
 */
import type { Clock, Random, Timer } from "../../platform/clock.ts";
import { type Deferred, deferred } from "../../core/deferred.ts";
import type { Endpoint } from "../../discovery/discovery.ts";
import { Finder } from "../../discovery/finding/finder.ts";
import type { ServerInfo } from "../../wire/info.ts";
import { ConnectionError } from "../api/errors.ts";
import type { StatusSink } from "../api/status.ts";
import type { Attempt } from "../session/attempt.ts";
import { Admission } from "./admission.ts";
import { Caches } from "./cache_writer.ts";
import { chosenCourse } from "./chosen.ts";
import { type Course, REFUSALS_MAX } from "./course.ts";
import {
  connectInRounds,
  connectOnce,
  type TryServer,
} from "./first_connect.ts";
import { Intake } from "./intake.ts";
import type { SearchOptions } from "./options.ts";
import { Patience } from "./patience.ts";
import { hasChanged, isSameNode, ServerPool } from "./pool.ts";
import type { PoolServer } from "./pool_server.ts";
import { Rounds } from "./rounds.ts";
import type { AttemptRules, Search } from "./search.ts";
import { parseServer, parseServers } from "./server_url.ts";
import { Skips } from "./skips.ts";
import { Sources } from "./sources.ts";
import { tellServers, tellUpdate } from "./told.ts";

export class DiscoverySearch implements Search {
  readonly pool: ServerPool;
  readonly course: Course;
  readonly rules: AttemptRules;
  readonly #options: SearchOptions;
  readonly #clock: Clock;
  readonly #statuses: StatusSink;
  /** Servers may be tried that could not be tried before. */
  readonly #onNews: () => void;
  readonly #finder: Finder;
  readonly #sources: Sources;
  readonly #admission: Admission;
  readonly #skips: Skips;
  readonly #intake: Intake;
  readonly #caches: Caches;
  readonly #rounds: Rounds;
  readonly #patience: Patience;
  /** Resolves when a provider has named servers, or the search is over. */
  readonly #firstNews: Deferred<void> = deferred<void>();
  #deadline: Timer | undefined;
  /** Set once the search has taken too long. */
  #givenUp: Error | undefined;
  #info: ServerInfo | undefined;
  /** Servers that the cluster told of last. */
  #clusterSize = 0;

  /** Throws `InvalidArgumentError` for an allow-list that makes no sense. */
  constructor(
    options: SearchOptions,
    platform: { readonly clock: Clock; readonly random: Random },
    statuses: StatusSink,
    onNews: () => void,
  ) {
    const { clock, random } = platform;
    this.#options = options;
    this.#clock = clock;
    this.#statuses = statuses;
    this.#onNews = onNews;
    const pool = new ServerPool(
      options.servers.map(parseServer),
      options.noRandomize ? undefined : random,
      clock,
    );
    this.pool = pool;
    this.#sources = new Sources(options.discovery);
    this.#admission = new Admission(options, pool.servers);
    this.#skips = new Skips(statuses);
    this.#intake = new Intake(pool, this.#admission, this.#skips, statuses);
    this.#caches = new Caches(this.#sources.caches, pool, clock, statuses);
    this.#rounds = new Rounds(pool, options, platform, this.#sources, {
      onExhausted: (round, only) => this.#onExhausted(round, only),
    });
    this.#patience = new Patience(clock);
    const info = (): ServerInfo | undefined => this.#info;
    const context = { options, pool, clock, random, info };
    this.course = chosenCourse(this.#rounds, context);
    this.rules = {
      allowsAddress: (server, address) =>
        this.#admission.allowsAddress(server, address),
      limit: (attempt) => this.#limit(attempt),
      objection: (server, info) => this.#objection(server, info),
    };
    this.#finder = new Finder(options.discovery, platform, {
      onFound: (provider, endpoints) => this.#onFound(provider, endpoints),
      onAnswer: (answer) => statuses.tell({ type: "discovery", ...answer }),
    }, options.discoveryPolicy);
  }

  async connect(tryServer: TryServer): Promise<void> {
    this.#startDeadline();
    this.#finder.start();
    const asked = this.#finder.ask("connect");
    if (this.pool.size === 0) {
      await Promise.race([asked, this.#firstNews.promise]);
    }
    await (this.#options.waitOnFirstConnect
      ? connectInRounds(this.#rounds, tryServer)
      : connectOnce(this.#rounds, tryServer, asked));
  }

  lost(server: PoolServer): void {
    this.#rounds.begin(server);
    this.#startDeadline();
  }

  found(_server: PoolServer, info: ServerInfo): void {
    this.#deadline?.cancel();
    this.#finder.rest();
    if (this.#admission.learnCluster(info)) this.#intake.takeAgain();
    this.#caches.write();
    this.#learnCluster(info);
  }

  learn(server: PoolServer, info: ServerInfo): void {
    this.#learnCluster(info);
    if (info.ldm !== true) return;
    this.#statuses.tell({ type: "ldm", server: server.listen });
    this.pool.markLameDuck(server);
    void this.#finder.ask("lame-duck");
  }

  *elsewhere(left: PoolServer): Iterable<PoolServer> {
    this.#rounds.begin(left);
    for (;;) {
      const server = this.#rounds.ready();
      if (server === undefined || server.lameDuck) return;
      if (!isSameNode(server, left)) yield server;
    }
  }

  rediscover(): Promise<void> {
    return this.#finder.ask("manual");
  }

  refresh(): void {
    void this.#finder.ask("periodic");
  }

  setServers(urls: readonly string[]): void {
    const change = this.pool.reset(parseServers(urls));
    tellServers(this.#statuses, change, "static");
    this.#caches.write();
    this.course.wake();
  }

  async close(): Promise<void> {
    this.#stopWaiting(undefined);
    this.#finder.stop();
    await this.#caches.stop();
  }

  #onFound(provider: string, endpoints: readonly Endpoint[]): void {
    const origin = this.#sources.originOf(provider);
    if (hasChanged(this.#intake.take(origin, endpoints))) this.#caches.write();
    this.pool.forgive();
    this.#firstNews.resolve();
    this.#rounds.wake();
    if (this.#rounds.hasUntried()) this.#patience.hurry();
    this.#onNews();
  }

  /** Every server was tried: others are sought, unless all of them refused us, which others would do as well. */
  #onExhausted(round: number, onlyRefusals: boolean): void {
    this.#statuses.tell({ type: "poolExhausted", round });
    if (onlyRefusals) return;
    if (round === 1) this.#statuses.tell({ type: "waitingForDiscovery" });
    this.#finder.seek("round-failed");
  }

  #learnCluster(info: ServerInfo): void {
    this.#info = info;
    if (this.#options.ignoreClusterUpdates) return;
    const urls = info.connect_urls ?? [];
    const hasShrunk = urls.length <= 1 && this.#clusterSize > 1;
    this.#clusterSize = urls.length;
    const change = this.#intake.takeGossip(urls);
    if (hasChanged(change)) this.#caches.write();
    if (hasShrunk) void this.#finder.ask("info-shrunk");
    tellUpdate(this.#statuses, change);
  }

  /** A server that hangs must not hold up the others that wait for their turn. */
  #limit(attempt: Attempt): () => void {
    const hasOthers = this.pool.size > 1;
    this.#patience.begin(attempt, hasOthers ? this.#rounds.round : undefined);
    return () => this.#patience.end(attempt);
  }

  /** A server that was only found may turn out to be of another cluster. */
  #objection(server: PoolServer, info: ServerInfo): Error | undefined {
    if (this.#givenUp !== undefined) return this.#givenUp;
    if (this.#admission.belongs(server, info)) return undefined;
    server.refusals = REFUSALS_MAX;
    this.#skips.tell(server, "cluster");
    return new ConnectionError(`${server.listen} is of another cluster`);
  }

  #startDeadline(): void {
    const { giveUpAfterMs } = this.#options.discoveryPolicy;
    if (giveUpAfterMs === undefined) return;
    this.#deadline = this.#clock.after(giveUpAfterMs, () => {
      const what = `No server was reached within ${giveUpAfterMs} ms`;
      this.#givenUp = new ConnectionError(what);
      this.#stopWaiting(this.#givenUp);
      this.#patience.stop(this.#givenUp);
    });
  }

  #stopWaiting(cause: Error | undefined): void {
    this.course.stop(cause);
    this.#deadline?.cancel();
    this.#firstNews.resolve();
  }
}
