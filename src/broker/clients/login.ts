/**
 * A client's way through the door: what it said in CONNECT, the verdict, and
 * the account that it is bound to from then on. Before that it may do nothing
 * else, unless the door lets those in who bring no credentials.
 *
 * More than a dozen members: because what a login settles is read for each
 * message, and stands in one object.
 */
import type { Account } from "../../accounts/account.ts";
import { claimedName } from "../../auth/claimed_name.ts";
import {
  isRefused,
  type LoginRefusal,
  type Principal,
  type Verdict,
} from "../../auth/door.ts";
import { permissionsOf } from "../../auth/permissions.ts";
import type { Timer } from "../../platform/clock.ts";
import { ClosedReason } from "../../core/closed.ts";
import { ProtocolError, WireError } from "../../core/errors.ts";
import { FIRST_CLIENT_PING_MS } from "../../core/limits.ts";
import { OK_LINE } from "../../wire/encode.ts";
import { readConnect } from "../../wire/connect.ts";
import { type ConnectFields, defaultConnectFields } from "../../wire/info.ts";
import { beginsConnect, Op } from "../../wire/ops.ts";
import { takeVerdict, waitingPeer } from "../connections/admission.ts";
import type { Connection } from "../connections/connection.ts";
import type {
  ClientHost,
  ClientSettings,
  Entrance,
  LoggingIn,
  Way,
} from "./client_host.ts";
import { ClientRights } from "./client_rights.ts";
import { afterHeader } from "./proxied_client.ts";
import { withCookies } from "./websocket_login.ts";

/** How often it is asked whether the time of a client is over, at least. */
const EXPIRY_LOOK_MS = 3_600_000;

/** Work to judge a login: its signatures are most of it. */
const LOGIN_WORK = 3000;

export class Login {
  /** What CONNECT said, or the defaults before it. */
  fields: Readonly<ConnectFields> = defaultConnectFields();
  readonly way: Way;
  /** What the client is greeted with, and signs if it logs in by key; undefined where nobody does. */
  readonly nonce: string | undefined;
  /** Set once the client may do anything, together with `account`. */
  principal: Principal | undefined = undefined;
  /** What the client publishes and subscribes in. */
  account: Account;
  /** What its user may do; undefined: everything. */
  rights: ClientRights | undefined = undefined;
  /** The client understands headers, and so does the server. */
  headers = false;
  /** The client hears what it publishes. */
  echo = true;
  /** There was a CONNECT, or an operation that stands for one. */
  hasConnected = false;
  readonly #host: ClientHost;
  readonly #connection: Connection;
  readonly #settings: ClientSettings;
  #anonymous: Principal | undefined;
  readonly #openedAt: number;
  readonly #client: LoggingIn;
  #timer: Timer | undefined = undefined;
  #expiry: Timer | undefined = undefined;
  #hasLoggedIn = false;

  constructor(
    host: ClientHost,
    connection: Connection,
    client: LoggingIn,
    way: Way,
  ) {
    const { door, settings } = way.entrance;
    const { isOpen, anonymous } = door.greet(way.entrance);
    this.account = host.accounts.global;
    this.#host = host;
    this.#connection = connection;
    this.#settings = settings;
    this.#client = client;
    this.way = way;
    this.nonce = door.makeNonce();
    this.#anonymous = anonymous;
    this.#openedAt = host.clock.monotonic();
    if (isOpen) this.principal = anonymous;
  }

  /** The way by which the client came in. */
  get entrance(): Entrance {
    return this.way.entrance;
  }

  /** Empty while the header of a proxy may name another. */
  get remoteHost(): string {
    const isKnown = !this.way.proxied?.awaitsHeader;
    return isKnown ? this.#connection.socket.remote.host : "";
  }

  /** The client was greeted: from now on, or from the header of its proxy on, it has `authTimeoutMs` to log in. */
  start(): void {
    this.#connection.input.isStranger = this.isStranger;
    const { proxied } = this.way;
    if (proxied?.awaitsHeader) {
      return afterHeader(proxied, this.#connection, this.#host, () => {
        this.start();
      });
    }
    if (this.principal !== undefined) return;
    this.#timer = this.#host.clock.after(
      this.#settings.authTimeoutMs,
      () => this.#timedOut(),
    );
  }

  /** NATS client protocol: a stranger's first byte must be that of CONNECT. */
  begins(chunk: Uint8Array): boolean {
    if (!this.isStranger || beginsConnect(chunk)) return true;
    this.#connection.close(
      ClosedReason.AUTHENTICATION_FAILURE,
      WireError.AUTHORIZATION_VIOLATION,
    );
    return false;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** The connection has ended. */
  end(): void {
    this.stop();
    this.#expiry?.cancel();
  }

  /** It has not logged in, and will have to. */
  get isStranger(): boolean {
    return this.principal === undefined && this.#anonymous === undefined;
  }

  /** An operation comes before CONNECT; throws unless no credentials are needed. */
  admitAnonymous(): void {
    if (this.#anonymous === undefined) {
      throw new ProtocolError(
        ClosedReason.AUTHENTICATION_FAILURE,
        WireError.AUTHORIZATION_VIOLATION,
      );
    }
    this.stop();
    this.hasConnected = true;
    if (this.#bind(this.#anonymous)) this.#client.bound();
  }

  /**
   * Another door stands before the server. A client that may stay is in the same
   * account as before, and `changed` is called with who it is if it may do other
   * things; one whose user is gone, or elsewhere, is let go of without a word.
   */
  review(changed: (principal: Principal) => void): void {
    const { isOpen, anonymous } = this.entrance.door.greet(this.entrance);
    this.#anonymous = anonymous;
    const { principal } = this;
    if (!this.hasConnected) {
      this.stop();
      this.principal = isOpen ? anonymous : undefined;
      this.start();
    } else if (principal !== undefined) {
      this.#admit(
        (verdict) => this.#reviewed(verdict, principal, changed),
        principal,
      );
    }
  }

  #reviewed(
    verdict: Verdict,
    before: Principal,
    changed: (principal: Principal) => void,
  ): void {
    const { user, nkey } = this.fields;
    const isUser = user !== "" || nkey !== "";
    const isRefusal = isRefused(verdict);
    if (isRefusal && !(isUser && verdict.isUnknown)) {
      return this.#refuse(verdict);
    }
    const mayStay = !isRefusal && verdict.account === before.account &&
      (!isUser || verdict.user === before.user);
    if (!mayStay) return this.#connection.close(ClosedReason.CLIENT_CLOSED);
    if (verdict.permissions !== before.permissions) changed(verdict);
    else this.principal = verdict;
    this.#expire(verdict);
  }

  /** Hands the door's verdict to `take`; that of another door is asked for if there is one by then. */
  #admit(take: (verdict: Verdict) => void, current?: Principal): void {
    const connection = this.#connection;
    const { door, connectionType, mapsCertificate } = this.entrance;
    const { log, socket } = connection;
    const verdict = door.admit({
      credentials: this.fields,
      client: { ...this.fields, id: connection.facts.id },
      nonce: this.nonce,
      connectionType,
      mapsCertificate,
      tls: socket.tls,
      remote: socket.remote,
      // The time for a login counts until what takes long begins.
      waiting: waitingPeer(connection, () => this.stop()),
      current,
      proof: current?.proof,
      log,
    });
    takeVerdict(connection, verdict, (settled) => {
      if (door === this.entrance.door) take(settled);
      else this.#admit(take, current);
    });
  }

  /** CONNECT, with its arguments in `buffer[start, end)`. */
  connect(buffer: Uint8Array, start: number, end: number): void {
    const connection = this.#connection;
    const { log } = connection;
    this.fields = withCookies(
      readConnect(this.fields, buffer, start, end),
      this.way.webSocket,
    );
    // Not before: what cannot be read cannot be freed of its secrets either.
    if (log.traces) log.traceIn(Op.CONNECT, buffer, start, end);
    connection.noteActivity();
    this.hasConnected = true;
    this.#host.turn.meter.spent += LOGIN_WORK;
    if (this.fields.account !== "" || this.fields.new_account) {
      return this.#refuse(MAY_NOT_CHOOSE);
    }
    this.#admit((verdict) => this.#judged(verdict));
  }

  #judged(verdict: Verdict): void {
    this.stop();
    if (isRefused(verdict)) {
      if (this.#hasLoggedIn) this.#leave();
      return this.#refuse(verdict);
    }
    if (!this.#bind(verdict)) return;
    const { fields } = this;
    const connection = this.#connection;
    if (fields.protocol !== 0 && fields.protocol !== 1) {
      return connection.close(
        ClosedReason.BAD_CLIENT_PROTOCOL,
        WireError.INVALID_CLIENT_PROTOCOL,
      );
    }
    this.headers = fields.headers && this.#settings.headers;
    this.echo = fields.echo;
    if (fields.no_responders && !this.headers) {
      return connection.close(
        ClosedReason.NO_RESPONDERS_NEED_HEADERS,
        WireError.NO_RESPONDERS_NEED_HEADERS,
      );
    }
    this.sayOk();
    if (!this.#hasLoggedIn) this.#measureSoon();
    this.#hasLoggedIn = true;
    this.#client.bound();
  }

  /** Answers an operation of a client that asked for answers. */
  sayOk(): void {
    if (!this.fields.verbose) return;
    const { log } = this.#connection;
    if (log.traces) log.traceOut("+OK");
    this.#connection.send(OK_LINE);
  }

  /** False when the account is not there (any more), or full: then the connection is closed. */
  #bind(principal: Principal): boolean {
    const account = this.#host.accounts.named(principal.account);
    if (account === undefined) {
      this.#refuse({
        refused: ClosedReason.MISSING_ACCOUNT,
        wire: WireError.AUTHORIZATION_VIOLATION,
      });
      return false;
    }
    if (account !== this.account) {
      account.clients++;
      if (account.surplus > 0) {
        account.clients--;
        this.tooMany();
        return false;
      }
      const left = this.account;
      left.clients--;
      this.account = account;
      this.#client.moved(left);
    }
    this.principal = principal;
    this.rights = this.#rightsOf(principal);
    this.#connection.input.isStranger = false;
    this.#expire(principal);
    return true;
  }

  /** The client is let go of when its time is over. */
  #expire({ expiresAt }: Principal): void {
    this.#expiry?.cancel();
    if (expiresAt === undefined) return;
    const left = expiresAt - this.#host.clock.now();
    // Looked at now and then: the clock may be set, and timers go a few weeks.
    this.#expiry = this.#host.clock.after(
      Math.min(Math.max(0, left), EXPIRY_LOOK_MS),
      () => {
        const { principal } = this;
        if (left > EXPIRY_LOOK_MS && principal) return this.#expire(principal);
        this.#connection.close(
          ClosedReason.AUTHENTICATION_EXPIRED,
          WireError.USER_EXPIRED,
        );
      },
    );
  }

  /** Its account has more clients than it may have: this one goes. */
  tooMany(): void {
    this.#connection.log.error(WireError.MAX_ACCOUNT_CONNECTIONS);
    this.#connection.close(
      ClosedReason.MAX_ACCOUNT_CONNECTIONS,
      WireError.MAX_ACCOUNT_CONNECTIONS,
    );
  }

  /** The client's user, who stays in its account, may do something else from now on. */
  rebind(principal: Principal): void {
    const { rights } = this;
    this.principal = principal;
    this.rights = this.#rightsOf(principal);
    this.rights?.replace(rights);
  }

  #rightsOf({ permissions }: Principal): ClientRights | undefined {
    const compiled = permissionsOf(permissions);
    return compiled && new ClientRights(compiled, this.#host);
  }

  #measureSoon(): void {
    const { keepAlive } = this.#connection;
    keepAlive.rttMs ??= this.#host.clock.monotonic() - this.#openedAt;
    keepAlive.startEarly(
      Math.min(FIRST_CLIENT_PING_MS, this.#settings.pingIntervalMs),
      this.#host.random,
    );
  }

  /** NATS: a client that is not let in once more is where those are who are in no account yet. */
  #leave(): void {
    const { account } = this;
    const { global } = this.#host.accounts;
    this.principal = undefined;
    if (account === global) return;
    account.clients--;
    global.clients++;
    this.account = global;
    this.#client.moved(account);
  }

  #refuse(
    { refused, wire, who = claimedName(this.fields) }: LoginRefusal,
  ): void {
    const isFull = wire === WireError.TOO_MANY_LOGINS;
    const why = isFull ? ": too many logins wait" : "";
    this.#connection.log.error(
      `authentication error${why}${who && ` - ${who}`}`,
    );
    this.#connection.close(refused, wire);
  }

  #timedOut(): void {
    this.#connection.log.error("Authentication Timeout");
    this.#connection.close(
      ClosedReason.AUTHENTICATION_TIMEOUT,
      WireError.AUTHENTICATION_TIMEOUT,
    );
  }
}

/** CONNECT names an account: that is the server's choice. */
const MAY_NOT_CHOOSE: LoginRefusal = {
  refused: ClosedReason.AUTHENTICATION_FAILURE,
  wire: WireError.AUTHORIZATION_VIOLATION,
};
