/**
 * The subscribing role of a connection: all of its live subscriptions. Messages
 * find theirs here by sid, and a new connection is told of each.
 */
import { readDecimal } from "../../core/ascii.ts";
import type { Clock } from "../../platform/clock.ts";
import type { MessageArgs } from "../../wire/args.ts";
import type { PermissionViolationError } from "../api/errors.ts";
import { checkPattern, checkQueue } from "./subjects.ts";
import { type Outgoing, subLine, unsubLine } from "./outgoing.ts";
import { LiveSubscription, type SubscriptionOwner } from "./subscription.ts";
import type { SubscriptionOptions } from "../api/subscription.ts";
import type { Gate } from "./gate.ts";
import type { Flushes } from "./flushes.ts";
import type { StatusSink } from "../api/status.ts";
import type { Publisher } from "./received_msg.ts";

/** What subscriptions work with. */
export interface SubscriptionParts {
  readonly outgoing: Outgoing;
  readonly gate: Gate;
  readonly flushes: Flushes;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly statuses: StatusSink;
}

export class Subscriptions {
  readonly #outgoing: Outgoing;
  readonly #gate: Gate;
  readonly #owner: SubscriptionOwner;
  readonly #bySid = new Map<number, LiveSubscription>();
  #lastSid = 0;

  constructor(parts: SubscriptionParts) {
    const { outgoing, gate, flushes, publisher, clock, statuses } = parts;
    this.#outgoing = outgoing;
    this.#gate = gate;
    this.#owner = {
      clock,
      statuses,
      publisher,
      flush: () => flushes.flush(),
      withdraw: ({ sid }, max) => outgoing.unsubscribe(sid, max),
      forget: ({ sid }) => this.#bySid.delete(sid),
    };
  }

  /** Checks what a program hands in, and adds it. */
  subscribe(subject: string, options: SubscriptionOptions): LiveSubscription {
    this.#gate.checkBegin();
    checkPattern(subject);
    if (options.queue !== undefined) checkQueue(options.queue);
    return this.add(subject, options);
  }

  /** Subject and options were checked. */
  add(subject: string, options: SubscriptionOptions): LiveSubscription {
    const subscription = new LiveSubscription(
      ++this.#lastSid,
      subject,
      options,
      this.#owner,
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

  /** Resolves when all that is under way has arrived and every subscription has ended. */
  async drain(): Promise<void> {
    await Promise.all(
      [...this.#bySid.values()].map((subscription) => subscription.drain()),
    );
  }

  end(): void {
    for (const subscription of [...this.#bySid.values()]) subscription.end();
  }
}
