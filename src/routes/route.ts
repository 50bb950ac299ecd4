/**
 * One connection to another server: what RS+, RS-, RMSG, HMSG and the rest
 * mean on it, and how messages go out over it. It tells its cluster what the
 * peer says and does, and knows nothing of other routes; `membership.ts` has
 * the rules by which it may stay.
 */
import { byteString, equalBytes } from "../core/ascii.ts";
import type { Timer } from "../platform/clock.ts";
import { ClosedReason } from "../core/closed.ts";
import { ProtocolError, WireError } from "../core/errors.ts";
import { FIRST_ROUTE_PING_MS } from "../core/limits.ts";
import { printableBytes, quotedBytes } from "../core/quote.ts";
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
import type { Words } from "../wire/words.ts";
import type { ClusterClaim } from "./cluster_name.ts";
import type { Dialer } from "./dialer.ts";
import { tokenAware, wrongPortText } from "./handshake.ts";
import { RemoteInterest } from "./interest.ts";
import {
  interestLine,
  readInterestAdded,
  readInterestRemoved,
} from "./interest_lines.ts";
import { Member } from "./member.ts";
import type { MembershipEvent } from "./membership.ts";
import { isCutElsewhere } from "./nats_server_words.ts";

/** What a route asks of the cluster that owns it. */
export interface RouteOwner {
  readonly delivery: Delivery;
  readonly authenticator: Authenticator;
  readonly authTimeoutMs: number;
  accountNamed(name: string): Account | undefined;
  ownInfo(): ServerInfo;
  /** What the dialling side sends first. */
  connectLine(dialer: Dialer): Uint8Array;
  /** Something that decides whether the route may stay; `claim`: the cluster that CONNECT names. */
  happened(route: Route, event: MembershipEvent, claim?: ClusterClaim): void;
  /** A registered peer's later INFO: about itself, or gossip about a third server. */
  informed(route: Route, info: ServerInfo): void;
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

  /** What the cluster knows of it. */
  readonly member: Member;
  readonly interest: RemoteInterest;

  deliveryMark = 0;
  readonly queues: Uint8Array[] = [];
  queueCount = 0;

  readonly #owner: RouteOwner;
  #options: ConnectFields = { ...defaultConnectFields(), verbose: false };
  #identity: Identity | undefined = undefined;
  #authTimer: Timer | undefined = undefined;
  #lastAccount: Account | undefined = undefined;
  readonly #args = new MessageArgs();

  constructor(
    host: ConnectionHost,
    owner: RouteOwner,
    socket: Socket,
    settings: ConnectionSettings,
    solicitedBy: Dialer | undefined,
  ) {
    super(host, socket, settings);
    this.#owner = owner;
    this.member = new Member(solicitedBy);
    this.interest = new RemoteInterest(this);
  }

  /** A route carries the messages of all clients: one slow client must not stop it. */
  override get stallableReading(): undefined {
    return undefined;
  }

  override start(): void {
    const { host, member: { solicitedBy } } = this;
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

  /** Asks the peer for a sign that it took our credentials: a PONG. */
  awaitAcceptance(): void {
    this.keepAlive.ping();
  }

  /** Tells the peer all interest of this server's clients. */
  announceAll(accounts: Iterable<Account>): void {
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
        this.#owner.happened(this, "pong");
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
    const refusal = wrongPortText(this.#options);
    if (refusal !== "") {
      return this.close(ClosedReason.INCORRECT_PORT, refusal);
    }
    if (this.member.solicitedBy !== undefined) return this.#nameCluster();
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
    this.#nameCluster();
  }

  #nameCluster(): void {
    const { cluster: name, cluster_dynamic: dynamic } = this.#options;
    this.#owner.happened(this, "connect", { name, dynamic });
  }

  #info(info: ServerInfo): void {
    if (info.server_id === "") throw malformed("INFO without server_id");
    const { member } = this;
    if (member.info === undefined) {
      member.info = info;
      return this.#owner.happened(this, "info");
    }
    // A server gossips on its routes only.
    if (info.server_id !== member.info.server_id) this.#peerReliesOnIt();
    if (member.isRegistered) this.#owner.informed(this, info);
  }

  #peerReliesOnIt(): void {
    if (this.member.isRegistered) return;
    this.#requireInfo("interest");
    this.#owner.happened(this, "used");
  }

  #requireInfo(what: string): void {
    if (this.member.info === undefined) throw malformed(`${what} before INFO`);
  }

  #interestAdded(buffer: Uint8Array, start: number, end: number): void {
    const line = readInterestAdded(buffer, start, end);
    const { subject, queue, weight } = line;
    const account = this.#interestAccount(line.account);
    if (!isValidSubject(subject)) {
      return this.sendError(WireError.INVALID_SUBSCRIPTION);
    }
    if (account === undefined) return;
    this.interest.add(account, subject, queue, weight);
    if (this.#options.verbose) this.send(OK_LINE);
  }

  #interestRemoved(buffer: Uint8Array, start: number, end: number): void {
    const line = readInterestRemoved(buffer, start, end);
    const account = this.#interestAccount(line.account);
    if (account === undefined) return;
    this.interest.remove(account, line.subject, line.queue);
    if (this.#options.verbose) this.send(OK_LINE);
  }

  /** The account of an interest line; undefined when this server does not have it. */
  #interestAccount(name: string): Account | undefined {
    this.#peerReliesOnIt();
    if (this.closed) return undefined;
    const account = this.#owner.accountNamed(name);
    if (account === undefined && this.host.log.debugEnabled) {
      this.host.log.debug(
        `${this.label} - Unknown account ${quotedBytes(name)}`,
      );
    }
    return account;
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
    this.#owner.happened(this, "closed");
  }
}
