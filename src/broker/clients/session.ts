/**
 * One client's connection: what CONNECT, PUB, HPUB, SUB, UNSUB, PING and PONG
 * mean, and how a message reaches the client. Every rule here is the NATS
 * client protocol's, as nats-server keeps it.
 */
import { byteString, CASE_BIT, CR, readDecimal } from "../../core/ascii.ts";
import type { Timer } from "../../platform/clock.ts";
import { ClosedReason } from "../../core/closed.ts";
import { ProtocolError, WireError } from "../../core/errors.ts";
import { FIRST_CLIENT_PING_MS } from "../../core/limits.ts";
import { printableBytes, quoted } from "../../core/quote.ts";
import type { Socket } from "../../platform/socket.ts";
import { malformed, MessageArgs } from "../../wire/args.ts";
import { OK_LINE, writeMsg, writeNoResponders } from "../../wire/encode.ts";
import {
  type ConnectFields,
  defaultConnectFields,
  infoLine,
  readConnect,
  readInfo,
  type ServerInfo,
} from "../../wire/info.ts";
import { type Message, replyOf, subjectOf } from "../../wire/message.ts";
import { NO_PAYLOAD, Op } from "../../wire/ops.ts";
import { Words } from "../../wire/words.ts";
import type { Account } from "../../accounts/account.ts";
import type { Authenticator, Identity } from "../../auth/authenticator.ts";
import {
  Connection,
  type ConnectionHost,
  type ConnectionSettings,
} from "../connections/connection.ts";
import type { Delivery } from "../../accounts/deliver.ts";
import {
  ClientSubscriptions,
  type SubscriptionLimits,
} from "./client_subscriptions.ts";
import type { ClientReceiver, Interest } from "../../accounts/subscription.ts";
import { deliveryText } from "../connections/trace.ts";
import {
  isReservedReply,
  publishViolation,
  replyViolation,
} from "./violations.ts";

/** What a session asks of the broker besides what every connection does. */
export interface ClientHost extends ConnectionHost {
  readonly account: Account;
  readonly delivery: Delivery;
  readonly authenticator: Authenticator;
  /** Grows whenever clients ought to be told a new INFO. */
  readonly infoVersion: number;
  /** INFO as `session` is to see it. */
  infoFor(session: ClientSession): ServerInfo;
  sessionEnded(session: ClientSession, reason: ClosedReason): void;
}

export interface SessionSettings
  extends ConnectionSettings, SubscriptionLimits {
  readonly authTimeoutMs: number;
  readonly maxPayloadBytes: number;
  readonly headers: boolean;
}

const CLIENT_OPS: readonly Op[] = [
  Op.CONNECT,
  Op.INFO,
  Op.PUB,
  Op.HPUB,
  Op.SUB,
  Op.UNSUB,
  Op.PING,
  Op.PONG,
  Op.OK,
  Op.ERR,
];

/** What CONNECT, the only thing that a stranger may say, begins with. */
const LETTER_C = 0x43;

export class ClientSession extends Connection implements ClientReceiver {
  readonly allowedOps: readonly Op[] = CLIENT_OPS;
  protected readonly idLabel: string = "cid";

  /** What CONNECT said, or the defaults before it. */
  options: ConnectFields = defaultConnectFields();
  /** Set once the client may do anything. */
  identity: Identity | undefined = undefined;

  declare protected readonly host: ClientHost;
  declare protected readonly settings: SessionSettings;
  readonly pubArgs: MessageArgs = new MessageArgs();
  readonly #words = new Words();
  readonly #subscriptions: ClientSubscriptions;
  #headers = false;
  #echo = true;
  #authTimer: Timer | undefined = undefined;
  #connectSeen = false;
  readonly #openedAt: number;
  #heard = false;
  #firstPongSent = false;
  #infoVersion: number;

  constructor(host: ClientHost, socket: Socket, settings: SessionSettings) {
    super(host, socket, settings);
    this.#openedAt = host.clock.monotonic();
    this.#infoVersion = host.infoVersion;
    this.#subscriptions = new ClientSubscriptions(this, host.account, settings);
  }

  /** By sid, a byte string. */
  get subscriptions(): ReadonlyMap<string, Interest> {
    return this.#subscriptions.bySid;
  }

  get account(): Account {
    return this.host.account;
  }

  /** Greets the client and starts reading. */
  override start(): void {
    const { authenticator } = this.host;
    if (!authenticator.required) this.identity = authenticator.anonymous;
    else {
      this.#authTimer = this.host.clock.after(
        this.settings.authTimeoutMs,
        () => this.#authTimedOut(),
      );
    }
    this.host.log.debug(`${this.label} - Client connection created`);
    this.#sendInfo();
    super.start();
    this.keepAlive.start();
  }

  /** Turns away a client that came when the server was full. */
  refuse(reason: ClosedReason, wireError: string): void {
    this.#sendInfo();
    this.close(reason, wireError);
  }

  /**
   * Tells the client what changed about the cluster. NATS client protocol: only
   * clients of protocol 1 and later that have had their first PONG.
   */
  pushInfo(): void {
    if (this.options.protocol >= 1 && this.#firstPongSent) this.#sendInfo();
  }

  /** NATS client protocol: a stranger's first byte must be that of CONNECT. */
  override onData(chunk: Uint8Array): void {
    const first = !this.#heard;
    this.#heard = true;
    if (first && (chunk[0]! & ~CASE_BIT) !== LETTER_C && this.#isStranger) {
      return this.close(
        ClosedReason.AUTHENTICATION_FAILURE,
        WireError.AUTHORIZATION_VIOLATION,
      );
    }
    super.onData(chunk);
  }

  get #isStranger(): boolean {
    return this.identity === undefined &&
      this.host.authenticator.anonymous === undefined;
  }

  // --- delivery

  deliver(
    subscription: Interest,
    message: Message,
    publisher: ClientReceiver | undefined,
  ): boolean {
    if (this.closed || (publisher === this && !this.#echo)) return false;
    writeMsg(this.outbox, message, subscription.sid, this.#headers);
    const { traffic, host } = this;
    traffic.outMsgs++;
    traffic.outBytes += message.size;
    host.traffic.outMsgs++;
    host.traffic.outBytes += message.size;
    if (host.log.traceEnabled) {
      this.traceOut(deliveryText(message, subscription.sid));
    }
    subscription.delivered++;
    if (subscription.delivered === subscription.max) {
      this.#unsubscribe(subscription);
    }
    this.wroteMessage();
    return true;
  }

  // --- operations

  line(
    op: Op,
    buffer: Uint8Array,
    start: number,
    end: number,
    words: Words,
  ): number {
    if (this.identity === undefined && op !== Op.CONNECT) {
      this.#admitAnonymous();
    }
    if (op === Op.PUB || op === Op.HPUB) {
      return this.#pubLine(op, buffer, words);
    }
    if (op === Op.CONNECT) {
      this.#connect(buffer, start, end);
      return NO_PAYLOAD;
    }
    if (this.host.log.traceEnabled) this.traceIn(op, buffer, start, end);
    switch (op) {
      case Op.SUB:
        this.noteActivity();
        this.#sub(buffer, start, end);
        break;
      case Op.UNSUB:
        this.noteActivity();
        this.#unsub(buffer, start, end);
        break;
      case Op.PING:
        this.#ping();
        break;
      case Op.PONG:
        this.keepAlive.answered();
        break;
      case Op.INFO:
        // Nothing in it concerns the server, but it has to be JSON.
        readInfo(buffer, start, end);
        break;
      case Op.ERR:
        this.#clientError(byteString(buffer, start, end));
        break;
    }
    return NO_PAYLOAD;
  }

  #pubLine(op: Op, buffer: Uint8Array, words: Words): number {
    const withHeaders = op === Op.HPUB;
    if (withHeaders && !this.#headers) {
      throw new ProtocolError(
        ClosedReason.PROTOCOL_VIOLATION,
        "",
        "Message headers not supported",
      );
    }
    this.pubArgs.readPub(buffer, words, withHeaders);
    this.#checkSize();
    return this.pubArgs.message.size;
  }

  admitPub(): void {
    if (this.identity === undefined) this.#admitAnonymous();
    this.#checkSize();
  }

  #checkSize(): void {
    const { size } = this.pubArgs.message;
    const { maxPayloadBytes } = this.settings;
    if (size <= maxPayloadBytes) return;
    throw new ProtocolError(
      ClosedReason.MAX_PAYLOAD,
      WireError.MAX_PAYLOAD,
      `Maximum payload exceeded: ${size} vs ${maxPayloadBytes}`,
    );
  }

  payload(op: Op, buffer: Uint8Array, start: number, end: number): void {
    const args = this.pubArgs;
    const { message } = args;
    const { host, traffic } = this;
    args.complete(buffer, start, end);
    traffic.inMsgs++;
    traffic.inBytes += message.size;
    host.traffic.inMsgs++;
    host.traffic.inBytes += message.size;
    if (host.log.traceEnabled) this.#tracePub(op, buffer, start, end);

    const facts = host.account.facts(
      message.subjectBuffer,
      message.subjectStart,
      message.subjectEnd,
    );
    if (this.options.pedantic && !facts.literal) {
      this.sendError(WireError.INVALID_PUBLISH_SUBJECT);
    }
    if (facts.reserved) return this.#refuseSubject(message);
    if (message.hasReply && this.#refusesReply(message)) return;
    // Before the message itself, which this client may hear as well.
    if (this.options.verbose) this.#ok();
    const accepted = host.delivery.publish(
      host.account,
      facts.match,
      message,
      this,
    );
    if (accepted === 0 && message.hasReply && this.options.no_responders) {
      this.#tellNoResponders(message);
    }
  }

  #connect(buffer: Uint8Array, start: number, end: number): void {
    this.options = readConnect(this.options, buffer, start, end);
    // Not before: what cannot be read cannot be freed of its secrets either.
    if (this.host.log.traceEnabled) {
      this.traceIn(Op.CONNECT, buffer, start, end);
    }
    this.noteActivity();
    this.#authTimer?.cancel();
    if (this.options.account !== "" || this.options.new_account) {
      return this.#loggedIn(undefined);
    }
    this.takeVerdict(
      this.host.authenticator.authenticate(this.options),
      (identity) => this.#loggedIn(identity),
    );
  }

  #loggedIn(identity: Identity | undefined): void {
    if (this.closed) return;
    const { options } = this;
    if (identity === undefined) return this.#refuseLogin();
    this.identity = identity;
    if (options.protocol !== 0 && options.protocol !== 1) {
      return this.close(
        ClosedReason.BAD_CLIENT_PROTOCOL,
        WireError.INVALID_CLIENT_PROTOCOL,
      );
    }
    this.#headers = options.headers && this.settings.headers;
    this.#echo = options.echo;
    if (options.no_responders && !this.#headers) {
      return this.close(
        ClosedReason.NO_RESPONDERS_NEED_HEADERS,
        WireError.NO_RESPONDERS_NEED_HEADERS,
      );
    }
    if (options.verbose) this.#ok();
    if (this.#connectSeen) return;
    this.#connectSeen = true;
    this.keepAlive.rttMs ??= this.host.clock.monotonic() - this.#openedAt;
    this.keepAlive.startEarly(
      Math.min(FIRST_CLIENT_PING_MS, this.settings.pingIntervalMs),
      this.host.random,
    );
  }

  #refuseLogin(): void {
    const { user } = this.options;
    const who = user === "" ? "" : ` - User ${quoted(user)}`;
    this.host.log.error(`${this.label} - authentication error${who}`);
    this.close(
      ClosedReason.AUTHENTICATION_FAILURE,
      WireError.AUTHORIZATION_VIOLATION,
    );
  }

  /** Another operation before CONNECT: allowed if the connection needs no credentials. */
  #admitAnonymous(): void {
    const { anonymous } = this.host.authenticator;
    if (anonymous === undefined) {
      throw new ProtocolError(
        ClosedReason.AUTHENTICATION_FAILURE,
        WireError.AUTHORIZATION_VIOLATION,
      );
    }
    this.#authTimer?.cancel();
    this.identity = anonymous;
  }

  #authTimedOut(): void {
    this.host.log.error(`${this.label} - Authentication Timeout`);
    this.close(
      ClosedReason.AUTHENTICATION_TIMEOUT,
      WireError.AUTHENTICATION_TIMEOUT,
    );
  }

  #sub(buffer: Uint8Array, start: number, end: number): void {
    const words = this.#words;
    const count = words.split(buffer, start, end, CR);
    if (count < 2 || count > 3) throw malformed("SUB");
    const word = (index: number): string =>
      byteString(buffer, words.starts[index]!, words.ends[index]!);
    const queue = count === 3 ? word(1) : "";
    const error = this.#subscriptions.add(word(0), queue, word(count - 1));
    if (error !== "") this.sendError(error);
    else if (this.options.verbose) this.#ok();
  }

  #unsub(buffer: Uint8Array, start: number, end: number): void {
    const words = this.#words;
    const count = words.split(buffer, start, end, CR);
    if (count < 1 || count > 2) throw malformed("UNSUB");
    const max = count === 2
      ? readDecimal(buffer, words.starts[1]!, words.ends[1]!)
      : 0;
    const subscription = this.subscriptions.get(
      byteString(buffer, words.starts[0]!, words.ends[0]!),
    );
    if (subscription !== undefined) {
      if (max > subscription.delivered) subscription.max = max;
      else this.#unsubscribe(subscription);
    }
    if (this.options.verbose) this.#ok();
  }

  #unsubscribe(subscription: Interest): void {
    this.#subscriptions.remove(subscription);
    if (!this.host.log.traceEnabled) return;
    const sid = byteString(subscription.sid);
    this.host.log.trace(`${this.label} - <-> [DELSUB ${sid}]`);
  }

  #ping(): void {
    this.handlePing();
    if (this.#firstPongSent) return;
    this.#firstPongSent = true;
    if (this.#infoVersion !== this.host.infoVersion) this.pushInfo();
  }

  #clientError(text: string): void {
    this.host.log.error(`${this.label} - Client Error ${printableBytes(text)}`);
    this.close(ClosedReason.PARSE_ERROR);
  }

  #refuseSubject(message: Message): void {
    this.sendError(publishViolation(subjectOf(message)));
  }

  #refusesReply(message: Message): boolean {
    const { replyBuffer, replyStart, replyEnd } = message;
    if (!isReservedReply(replyBuffer, replyStart, replyEnd)) return false;
    this.sendError(replyViolation(replyOf(message)));
    return true;
  }

  /**
   * NATS client protocol: a request that nobody took is answered with status
   * 503, if the publisher itself has a plain subscription on the reply subject.
   */
  #tellNoResponders(message: Message): void {
    const { replyBuffer, replyStart, replyEnd } = message;
    const { match } = this.host.account.facts(
      replyBuffer,
      replyStart,
      replyEnd,
    );
    const waiting = match.plain.find((subscription) =>
      subscription.client === this
    );
    if (waiting === undefined) return;
    writeNoResponders(
      this.outbox,
      replyBuffer.subarray(replyStart, replyEnd),
      waiting.sid,
    );
    this.host.noteOutput(this);
  }

  #ok(): void {
    if (this.host.log.traceEnabled) this.traceOut("+OK");
    this.send(OK_LINE);
  }

  #sendInfo(): void {
    this.#infoVersion = this.host.infoVersion;
    this.send(infoLine(this.host.infoFor(this)));
  }

  protected ended(reason: ClosedReason): void {
    this.#authTimer?.cancel();
    this.host.log.debug(`${this.label} - Client connection closed: ${reason}`);
    this.host.sessionEnded(this, reason);
    this.#subscriptions.clear();
  }

  // --- trace

  #tracePub(op: Op, buffer: Uint8Array, start: number, end: number): void {
    const { message, end: argsEnd } = this.pubArgs;
    this.traceIn(op, message.subjectBuffer, message.subjectStart, argsEnd);
    this.tracePayload(buffer, start, end);
  }
}
