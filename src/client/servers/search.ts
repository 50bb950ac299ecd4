/**
 * What a client with discovery has in addition: somebody who brings servers
 * (`seeker.ts`), somebody who looks at them (`admission.ts`), an order in which
 * they are tried (`rounds.ts`) and a limit to how long each is (`patience.ts`).
 */
import type { Clock, Random, Timer } from "../../platform/clock.ts";
import type { Reason } from "../../discovery/discovery.ts";
import type { ServerInfo } from "../../wire/info.ts";
import { Admission } from "./admission.ts";
import type { Attempt } from "../session/attempt.ts";
import { ConnectionError } from "../api/errors.ts";
import {
  connectInRounds,
  connectOnce,
  type TryServer,
} from "./first_connect.ts";
import type { ServerOptions } from "./options.ts";
import { Patience } from "./patience.ts";
import type { PoolChange, ServerPool } from "./pool.ts";
import { Rounds } from "./rounds.ts";
import { Seeker } from "./seeker.ts";
import type { PoolServer } from "./pool_server.ts";
import type { Session } from "../session/session.ts";
import type { Status } from "../api/status.ts";
import { REFUSALS_MAX } from "./turns.ts";

export interface SearchEvents {
  onStatus(status: Status): void;
  /** Servers may be tried that could not be tried before. */
  onNews(): void;
  /** It has taken longer than `giveUpAfterMs`. */
  onTooLong(cause: Error): void;
}

export class Search {
  readonly rounds: Rounds;
  readonly #options: ServerOptions;
  readonly #clock: Clock;
  readonly #pool: ServerPool;
  readonly #events: SearchEvents;
  readonly #admission: Admission;
  readonly #seeker: Seeker;
  readonly #patience: Patience;
  #deadline: Timer | undefined;
  /** Servers that the cluster told of last. */
  #clusterSize = 0;

  /** Throws `InvalidArgumentError` for an allow-list that makes no sense. */
  constructor(
    options: ServerOptions,
    platform: { readonly clock: Clock; readonly random: Random },
    pool: ServerPool,
    events: SearchEvents,
  ) {
    this.#options = options;
    this.#clock = platform.clock;
    this.#pool = pool;
    this.#events = events;
    this.#admission = new Admission(options, pool.servers);
    this.#seeker = new Seeker(options, platform, pool, this.#admission, {
      onStatus: (status) => events.onStatus(status),
      onNews: () => this.#onNews(),
    });
    this.rounds = new Rounds(
      pool,
      options,
      platform,
      (origin) => this.#seeker.isWatched(origin),
      { onExhausted: (round, only) => this.#onExhausted(round, only) },
    );
    this.#patience = new Patience(platform.clock);
  }

  /** The first connect. Resolves early when `stop` was called. */
  async connect(tryServer: TryServer): Promise<void> {
    this.#startDeadline();
    this.#seeker.start();
    const asked = this.#seeker.ask("connect");
    if (this.#pool.size === 0) await Promise.race([asked, this.#seeker.news]);
    await (this.#options.waitOnFirstConnect
      ? connectInRounds(this.rounds, tryServer)
      : connectOnce(this.rounds, tryServer, asked));
  }

  ask(reason: Reason): Promise<void> {
    return this.#seeker.ask(reason);
  }

  /** The connection to a server is lost. */
  begin(lost: PoolServer): void {
    this.rounds.begin(lost);
    this.#startDeadline();
  }

  onAttempt(attempt: Attempt): void {
    this.#patience.begin(attempt);
    if (this.#pool.size > 1) this.#patience.limit(this.rounds.round);
  }

  onAttemptEnd(): void {
    this.#patience.end();
  }

  /** There is a session, in a cluster that is ours. */
  onFound(info: ServerInfo): void {
    this.#deadline?.cancel();
    this.#seeker.found(info);
  }

  /** Ends the session and throws when its server, which was only found, is of another cluster. */
  checkCluster(session: Session, server: PoolServer): void {
    const { info } = session;
    if (this.#admission.belongs(server, info)) return;
    const error = new ConnectionError(
      `${server.listen} is of another cluster`,
    );
    session.end(error);
    server.refusals = REFUSALS_MAX;
    this.#seeker.tellOfSkip(server, "cluster");
    throw error;
  }

  allowsAddress(server: PoolServer, address: string): boolean {
    return this.#admission.allowsAddress(server, address);
  }

  learnGossip(connectUrls: readonly string[]): PoolChange {
    const hasShrunk = connectUrls.length <= 1 && this.#clusterSize > 1;
    this.#clusterSize = connectUrls.length;
    const change = this.#seeker.learnGossip(connectUrls);
    if (hasShrunk) void this.#seeker.ask("info-shrunk");
    return change;
  }

  /** The user has named other servers. */
  onServersSet(): void {
    this.#seeker.remember();
  }

  /** No server is looked for any more. */
  stopWaiting(): void {
    this.#deadline?.cancel();
    this.#seeker.stopWaiting();
  }

  /** Resolves when what this client has seen is remembered. */
  stop(): Promise<void> {
    return this.#seeker.stop();
  }

  /** Every server was tried; somebody must know of others, unless it is us who are wrong. */
  #onExhausted(round: number, onlyRefusals: boolean): void {
    this.#events.onStatus({ type: "poolExhausted", round });
    if (onlyRefusals) return;
    if (round === 1) this.#events.onStatus({ type: "waitingForDiscovery" });
    this.#seeker.seek();
  }

  #onNews(): void {
    this.rounds.wake();
    if (this.rounds.hasUntried()) this.#patience.hurry();
    this.#events.onNews();
  }

  #startDeadline(): void {
    const { giveUpAfterMs } = this.#options.discoveryPolicy;
    if (giveUpAfterMs === undefined) return;
    this.#deadline = this.#clock.after(
      giveUpAfterMs,
      () =>
        this.#events.onTooLong(
          new ConnectionError(
            `No server was reached within ${giveUpAfterMs} ms`,
          ),
        ),
    );
  }
}
