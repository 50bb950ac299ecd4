/**
 * What becomes of a client's SUB and UNSUB: its subscriptions, by the names that
 * it gave them, and the rules for new ones. They stand in the account's trie as
 * well.
 */
import type { InterestLinks } from "../../accounts/account.ts";
import { type DirectReceiver, Interest } from "../../accounts/interest.ts";
import { WireError } from "../../core/errors.ts";
import type { MapKey } from "../../core/map_key.ts";
import { type KeyedMap, withRoom } from "../../core/wide_map.ts";
import { quotedBytes } from "../../core/quote.ts";
import { isValidSubject, tokenCount } from "../../core/subject.ts";
import { readSub, readUnsub, type SubArgs } from "../../wire/subscriptions.ts";
import type { Connection } from "../connections/connection.ts";
import type { Turn, TurnOwner } from "../connections/turn.ts";
import type { ClientSettings } from "./client_host.ts";
import type { Login } from "./login.ts";
import {
  RESERVED_QUEUE,
  revocation,
  subscriptionViolation,
  tokensViolation,
  violates,
  type Violation,
} from "./violations.ts";

/** Work to ask whether a subscription is still allowed. */
const REJUDGED_WORK = 20;

/** A client that subscribes. */
interface Subscriber extends DirectReceiver {
  readonly connection: Connection;
  readonly login: Login;
}

function keyOf({ key }: Interest): MapKey {
  return key;
}

type SubscriptionLimits = Pick<
  ClientSettings,
  "maxSubscriptions" | "maxSubscriptionTokens"
>;

export class ClientSubscriptions {
  /** By the keys of sids. */
  bySid: KeyedMap<MapKey, Interest> = new Map();
  /** How many there may be. */
  max: number;
  readonly #client: Subscriber;
  readonly #turn: Turn<TurnOwner>;
  readonly #limits: SubscriptionLimits;

  constructor(
    client: Subscriber,
    turn: Turn<TurnOwner>,
    limits: SubscriptionLimits,
  ) {
    this.#client = client;
    this.#turn = turn;
    this.#limits = limits;
    this.max = limits.maxSubscriptions || Infinity;
  }

  /** Handles SUB. */
  subscribe(buffer: Uint8Array, start: number, end: number): void {
    const { connection, login } = this.#client;
    connection.noteActivity();
    const sub = readSub(buffer, start, end);
    const violation = this.#violationIn(sub);
    if (violation !== undefined) return violates(connection, violation);
    const error = this.#add(sub);
    if (error !== "") connection.sendError(error);
    else login.sayOk();
  }

  /** Handles UNSUB: the subscription ends now, or once the client has heard `max` messages by it. */
  unsubscribe(buffer: Uint8Array, start: number, end: number): void {
    const { connection, login } = this.#client;
    connection.noteActivity();
    const { sid, max } = readUnsub(buffer, start, end);
    const interest = this.bySid.get(sid);
    if (interest !== undefined) {
      if (max > interest.delivered) interest.max = max;
      else this.end(interest);
    }
    login.sayOk();
  }

  /**
   * Adds a subscription in the client's account. Gives the text of the error if
   * it cannot be. A sid that is in use keeps its subscription, as with
   * nats-server.
   */
  #add(sub: SubArgs): string {
    const { subject, queue, sid } = sub;
    if (this.bySid.size >= this.max) return WireError.MAX_SUBSCRIPTIONS;
    if (this.bySid.has(sid)) return "";
    if (!isValidSubject(subject)) return WireError.INVALID_SUBJECT;
    const interest = Interest.direct(this.#client, subject, queue, sid);
    this.bySid = withRoom(this.bySid, keyOf);
    this.bySid.set(sid, interest);
    const { account } = this.#client.login;
    account.add(interest);
    if (account.links !== undefined) this.#noteImports(account.links, interest);
    return "";
  }

  /** NATS: a line for each stream of another account that it hears. */
  #noteImports(links: InterestLinks, interest: Interest): void {
    const { log } = this.#client.connection;
    if (!log.debugs) return;
    for (const imported of links.importedBy(interest)) {
      const [subject, account] = [imported.subject, imported.account]
        .map(quotedBytes);
      log.debug(
        `Creating import subscription on ${subject} from account ${account}`,
      );
    }
  }

  /** Why the client may not have a subscription; undefined: it may. */
  #violationIn(sub: SubArgs): Violation | undefined {
    const { subject, queue } = sub;
    const { rights } = this.#client.login;
    const { maxSubscriptionTokens } = this.#limits;
    if (
      queue === RESERVED_QUEUE || rights?.maySubscribe(subject, queue) === false
    ) return subscriptionViolation(sub);
    const isTooLong = maxSubscriptionTokens > 0 &&
      tokenCount(subject) > maxSubscriptionTokens;
    return isTooLong ? tokensViolation(sub) : undefined;
  }

  /** There are more than there may be, or there may be none at all. */
  get areTooMany(): boolean {
    return this.bySid.size > this.max || this.max === 0;
  }

  /** Ends `interest` now, as an UNSUB wants it. */
  end(interest: Interest): void {
    this.#remove(interest);
    const { log } = this.#client.connection;
    if (log.traces) log.trace(`<-> [DELSUB ${interest.sid}]`);
  }

  #remove(interest: Interest): void {
    this.bySid.delete(interest.key);
    this.#client.login.account.remove(interest);
  }

  /**
   * Other rights hold for the client. Subscriptions to what it may not hear any
   * more end, in as many turns as it takes, and it is told of each.
   */
  rejudge(user: string): void {
    const { connection, login } = this.#client;
    const { rights } = login;
    if (rights === undefined) return;
    const { bySid } = this;
    this.#turn.spreadOver(bySid.values(), REJUDGED_WORK, (interest) => {
      const { subject, queue } = interest;
      // Meanwhile it may be gone, or the rights may have changed once more.
      if (interest.hasEnded || login.rights !== rights) return;
      if (rights.maySubscribe(subject, queue)) return;
      this.#remove(interest);
      violates(connection, revocation(interest, user));
    });
  }

  /** None of them hears anything from now on. */
  endAll(): void {
    for (const interest of this.bySid.values()) interest.hasEnded = true;
    this.clear();
  }

  /** Takes all of them away, in as many turns as it needs. */
  clear(): void {
    const { account } = this.#client.login;
    const interests = this.bySid.values();
    this.bySid = new Map();
    this.#turn.spreadOver(interests, 0, (interest) => account.remove(interest));
  }
}
