/**
 * All live subscriptions of a client: messages find theirs here by sid, and a
 * new connection is told of each.
 */
import { readDecimal } from "../../core/ascii.ts";
import type { Clock } from "../../platform/clock.ts";
import type { MessageArgs } from "../../wire/args.ts";
import type { PermissionViolationError } from "../api/errors.ts";
import { type Outgoing, subLine, unsubLine } from "./outgoing.ts";
import { LiveSubscription, type SubscriptionOwner } from "./subscription.ts";
import type { SubscriptionOptions } from "../api/subscription.ts";

/** What the table cannot do alone; the connection does it. */
export type SubscriptionHost = Omit<SubscriptionOwner, "withdraw" | "forget">;

export class Subscriptions {
  readonly #outgoing: Outgoing;
  readonly #clock: Clock;
  readonly #owner: SubscriptionOwner;
  readonly #bySid = new Map<number, LiveSubscription>();
  #lastSid = 0;

  constructor(outgoing: Outgoing, clock: Clock, host: SubscriptionHost) {
    this.#outgoing = outgoing;
    this.#clock = clock;
    this.#owner = {
      publish: (subject, payload, options) =>
        host.publish(subject, payload, options),
      flush: () => host.flush(),
      report: (error) => host.report(error),
      lags: (subscription, pending) => host.lags(subscription, pending),
      withdraw: ({ sid }, max) => outgoing.unsubscribe(sid, max),
      forget: ({ sid }) => this.#bySid.delete(sid),
    };
  }

  /** Subject and options were checked. */
  add(subject: string, options: SubscriptionOptions): LiveSubscription {
    const subscription = new LiveSubscription(
      ++this.#lastSid,
      subject,
      options,
      this.#owner,
      this.#clock,
    );
    const { sid, queue, remaining } = subscription;
    this.#bySid.set(sid, subscription);
    this.#outgoing.subscribe(sid, subject, queue);
    if (remaining > 0) this.#outgoing.unsubscribe(sid, remaining);
    return subscription;
  }

  /** Hands a message (borrowed) to its subscription; one that is gone gets nothing. */
  deliver({ message, sidStart, sidEnd }: MessageArgs): void {
    const sid = readDecimal(message.subjectBuffer, sidStart, sidEnd);
    this.#bySid.get(sid)?.deliver(message);
  }

  /** What a server that knows nothing of us must be told. */
  lines(): string {
    let lines = "";
    for (const subscription of this.#bySid.values()) {
      if (subscription.isDraining()) continue;
      const { sid, subject, queue, remaining } = subscription;
      lines += subLine(sid, subject, queue);
      if (remaining > 0) lines += unsubLine(sid, remaining);
    }
    return lines;
  }

  /** The server refused a subject: its subscriptions end. */
  refuse(error: PermissionViolationError): void {
    for (const subscription of [...this.#bySid.values()]) {
      const isMeant = subscription.subject === error.subject &&
        subscription.queue === (error.queue ?? "");
      if (isMeant) subscription.end(error);
    }
  }

  /** Resolves when every subscription has drained. */
  async drain(): Promise<void> {
    await Promise.all(
      [...this.#bySid.values()].map((subscription) => subscription.drain()),
    );
  }

  end(): void {
    for (const subscription of [...this.#bySid.values()]) subscription.end();
  }
}
