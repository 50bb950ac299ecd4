/**
 * The life of a connection after its first connect: draining, closing, and the
 * one way to its end. Nothing that the connection promised waits beyond that.
 */
import { type Deferred, deferred } from "../core/deferred.ts";
import {
  awaitedHere,
  AwaitedPromise,
  outcomeOf,
} from "../core/awaited_promise.ts";
import { MidgeError } from "../core/errors.ts";
import {
  ClosedConnectionError,
  DrainTimeoutError,
  TimeoutError,
} from "./api/errors.ts";
import type { Link } from "./link.ts";
import type { Draining, Messages } from "./messages/messages.ts";
import type { StatusFeed } from "./status_feed.ts";

export class Lifecycle {
  readonly #messages: Messages;
  readonly #link: Link;
  readonly #statuses: StatusFeed;
  readonly #closed: Deferred<void | Error> = deferred<void | Error>();
  #drained: Promise<void> | undefined;

  constructor(messages: Messages, link: Link, statuses: StatusFeed) {
    this.#messages = messages;
    this.#link = link;
    this.#statuses = statuses;
  }

  get isClosed(): boolean {
    return this.#messages.gate.isClosed;
  }

  get isDraining(): boolean {
    return this.#messages.gate.isDraining && !this.isClosed;
  }

  closed(): Promise<void | Error> {
    return this.#closed.promise;
  }

  /** Rejects, rather than throws, when it is too late. */
  drain(): Promise<void> {
    try {
      this.#messages.gate.checkBegin();
    } catch (error) {
      return Promise.reject(error);
    }
    this.#messages.gate.drain();
    const draining = this.#messages.subscriptions.drain();
    this.#drained = AwaitedPromise.of(
      this.#drain(draining),
      () => draining.excuseCaller(),
    );
    return this.#drained;
  }

  /** Rejects, rather than throws, when it is too late. */
  reconnect(): Promise<void> {
    return new Promise((resolve) => {
      this.#messages.gate.checkBegin();
      resolve(this.#link.reconnect());
    });
  }

  /** Rejects, rather than throws, when it is too late. */
  async rediscover(): Promise<void> {
    this.#messages.gate.checkOpen();
    await this.#link.search.rediscover();
  }

  /** Drains if there is a connection, else closes; does not reject when that breaks meanwhile. */
  dispose(): Promise<void> {
    const canDrain = !this.#messages.gate.isDraining &&
      this.#link.session !== undefined;
    const drained = canDrain ? this.drain() : this.#drained;
    if (drained === undefined) return this.end(undefined);
    return AwaitedPromise.of(
      outcomeOf(drained).catch(unlessOurs),
      () => awaitedHere(drained),
    );
  }

  /** Resolves when the last bytes have left, or cannot leave. `closed` gives `cause`. */
  async end(cause: Error | undefined): Promise<void> {
    if (this.isClosed) return void await this.#closed.promise;
    const closed = new ClosedConnectionError(cause && { cause });
    this.#messages.end(closed);
    const left = this.#link.close();
    this.#statuses.tell({ type: "close" });
    this.#statuses.end();
    await left;
    this.#closed.resolve(cause);
  }

  async #drain(draining: Draining): Promise<void> {
    const { gate, flushes } = this.#messages;
    let failure: unknown;
    try {
      flushes.checkConnected();
      await draining.finish();
    } catch (error) {
      failure = error;
    }
    gate.seal();
    const isWell = failure === undefined ||
      failure instanceof DrainTimeoutError;
    const isBack = !(failure instanceof TimeoutError) &&
      this.#link.session !== undefined;
    try {
      // What was answered while there was no connection leaves with the next one.
      if (isWell || isBack) await flushes.flushInDrain(draining.limitMs);
    } catch (error) {
      failure ??= error;
    }
    await this.end(undefined);
    if (failure !== undefined) throw failure;
  }
}

/** What went wrong with the connection is told elsewhere. */
function unlessOurs(error: unknown): void {
  if (!(error instanceof MidgeError)) throw error;
}
