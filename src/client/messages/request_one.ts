/** A request with one answer: the first that comes, in time. */
import type { Clock } from "../../platform/clock.ts";
import { deferred } from "../../core/deferred.ts";
import { InvalidArgumentError } from "../../core/errors.ts";
import {
  NoRespondersError,
  RequestError,
  TimeoutError,
} from "../api/errors.ts";
import type { Msg } from "../api/message.ts";
import type { RequestOptions } from "../api/requests.ts";
import { type Requests, saysNoResponders } from "./requests.ts";

const REQUEST_TIMEOUT_MS = 1000;

/** Publishes the question; gives a promise when it has to wait for a connection. */
export type Ask = (reply: string) => Promise<void> | undefined;

/**
 * Asks by `ask`, and resolves with the first answer. Rejects with a
 * `TimeoutError`, or with a `RequestError` whose `cause` tells why.
 */
export async function requestOne(
  requests: Requests,
  clock: Clock,
  subject: string,
  options: RequestOptions,
  ask: Ask,
): Promise<Msg> {
  const { timeout: timeoutMs = REQUEST_TIMEOUT_MS } = options;
  checkTime("timeout", timeoutMs);
  const answer = deferred<Msg>();
  const fail = (error: Error): void => answer.reject(new RequestError(error));
  const question = requests.open({
    subject,
    onAnswer: (message) => {
      if (saysNoResponders(message)) fail(new NoRespondersError(subject));
      else answer.resolve(message);
    },
    onFailure: fail,
  }, options);
  const timer = clock.after(timeoutMs, () => {
    answer.reject(
      new TimeoutError(`No answer from "${subject}" within ${timeoutMs} ms`),
    );
  });
  try {
    ask(question.reply)?.catch(fail);
    return await answer.promise;
  } finally {
    timer.cancel();
    question.close();
  }
}

/** Throws unless it is a time to wait. */
export function checkTime(name: string, ms: number): void {
  if (ms > 0) return;
  throw new InvalidArgumentError(`Option "${name}" is not above 0: ${ms}`);
}
