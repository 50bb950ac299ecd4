/**
 * One connection to another server: what RS+, RS-, RMSG, HMSG and the rest
 * mean on it, and how messages go out over it. It knows its own state and
 * nothing of other routes; `cluster.ts` decides whether it may stay.
 *
 * Life: fresh, until the peer's first INFO; then introduced, while the peer has
 * yet to accept our credentials or to choose between two connections; then
 * registered. A peer that sends interest or messages has accepted and chosen.
 */
import { byteString, CR, equalBytes, readDecimal } from "../core/ascii.ts";
import type { Timer } from "../platform/clock.ts";
import { ClosedReason } from "../core/closed.ts";
import { ProtocolError, WireError } from "../core/errors.ts";
import { FIRST_ROUTE_PING_MS } from "../core/limits.ts";
import { printableBytes, quoted, quotedBytes } from "../core/quote.ts";
import { isValidSubject } from "../core/subject.ts";
import type { Account } from "../accounts/account.ts";
import type { Authenticator, Identity } from "../auth/authenticator.ts";
import {
  Connection,
  type ConnectionHost,
  type ConnectionSettings,
} from "../broker/connections/connection.ts";
import type { Delivery } from "../accounts/deliver.ts";
import type { RouteReceiver } from "../accounts/subscription.ts";
import type { Socket } from "../platform/socket.ts";
import { malformed, MessageArgs } from "../wire/args.ts";
import { OK_LINE, writeRoutedMsg } from "../wire/encode.ts";
import {
  type ConnectFields,
  defaultConnectFields,
  infoLine,
  readConnect,
  readInfo,
  type ServerInfo,
} from "../wire/info.ts";
import { type Message, subjectOf } from "../wire/message.ts";
import { NO_PAYLOAD, Op } from "../wire/ops.ts";
import { Words } from "../wire/words.ts";
import type { Dialer } from "./dialer.ts";
import { interestLine, RemoteInterest } from "./interest.ts";

/** What a route asks of the cluster that owns it. */
export interface RouteOwner {
  readonly delivery: Delivery;
  readonly authenticator: Authenticator;
  readonly authTimeoutMs: number;
  accountNamed(name: string): Account | undefined;
  ownInfo(): ServerInfo;
  /** What the dialling side sends first. */
  connectLine(dialer: Dialer): Uint8Array;
  /** The peer's CONNECT; gives an error text when its cluster is the wrong one. */
  checkCluster(options: ConnectFields): string;
  /** The peer's first INFO. The host may close the route, or call `register` on it. */
  introduced(route: Route, info: ServerInfo): void;
  /** The peer takes this connection for the route of the two; called until it is registered. */
  reliedOn(route: Route, info: ServerInfo): void;
  /** A later INFO: of the peer itself, or gossip about a third server. */
  informed(route: Route, info: ServerInfo): void;
  routeEnded(route: Route, reason: ClosedReason): void;
}

const ROUTE_OPS: readonly Op[] = [
  Op.CONNECT,
  Op.INFO,
  Op.PUB,
  Op.SUB,
  Op.UNSUB,
  Op.HMSG,
  Op.PING,
  Op.PONG,
  Op.OK,
  Op.ERR,
  Op.RS_PLUS,
  Op.RS_MINUS,
  Op.RMSG,
  Op.LS_PLUS,
  Op.LS_MINUS,
  Op.A_PLUS,
  Op.A_MINUS,
];

export class Route extends Connection implements RouteReceiver {
  readonly allowedOps: readonly Op[] = ROUTE_OPS;
  protected readonly idLabel: string = "rid";

  /** Set on the dialling side: whom we wanted to reach. */
  readonly solicitedBy: Dialer | undefined;
  /** Dialers whose target turned out to be this peer. */
  readonly dialers: Set<Dialer> = new Set();
  readonly interest: RemoteInterest;
  /** The peer's INFO, once it came. */
  info: ServerInfo | undefined = undefined;
  registered = false;
  /** The peer has let us in: it answered behind our CONNECT, or relies on the route. */
  accepted = false;
  /** Client addresses that were taken over from the peer's INFO. */
  clientUrls: readonly string[] = [];

  deliveryMark = 0;
  readonly queues: Uint8Array[] = [];
  queueCount = 0;

  readonly #owner: RouteOwner;
  #options: ConnectFields = { ...defaultConnectFields(), verbose: false };
  #identity: Identity | undefined = undefined;
  #authTimer: Timer | undefined = undefined;
  #lastAccount: Account | undefined = undefined;
  readonly #args = new MessageArgs();
  readonly #words = new Words();

  constructor(
    host: ConnectionHost,
    owner: RouteOwner,
    socket: Socket,
    settings: ConnectionSettings,
    solicitedBy: Dialer | undefined,
  ) {
    super(host, socket, settings);
    this.#owner = owner;
    this.solicitedBy = solicitedBy;
    if (solicitedBy !== undefined) this.dialers.add(solicitedBy);
    this.interest = new RemoteInterest(this);
  }

  /** A route carries everybody's messages: one slow client must not stop it. */
  override get stallableReading(): undefined {
    return undefined;
  }

  override start(): void {
    const { host, solicitedBy } = this;
    const owner = this.#owner;
    host.log.notice(`${this.label} - Route connection created`);
    if (solicitedBy !== undefined) {
      this.#identity = { user: "" };
      this.send(owner.connectLine(solicitedBy));
    } else if (!owner.authenticator.required) {
      this.#identity = { user: "" };
    } else {
      this.#authTimer = host.clock.after(owner.authTimeoutMs, () => {
        this.close(
          ClosedReason.AUTHENTICATION_TIMEOUT,
          WireError.AUTHENTICATION_TIMEOUT,
        );
      });
    }
    this.sendInfo();
    super.start();
    this.keepAlive.startEarly(FIRST_ROUTE_PING_MS, host.random);
  }

  sendInfo(): void {
    this.send(infoLine(this.#owner.ownInfo()));
  }

  /** Asks the peer for a sign that it took our credentials; see `accepted`. */
  awaitAcceptance(): void {
    this.keepAlive.ping();
  }

  /** From here on the route counts. `accounts` tell what to announce. */
  register(accounts: Iterable<Account>): void {
    this.registered = true;
    for (const account of accounts) {
      for (const { subject, queue, members } of account.localInterest()) {
        this.announce(account, subject, queue, members);
      }
    }
  }

  /** Tells the peer how many local members an interest has now. */
  announce(
    account: Account,
    subject: string,
    queue: string,
    members: number,
  ): void {
    const line = interestLine(account.name, subject, queue, members);
    if (this.host.log.traceEnabled) {
      this.traceOut(byteString(line, 0, line.length - 2));
    }
    this.send(line);
  }

  forward(account: Account, message: Message): void {
    if (this.closed || isCutElsewhere(message)) return;
    writeRoutedMsg(
      this.outbox,
      message,
      account.nameBytes,
      this.queues,
      this.queueCount,
    );
    const { traffic, host } = this;
    traffic.outMsgs++;
    traffic.outBytes += message.size;
    host.traffic.outMsgs++;
    host.traffic.outBytes += message.size;
    if (host.log.traceEnabled) {
      const subject = subjectOf(message);
      this.traceOut(`RMSG ${account.name} ${subject} ${message.size}`);
    }
    this.wroteMessage();
  }

  // --- operations

  line(
    op: Op,
    buffer: Uint8Array,
    start: number,
    end: number,
    words: Words,
  ): number {
    if (this.#identity === undefined && op !== Op.CONNECT) {
      throw new ProtocolError(
        ClosedReason.AUTHENTICATION_FAILURE,
        WireError.AUTHORIZATION_VIOLATION,
      );
    }
    switch (op) {
      case Op.RMSG:
      case Op.HMSG:
        this.#requireInfo("message");
        this.#args.readRoutedMsg(buffer, words, op === Op.HMSG);
        return this.#args.message.size;
      case Op.PUB:
        // What a client may say is not understood here, and costs it nothing.
        this.#requireInfo("message");
        this.#args.readPub(buffer, words, false);
        return this.#args.message.size;
    }
    if (this.host.log.traceEnabled) this.traceIn(op, buffer, start, end);
    switch (op) {
      case Op.CONNECT:
        this.#connect(buffer, start, end);
        break;
      case Op.INFO:
        this.#info(readInfo(buffer, start, end));
        break;
      case Op.RS_PLUS:
        this.noteActivity();
        this.#interestAdded(buffer, start, end);
        break;
      case Op.RS_MINUS:
        this.noteActivity();
        this.#interestRemoved(buffer, start, end);
        break;
      case Op.PING:
        this.handlePing();
        break;
      case Op.PONG:
        this.keepAlive.answered();
        this.#answered();
        break;
      case Op.ERR:
        this.#peerError(byteString(buffer, start, end));
        break;
    }
    return NO_PAYLOAD;
  }

  payload(op: Op, buffer: Uint8Array, start: number, end: number): void {
    if (op === Op.PUB) return;
    this.#peerReliesOnIt();
    if (this.closed) return;
    const args = this.#args;
    const { message } = args;
    const { traffic, host } = this;
    args.complete(buffer, start, end);
    traffic.inMsgs++;
    traffic.inBytes += message.size;
    host.traffic.inMsgs++;
    host.traffic.inBytes += message.size;
    if (host.log.traceEnabled) {
      const { words } = args;
      this.traceIn(op, buffer, words.starts[0]!, words.ends[words.count - 1]!);
      this.tracePayload(buffer, start, end);
    }
    const account = this.#accountOf(args);
    if (account === undefined) return;
    const { match } = account.facts(
      message.subjectBuffer,
      message.subjectStart,
      message.subjectEnd,
    );
    this.#owner.delivery.relay(account, match, args, this);
    if (this.#options.verbose) this.send(OK_LINE);
  }

  #connect(buffer: Uint8Array, start: number, end: number): void {
    this.#options = readConnect(this.#options, buffer, start, end);
    this.#authTimer?.cancel();
    const { gateway, lang } = this.#options;
    if (lang !== "") {
      return this.close(ClosedReason.INCORRECT_PORT, WireError.ROUTE_PORT);
    }
    if (gateway !== "") {
      return this.close(
        ClosedReason.INCORRECT_PORT,
        `Rejecting connection from gateway ${
          quoted(gateway)
        } on the Route port`,
      );
    }
    if (this.solicitedBy !== undefined) return this.#checkCluster();
    this.takeVerdict(
      this.#owner.authenticator.authenticate(tokenAware(this.#options)),
      (identity) => this.#loggedIn(identity),
    );
  }

  #loggedIn(identity: Identity | undefined): void {
    if (this.closed) return;
    if (identity === undefined) {
      this.host.log.error(`${this.label} - authentication error`);
      return this.close(
        ClosedReason.AUTHENTICATION_FAILURE,
        WireError.AUTHORIZATION_VIOLATION,
      );
    }
    this.#identity = identity;
    this.#checkCluster();
  }

  #checkCluster(): void {
    const error = this.#owner.checkCluster(this.#options);
    if (error === "") return;
    this.close(ClosedReason.CLUSTER_NAME_CONFLICT, error);
  }

  #info(info: ServerInfo): void {
    if (info.server_id === "") throw malformed("INFO without server_id");
    if (this.info === undefined) {
      this.info = info;
      return this.#owner.introduced(this, info);
    }
    // Nobody gossips before it has a route.
    if (info.server_id !== this.info.server_id) this.#peerReliesOnIt();
    if (this.registered) this.#owner.informed(this, info);
  }

  #answered(): void {
    if (this.accepted || this.info === undefined) return;
    this.accepted = true;
    if (!this.registered) this.#owner.introduced(this, this.info);
  }

  #peerReliesOnIt(): void {
    if (this.registered) return;
    const info = this.#requireInfo("interest");
    this.accepted = true;
    this.#owner.reliedOn(this, info);
  }

  #requireInfo(what: string): ServerInfo {
    if (this.info === undefined) throw malformed(`${what} before INFO`);
    return this.info;
  }

  #interestAdded(buffer: Uint8Array, start: number, end: number): void {
    const words = this.#words;
    const count = words.split(buffer, start, end);
    if (count !== 2 && count !== 4) throw malformed("RS+");
    const account = this.#interestAccount(buffer);
    const subject = this.#word(buffer, 1);
    if (!isValidSubject(subject)) {
      return this.sendError(WireError.INVALID_SUBSCRIPTION);
    }
    if (account === undefined) return;
    const queue = count === 4 ? this.#word(buffer, 2) : "";
    const weight = count === 4
      ? readDecimal(buffer, words.starts[3]!, words.ends[3]!)
      : 1;
    this.interest.add(account, subject, queue, Math.max(weight, 0));
    if (this.#options.verbose) this.send(OK_LINE);
  }

  #interestRemoved(buffer: Uint8Array, start: number, end: number): void {
    const count = this.#words.split(buffer, start, end);
    if (count !== 2 && count !== 3) throw malformed("RS-");
    const account = this.#interestAccount(buffer);
    if (account === undefined) return;
    const queue = count === 3 ? this.#word(buffer, 2) : "";
    this.interest.remove(account, this.#word(buffer, 1), queue);
    if (this.#options.verbose) this.send(OK_LINE);
  }

  /** The account of an interest line; undefined when this server does not have it. */
  #interestAccount(buffer: Uint8Array): Account | undefined {
    this.#peerReliesOnIt();
    if (this.closed) return undefined;
    const name = this.#word(buffer, 0);
    const account = this.#owner.accountNamed(name);
    if (account === undefined && this.host.log.debugEnabled) {
      this.host.log.debug(
        `${this.label} - Unknown account ${quotedBytes(name)}`,
      );
    }
    return account;
  }

  #word(buffer: Uint8Array, index: number): string {
    return byteString(
      buffer,
      this.#words.starts[index]!,
      this.#words.ends[index]!,
    );
  }

  /** The account that a message names; nearly always that of the message before. */
  #accountOf(
    { message, accountStart, accountEnd }: MessageArgs,
  ): Account | undefined {
    const { subjectBuffer: buffer } = message;
    const length = accountEnd - accountStart;
    const last = this.#lastAccount;
    if (
      last?.nameBytes.length === length &&
      equalBytes(last.nameBytes, 0, buffer, accountStart, length)
    ) return last;
    const name = byteString(buffer, accountStart, accountEnd);
    this.#lastAccount = this.#owner.accountNamed(name);
    return this.#lastAccount;
  }

  #peerError(text: string): void {
    this.host.log.error(`${this.label} - Route Error ${printableBytes(text)}`);
    this.close(
      text.includes(WireError.AUTHORIZATION_VIOLATION)
        ? ClosedReason.AUTHENTICATION_FAILURE
        : ClosedReason.PROTOCOL_VIOLATION,
    );
  }

  protected ended(reason: ClosedReason): void {
    this.#authTimer?.cancel();
    this.interest.clear();
    this.host.log.notice(`${this.label} - Router connection closed: ${reason}`);
    this.#owner.routeEnded(this, reason);
  }
}

/**
 * Whether nats-server would read the message's line differently: for it, a CR
 * ends a word, and the words that come of that could end the route.
 */
function isCutElsewhere(message: Message): boolean {
  const { subjectBuffer, subjectStart, subjectEnd } = message;
  const { replyBuffer, replyStart, replyEnd } = message;
  return holdsCr(subjectBuffer, subjectStart, subjectEnd) ||
    holdsCr(replyBuffer, replyStart, replyEnd);
}

function holdsCr(buffer: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (buffer[at] === CR) return true;
  return false;
}

/** A token may come in its own field or, from nats-server, as a user without a password. */
function tokenAware(options: ConnectFields): ConnectFields {
  return options.auth_token === "" && options.pass === ""
    ? { ...options, auth_token: options.user }
    : options;
}
