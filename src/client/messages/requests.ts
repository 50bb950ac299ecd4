/**
 * Questions and their answers. All requests of a connection share one wildcard
 * subscription, `<prefix>.<id>.*`, whose last token tells which question an
 * answer is for; with `noMux` a question has a subscription of its own. What a
 * question makes of its answers is in `request_one.ts` and `request_many.ts`.
 */
import { InvalidArgumentError } from "../../core/errors.ts";
import { type MapKey, mapKey } from "../../core/map_key.ts";
import type { PermissionViolationError } from "../api/errors.ts";
import type { Msg } from "../api/message.ts";
import { checkLiteralSubject } from "./subjects.ts";
import type { MsgCallback, Subscription } from "../api/subscription.ts";
import type { AnswerOptions } from "../api/requests.ts";

const NO_RESPONDERS_STATUS = 503;

/** A request that waits for answers. */
export interface Question {
  /** Where it was asked. */
  readonly subject: string;
  onAnswer(message: Msg): void;
  /** No answer will come any more. */
  onFailure(error: Error): void;
}

/** A question that may be answered from now on. */
export interface OpenQuestion {
  readonly reply: string;
  /** No more answers, please. */
  close(): void;
}

/** What requests need of the connection. */
export interface RequestHost {
  /** A subject that nobody else uses, such as `_INBOX.LJ2SL1X4H3G5`. */
  createInbox(): string;
  subscribe(subject: string, callback: MsgCallback): Subscription;
}

export class Requests {
  readonly #host: RequestHost;
  /** Questions that wait, those with a subscription of their own included. */
  readonly #open = new Set<Question>();
  /**
   * Questions by the last token of their reply subjects. Ours are numbers, also
   * as keys: a text that was never a key before is dear to look up.
   */
  readonly #byToken = new Map<MapKey, Question>();
  /** Undefined before the first request, and after its subscription ended. */
  #inbox: string | undefined;
  #lastToken = 0;

  constructor(host: RequestHost) {
    this.#host = host;
  }

  /** Opens the way for answers; the caller asks afterwards. */
  open(question: Question, options: AnswerOptions): OpenQuestion {
    if (options.noMux === true) return this.#openAlone(question, options.reply);
    if (options.reply !== undefined) {
      throw new InvalidArgumentError('Option "reply" needs option "noMux"');
    }
    return this.openAs(String(++this.#lastToken), question);
  }

  /** What the subjects of the shared subscription begin with, the dot included. */
  get prefix(): string {
    return `${this.#inbox ??= this.#openInbox()}.`;
  }

  /** Opens the way for answers to `prefix` and `token`, which nobody else uses. */
  openAs(token: string, question: Question): OpenQuestion {
    const reply = this.prefix + token;
    this.#open.add(question);
    const key = mapKey(token);
    this.#byToken.set(key, question);
    const close = (): void => {
      this.#open.delete(question);
      this.#byToken.delete(key);
    };
    return { reply, close };
  }

  /** The server does not let us publish to a subject. */
  refuse(error: PermissionViolationError): void {
    for (const question of [...this.#open]) {
      if (question.subject === error.subject) question.onFailure(error);
    }
  }

  failAll(error: Error): void {
    for (const question of [...this.#open]) question.onFailure(error);
  }

  #openAlone(question: Question, wanted: string | undefined): OpenQuestion {
    const reply = wanted ?? this.#host.createInbox();
    checkLiteralSubject("reply subject", reply);
    const subscription = this.#host.subscribe(reply, (error, message) => {
      if (error === null) question.onAnswer(message);
      else question.onFailure(error);
    });
    this.#open.add(question);
    const close = (): void => {
      this.#open.delete(question);
      subscription.unsubscribe();
    };
    return { reply, close };
  }

  #openInbox(): string {
    const inbox = this.#host.createInbox();
    this.#host.subscribe(`${inbox}.*`, (error, message) => {
      if (error === null) return this.#onAnswer(message);
      this.#inbox = undefined;
      for (const question of [...this.#byToken.values()]) {
        question.onFailure(error);
      }
    });
    return inbox;
  }

  /** A question that is answered already, or was given up, has no token. */
  #onAnswer(message: Msg): void {
    const token = message.subject.slice(message.subject.lastIndexOf(".") + 1);
    this.#byToken.get(mapKey(token))?.onAnswer(message);
  }
}

// NATS client protocol: an empty message with status 503.
export function saysNoResponders(message: Msg): boolean {
  return message.data.length === 0 &&
    message.headers?.code === NO_RESPONDERS_STATUS;
}
