/**
 * The life of a connection after its first connect: draining, closing, and the
 * one way to its end. Nothing that the connection promised waits beyond that.
 */
import { type Deferred, deferred } from "../core/deferred.ts";
import { MidgeError } from "../core/errors.ts";
import { ClosedConnectionError } from "./api/errors.ts";
import type { Link } from "./link.ts";
import type { Messages } from "./messages/messages.ts";
import type { StatusFeed } from "./status_feed.ts";

export class Lifecycle {
  readonly #messages: Messages;
  readonly #link: Link;
  readonly #statuses: StatusFeed;
  readonly #closed: Deferred<void | Error> = deferred<void | Error>();

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

  async drain(): Promise<void> {
    const { gate, subscriptions, flushes } = this.#messages;
    gate.checkBegin();
    gate.drain();
    try {
      flushes.checkConnected();
      await subscriptions.drain();
      gate.seal();
      await flushes.flush();
    } finally {
      await this.end(undefined);
    }
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
  async dispose(): Promise<void> {
    const canDrain = !this.#messages.gate.isDraining &&
      this.#link.session !== undefined;
    if (!canDrain) return await this.end(undefined);
    try {
      await this.drain();
    } catch (error) {
      if (!(error instanceof MidgeError)) throw error;
    }
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
}
