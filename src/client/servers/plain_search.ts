/**
 * Where a client without discovery connects to: the servers that the user named,
 * and those that the cluster tells of, each in its turn.
 */
import { InvalidOperationError } from "../../core/errors.ts";
import type { Clock, Random } from "../../platform/clock.ts";
import type { ServerInfo } from "../../wire/info.ts";
import type { StatusSink } from "../api/status.ts";
import { chosenCourse } from "./chosen.ts";
import type { Course } from "./course.ts";
import { connectInTurn, type TryServer } from "./first_connect.ts";
import type { SearchOptions } from "./options.ts";
import { ServerPool } from "./pool.ts";
import type { PoolServer } from "./pool_server.ts";
import type { AttemptRules, Search } from "./search.ts";
import { parseServer, parseServers } from "./server_url.ts";
import { tellServers, tellUpdate } from "./told.ts";
import { Turns } from "./turns.ts";

/** Whatever the user and the cluster name may be dialled. */
const NO_RULES: AttemptRules = {
  allowsAddress: () => true,
  limit: () => () => {},
  objection: () => undefined,
};

export class PlainSearch implements Search {
  readonly pool: ServerPool;
  readonly course: Course;
  readonly rules: AttemptRules = NO_RULES;
  readonly #options: SearchOptions;
  readonly #statuses: StatusSink;
  #info: ServerInfo | undefined;

  constructor(
    options: SearchOptions,
    platform: { readonly clock: Clock; readonly random: Random },
    statuses: StatusSink,
  ) {
    this.#options = options;
    this.#statuses = statuses;
    this.pool = new ServerPool(
      options.servers.map(parseServer),
      options.noRandomize ? undefined : platform.random,
    );
    this.course = chosenCourse(new Turns(this.pool, options, platform), {
      options,
      pool: this.pool,
      ...platform,
      info: () => this.#info,
    });
  }

  connect(tryServer: TryServer): Promise<void> {
    const { waitOnFirstConnect } = this.#options;
    return connectInTurn(this.pool, this.course, tryServer, waitOnFirstConnect);
  }

  lost(): void {}

  found(_server: PoolServer, info: ServerInfo): void {
    this.#info = info;
    if (this.#options.ignoreClusterUpdates) return;
    tellUpdate(this.#statuses, this.pool.update(info.connect_urls ?? []));
  }

  learn(server: PoolServer, info: ServerInfo): void {
    this.found(server, info);
    if (info.ldm !== true) return;
    this.#statuses.tell({ type: "ldm", server: server.listen });
    this.pool.markLameDuck(server);
  }

  elsewhere(): Iterable<PoolServer> {
    return [];
  }

  rediscover(): Promise<void> {
    return Promise.reject(
      new InvalidOperationError("There is nobody to ask for servers"),
    );
  }

  refresh(): void {}

  setServers(urls: readonly string[]): void {
    const change = this.pool.reset(parseServers(urls));
    tellServers(this.#statuses, change, "static");
    this.course.wake();
  }

  close(): Promise<void> {
    this.course.stop();
    return Promise.resolve();
  }
}
