/**
 * The subscriptions of one client, by the names that it gave them, and the
 * rules for new ones. They stand in the account's trie as well.
 */
import { asciiBytes, byteString } from "../../core/ascii.ts";
import { WireError } from "../../core/errors.ts";
import { isValidSubject, tokenCount } from "../../core/subject.ts";
import type { Account } from "../../accounts/account.ts";
import { type ClientReceiver, Interest } from "../../accounts/subscription.ts";
import { RESERVED_QUEUE, subscriptionViolation } from "./violations.ts";

export interface SubscriptionLimits {
  /** Subscriptions of one client; 0: no limit. */
  readonly maxSubscriptions: number;
  /** Tokens in a subject; 0: no limit. */
  readonly maxSubscriptionTokens: number;
}

export class ClientSubscriptions {
  /** By sid, a byte string. */
  readonly bySid: Map<string, Interest> = new Map();
  readonly #client: ClientReceiver;
  readonly #account: Account;
  readonly #limits: SubscriptionLimits;

  constructor(
    client: ClientReceiver,
    account: Account,
    limits: SubscriptionLimits,
  ) {
    this.#client = client;
    this.#account = account;
    this.#limits = limits;
  }

  /**
   * Adds a subscription; all three are byte strings, an empty `queue` makes a
   * plain one. Gives the text of the error if the client may not have it. A sid
   * that is in use keeps its subscription, as with nats-server.
   */
  add(subject: string, queue: string, sid: string): string {
    const { maxSubscriptionTokens, maxSubscriptions } = this.#limits;
    if (queue === RESERVED_QUEUE) return subscriptionViolation(subject, queue);
    if (
      maxSubscriptionTokens > 0 && tokenCount(subject) > maxSubscriptionTokens
    ) return `${subscriptionViolation(subject, "")}, too many tokens`;
    if (maxSubscriptions > 0 && this.bySid.size >= maxSubscriptions) {
      return WireError.MAX_SUBSCRIPTIONS;
    }
    if (this.bySid.has(sid)) return "";
    if (!isValidSubject(subject)) return WireError.INVALID_SUBJECT;
    const subscription = Interest.ofClient(
      this.#client,
      subject,
      queue,
      asciiBytes(sid),
    );
    this.bySid.set(sid, subscription);
    this.#account.add(subscription);
    return "";
  }

  /** Ends `subscription` now. */
  remove(subscription: Interest): void {
    this.bySid.delete(byteString(subscription.sid));
    this.#account.remove(subscription);
  }

  /** The client is gone. */
  clear(): void {
    for (const subscription of this.bySid.values()) {
      this.#account.remove(subscription);
    }
    this.bySid.clear();
  }
}
