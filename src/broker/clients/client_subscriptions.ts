/**
 * The subscriptions of one client, by the names that it gave them, and the
 * rules for new ones. They stand in the account's trie as well.
 */
import type { Account, InterestLinks } from "../../accounts/account.ts";
import { type DirectReceiver, Interest } from "../../accounts/interest.ts";
import { WireError } from "../../core/errors.ts";
import { type MapKey, mapKey } from "../../core/map_key.ts";
import { type KeyedMap, withRoom } from "../../core/wide_map.ts";
import { quotedBytes } from "../../core/quote.ts";
import { isValidSubject, tokenCount } from "../../core/subject.ts";
import type { SubArgs } from "../../wire/subscriptions.ts";
import type { ConnectionLog } from "../connections/connection_log.ts";
import type { Turn, TurnOwner } from "../connections/turn.ts";
import type { ClientRights } from "./client_rights.ts";
import {
  RESERVED_QUEUE,
  subscriptionViolation,
  tokensViolation,
  type Violation,
} from "./violations.ts";

/** Work to ask whether a subscription is still allowed. */
const REJUDGED_WORK = 20;

export interface SubscriptionLimits {
  /** Subscriptions of one client; 0: no limit. */
  readonly maxSubscriptions: number;
  /** Tokens in a subject; 0: no limit. */
  readonly maxSubscriptionTokens: number;
}

/** A client, and the account that it is in at the time. */
type Subscribing = DirectReceiver & {
  readonly login: { readonly account: Account };
  readonly connection: { readonly log: ConnectionLog };
};

export class ClientSubscriptions {
  /** By the keys of sids. */
  bySid: KeyedMap<MapKey, Interest> = new Map();
  /** How many there may be. */
  max: number;
  readonly #client: Subscribing;
  readonly #turn: Turn<TurnOwner>;
  readonly #limits: SubscriptionLimits;

  constructor(
    client: Subscribing,
    turn: Turn<TurnOwner>,
    limits: SubscriptionLimits,
  ) {
    this.#client = client;
    this.#turn = turn;
    this.#limits = limits;
    this.max = limits.maxSubscriptions || Infinity;
  }

  /**
   * Adds a subscription in the client's account. Gives the text of the error if
   * it cannot be. A sid that is in use keeps its subscription, as with
   * nats-server.
   */
  add(sub: SubArgs): string {
    const { subject, queue, sid } = sub;
    if (this.bySid.size >= this.max) return WireError.MAX_SUBSCRIPTIONS;
    const key = mapKey(sid);
    if (this.bySid.has(key)) return "";
    if (!isValidSubject(subject)) return WireError.INVALID_SUBJECT;
    const interest = Interest.direct(
      this.#client,
      subject,
      queue,
      sid,
    );
    this.bySid = withRoom(this.bySid);
    this.bySid.set(key, interest);
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

  /** What is wrong with a subscription that the client, with its `rights`, may not have. */
  violation(
    sub: SubArgs,
    rights: ClientRights | undefined,
  ): Violation | undefined {
    const { subject, queue } = sub;
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

  /** Ends `interest` now. */
  remove(interest: Interest): void {
    this.bySid.delete(mapKey(interest.sid));
    this.#client.login.account.remove(interest);
  }

  /**
   * Ends those that `rights` do not allow, as long as these hold, and calls
   * `revoked` with each; in as many turns as it takes.
   */
  rejudge(
    rights: ClientRights,
    hold: () => boolean,
    revoked: (interest: Interest) => void,
  ): void {
    const { bySid } = this;
    this.#turn.spreadOver(bySid.values(), REJUDGED_WORK, (interest) => {
      const { subject, queue } = interest;
      // Meanwhile it may be gone.
      if (interest.hasEnded || !hold()) return;
      if (rights.maySubscribe(subject, queue)) return;
      this.remove(interest);
      revoked(interest);
    });
  }

  /** None of them hears anything from now on. */
  end(): void {
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
