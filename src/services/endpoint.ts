/**
 * One subject that a service answers on: a subscription in the service's queue
 * group, and the counters that STATS tells. Requests go to a handler, or wait
 * in the subscription until they are read with `for await`.
 */
import type { ServiceConnection } from "./service_connection.ts";
import type { Clock } from "../platform/clock.ts";
import type { Msg } from "../client/api/message.ts";
import type { Subscription } from "../client/api/subscription.ts";
import type { EndpointInfo, EndpointStats } from "./protocol.ts";
import { ReceivedServiceMsg, type ServiceMsg } from "./service_msg.ts";
import { isError } from "../core/errors.ts";

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
  /** Requests before the counters were set back. */
  #countedBefore = 0;
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
    const { subject, queue, handler } = setup;
    this.#subscription = connection.subscribe(subject, {
      ...(queue !== "" && { queue }),
      ...(handler !== undefined && {
        callback: (error: Error | null, message: Msg) =>
          error === null ? this.#run(handler, message) : undefined,
      }),
    });
    this.#subscription.closed.then((error) => onEnd(error ?? undefined));
  }

  /** What INFO tells of it. */
  get info(): EndpointInfo {
    const { name, subject, queue, metadata } = this.#setup;
    return { name, subject, queue_group: queue, metadata };
  }

  /** What STATS tells of it. */
  get stats(): EndpointStats {
    const { name, subject, queue } = this.#setup;
    const count = this.#subscription.getReceived() - this.#countedBefore;
    const total = Math.round(this.#spentMs * NANOSECONDS_PER_MS);
    return {
      name,
      subject,
      queue_group: queue,
      num_requests: count,
      num_errors: this.#errors,
      last_error: this.#lastError,
      processing_time: total,
      average_processing_time: count === 0 ? 0 : Math.round(total / count),
    };
  }

  /** Sets the counters back. */
  reset(): void {
    this.#countedBefore = this.#subscription.getReceived();
    this.#errors = 0;
    this.#lastError = "";
    this.#spentMs = 0;
  }

  /** Takes no new requests; resolves when those that are under way were handled. */
  stop(): Promise<void> {
    return this.#subscription.drain();
  }

  /** The requests, when there is no handler. */
  [Symbol.asyncIterator](): AsyncIterator<ServiceMsg> {
    const messages = this.#subscription[Symbol.asyncIterator]();
    const requestOf = (message: Msg): ServiceMsg => this.#requestOf(message);
    return {
      next: async () => {
        const taken = await messages.next();
        return taken.done === true ? taken : new TakenRequest(taken, requestOf);
      },
      return: async () => {
        await messages.return?.();
        return { done: true, value: undefined };
      },
    };
  }

  #requestOf(message: Msg): ServiceMsg {
    return new ReceivedServiceMsg(
      message,
      (code, description) => this.#failed(code, description),
    );
  }

  async #run(handler: ServiceHandler, message: Msg): Promise<void> {
    const start = this.#clock.monotonic();
    const request = this.#requestOf(message);
    try {
      await handler(null, request);
    } catch (error) {
      this.#answerFailure(request, error);
    } finally {
      this.#spentMs += this.#clock.monotonic() - start;
    }
  }

  /** Throws the error when nobody gets it as an answer: then the subscription tells of it. */
  #answerFailure(request: ServiceMsg, error: unknown): void {
    const description = isError(error) ? error.message : String(error);
    let isAnswered = false;
    try {
      // A header holds one line.
      const line = description.replace(/\s+/g, " ");
      isAnswered = request.respondError(codeOf(error), line);
    } catch {
      // The connection has gone meanwhile.
    }
    if (!isAnswered) throw error;
  }

  #failed(code: number, description: string): void {
    this.#errors++;
    this.#lastError = `${code}:${description}`;
  }
}

/** A request that is made when a loop looks for it: only then the loop's own flow is running. */
class TakenRequest implements IteratorYieldResult<ServiceMsg> {
  readonly #taken: IteratorYieldResult<Msg>;
  readonly #requestOf: (message: Msg) => ServiceMsg;
  #request: ServiceMsg | undefined;

  constructor(
    taken: IteratorYieldResult<Msg>,
    requestOf: (message: Msg) => ServiceMsg,
  ) {
    this.#taken = taken;
    this.#requestOf = requestOf;
  }

  get done(): false {
    return this.#taken.done ?? false;
  }

  get value(): ServiceMsg {
    this.#request ??= this.#requestOf(this.#taken.value);
    return this.#request;
  }
}

function codeOf(error: unknown): number {
  const code = isError(error) && "code" in error ? error.code : FAILED;
  return typeof code === "number" ? code : FAILED;
}
