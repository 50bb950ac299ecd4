/**
 * Requests and their answers. All requests of a connection share one wildcard
 * subscription, `<prefix>.<id>.*`; the last token of the reply subject tells
 * which request an answer is for.
 */
import type { Clock, Timer } from "../core/clock.ts";
import {
  NoRespondersError,
  type PermissionViolationError,
  RequestError,
  TimeoutError,
} from "./errors.ts";
import type { Msg } from "./message.ts";
import type { MsgCallback } from "./subscription.ts";

const NO_RESPONDERS_STATUS = 503;

interface PendingRequest {
  readonly subject: string;
  readonly answer: PromiseWithResolvers<Msg>;
  readonly timer: Timer;
}

/** What requests need of the connection. */
export interface RequestHost {
  /** A subject that nobody else uses, such as `_INBOX.LJ2SL1X4H3G5`. */
  createInbox(): string;
  subscribe(subject: string, callback: MsgCallback): void;
}

export class Requests {
  readonly #host: RequestHost;
  readonly #clock: Clock;
  readonly #pending = new Map<string, PendingRequest>();
  /** Undefined before the first request, and after its subscription ended. */
  #inbox: string | undefined;
  #lastToken = 0;

  constructor(host: RequestHost, clock: Clock) {
    this.#host = host;
    this.#clock = clock;
  }

  /** Waits for an answer; `publish` sends the request with this reply subject. */
  send(
    subject: string,
    timeoutMs: number,
    publish: (reply: string) => void,
  ): Promise<Msg> {
    this.#inbox ??= this.#openInbox();
    const token = (++this.#lastToken).toString(36);
    publish(`${this.#inbox}.${token}`);
    const answer = Promise.withResolvers<Msg>();
    const timer = this.#clock.after(timeoutMs, () => {
      this.#pending.delete(token);
      answer.reject(requestTimeout(subject, timeoutMs));
    });
    this.#pending.set(token, { subject, answer, timer });
    return answer.promise;
  }

  /** The server does not let us publish to a subject. */
  refuse(error: PermissionViolationError): void {
    for (const [token, { subject }] of [...this.#pending]) {
      if (subject === error.subject) this.#fail(token, error);
    }
  }

  failAll(error: Error): void {
    for (const token of [...this.#pending.keys()]) this.#fail(token, error);
  }

  #openInbox(): string {
    const inbox = this.#host.createInbox();
    this.#host.subscribe(`${inbox}.*`, (error, message) => {
      if (error === null) return this.#onAnswer(message);
      this.#inbox = undefined;
      this.failAll(error);
    });
    return inbox;
  }

  #onAnswer(message: Msg): void {
    const token = message.subject.slice(message.subject.lastIndexOf(".") + 1);
    const request = this.#take(token);
    if (request === undefined) return; // answered before, or too late
    settle(request.answer, request.subject, message);
  }

  #fail(token: string, error: Error): void {
    this.#take(token)?.answer.reject(new RequestError(error));
  }

  #take(token: string): PendingRequest | undefined {
    const request = this.#pending.get(token);
    request?.timer.cancel();
    this.#pending.delete(token);
    return request;
  }
}

/** Resolves a request with its answer, or rejects it when the server says that nobody listens. */
export function settle(
  answer: PromiseWithResolvers<Msg>,
  subject: string,
  message: Msg,
): void {
  if (saysNoResponders(message)) {
    answer.reject(new RequestError(new NoRespondersError(subject)));
  } else {
    answer.resolve(message);
  }
}

export function requestTimeout(
  subject: string,
  timeoutMs: number,
): TimeoutError {
  return new TimeoutError(`No answer from "${subject}" within ${timeoutMs} ms`);
}

// NATS client protocol: an empty message with status 503.
function saysNoResponders(message: Msg): boolean {
  return message.data.length === 0 &&
    message.headers?.code === NO_RESPONDERS_STATUS;
}
