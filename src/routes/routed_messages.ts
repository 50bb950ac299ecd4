/**
 * Messages that come in on a route: how large they may be, the account that
 * each is for, and their way to this server's clients.
 */
import type { Account } from "../accounts/account.ts";
import { deliverAgain, mostAgain } from "../accounts/delivered_again.ts";
import type { Delivery } from "../accounts/delivery.ts";
import { KnownFacts } from "../accounts/known_facts.ts";
import type { ServerReceiver, TracedServer } from "../accounts/interest.ts";
import { isMeasured } from "../accounts/remote_requests.ts";
import { FollowedMessage, type TraceHost } from "../accounts/message_trace.ts";
import {
  areTraceHeadersOdd,
  mayBeTraced,
  traceRequest,
} from "../accounts/trace_headers.ts";
import type { Connection } from "../broker/connections/connection.ts";
import type { ConnectionHost } from "../broker/connections/host.ts";
import { byteString, equalBytes } from "../core/ascii.ts";
import { ClosedReason } from "../core/closed.ts";
import { ProtocolError, WireError } from "../core/errors.ts";
import { countAllIn, countIn, type Traffic } from "../core/traffic.ts";
import { quotedBytes } from "../core/quote.ts";
import type { MessageArgs } from "../wire/args.ts";
import { type Message, subjectOf } from "../wire/message.ts";
import { Op } from "../wire/ops.ts";
import { asShown } from "../wire/shown_subject.ts";
import type { Words } from "../wire/words.ts";

/** A payload ends with CR LF. */
const LINE_END_BYTES = 2;

/** Where messages go. */
export interface RoutedMessagesOwner {
  readonly delivery: Delivery;
  readonly tracing: TraceHost;
  /** The largest message that a peer may send. */
  readonly maxPayloadBytes: number;
  accountNamed(name: string): Account | undefined;
  /** A request that the other server measures. */
  measuredRequestCame(account: Account, message: Message): void;
}

/** The route that they come in on. */
export interface MessageRoute extends ServerReceiver {
  readonly connection: Connection;
  readonly traced: TracedServer;
}

export class RoutedMessages {
  readonly #host: ConnectionHost;
  readonly #owner: RoutedMessagesOwner;
  readonly #route: MessageRoute;
  readonly #traffic: Traffic;
  readonly #args: MessageArgs;
  /** Of the message before, good for one whose line is the same. */
  readonly #known: KnownFacts = new KnownFacts();
  #lastAccount: Account | undefined = undefined;
  /** Clients that took the last message. */
  #accepted = 0;

  constructor(
    host: ConnectionHost,
    owner: RoutedMessagesOwner,
    route: MessageRoute,
    args: MessageArgs,
  ) {
    this.#host = host;
    this.#owner = owner;
    this.#route = route;
    this.#args = args;
    this.#traffic = route.connection.facts.traffic;
  }

  /** Reads the line of a message, and gives the size of its payload. */
  line(op: Op, buffer: Uint8Array, words: Words): number {
    const args = this.#args;
    // What a client may say is not understood here, and costs it nothing.
    if (op === Op.PUB) args.readPub(buffer, words, false);
    else args.readRoutedMsg(buffer, words, op === Op.HMSG);
    const { size } = args.message;
    this.#checkSize(size);
    return size;
  }

  #checkSize(size: number): void {
    const { maxPayloadBytes } = this.#owner;
    if (size <= maxPayloadBytes) return;
    throw new ProtocolError(
      ClosedReason.MAX_PAYLOAD,
      WireError.MAX_PAYLOAD,
      `Maximum payload exceeded: ${size} vs ${maxPayloadBytes}`,
    );
  }

  /** Delivers the message of that line; false when this server does not have its account. */
  payload(op: Op, buffer: Uint8Array, start: number, end: number): boolean {
    this.#args.complete(buffer, start, end);
    return this.#handle(op);
  }

  /** As `line` and `payload`, for an RMSG whose line is the one before once more. */
  published(): boolean {
    this.#checkSize(this.#args.message.size);
    return this.#handle(Op.RMSG);
  }

  /** How many messages like the last one, which was delivered, may come by `publishedAgain`. */
  mostAgain(): number {
    const { message } = this.#args;
    if (message.hasReply || this.#host.turn.traces) return 0;
    const account = this.#lastAccount!;
    const facts = this.#known.still(account);
    if (facts === undefined) return 0;
    return mostAgain(account, facts.match, message, this.#accepted);
  }

  /** `count` messages more like the last one, behind it. */
  publishedAgain(count: number): void {
    const { message, messageBytes } = this.#args;
    const account = this.#lastAccount!;
    const { match } = this.#known.still(account)!;
    countAllIn(this.#traffic, account.routeTraffic, message.size, count);
    deliverAgain(account, match, message, count, messageBytes);
  }

  #handle(op: Op): boolean {
    const args = this.#args;
    const { message } = args;
    if (this.#host.turn.traces) this.#trace(op);
    const account = this.#accountOf(args);
    const counted = account?.routeTraffic ?? this.#host.counters.strays;
    countIn(this.#traffic, counted, message.size);
    if (account === undefined) return this.#isForNobody(args);
    if (isMeasured(message)) this.#owner.measuredRequestCame(account, message);
    const { match } = this.#known.of(account, args);
    const { delivery } = this.#owner;
    const trace = op === Op.HMSG ? this.#traceOf(account, message) : undefined;
    const shown = asShown(message) ?? message;
    if (trace === undefined) {
      this.#accepted = delivery.relay(
        account,
        match,
        args,
        this.#route,
        shown,
      );
    } else {
      delivery.relay(account, trace.followed(match), args, this.#route, shown);
      trace.finish();
    }
    return true;
  }

  /** `account` is gone. */
  forget(account: Account): void {
    if (this.#lastAccount !== account) return;
    this.#lastAccount = undefined;
    this.#known.forget();
  }

  /** The trace that the headers of `message` ask for; undefined: none, as with nearly all. */
  #traceOf(account: Account, message: Message): FollowedMessage | undefined {
    if (!mayBeTraced(message, account.trace)) return undefined;
    if (areTraceHeadersOdd(message)) return undefined;
    this.#host.turn.meter.spent += message.headerSize;
    // What no server has drawn before is not drawn here.
    const request = traceRequest(message, account.trace, () => false);
    if (typeof request !== "object") return undefined;
    const { cid, name } = this.#route.traced;
    return new FollowedMessage(this.#owner.tracing, account, request, {
      kind: 1,
      cid,
      name,
      subject: subjectOf(message),
      size: message.size,
    });
  }

  #isForNobody({ message, accountStart, accountEnd }: MessageArgs): false {
    const { log } = this.#route.connection;
    if (!log.debugs) return false;
    const name = byteString(message.subjectBuffer, accountStart, accountEnd);
    const [account, subject] = [name, subjectOf(message)].map(quotedBytes);
    log.debug(
      `Unknown account ${account} for routed message on subject: ${subject}`,
    );
    return false;
  }

  #trace(op: Op): void {
    const args = this.#args;
    const { subjectBuffer, bodyBuffer, payloadStart, bodyEnd } = args.message;
    const { log } = this.#route.connection;
    log.traceIn(op, subjectBuffer, args.accountStart, args.end);
    log.tracePayload(bodyBuffer, payloadStart, bodyEnd - LINE_END_BYTES);
  }

  /** The account that a message names; nearly always that of the message before. */
  #accountOf(
    { message, accountStart, accountEnd, isRepeated }: MessageArgs,
  ): Account | undefined {
    const last = this.#lastAccount;
    if (isRepeated && last !== undefined) return last;
    const { subjectBuffer: buffer } = message;
    const length = accountEnd - accountStart;
    if (
      last?.nameBytes.length === length &&
      equalBytes(last.nameBytes, 0, buffer, accountStart, length)
    ) return last;
    const name = byteString(buffer, accountStart, accountEnd);
    this.#lastAccount = this.#owner.accountNamed(name);
    return this.#lastAccount;
  }
}
