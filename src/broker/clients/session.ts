/**
 * A client, at the other end of its connection: what its operations mean, and
 * how messages reach it. CONNECT is in `login.ts`, PUB and HPUB are in
 * `client_publishing.ts`, SUB and UNSUB in `client_subscriptions.ts`. Every rule
 * here is the NATS client protocol's, as nats-server keeps it.
 *
 * More than a dozen members: because it is both what a connection is connected
 * to (`Peer`) and what messages are delivered to (`DirectReceiver`).
 */
import type {
  DirectReceiver,
  Following,
  Interest,
  MessageSource,
} from "../../accounts/interest.ts";
import type { Account } from "../../accounts/account.ts";
import { Kind } from "../../accounts/reach.ts";
import type { RequestInfo } from "../../accounts/request_info.ts";
import type { Principal } from "../../auth/door.ts";
import { byteString } from "../../core/ascii.ts";
import type { ClosedReason } from "../../core/closed.ts";
import type { MapKey } from "../../core/map_key.ts";
import type { KeyedMap } from "../../core/wide_map.ts";
import type { Outbox } from "../../core/outbox.ts";
import { countAllOut, countOut, type Traffic } from "../../core/traffic.ts";
import type { CloseReason, Socket } from "../../platform/socket.ts";
import type { MessageArgs } from "../../wire/args.ts";
import type { CrowdFrames } from "../../wire/crowd_frames.ts";
import { mostMore, msgHeadBytes, writeMore } from "../../wire/encode.ts";
import { infoLine, readInfo } from "../../wire/info.ts";
import type { Message } from "../../wire/message.ts";
import { NO_PAYLOAD, Op } from "../../wire/ops.ts";
import type { Words } from "../../wire/words.ts";
import { Connection } from "../connections/connection.ts";
import type { Output } from "../connections/output.ts";
import type { Peer } from "../connections/peer.ts";
import { deliveryText } from "../connections/trace.ts";
import {
  type ClientHost,
  type ClientLife,
  type InfoNews,
  type LoggingIn,
  tlsOf,
  type Way,
} from "./client_host.ts";
import { clientLimits } from "./client_limits.ts";
import { CLIENT_OPS } from "./client_ops.ts";
import { ClientSubscriptions } from "./client_subscriptions.ts";
import { newcomer } from "./newcomer.ts";
import type { Entering, Reception, TlsInfo } from "./reception.ts";
import { Login } from "./login.ts";
import { ClientPublishing } from "./client_publishing.ts";
import { Requester } from "./requester.ts";
import { noteHearer } from "./traced.ts";
import { clientError, tooManySubscriptions } from "./violations.ts";

export class ClientSession implements Peer, DirectReceiver, LoggingIn {
  readonly kind: Kind = Kind.CLIENT;
  readonly idLabel: string;
  readonly forwardedFor: string | undefined;
  readonly allowedOps: readonly Op[] = CLIENT_OPS;
  readonly connection: Connection;
  readonly login: Login;
  readonly #host: ClientHost;
  readonly #output: Output;
  readonly #outbox: Outbox;
  readonly #crowdFrames: CrowdFrames;
  readonly #traffic: Traffic;
  readonly #publishing: ClientPublishing;
  readonly #subscriptions: ClientSubscriptions;
  readonly #life: ClientLife<ClientSession>;
  /** Made for the first request to another account. */
  #requester: Requester | undefined = undefined;
  #firstPongSent = false;
  /** It is still in the reception. */
  #entering: Entering | undefined = undefined;

  constructor(
    host: ClientHost,
    socket: Socket,
    way: Way,
    life: ClientLife<ClientSession>,
  ) {
    const { settings } = way.entrance;
    this.idLabel = way.webSocket === undefined ? "cid" : "wid";
    this.forwardedFor = way.webSocket?.forwardedFor;
    this.connection = new Connection(host, socket, settings, this);
    this.login = new Login(host, this.connection, this, way);
    this.#host = host;
    this.#output = this.connection.output;
    this.#outbox = this.#output.outbox;
    this.#crowdFrames = host.delivery.crowdFrames;
    this.#traffic = this.connection.facts.traffic;
    this.#publishing = new ClientPublishing(
      host,
      this,
      this.connection,
      this.login,
      settings.maxPayloadBytes,
    );
    this.#subscriptions = new ClientSubscriptions(this, host.turn, settings);
    this.#life = life;
  }

  /** Other numbers hold from now on. */
  reconfigure(): void {
    this.connection.reconfigure(this.login.entrance.settings);
    this.applyLimits();
  }

  /**
   * The limits of its account, of its user and of the server hold as they are now.
   * A client that has more subscriptions than it may have is closed.
   */
  applyLimits(): void {
    const { connection, login } = this;
    const { maxPayloadBytes, maxSubscriptions } = clientLimits(
      login.entrance.settings,
      login.account.limits,
      login.principal?.limits,
      (text) => connection.log.debug(text),
    );
    this.#publishing.maxPayloadBytes = maxPayloadBytes;
    this.#subscriptions.max = maxSubscriptions;
    if (this.#subscriptions.areTooMany) tooManySubscriptions(connection);
  }

  bound(): void {
    this.#life.bound(this);
    this.applyLimits();
  }

  moved(left: Account): void {
    this.#life.moved(left);
  }

  pubArgs(): MessageArgs {
    return this.#publishing.args;
  }

  /** Unique among all connections of the server. */
  get id(): number {
    return this.connection.facts.id;
  }

  /** By the keys of sids. */
  get subscriptions(): KeyedMap<MapKey, Interest> {
    return this.#subscriptions.bySid;
  }

  /** Greets the client and starts reading. */
  start(): void {
    const { reception } = this.login.way;
    if (reception !== undefined) return this.#enter(reception);
    this.login.start();
    this.connection.log.debug("Client connection created");
    this.#greet();
    this.connection.start();
    this.connection.keepAlive.start();
  }

  /** Turns away a client that came when the server was full; INFO comes first all the same. */
  refuse(reason: ClosedReason, wireError: string): void {
    this.connection.start();
    if (this.login.way.reception?.isSilent !== true) this.#greet();
    this.connection.close(reason, wireError);
  }

  /**
   * Tells the client what changed about the cluster. NATS client protocol: only
   * clients of protocol 1 and later that have had their first PONG. Gives how
   * many bytes that took.
   */
  pushInfo(): number {
    const isTold = this.login.fields.protocol >= 1 && this.#firstPongSent;
    return isTold ? this.#sendInfo({ isNew: false }) : 0;
  }

  /** Tells this client alone to go elsewhere, unless it is in the reception. Gives how many bytes that took. */
  pushLeave(): number {
    const isIn = this.#entering === undefined;
    return isIn ? this.#sendInfo({ isNew: false, isToLeave: true }) : 0;
  }

  begins(chunk: Uint8Array): boolean {
    if (this.#entering === undefined) return this.login.begins(chunk);
    this.#entering.hear(chunk);
    return false;
  }

  hungUp(reason: CloseReason): boolean {
    return this.#entering?.hungUp(reason) ?? false;
  }

  requestInfo(isShared: boolean, isForServer: boolean): RequestInfo {
    const { connection, login } = this;
    this.#requester ??= new Requester(connection, login, this.#host.info);
    return this.#requester.info(isShared, isForServer);
  }

  takes(publisher: MessageSource | undefined): boolean {
    return !this.connection.isDeaf && (publisher !== this || this.login.echo);
  }

  /** Interest that has ended may be in its account for a few turns more. */
  deliver(
    interest: Interest,
    message: Message,
    publisher: MessageSource | undefined,
  ): boolean {
    const { connection, login } = this;
    if (!this.takes(publisher) || interest.hasEnded) return false;
    const { rights } = login;
    if (rights?.hearsAll === false && !rights.mayHear(interest, message)) {
      return false;
    }
    const { sidBytes } = interest;
    this.#crowdFrames.write(this.#outbox, message, sidBytes, login.headers);
    countOut(this.#traffic, login.account.traffic, message.size);
    if (this.#host.turn.traces) {
      connection.log.traceOut(deliveryText(message, sidBytes));
    }
    interest.delivered++;
    if (interest.delivered === interest.max) this.#subscriptions.end(interest);
    this.#output.wroteMessage();
    return true;
  }

  mostAgain(interest: Interest, message: Message): number {
    const { delivered, max, sidBytes } = interest;
    const headBytes = msgHeadBytes(message, sidBytes);
    const most = mostMore(message, headBytes, this.#output.roomBytes);
    // What ends the subscription comes by `deliver`.
    return max > 0 ? Math.min(most, max - delivered - 1) : most;
  }

  deliverAgain(
    interest: Interest,
    message: Message,
    count: number,
    stride: number,
  ): void {
    const headBytes = msgHeadBytes(message, interest.sidBytes);
    writeMore(this.#outbox, message, headBytes, count, stride);
    countAllOut(this.#traffic, this.login.account.traffic, message.size, count);
    interest.delivered += count;
    this.#output.wroteMessage();
  }

  get bytesToFlush(): number {
    return this.#output.bytesToFlush;
  }

  /** Another door stands before the server: may the client stay? */
  review(): void {
    if (this.connection.closed) return;
    this.login.review((principal) => this.rebind(principal));
    // A client that came by an open door has to log in now.
    if (this.login.principal === undefined) this.#subscriptions.endAll();
  }

  followed(
    interest: Interest,
    message: Message,
    publisher: MessageSource | undefined,
    following: Following,
  ): boolean {
    return noteHearer(this, interest, message, publisher, following) &&
      (following.trace.isOnly || this.deliver(interest, message, publisher));
  }

  /**
   * What the client's user may do has changed; its account has not. Subscriptions
   * to what it may not hear any more end, in as many turns as it takes. The client
   * is told of each of them, and stays.
   */
  rebind(principal: Principal): void {
    this.login.rebind(principal);
    this.applyLimits();
    this.#subscriptions.rejudge(principal.user);
  }

  line(
    op: Op,
    buffer: Uint8Array,
    start: number,
    end: number,
    words: Words,
  ): number {
    if (op === Op.CONNECT) {
      this.#connect(buffer, start, end);
      return NO_PAYLOAD;
    }
    if (this.login.principal === undefined) this.login.admitAnonymous();
    if (op === Op.PUB || op === Op.HPUB) {
      return this.#publishing.line(op, buffer, words);
    }
    const { log } = this.connection;
    if (log.traces) log.traceIn(op, buffer, start, end);
    this.#handle(op, buffer, start, end);
    return NO_PAYLOAD;
  }

  published(): number {
    if (this.login.principal === undefined) this.login.admitAnonymous();
    return this.#publishing.published();
  }

  publishedAgain(count: number): void {
    this.#publishing.publishedAgain(count);
  }

  payload(op: Op, buffer: Uint8Array, start: number, end: number): void {
    this.#publishing.payload(op, buffer, start, end);
  }

  ended(reason: ClosedReason): void {
    this.#entering?.stop();
    this.login.end();
    this.connection.log.debug(`Client connection closed: ${reason}`);
    this.#life.ended(this, reason);
    this.#subscriptions.clear();
  }

  /** An operation that is complete with its line. */
  #handle(op: Op, buffer: Uint8Array, start: number, end: number): void {
    switch (op) {
      case Op.SUB:
        return this.#subscriptions.subscribe(buffer, start, end);
      case Op.UNSUB:
        return this.#subscriptions.unsubscribe(buffer, start, end);
      case Op.PING:
        return this.#ping();
      case Op.PONG:
        return this.connection.keepAlive.answered();
      case Op.INFO:
        // Nothing in it concerns the server, but it has to be JSON.
        return void readInfo(buffer, start, end);
      case Op.ERR:
        return clientError(this.connection, byteString(buffer, start, end));
    }
  }

  /**
   * NATS client protocol: a CONNECT that is not the first begins anew, maybe in
   * another account, without the subscriptions of before.
   */
  #connect(buffer: Uint8Array, start: number, end: number): void {
    if (this.login.hasConnected) this.#subscriptions.endAll();
    this.login.connect(buffer, start, end);
  }

  /** NATS client protocol: INFO comes once more, behind the first PONG after CONNECT. */
  #ping(): void {
    this.connection.sendPong();
    if (this.#firstPongSent || !this.login.hasConnected) return;
    this.#firstPongSent = true;
    const { fields, account } = this.login;
    if (fields.protocol >= 1) {
      const isSystem = account === this.#host.accounts.system;
      this.#sendInfo({ isNew: false, boundTo: account.name, isSystem });
    }
  }

  #enter(reception: Reception): void {
    this.connection.log.debug("Client connection created");
    this.connection.start();
    const through = () => this.#entering = undefined;
    this.#entering = reception.receive(
      newcomer(
        this,
        this.login.way.proxied,
        (tls) => this.#greet(tls),
        through,
      ),
    );
  }

  #greet(tls: TlsInfo | undefined = tlsOf(this.login.way)): void {
    this.#sendInfo({ isNew: true, nonce: this.login.nonce, tls });
  }

  #sendInfo(how: InfoNews): number {
    const { id, login: { way, entrance, remoteHost } } = this;
    const { maxPayloadBytes } = this.#publishing;
    const tls = tlsOf(way);
    const reader = { id, entrance, remoteHost, maxPayloadBytes, tls, ...how };
    const line = infoLine(this.#host.info.tell(reader));
    this.connection.send(line);
    return line.length;
  }
}
