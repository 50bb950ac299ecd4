/**
 * The server itself as a publisher and subscriber of an account, without a
 * socket: for what the server tells and is asked in messages. What its handlers
 * publish while they are called is delivered at once.
 */
import { utf8Text } from "../core/ascii.ts";
import { isLiteralSubject, isValidSubject } from "../core/subject.ts";
import { InvalidArgumentError } from "../core/errors.ts";
import type { Message } from "../wire/message.ts";
import type { Account } from "./account.ts";
import type { Delivery } from "./delivery.ts";
import { Destination } from "./destination.ts";
import {
  type DirectReceiver,
  Interest,
  type MessageSource,
} from "./interest.ts";
import { Kind } from "./reach.ts";
import { SpareMessages } from "./spare_messages.ts";
import { hereOnly } from "./stream_servers.ts";

/**
 * Takes a message, which is borrowed for the call, of what published it here. With
 * false it was not taken: as far as its publisher can tell, nobody was there.
 */
export type MessageHandler = (
  message: Message,
  publisher: MessageSource | undefined,
) => unknown;

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** How the server speaks in an account. */
interface InternalClientOptions {
  /** Who hears it, and whom it hears. Default: `INTERNAL`. */
  readonly kind?: Kind;
  /** It hears what it publishes itself. Default: true. */
  readonly echo?: boolean;
  /**
   * NATS: what the server says in the system account without a reply subject has
   * an empty one, which shows as a second blank in MSG. Default: false.
   */
  readonly emptyReply?: boolean;
  /**
   * It answers on subjects that clients name: on one that makes no sense nothing is
   * published. Default: false, and `publish` throws.
   */
  readonly answersAnybody?: boolean;
  /** It hears streams of other accounts as a client does. Default: false. */
  readonly hearsImports?: boolean;
  /** Services of other accounts are told the account that it asks from. Default: false. */
  readonly tellsAccount?: boolean;
}

/** What may go with a payload. */
interface PublishExtras {
  /** A byte string; empty: none. */
  readonly reply?: string;
  /** Without a reply there is an empty one; default: as with the client. */
  readonly emptyReply?: boolean;
  /** A whole block of headers, from `NATS/1.0` to the empty line. */
  readonly headers?: Uint8Array;
  /** No other server hears it. Default: false. */
  readonly isForHere?: boolean;
}

export class InternalClient implements DirectReceiver {
  readonly kind: Kind;
  readonly hearsImports: boolean;
  readonly requestInfo: MessageSource["requestInfo"];
  readonly #account: Account;
  readonly #delivery: Delivery;
  readonly #handlers = new Map<Interest, MessageHandler>();
  readonly #echo: boolean;
  readonly #noReply: string;
  readonly #answersAnybody: boolean;
  readonly #spares: SpareMessages = new SpareMessages();

  constructor(
    account: Account,
    delivery: Delivery,
    {
      kind = Kind.INTERNAL,
      echo = true,
      emptyReply = false,
      answersAnybody = false,
      hearsImports = false,
      tellsAccount = false,
    }: InternalClientOptions = {},
  ) {
    this.#answersAnybody = answersAnybody;
    this.hearsImports = hearsImports;
    const info = { acc: utf8Text(account.name) };
    this.requestInfo = tellsAccount ? () => info : undefined;
    this.#account = account;
    this.#delivery = delivery;
    this.kind = kind;
    this.#echo = echo;
    this.#noReply = emptyReply ? " " : "";
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
   * Publishes `payload` (borrowed) on `subject`, a byte string. Gives how many
   * receivers took it; a server counts as one.
   */
  publish(
    subject: string,
    payload: Uint8Array,
    { reply = "", headers = NO_BYTES, emptyReply, isForHere }: PublishExtras =
      {},
  ): number {
    if (!isLiteralSubject(subject)) {
      if (this.#answersAnybody) return 0;
      throw new InvalidArgumentError(`Invalid subject: "${subject}"`);
    }
    // What goes on into another account has none there.
    const isAnswer = subject.startsWith("_R_.");
    const noReply = emptyReply ? " " : this.#noReply;
    const before = reply === "" && !isAnswer ? noReply : "";
    const message = this.#spares.take(
      { subject, reply, before, headers, payload },
    );
    try {
      const facts = this.#account.facts(
        message.subjectBuffer,
        message.subjectStart,
        message.subjectEnd,
      );
      const match = isForHere ? hereOnly(facts.match) : facts.match;
      return this.#delivery.publish(this.#account, match, message, this);
    } finally {
      this.#spares.giveBack();
    }
  }

  /** Where it sends message after message: `subject` is a byte string. */
  destination(subject: string): Destination {
    return new Destination(
      subject,
      this.#account,
      this.#delivery,
      this,
      this.#spares,
    );
  }

  /**
   * Whether anybody but itself would hear a message on `subject`, a literal byte
   * string; `group`: in the queue group of that name.
   */
  isHeard(subject: string, group?: string): boolean {
    const { plain, queues } = this.#account.sublist.match(subject);
    if (group !== undefined) return queues.some(({ name }) => name === group);
    return queues.length > 0 || plain.some(({ direct }) => direct !== this);
  }

  /** Has `changed` called whenever what `isHeard` says of `subject` may be another. Call the result to end it. */
  watch(subject: string, changed: () => void): () => void {
    return this.#account.watch(subject, changed);
  }

  takes(publisher: MessageSource | undefined): boolean {
    return this.#echo || publisher !== this;
  }

  /** Takes a message for one of its subscriptions. */
  deliver(
    interest: Interest,
    message: Message,
    publisher: MessageSource | undefined,
  ): boolean {
    if (!this.takes(publisher)) return false;
    const handler = this.#handlers.get(interest);
    if (handler === undefined) return false;
    interest.delivered++;
    return handler(message, publisher) !== false;
  }

  /** Ends all its subscriptions. */
  close(): void {
    for (const interest of this.#handlers.keys()) {
      this.#account.remove(interest);
    }
    this.#handlers.clear();
  }
}
