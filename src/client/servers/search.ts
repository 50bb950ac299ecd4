/**
 * The seam between a link, which keeps one connection up, and those who know
 * where to connect to: `plain_search.ts` knows the servers that the user and the
 * cluster name, `discovery_search.ts` asks for others as well.
 */
import type { ServerInfo } from "../../wire/info.ts";
import type { Attempt } from "../session/attempt.ts";
import type { Course } from "./course.ts";
import type { TryServer } from "./first_connect.ts";
import type { ServerPool } from "./pool.ts";
import type { PoolServer } from "./pool_server.ts";

export interface Search {
  /** All servers that are known. */
  readonly pool: ServerPool;
  /** Which of them is tried next while there is no connection. */
  readonly course: Course;
  readonly rules: AttemptRules;
  /** The first connect. Resolves early when `close` was called. */
  connect(tryServer: TryServer): Promise<void>;
  /** The connection to a server is lost. */
  lost(server: PoolServer): void;
  /** There is a session; `info` is what its server said first. */
  found(server: PoolServer, info: ServerInfo): void;
  /** The server of the session has said something new. */
  learn(server: PoolServer, info: ServerInfo): void;
  /** Servers on other nodes that may be tried right now, the best first. */
  elsewhere(left: PoolServer): Iterable<PoolServer>;
  /** Asks for servers now; rejects where there is nobody to ask. */
  rediscover(): Promise<void>;
  /** What is known may be old. */
  refresh(): void;
  /** Takes other servers in place of those that the user has named. Throws `InvalidArgumentError`. */
  setServers(urls: readonly string[]): void;
  /** No server is looked for any more. Resolves when what was seen is remembered. */
  close(): Promise<void>;
}

/** What holds for an attempt at a server. */
export interface AttemptRules {
  /** Whether one of the addresses behind the server's name may be dialled. */
  allowsAddress(server: PoolServer, address: string): boolean;
  /** Limits how long an attempt takes; gives what is called at its end. */
  limit(attempt: Attempt): () => void;
  /** Why a server that let us in is not used all the same. */
  objection(server: PoolServer, info: ServerInfo): Error | undefined;
}
