/**
 * The server itself as a publisher and subscriber of an account, without a
 * socket: for what the server tells and is asked in messages. What its handlers
 * publish while they are called is delivered at once.
 */
import { asciiBytes } from "../core/ascii.ts";
import { isLiteralSubject, isValidSubject } from "../core/subject.ts";
import { InvalidArgumentError } from "../core/errors.ts";
import { Message } from "../wire/message.ts";
import type { Account } from "./account.ts";
import type { Delivery } from "./delivery.ts";
import { type DirectReceiver, Interest } from "./interest.ts";
import { Kind } from "./reach.ts";

/** Takes a message, which is borrowed for the call. */
export type MessageHandler = (message: Message) => void;

const LINE_END = "\r\n";

export class InternalClient implements DirectReceiver {
  readonly kind: Kind = Kind.INTERNAL;
  readonly #account: Account;
  readonly #delivery: Delivery;
  readonly #handlers = new Map<Interest, MessageHandler>();

  constructor(account: Account, delivery: Delivery) {
    this.#account = account;
    this.#delivery = delivery;
  }

  /**
   * Has `handler` called for each message on `subject`, in the queue group
   * `queue` unless that is empty. Both are byte strings. Call the result to end
   * it. Throws an `InvalidArgumentError` for a subject that makes no sense.
   */
  subscribe(
    subject: string,
    queue: string,
    handler: MessageHandler,
  ): () => void {
    if (!isValidSubject(subject)) {
      throw new InvalidArgumentError(`Invalid subject: "${subject}"`);
    }
    const interest = Interest.direct(this, subject, queue, "");
    this.#handlers.set(interest, handler);
    this.#account.add(interest);
    return () => {
      if (this.#handlers.delete(interest)) this.#account.remove(interest);
    };
  }

  /**
   * Publishes `payload` (borrowed) on `subject`; an empty `reply` is none. Both
   * are byte strings. Gives how many receivers took it; a server counts as one.
   */
  publish(subject: string, payload: Uint8Array, reply: string = ""): number {
    if (!isLiteralSubject(subject)) {
      throw new InvalidArgumentError(`Invalid subject: "${subject}"`);
    }
    const message = messageOf(subject, payload, reply);
    const { match } = this.#account.facts(
      message.subjectBuffer,
      message.subjectStart,
      message.subjectEnd,
    );
    return this.#delivery.publish(this.#account, match, message, this);
  }

  takes(): boolean {
    return true;
  }

  /** Takes a message for one of its subscriptions. */
  deliver(interest: Interest, message: Message): boolean {
    const handler = this.#handlers.get(interest);
    if (handler === undefined) return false;
    interest.delivered++;
    handler(message);
    return true;
  }

  /** Ends all its subscriptions. */
  close(): void {
    for (const interest of this.#handlers.keys()) {
      this.#account.remove(interest);
    }
    this.#handlers.clear();
  }
}

/** A message of its own: the handlers of this one may publish others. */
function messageOf(
  subject: string,
  payload: Uint8Array,
  reply: string,
): Message {
  const message = new Message();
  message.subjectBuffer = asciiBytes(subject);
  message.subjectEnd = message.subjectBuffer.length;
  message.replyBuffer = asciiBytes(reply);
  message.replyEnd = message.replyBuffer.length;
  const line = asciiBytes(`${payload.length}${LINE_END}`);
  const body = new Uint8Array(line.length + payload.length + LINE_END.length);
  body.set(line);
  body.set(payload, line.length);
  body.set(asciiBytes(LINE_END), line.length + payload.length);
  message.bodyBuffer = body;
  message.bodyEnd = body.length;
  message.payloadStart = line.length;
  message.size = payload.length;
  return message;
}
