/**
 * One subject that a service answers on: a subscription in the service's queue
 * group, and the counters that STATS tells. Requests go to a handler, or wait
 * in the endpoint until they are read with `for await`.
 */
import type { ServiceConnection } from "./service_connection.ts";
import type { Clock } from "../platform/clock.ts";
import { AsyncQueue } from "../core/async_queue.ts";
import type { Msg } from "../client/api/message.ts";
import type { Subscription } from "../client/api/subscription.ts";
import type { EndpointInfo, EndpointStats } from "./protocol.ts";
import { ReceivedServiceMsg, type ServiceMsg } from "./service_msg.ts";

/**
 * Answers one request. One that throws, or whose promise rejects, answers with
 * a failure: the error's `code` when that is a number, else 500. Other than
 * that it may return what it likes.
 */
export type ServiceHandler = (
  error: Error | null,
  message: ServiceMsg,
) => unknown;

export interface EndpointSetup {
  readonly name: string;
  readonly subject: string;
  /** Empty: every instance gets every request. */
  readonly queue: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Without one the endpoint is iterated. */
  readonly handler: ServiceHandler | undefined;
}

const NANOSECONDS_PER_MS = 1e6;
const FAILED = 500;

/** A running endpoint; without a handler, its requests are iterated. */
export class ServiceEndpoint implements AsyncIterable<ServiceMsg> {
  readonly #setup: EndpointSetup;
  readonly #clock: Clock;
  readonly #subscription: Subscription;
  readonly #requests = new AsyncQueue<ServiceMsg>(() => this.stop());
  #count = 0;
  #errors = 0;
  #lastError = "";
  #spentMs = 0;

  /** Subscribes at once; `onEnd` is called when that subscription has ended. */
  constructor(
    setup: EndpointSetup,
    connection: ServiceConnection,
    clock: Clock,
    onEnd: (error: Error | undefined) => void,
  ) {
    this.#setup = setup;
    this.#clock = clock;
    this.#subscription = connection.subscribe(setup.subject, {
      ...(setup.queue !== "" && { queue: setup.queue }),
      callback: (error, message) => {
        if (error === null) this.#handle(message);
      },
    });
    this.#subscription.closed.then((error) => {
      this.#requests.end(error ?? undefined);
      onEnd(error ?? undefined);
    });
  }

  /** What INFO tells of it. */
  get info(): EndpointInfo {
    const { name, subject, queue, metadata } = this.#setup;
    return { name, subject, queue_group: queue, metadata };
  }

  /** What STATS tells of it. */
  get stats(): EndpointStats {
    const { name, subject, queue } = this.#setup;
    const total = Math.round(this.#spentMs * NANOSECONDS_PER_MS);
    return {
      name,
      subject,
      queue_group: queue,
      num_requests: this.#count,
      num_errors: this.#errors,
      last_error: this.#lastError,
      processing_time: total,
      average_processing_time: this.#count === 0
        ? 0
        : Math.round(total / this.#count),
    };
  }

  /** Sets the counters back. */
  reset(): void {
    this.#count = 0;
    this.#errors = 0;
    this.#lastError = "";
    this.#spentMs = 0;
  }

  /** Takes no new requests; resolves when those that are under way were handed out. */
  stop(): Promise<void> {
    return this.#subscription.drain();
  }

  /** The requests, when there is no handler. */
  [Symbol.asyncIterator](): AsyncIterator<ServiceMsg> {
    return this.#requests;
  }

  #handle(message: Msg): void {
    this.#count++;
    const request = new ReceivedServiceMsg(
      message,
      (code, description) => this.#failed(code, description),
    );
    const { handler } = this.#setup;
    if (handler === undefined) this.#requests.push(request);
    else this.#run(handler, request);
  }

  async #run(handler: ServiceHandler, request: ServiceMsg): Promise<void> {
    const start = this.#clock.monotonic();
    try {
      await handler(null, request);
    } catch (error) {
      this.#answerFailure(request, error);
    }
    this.#spentMs += this.#clock.monotonic() - start;
  }

  #answerFailure(request: ServiceMsg, error: unknown): void {
    const description = error instanceof Error ? error.message : String(error);
    try {
      // A header holds one line.
      request.respondError(codeOf(error), description.replace(/\s+/g, " "));
    } catch {
      // The connection has gone meanwhile; the failure was counted.
    }
  }

  #failed(code: number, description: string): void {
    this.#errors++;
    this.#lastError = `${code}:${description}`;
  }
}

function codeOf(error: unknown): number {
  const code = error instanceof Error && "code" in error ? error.code : FAILED;
  return typeof code === "number" ? code : FAILED;
}
