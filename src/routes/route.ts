/**
 * One connection to another server: what RS+, RS-, INFO and the rest
 * mean on it. It tells its cluster what the
 * peer says and does, and knows nothing of other routes; `membership.ts` has
 * the rules by which it may stay.
 *
 * More than a dozen members: because it is both what a connection is connected
 * to and what takes messages for another server, and its cluster starts, tells
 * and closes it.
 */
import type { Account } from "../accounts/account.ts";
import {
  type AccountName,
  DeliveryMark,
  type ServerReceiver,
  type TracedServer,
} from "../accounts/interest.ts";
import { Kind } from "../accounts/reach.ts";
import type { Door } from "../auth/door.ts";
import { Connection } from "../broker/connections/connection.ts";
import type { ConnectionHost } from "../broker/connections/host.ts";
import type { Peer } from "../broker/connections/peer.ts";
import { byteString } from "../core/ascii.ts";
import { ClosedReason } from "../core/closed.ts";
import type { Traffic } from "../core/traffic.ts";
import { ProtocolError, WireError } from "../core/errors.ts";
import { FIRST_ROUTE_PING_MS } from "../core/limits.ts";
import { printableBytes, quotedBytes } from "../core/quote.ts";
import { isValidSubject } from "../core/subject.ts";
import type { Socket } from "../platform/socket.ts";
import { malformed, MessageArgs } from "../wire/args.ts";
import { infoLine, readInfo, type ServerInfo } from "../wire/info.ts";
import type { Message } from "../wire/message.ts";
import { NO_PAYLOAD, Op } from "../wire/ops.ts";
import {
  readLeafInterest,
  readRouteInterest,
  readRouteInterestEnd,
} from "../wire/subscriptions.ts";
import type { Words } from "../wire/words.ts";
import { boundedInfo } from "./bounds.ts";
import type { ClusterClaim } from "./cluster_name.ts";
import type { Dialer } from "./dialer.ts";
import { ForwardedMessages } from "./forwarded_messages.ts";
import { RemoteInterest } from "./interest.ts";
import { Member } from "./member.ts";
import type { MembershipEvent } from "./membership.ts";
import { otherPortOf, strangerIn } from "./other_ports.ts";
import { RouteLogin } from "./route_login.ts";
import type { RoutePermissions } from "./route_permissions.ts";
import type { RouteSettings } from "./settings.ts";
import { ROUTE_OPS } from "./route_ops.ts";
import { RoutedMessages, type RoutedMessagesOwner } from "./routed_messages.ts";
import { ToldInterest } from "./told_interest.ts";
import { tracedServer } from "./traced_server.ts";

/** What a route asks of the cluster that owns it. */
export interface RouteOwner extends RoutedMessagesOwner {
  /** The one that stands before the routes now. */
  door(): Door;
  readonly authTimeoutMs: number;
  ownInfo(): ServerInfo;
  /** What the dialling side sends first. */
  connectLine(dialer: Dialer): Uint8Array;
  /** Something that decides whether the route may stay; `claim`: the cluster that CONNECT names. */
  happened(route: Route, event: MembershipEvent, claim?: ClusterClaim): void;
  /** Gossip about a third server, or a registered peer's later INFO about itself. */
  informed(route: Route, info: ServerInfo): void;
  /** Those of the cluster, as they are now. */
  readonly permissions: RoutePermissions;
}

export class Route implements Peer, ServerReceiver {
  readonly kind: Kind = Kind.ROUTE;
  readonly mark: DeliveryMark = new DeliveryMark();
  readonly idLabel = "rid";
  readonly allowedOps: readonly Op[] = ROUTE_OPS;
  readonly connection: Connection;
  /** What the cluster knows of it. */
  readonly member: Member;
  readonly interest: RemoteInterest;
  readonly told: ToldInterest;
  readonly login: RouteLogin;
  /** There before the connection, whose parser reads into it. */
  readonly routedArgs: MessageArgs = new MessageArgs();

  readonly #host: ConnectionHost;
  readonly #owner: RouteOwner;
  readonly #forwarded: ForwardedMessages;
  readonly #messages: RoutedMessages;

  constructor(
    host: ConnectionHost,
    owner: RouteOwner,
    socket: Socket,
    settings: RouteSettings,
    solicitedBy: Dialer | undefined,
  ) {
    this.connection = new Connection(host, socket, settings, this);
    this.#host = host;
    this.#owner = owner;
    this.member = new Member(solicitedBy);
    this.login = new RouteLogin({
      clock: host.clock,
      connection: this.connection,
      door: () => owner.door(),
      authTimeoutMs: owner.authTimeoutMs,
      isDialled: solicitedBy !== undefined,
      connected: (claim) => owner.happened(this, "connect", claim),
    });
    this.#forwarded = new ForwardedMessages(
      host,
      this,
      () => owner.permissions,
      settings.stuckPendingBytes,
    );
    this.interest = new RemoteInterest(this, host.turn, owner.accountNamed);
    this.told = new ToldInterest(
      this.connection,
      host.turn,
      () => owner.permissions,
    );
    this.#messages = new RoutedMessages(host, owner, this, this.routedArgs);
  }

  /** `IP:PORT - rid:N`. */
  get label(): string {
    return this.connection.log.label;
  }

  get traffic(): Traffic {
    return this.connection.facts.traffic;
  }

  start(): void {
    const { connection, member: { solicitedBy } } = this;
    connection.log.notice("Route connection created");
    if (solicitedBy !== undefined) {
      connection.send(this.#owner.connectLine(solicitedBy));
    }
    this.login.start();
    this.sendInfo();
    connection.start();
    connection.keepAlive.startEarly(FIRST_ROUTE_PING_MS, this.#host.random);
  }

  get isGone(): boolean {
    return this.connection.isDeaf;
  }

  get servesGroupsAlone(): boolean {
    return this.member.servesGroupsAlone;
  }

  close(reason: ClosedReason, wireError: string = ""): void {
    this.connection.close(reason, wireError);
  }

  sendInfo(): void {
    this.connection.send(infoLine(this.#owner.ownInfo()));
  }

  /** Asks the peer for a sign that it took our credentials: a PONG. */
  awaitAcceptance(): void {
    this.connection.keepAlive.ping();
  }

  /** `account` is gone, with all that the peer wants in it. */
  forget(account: Account): void {
    this.interest.forget(account);
    this.#messages.forget(account);
  }

  /** Other permissions of the cluster hold than `before`. Takes as many turns as it needs. */
  judgeAgain(accounts: Iterable<Account>, before: RoutePermissions): void {
    this.told.judgeAgain(accounts, before);
    this.interest.keepOnly((subject) =>
      this.#owner.permissions.mayExport(subject)
    );
  }

  get traced(): TracedServer {
    return tracedServer(this.connection, this.member);
  }

  forward(
    account: AccountName,
    message: Message,
    groups: readonly Uint8Array[],
    groupCount: number,
  ): void {
    this.#forwarded.forward(account, message, groups, groupCount);
  }

  mostAgain(account: AccountName, message: Message): number {
    return this.#forwarded.mostAgain(account, message);
  }

  forwardAgain(
    account: AccountName,
    message: Message,
    count: number,
    stride: number,
  ): void {
    this.#forwarded.forwardAgain(account, message, count, stride);
  }

  /** The first bytes of a peer: something else than a server may have answered. */
  begins(chunk: Uint8Array): boolean {
    return this.member.solicitedBy === undefined
      ? this.login.begins(chunk)
      : !this.#leadsElsewhere(strangerIn(chunk));
  }

  line(
    op: Op,
    buffer: Uint8Array,
    start: number,
    end: number,
    words: Words,
  ): number {
    if (!this.login.isLetIn && op !== Op.CONNECT) {
      throw new ProtocolError(
        ClosedReason.AUTHENTICATION_FAILURE,
        WireError.AUTHORIZATION_VIOLATION,
      );
    }
    switch (op) {
      case Op.RMSG:
      case Op.HMSG:
      case Op.PUB:
        this.#requireInfo("message");
        return this.#messages.line(op, buffer, words);
    }
    const { connection } = this;
    if (connection.log.traces) connection.log.traceIn(op, buffer, start, end);
    switch (op) {
      case Op.CONNECT:
        this.login.connect(buffer, start, end);
        break;
      case Op.INFO:
        this.#info(boundedInfo(readInfo(buffer, start, end)));
        break;
      case Op.RS_PLUS:
        connection.noteActivity();
        this.#interestAdded(buffer, start, end);
        break;
      case Op.RS_MINUS:
      case Op.UNSUB: // NATS route protocol: the same in other words.
        connection.noteActivity();
        this.#interestRemoved(buffer, start, end);
        break;
      case Op.LS_PLUS:
        // Nobody here asks for the interest of leaf nodes, but it has to be some.
        readLeafInterest(buffer, start, end);
        break;
      case Op.PING:
        connection.sendPong();
        break;
      case Op.PONG:
        connection.keepAlive.answered();
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
    if (this.connection.closed) return;
    if (this.#messages.payload(op, buffer, start, end)) this.login.sayOk();
  }

  published(): number {
    this.#peerReliesOnIt();
    if (this.connection.closed) return 0;
    if (!this.#messages.published()) return 0;
    this.login.sayOk();
    return this.login.isVerbose ? 0 : this.#messages.mostAgain();
  }

  publishedAgain(count: number): void {
    this.#messages.publishedAgain(count);
  }

  #info(info: ServerInfo): void {
    if (info.server_id === "") throw malformed("INFO without server_id");
    const { member } = this;
    if (member.info === undefined) {
      if (this.#leadsElsewhere(otherPortOf(info))) return;
      member.info = info;
      return this.#owner.happened(this, "info");
    }
    if (info.server_id !== member.info.server_id) {
      // A server gossips on its routes only, and says it once.
      this.#peerReliesOnIt();
      if (!this.connection.closed) this.#owner.informed(this, info);
    } else if (member.isRegistered) {
      member.takesStreams(info);
      this.#owner.informed(this, info);
    } else member.info = { ...member.info, ldm: info.ldm === true };
  }

  /** Ends the connection if there is something else, in words, than a route port. */
  #leadsElsewhere(what: string): boolean {
    if (what === "") return false;
    this.member.elsewhere = what;
    this.#owner.happened(this, "elsewhere");
    return true;
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
    const line = readRouteInterest(buffer, start, end);
    const { connection } = this;
    this.#peerReliesOnIt();
    if (!isValidSubject(line.subject)) {
      return connection.sendError(WireError.INVALID_SUBSCRIPTION);
    }
    if (connection.closed) return;
    if (!this.#owner.permissions.mayExport(line.subject)) {
      const subject = quotedBytes(line.subject);
      connection.log.debug(
        `Can not export ${subject}, ignoring remote subscription request`,
      );
    } else if (!this.interest.add(line)) {
      const [name, subject] = [line.account, line.subject].map(quotedBytes);
      connection.log.error(
        `Unknown account ${name} for remote subject ${subject}`,
      );
    }
    this.login.sayOk();
  }

  #interestRemoved(buffer: Uint8Array, start: number, end: number): void {
    const line = readRouteInterestEnd(buffer, start, end);
    this.#peerReliesOnIt();
    if (this.connection.closed) return;
    this.interest.remove(line);
    this.login.sayOk();
  }

  #peerError(text: string): void {
    this.connection.log.error(`Route Error ${printableBytes(text)}`);
    this.close(
      text.includes(WireError.AUTHORIZATION_VIOLATION)
        ? ClosedReason.AUTHENTICATION_FAILURE
        : ClosedReason.PROTOCOL_VIOLATION,
    );
  }

  ended(reason: ClosedReason): void {
    this.login.stop();
    this.#forwarded.stop();
    this.interest.clear();
    this.connection.log.notice(`Router connection closed: ${reason}`);
    this.#owner.happened(this, "closed");
  }
}
