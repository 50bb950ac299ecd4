/**
 * What `@nats-io/jetstream` finds behind a message, `publisher`: it confirms
 * acknowledgements by requests of its own making, as it can with nats.js. Names
 * and types are those that it asks for.
 */
import { NoRespondersError } from "../api/errors.ts";
import type { Msg, Payload, PublishOptions } from "../api/message.ts";
import type { Publisher } from "./received_msg.ts";
import {
  type OpenQuestion,
  type Requests,
  saysNoResponders,
} from "./requests.ts";

/** A request that an add-on made and waits for. */
export interface ForeignRequest {
  /** The last token of the subject for its answers. */
  readonly token: string;
  /** Where it is asked. */
  readonly requestSubject: string;
  /** Takes an answer, or what is in its place; the message then is empty. */
  resolver(error: Error | null, message: Msg | Record<string, never>): void;
}

/** The shared subscription for answers, as a foreign request sees it. */
interface AnswersTo {
  /** What the subjects for answers begin with, the dot included. */
  readonly baseInbox: string;
  /** No more answers for it, please. */
  cancel(request: ForeignRequest): void;
}

export class BackChannel implements Publisher {
  readonly muxSubscriptions: AnswersTo;
  readonly #publisher: Publisher;
  readonly #requests: Requests;
  readonly #open = new Map<ForeignRequest, OpenQuestion>();

  constructor(publisher: Publisher, requests: Requests) {
    this.#publisher = publisher;
    this.#requests = requests;
    const cancel = (request: ForeignRequest): void => this.#cancel(request);
    this.muxSubscriptions = {
      get baseInbox(): string {
        return requests.prefix;
      },
      cancel,
    };
  }

  publish(subject: string, payload?: Payload, options?: PublishOptions): void {
    this.#publisher.publish(subject, payload, options);
  }

  /** Opens the way for the answers to a request, which its maker then publishes. */
  request(request: ForeignRequest): ForeignRequest {
    const subject = request.requestSubject;
    const question = this.#requests.openAs(request.token, {
      subject,
      onAnswer: (message) =>
        request.resolver(
          saysNoResponders(message) ? new NoRespondersError(subject) : null,
          message,
        ),
      onFailure: (error) => request.resolver(error, {}),
    });
    this.#open.set(request, question);
    return request;
  }

  #cancel(request: ForeignRequest): void {
    this.#open.get(request)?.close();
    this.#open.delete(request);
  }
}
