/**
 * What becomes of a client's PUB and HPUB: limits and reserved subjects, the
 * delivery, and the answer to a request that nothing serves. Every rule here is
 * the NATS client protocol's, as nats-server keeps it.
 */
import { deliverAgain, mostAgain } from "../../accounts/delivered_again.ts";
import type { SubjectFacts } from "../../accounts/known_subjects.ts";
import { KnownFacts } from "../../accounts/known_facts.ts";
import type { MappedSubject } from "../../accounts/mappings.ts";
import type { FollowedMessage } from "../../accounts/message_trace.ts";
import { asciiBytes, byteString } from "../../core/ascii.ts";
import { ClosedReason } from "../../core/closed.ts";
import { ProtocolError, WireError } from "../../core/errors.ts";
import { countAllIn, countIn, type Traffic } from "../../core/traffic.ts";
import type { DirectReceiver } from "../../accounts/interest.ts";
import { MessageArgs } from "../../wire/args.ts";
import { writeNoResponders } from "../../wire/encode.ts";
import { type Message, replyOf, subjectOf } from "../../wire/message.ts";
import { Op } from "../../wire/ops.ts";
import { setSubject } from "../../wire/rewrite.ts";
import type { Words } from "../../wire/words.ts";
import type { Connection } from "../connections/connection.ts";
import { mappingText } from "../connections/trace.ts";
import type { ClientHost } from "./client_host.ts";
import type { Login } from "./login.ts";
import { traceOf } from "./traced.ts";
import {
  isReservedReply,
  publishViolation,
  replyViolation,
  violates,
} from "./violations.ts";

/** A payload ends with CR LF. */
const LINE_END_BYTES = 2;

export class ClientPublishing {
  /** The largest message that the client may publish. */
  maxPayloadBytes: number;
  readonly #host: ClientHost;
  readonly #client: DirectReceiver;
  readonly #connection: Connection;
  readonly #login: Login;
  readonly #traffic: Traffic;
  /** Made with the first message, as `#known` is: many clients only listen. */
  #args: MessageArgs | undefined = undefined;
  #known: KnownFacts | undefined = undefined;

  constructor(
    host: ClientHost,
    client: DirectReceiver,
    connection: Connection,
    login: Login,
    maxPayloadBytes: number,
  ) {
    this.#host = host;
    this.#client = client;
    this.#connection = connection;
    this.#login = login;
    this.maxPayloadBytes = maxPayloadBytes;
    this.#traffic = connection.facts.traffic;
  }

  /** What a PUB says, filled by the parser or here. */
  get args(): MessageArgs {
    this.#known ??= new KnownFacts();
    return this.#args ??= new MessageArgs();
  }

  /** Reads the arguments of PUB or HPUB; gives the bytes of payload that follow. */
  line(op: Op, buffer: Uint8Array, words: Words): number {
    const withHeaders = op === Op.HPUB;
    if (withHeaders && !this.#login.headers) {
      throw new ProtocolError(
        ClosedReason.PROTOCOL_VIOLATION,
        "",
        "Message headers not supported",
      );
    }
    this.args.readPub(buffer, words, withHeaders);
    const { size } = this.args.message;
    this.#checkSize(size);
    return size;
  }

  #checkSize(size: number): void {
    if (size <= this.maxPayloadBytes) return;
    throw new ProtocolError(
      ClosedReason.MAX_PAYLOAD,
      WireError.MAX_PAYLOAD,
      `Maximum payload exceeded: ${size} vs ${this.maxPayloadBytes}`,
    );
  }

  /** The message is there: its payload is `buffer[start, end)`. */
  payload(op: Op, buffer: Uint8Array, start: number, end: number): void {
    this.args.complete(buffer, start, end);
    const { message } = this.args;
    if (this.#host.turn.traces) this.#traceLine(op);
    const trace = op === Op.HPUB
      ? traceOf(message, this.#host, this.#connection, this.#login)
      : undefined;
    if (trace === undefined) this.#publish(message);
    else this.#follow(message, trace);
  }

  /** A PUB was read in one go, with its payload. Gives how many more like it may come by `publishedAgain`. */
  published(): number {
    const args = this.#args!;
    const { message } = args;
    this.#checkSize(message.size);
    if (this.#host.turn.traces) this.#traceLine(Op.PUB);
    const accepted = this.#publish(message);
    return args.isRepeated && !message.hasReply
      ? this.#mostAgain(args, accepted)
      : 0;
  }

  /** `accepted`: how many took the last one. Those go at once of which none needs a look of its own. */
  #mostAgain(args: MessageArgs, accepted: number): number {
    const { account, fields, rights } = this.#login;
    if (fields.verbose || this.#host.turn.traces) return 0;
    const facts = this.#known!.still(account);
    if (facts?.isPlain !== true || rights?.alwaysPublishes(facts) === false) {
      return 0;
    }
    const { match } = facts;
    const { message } = args;
    const { groupAgain } = this.#host.delivery;
    return match.queues.length > 0
      ? groupAgain.most(match, message, this.#client, accepted)
      : mostAgain(account, match, message, accepted);
  }

  /** `count` messages more like the last one, behind it. */
  publishedAgain(count: number): void {
    const args = this.#args!;
    const { account } = this.#login;
    countAllIn(this.#traffic, account.traffic, args.message.size, count);
    const { match } = this.#known!.still(account)!;
    const { message, messageBytes } = args;
    if (match.queues.length === 0) {
      deliverAgain(account, match, message, count, messageBytes);
    } else {
      const { groupAgain } = this.#host.delivery;
      groupAgain.deliver(match, message, this.#client, count, messageBytes);
    }
  }

  /** Gives how many took it. */
  #publish(message: Message): number {
    const { account, fields, rights } = this.#login;
    countIn(this.#traffic, account.traffic, message.size);
    let facts: SubjectFacts | undefined = this.#known!.of(account, this.#args!);
    if (
      !facts.isPlain || this.#host.turn.traces ||
      rights?.mayPublish(facts, message) === false
    ) {
      facts = this.#judged(message, facts);
      if (facts === undefined) return 0;
    }
    if (message.hasReply && this.#refusesReply(message)) return 0;
    // Before the message itself, which this client may hear as well.
    if (fields.verbose) this.#login.sayOk();
    const accepted = this.#host.delivery.publish(
      account,
      facts.match,
      message,
      this.#client,
    );
    if (accepted === 0 && message.hasReply && fields.no_responders) {
      this.#tellNoResponders(message);
    }
    return accepted;
  }

  /** Publishes `message`, and then what has become of it. */
  #follow(message: Message, trace: FollowedMessage): void {
    const { account, fields } = this.#login;
    countIn(this.#traffic, account.traffic, message.size);
    const { subjectBuffer, subjectStart, subjectEnd } = message;
    const facts = this.#judged(
      message,
      account.facts(subjectBuffer, subjectStart, subjectEnd),
    );
    if (message.subjectBuffer !== subjectBuffer) {
      trace.mapped(subjectOf(message));
    }
    const mayTrace = this.#mayTraceTo(trace.destination);
    if (facts === undefined) {
      trace.refused(publishViolation(subjectOf(message)).wire);
      return mayTrace ? trace.finish() : undefined;
    }
    if (!mayTrace) {
      const violation = publishViolation(trace.request.destination);
      return violates(this.#connection, violation);
    }
    if (message.hasReply && this.#refusesReply(message)) return;
    if (fields.verbose) this.#login.sayOk();
    const accepted = this.#host.delivery.publish(
      account,
      trace.followed(facts.match),
      message,
      this.#client,
    );
    if (accepted === 0 && message.hasReply && fields.no_responders) {
      this.#tellNoResponders(message);
    }
    trace.finish();
  }

  /** A client may send traces where it may publish; a place that its account names needs no permission. */
  #mayTraceTo(destination: string | undefined): boolean {
    if (destination === undefined) return true;
    const { account, rights } = this.#login;
    const subject = asciiBytes(destination);
    const { reserved } = account.facts(subject, 0, subject.length);
    return !reserved && rights?.mayPublishTo(destination) !== false;
  }

  /** What is known of the subject that `message` goes to after mapping; undefined if the client may not publish there. */
  #judged(message: Message, facts: SubjectFacts): SubjectFacts | undefined {
    const { fields, rights } = this.#login;
    if (fields.pedantic && !facts.literal) {
      this.#connection.sendError(WireError.INVALID_PUBLISH_SUBJECT);
    }
    const { mapped } = facts;
    const target = mapped === undefined ? facts : this.#map(message, mapped);
    if (this.#host.turn.traces) this.#tracePayload(message);
    const isAllowed = !target.reserved &&
      (rights === undefined || rights.mayPublish(target, message));
    if (isAllowed) return target;
    violates(this.#connection, publishViolation(subjectOf(message)));
    return undefined;
  }

  #refusesReply(message: Message): boolean {
    const { replyBuffer, replyStart, replyEnd } = message;
    if (!isReservedReply(replyBuffer, replyStart, replyEnd)) return false;
    violates(this.#connection, replyViolation(replyOf(message)));
    return true;
  }

  /**
   * NATS client protocol: a request that nobody took is answered with status
   * 503, if the publisher itself has a plain subscription on the reply subject.
   */
  #tellNoResponders(message: Message): void {
    const { replyBuffer, replyStart, replyEnd } = message;
    const { match } = this.#login.account.facts(
      replyBuffer,
      replyStart,
      replyEnd,
    );
    const waiting = match.plain.find(({ direct }) => direct === this.#client);
    if (waiting === undefined) return;
    const { output } = this.#connection;
    writeNoResponders(output.outbox, message, waiting.sidBytes);
    this.#host.turn.note(output);
  }

  /** Gives `message` another subject; gives what is known of that. */
  #map(message: Message, mapped: MappedSubject): SubjectFacts {
    const subject = mapped.next();
    if (this.#host.turn.traces) {
      const [before, after] = [subjectOf(message), byteString(subject)];
      this.#connection.log.trace(mappingText(before, after));
    }
    setSubject(message, subject);
    return this.#login.account.facts(subject, 0, subject.length);
  }

  #traceLine(op: Op): void {
    const { message, end } = this.args;
    const { log } = this.#connection;
    log.traceIn(op, message.subjectBuffer, message.subjectStart, end);
  }

  #tracePayload({ bodyBuffer, payloadStart, bodyEnd }: Message): void {
    const { log } = this.#connection;
    log.tracePayload(bodyBuffer, payloadStart, bodyEnd - LINE_END_BYTES);
  }
}
