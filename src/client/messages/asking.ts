/**
 * The requesting role of a connection: requests with one answer and with many.
 * `requests.ts` finds the question that an answer is for.
 */
import type { Clock } from "../../platform/clock.ts";
import type { Msg, Payload, RequestHeaders } from "../api/message.ts";
import type { RequestManyOptions, RequestOptions } from "../api/requests.ts";
import type { Flow } from "../../platform/flow.ts";
import type { Gate } from "./gate.ts";
import type { Publishing } from "./publishing.ts";
import { requestMany } from "./request_many.ts";
import { type Ask, requestOne } from "./request_one.ts";
import type { Requests } from "./requests.ts";
import { isPartOfWork } from "./work.ts";

export class Asking {
  readonly #requests: Requests;
  readonly #publishing: Publishing;
  readonly #gate: Gate;
  readonly #clock: Clock;
  readonly #flow: Flow;

  constructor(
    requests: Requests,
    publishing: Publishing,
    gate: Gate,
    clock: Clock,
    flow: Flow,
  ) {
    this.#requests = requests;
    this.#publishing = publishing;
    this.#gate = gate;
    this.#clock = clock;
    this.#flow = flow;
  }

  async request(
    subject: string,
    payload: Payload,
    options: RequestOptions,
  ): Promise<Msg> {
    this.#checkBegin();
    const ask = this.#asker(subject, payload, options);
    return await requestOne(this.#requests, this.#clock, subject, options, ask);
  }

  /** Rejects, rather than throws, when it is too late. */
  requestMany(
    subject: string,
    payload: Payload,
    options: RequestManyOptions,
  ): Promise<AsyncIterable<Msg>> {
    return new Promise((resolve) => {
      this.#checkBegin();
      const ask = this.#asker(subject, payload, options);
      const clock = this.#clock;
      resolve(requestMany(this.#requests, clock, subject, options, ask));
    });
  }

  /** What is under way when a drain begins may ask for what it needs. */
  #checkBegin(): void {
    if (isPartOfWork(this.#flow)) this.#gate.checkPublish();
    else this.#gate.checkBegin();
  }

  #asker(subject: string, payload: Payload, options: RequestHeaders): Ask {
    return (reply) =>
      this.#publishing.publish(subject, payload, { ...options, reply });
  }
}
