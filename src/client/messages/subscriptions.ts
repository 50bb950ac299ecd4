/**
 * The subscribing role of a connection: all of its live subscriptions. Messages
 * find theirs here by sid, and a new connection is told of each.
 */
import { readDecimal } from "../../core/ascii.ts";
import type { Clock } from "../../platform/clock.ts";
import type { MessageArgs } from "../../wire/args.ts";
import {
  DrainTimeoutError,
  type PermissionViolationError,
} from "../api/errors.ts";
import { checkPattern, checkQueue } from "./subjects.ts";
import { type Outgoing, subLine, unsubLine } from "./outgoing.ts";
import type { Wait } from "./work.ts";
import { LiveSubscription, type SubscriptionOwner } from "./subscription.ts";
import type {
  MsgCallback,
  Subscription,
  SubscriptionOptions,
} from "../api/subscription.ts";
import type { Flow } from "../../platform/flow.ts";
import type { ChunkLender } from "../../platform/socket.ts";
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
  readonly flow: Flow;
  readonly drainTimeoutMs: number;
}

export class Subscriptions {
  readonly #outgoing: Outgoing;
  readonly #gate: Gate;
  readonly #owner: SubscriptionOwner;
  readonly #bySid = new Map<number, LiveSubscription>();
  /** Those that bring the answers to requests. */
  readonly #forAnswers = new Set<LiveSubscription>();
  readonly #ended = new EndedSubscriptions();
  #lastSid = 0;

  constructor(parts: SubscriptionParts) {
    const { outgoing, gate, flushes, ...others } = parts;
    this.#outgoing = outgoing;
    this.#gate = gate;
    this.#owner = {
      ...others,
      gate,
      flush: () => flushes.flushInDrain(others.drainTimeoutMs),
      withdraw: (subscription, max) =>
        outgoing.unsubscribe(
          subscription.sid,
          max === 0 ? 0 : subscription.countedByServer(max),
        ),
      forget: (subscription) => {
        this.#bySid.delete(subscription.sid);
        this.#forAnswers.delete(subscription);
      },
      remember: (subscription) => this.#ended.add(subscription),
    };
  }

  /** Checks what a program hands in, and adds it. */
  subscribe(subject: string, options: SubscriptionOptions): LiveSubscription {
    this.#gate.checkBegin();
    checkPattern(subject);
    const { queue = "" } = options;
    if (queue !== "") checkQueue(queue);
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
    this.#announce(subscription);
    return subscription;
  }

  /** Adds one that brings answers: a drain ends it last. */
  addForAnswers(subject: string, callback: MsgCallback): LiveSubscription {
    const subscription = this.add(subject, { callback });
    this.#forAnswers.add(subscription);
    return subscription;
  }

  /**
   * Asks for another subject on behalf of a subscription that the program holds;
   * nothing that was sent for the one before reaches it any more. It ends after
   * `max` messages of the new one; 0: no limit.
   */
  move(subscription: Subscription, subject: string, max: number): void {
    this.#gate.checkBegin();
    checkPattern(subject);
    const live = this.#bySid.get(subscription.getID());
    if (live !== subscription || live.isDraining()) return;
    this.#outgoing.unsubscribe(live.sid, 0);
    this.#bySid.delete(live.sid);
    live.moveTo(++this.#lastSid, subject, max);
    this.#announce(live);
  }

  /** Hands a message (borrowed) to its subscription; one that is gone gets nothing. */
  deliver(
    { message, sidStart, sidEnd }: MessageArgs,
    lender: ChunkLender | undefined,
  ): void {
    const sid = readDecimal(message.subjectBuffer, sidStart, sidEnd);
    this.#bySid.get(sid)?.deliver(message, lender);
  }

  /** What a server that knows nothing of us must be told. */
  lines(): string {
    let lines = "";
    for (const subscription of this.#bySid.values()) {
      if (subscription.isDraining()) continue;
      const { sid, subject, queue, remaining } = subscription;
      subscription.beginCount();
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

  /** Begins to end all of them. */
  drain(): Draining {
    const { drainTimeoutMs, statuses } = this.#owner;
    const subscriptions = [...this.#bySid.values(), ...this.#ended.busy()]
      .filter((one) => !this.#forAnswers.has(one));
    const waits = subscriptions.map(({ work }) => work.wait());
    const finish = async (): Promise<void> => {
      const ends = await Promise.allSettled(
        subscriptions.map((one, at) => one.finish(waits[at]!)),
      );
      for (const one of [...this.#forAnswers]) await one.drain();
      const left = ends.flatMap((end) =>
        end.status === "fulfilled" ? end.value ?? [] : []
      );
      const lost = ends.find((end) => end.status === "rejected");
      const late = left.length === 0
        ? undefined
        : new DrainTimeoutError(drainTimeoutMs, left);
      if (late !== undefined) statuses.tell({ type: "error", error: late });
      if (lost !== undefined) throw lost.reason;
      if (late !== undefined) throw late;
    };
    return {
      limitMs: drainTimeoutMs,
      finish,
      excuseCaller: () => waits.forEach((wait) => wait.excuseCaller()),
    };
  }

  /** Resolves when nothing is under way for any of them, or after `limitMs`. */
  async idle(limitMs: number): Promise<void> {
    let waits: Wait[] = [];
    let isLate = false;
    const timer = this.#owner.clock.after(limitMs, () => {
      isLate = true;
      for (const wait of waits) wait.giveUp();
    });
    while (!isLate) {
      waits = [...this.#bySid.values(), ...this.#ended.busy()]
        .filter(({ work }) => work.count > 0)
        .map(({ work }) => work.wait());
      if (waits.length === 0) break;
      await Promise.all(waits.map((wait) => wait.start()));
    }
    timer.cancel();
  }

  /** The connection is closed. */
  end(): void {
    const all = [...this.#bySid.values(), ...this.#ended.busy()];
    for (const subscription of all) subscription.abandon();
  }

  #announce(subscription: LiveSubscription): void {
    const { sid, subject, queue, remaining } = subscription;
    this.#bySid.set(sid, subscription);
    subscription.beginCount();
    this.#outgoing.subscribe(sid, subject, queue);
    if (remaining > 0) this.#outgoing.unsubscribe(sid, remaining);
  }
}

/** A drain of all subscriptions. */
export interface Draining {
  /** The most that it waits for the program. */
  readonly limitMs: number;
  /** Resolves when all that was under way has arrived, every subscription has ended, and the program has done with all of it. */
  finish(): Promise<void>;
  /** The running flow waits for it. */
  excuseCaller(): void;
}

/** How many are kept before those that are done with are looked for. */
const ENDED_SWEEP_AT = 64;

/**
 * Subscriptions that have ended, and for which something may be under way still.
 * A loop that a program has forgotten, halfway, is under way no more.
 */
class EndedSubscriptions {
  #all = new Set<WeakRef<LiveSubscription>>();
  #sweepAt = ENDED_SWEEP_AT;

  add(subscription: LiveSubscription): void {
    this.#all.add(new WeakRef(subscription));
    if (this.#all.size < this.#sweepAt) return;
    this.#all = new Set(this.busy().map((one) => new WeakRef(one)));
    this.#sweepAt = 2 * this.#all.size + ENDED_SWEEP_AT;
  }

  busy(): LiveSubscription[] {
    const living = [...this.#all].map((reference) => reference.deref())
      .filter((one) => one !== undefined && one.work.count > 0);
    return [...new Set(living)] as LiveSubscription[];
  }
}
