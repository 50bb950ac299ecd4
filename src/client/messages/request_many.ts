/**
 * A request with many answers, from one service or from several. A strategy
 * says when there are enough; names and defaults are nats.js's. Whatever the
 * strategy, waiting ends after `maxWait`, which is no error.
 */
import type { Clock, Timer } from "../../platform/clock.ts";
import { InvalidArgumentError } from "../../core/errors.ts";
import { NoRespondersError, SlowConsumerError } from "../api/errors.ts";
import type { Msg } from "../api/message.ts";
import { AsyncQueue } from "../../core/async_queue.ts";
import { hasRoom, payloadBytes, queueLimits } from "./handover.ts";
import { type Ask, checkTime } from "./request_one.ts";
import type { RequestManyOptions, RequestStrategy } from "../api/requests.ts";
import {
  type OpenQuestion,
  type Requests,
  saysNoResponders,
} from "./requests.ts";

const MAX_WAIT_MS = 1000;
const STALL_MS = 300;

/** How many answers may wait to be read. */
const ANSWERS = queueLimits({});

const STRATEGIES: readonly RequestStrategy[] = [
  "timer",
  "count",
  "stall",
  "sentinel",
];

/**
 * Asks by `ask`, and gives the answers as they come. Iterating throws a
 * `NoRespondersError` when nobody listens, a `SlowConsumerError` behind the
 * last answer that found room when too many wait to be read, and what the
 * connection ends with when it ends.
 */
export function requestMany(
  requests: Requests,
  clock: Clock,
  subject: string,
  options: RequestManyOptions,
  ask: Ask,
): AsyncIterable<Msg> {
  check(options);
  return new Gathering(requests, clock, subject, options).start(ask);
}

function check(options: RequestManyOptions): void {
  const { strategy, maxWait, maxMessages, stall } = options;
  if (strategy !== undefined && !STRATEGIES.includes(strategy)) {
    throw new InvalidArgumentError(
      `Option "strategy" is unknown: "${strategy}"`,
    );
  }
  checkTime("maxWait", maxWait ?? MAX_WAIT_MS);
  checkTime("maxMessages", maxMessages ?? Infinity);
  checkTime("stall", stall ?? STALL_MS);
}

/** The answers to one request, until there are enough. */
class Gathering {
  readonly #clock: Clock;
  readonly #subject: string;
  readonly #options: RequestManyOptions;
  readonly #answers = new AsyncQueue<Msg>(() => this.#finish(), payloadBytes);
  readonly #question: OpenQuestion;
  readonly #deadline: Timer;
  #silence: Timer | undefined;
  #count = 0;

  constructor(
    requests: Requests,
    clock: Clock,
    subject: string,
    options: RequestManyOptions,
  ) {
    this.#clock = clock;
    this.#subject = subject;
    this.#options = options;
    this.#question = requests.open({
      subject,
      onAnswer: (message) => this.#onAnswer(message),
      onFailure: (error) => this.#finish(error),
    }, options.noMux === true ? { noMux: true } : {});
    this.#deadline = clock.after(
      options.maxWait ?? MAX_WAIT_MS,
      () => this.#finish(),
    );
  }

  start(ask: Ask): AsyncIterable<Msg> {
    try {
      ask(this.#question.reply)?.catch((error) => this.#finish(error));
    } catch (error) {
      this.#finish();
      throw error;
    }
    return this.#answers;
  }

  #onAnswer(message: Msg): void {
    if (saysNoResponders(message)) {
      return this.#finish(new NoRespondersError(this.#subject));
    }
    this.#count++;
    if (!hasRoom(this.#answers, message, ANSWERS)) {
      return this.#finish(new SlowConsumerError(this.#subject));
    }
    this.#answers.push(message);
    if (this.#isEnough(message)) this.#finish();
    else if (this.#options.strategy === "stall") this.#expectAnother();
  }

  /** The empty message of a sentinel is an answer too, as in nats.js. */
  #isEnough(message: Msg): boolean {
    const { strategy, maxMessages = Infinity } = this.#options;
    if (strategy === "count") return this.#count >= maxMessages;
    return strategy === "sentinel" && message.data.length === 0;
  }

  #expectAnother(): void {
    this.#silence?.cancel();
    const stallMs = this.#options.stall ?? STALL_MS;
    this.#silence = this.#clock.after(stallMs, () => this.#finish());
  }

  #finish(error?: Error): void {
    this.#deadline.cancel();
    this.#silence?.cancel();
    this.#question.close();
    this.#answers.end(error);
  }
}
