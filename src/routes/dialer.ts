/**
 * Keeps one server dialled: tries, waits, tries again. A configured route is
 * tried without end, one that discovery found until it is forgotten, and one
 * that gossip told of a limited number of times. While a connection to the
 * server stands, no matter which side dialled, the dialer rests.
 */
import { type Backoff, waitAfter } from "../core/backoff.ts";
import {
  type Clock,
  type Random,
  randomBelow,
  type Timer,
} from "../platform/clock.ts";
import {
  ROUTE_DIAL_TIMEOUT_MS,
  ROUTE_RECONNECT_JITTER_MS,
  ROUTE_RETRY_MAX_MS,
  ROUTE_RETRY_MS,
} from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import type { RouteTarget } from "../options/options.ts";
import { formatAddress } from "../net/address.ts";
import type { Network, Socket } from "../platform/socket.ts";

/** How this server came to dial another one. */
export type DialOrigin = "configured" | "gossip" | "found";

/** What a dialer asks of the cluster. */
export interface DialerOwner {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly retry: RetryPolicy;
  /** What comes before all else on a socket that was dialled; the socket is closed if that fails. */
  secure(
    socket: Socket,
    target: RouteTarget,
    failures: number,
  ): Promise<void> | undefined;
  dialled(dialer: Dialer, socket: Socket): void;
  /** The dialer will not try again. */
  gaveUp(dialer: Dialer): void;
}

export interface RetryPolicy {
  /** Attempts at a server that gossip told of, after the first one. */
  readonly implicitRetries: number;
  /** Longest wait between two attempts at a configured route. */
  readonly waitMaxMs: number;
  /** Before the first success every n-th failure is logged as an error; 0: the first one only. */
  readonly connectErrorReports: number;
  /** After the first success every n-th failure is logged as an error; 0: the first one only. */
  readonly reconnectErrorReports: number;
}

/**
 * Attempts at a server that gossip told of, after its connection was cut off
 * before it became a route. It took the connection, so it is dialled again even
 * where the policy gives up on a server that cannot be reached.
 */
const CUT_OFF_RETRIES = 5;

export class Dialer {
  /** Where to dial; its credentials may become others. */
  target: RouteTarget;
  /** Becomes "found" once discovery lists a server that gossip told of. */
  origin: DialOrigin;
  readonly #owner: DialerOwner;
  #failures = 0;
  #dialledAt = -Infinity;
  #everConnected = false;
  #isUp = false;
  #timer: Timer | undefined = undefined;
  #stopped = false;

  constructor(owner: DialerOwner, target: RouteTarget, origin: DialOrigin) {
    this.#owner = owner;
    this.target = target;
    this.origin = origin;
  }

  /** Configured, not learnt from others. */
  get explicit(): boolean {
    return this.origin === "configured";
  }

  /** `host:port`; never the credentials. */
  get name(): string {
    return formatAddress(this.target);
  }

  /** If the connection that it made is no good, that is worth an error in the log. */
  get isWorthReporting(): boolean {
    return this.#isReported(this.#failures + 1);
  }

  /** First attempt. */
  start(): void {
    this.#dial();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /**
   * There is a connection to the server that this dialer did not make: rests on
   * it, and is told when it is gone. False while an attempt is under way.
   */
  rest(): boolean {
    const isFresh = this.#dialledAt === -Infinity;
    if (this.#timer === undefined && !isFresh) return false;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.succeeded();
    return true;
  }

  /** Ends a long wait: there is reason to think that the server is there. */
  hurry(): void {
    const passed = this.#owner.clock.monotonic() - this.#dialledAt;
    if (this.#timer !== undefined && passed >= ROUTE_RETRY_MS) this.#dial();
  }

  /** The connection that this dialer made, or rested on, was a good one. */
  succeeded(): void {
    this.#failures = 0;
    this.#everConnected = true;
    this.#isUp = true;
  }

  /**
   * The connection that this dialer made, or rested on, is gone. `wasCutOff`:
   * neither side meant it to end.
   */
  lost(wasCutOff: boolean): void {
    // A connection that never became a route counts as a failed attempt.
    if (!this.#isUp) this.#failures++;
    const { implicitRetries } = this.#owner.retry;
    this.#isUp = false;
    this.#retry(
      wasCutOff ? Math.max(implicitRetries, CUT_OFF_RETRIES) : implicitRetries,
    );
  }

  /** Tries again, unless gossip told of the server and it failed more often than this. */
  #retry(failuresMax: number = this.#owner.retry.implicitRetries): void {
    const { clock, random } = this.#owner;
    if (this.#stopped) return;
    const isTold = this.origin === "gossip";
    if (isTold && this.#failures > failuresMax) {
      return this.#owner.gaveUp(this);
    }
    const jitter = randomBelow(random, ROUTE_RECONNECT_JITTER_MS);
    this.#timer?.cancel();
    this.#timer = clock.after(this.#wait() + jitter, () => this.#dial());
  }

  #wait(): number {
    // Gossip tells of servers that are up: after a lost route one is dialled at once.
    const isAtOnce = this.#failures === 0 && this.origin === "gossip";
    return isAtOnce ? 0 : waitAfter(this.#backoff, this.#failures);
  }

  /** The wait doubles with each failure, up to the policy's limit. */
  get #backoff(): Backoff {
    // Many found servers may be dead, and `hurry` ends a wait when it matters.
    const longestMs = this.origin === "found"
      ? ROUTE_RETRY_MAX_MS
      : this.#owner.retry.waitMaxMs;
    return { firstMs: ROUTE_RETRY_MS, factor: 2, longestMs };
  }

  #dial(): void {
    if (this.#stopped) return;
    const { clock, network, log } = this.#owner;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#dialledAt = clock.monotonic();
    log.debug(`Trying to connect to route on ${this.name}`);
    const options = { timeoutMs: ROUTE_DIAL_TIMEOUT_MS, isServer: true };
    network.dial(this.target, options).then(
      (socket) => {
        const { target } = this;
        const done = this.#owner.secure(socket, target, this.#failures);
        if (done === undefined) return this.#connected(socket);
        return done.then(
          () => this.#connected(socket),
          (error: unknown) => this.#failed(error),
        );
      },
      (error: unknown) => this.#failed(error),
    );
  }

  #connected(socket: Socket): void {
    if (this.#stopped) return socket.destroy();
    this.#owner.dialled(this, socket);
  }

  #failed(error: unknown): void {
    if (this.#stopped) return;
    this.#failures++;
    const detail = error instanceof Error ? error.message : String(error);
    const line =
      `Error trying to connect to route (attempt ${this.#failures}): ${detail}`;
    if (this.#isReported(this.#failures)) this.#owner.log.error(line);
    else this.#owner.log.debug(line);
    this.#retry();
  }

  #isReported(failures: number): boolean {
    const { connectErrorReports, reconnectErrorReports } = this.#owner.retry;
    const every = this.#everConnected
      ? reconnectErrorReports
      : connectErrorReports;
    return failures === 1 || (every > 0 && failures % every === 0);
  }
}
