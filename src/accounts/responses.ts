/**
 * The responses that the services of one account owe to others. A request gets a
 * reply subject of its own, `_R_.` and two random tokens, on which only the
 * service knows to respond; one subscription of the server hears all of them and
 * carries each response to the account that waits for it.
 */
import { asciiBytes, byteString } from "../core/ascii.ts";
import { LinkedOrder, type OrderLink } from "../core/linked_order.ts";
import { randomName } from "../core/nuid.ts";
import type { Clock, Random } from "../platform/clock.ts";
import { Message, replyOf, subjectOf } from "../wire/message.ts";
import { copyParts, setReply, setSubject } from "../wire/rewrite.ts";
import type { Account } from "./account.ts";
import type { Delivery } from "./delivery.ts";
import {
  type DirectReceiver,
  Interest,
  type MessageSource,
} from "./interest.ts";
import {
  type LatencyMeasurement,
  LatencyStatus,
  measuredReplyEnd,
  type OtherHalf,
} from "./latency.ts";
import { Kind } from "./reach.ts";
import type { AwaitedReply, Replies } from "./replies.ts";
import { serviceMatch } from "./service_match.ts";

/** NATS: how a service responds, and how long after the last sign of life. */
export interface ResponseTerms {
  readonly response: "singleton" | "stream" | "chunked";
  readonly thresholdMs: number;
}

export interface ResponsesHost {
  readonly delivery: Delivery;
  readonly clock: Clock;
  readonly random: Random;
  readonly serverName: string;
  /** What requests of `account` wait for. */
  repliesOf(account: Account): Replies;
  /** What services of `account` owe. */
  responsesOf(account: Account): Responses;
}

/** NATS: unless an export says another one. */
const DEFAULT_THRESHOLD_MS = 120_000;
const TOKEN_CHARS = 6;
/** A record waits this long for what another server tells of the responder. */
const OTHER_HALF_MS = 2000;

/** NATS: acknowledgements go to the stream that they are for, no matter who sends them. */
const ACK_PREFIX = "$JS.ACK.";

/** One response, or several, that a requester waits for. */
class AwaitedResponse implements AwaitedReply {
  readonly token: string;
  readonly requester: Account;
  readonly reply: string;
  readonly rules: ResponseTerms;
  readonly measurement: LatencyMeasurement | undefined;
  deadline = 0;
  place: OrderLink<AwaitedReply> | undefined = undefined;
  /** Its place among those of the same threshold. */
  due: OrderLink<AwaitedResponse> | undefined = undefined;
  readonly #owner: Responses;

  constructor(
    owner: Responses,
    token: string,
    requester: Account,
    reply: string,
    rules: ResponseTerms,
    measurement: LatencyMeasurement | undefined,
  ) {
    this.#owner = owner;
    this.token = token;
    this.requester = requester;
    this.reply = reply;
    this.rules = rules;
    this.measurement = measurement;
  }

  end(): void {
    this.measurement?.failed(LatencyStatus.REQUEST_TIMEOUT);
    this.#owner.ended(this);
  }
}

export class Responses implements DirectReceiver {
  readonly kind: Kind = Kind.INTERNAL;
  readonly #account: Account;
  readonly #host: ResponsesHost;
  readonly #prefix: string;
  readonly #interest: Interest;
  readonly #awaited = new Map<string, AwaitedResponse>();
  /** Answered by another server, which has yet to tell from whom. */
  readonly #halfMeasured = new Map<string, LatencyMeasurement>();
  /** By their thresholds, each in the order of their deadlines. */
  readonly #byThreshold = new Map<number, LinkedOrder<AwaitedResponse>>();
  #timerAt = Infinity;
  #isListening = false;

  /** Of the services of `account`. */
  constructor(account: Account, host: ResponsesHost) {
    this.#account = account;
    this.#host = host;
    this.#prefix = `_R_.${randomName(host.random, TOKEN_CHARS)}.`;
    this.#interest = Interest.direct(this, `${this.#prefix}>`, "", "");
  }

  get size(): number {
    return this.#awaited.size;
  }

  /**
   * Gives `message`, on its way from `requester` to a service, a reply subject
   * of its own. Gives what is awaited now; undefined: nothing.
   */
  await(
    message: Message,
    requester: Account,
    rules: ResponseTerms,
    measurement?: LatencyMeasurement,
  ): AwaitedReply | undefined {
    if (!message.hasReply) return undefined;
    const reply = replyOf(message);
    if (reply.startsWith(ACK_PREFIX)) return undefined;
    this.#listen();
    const end = measurement && measuredReplyEnd(this.#host.serverName);
    const token = this.#newToken(end ?? "");
    const awaited = new AwaitedResponse(
      this,
      token,
      requester,
      reply,
      rules,
      measurement,
    );
    this.#host.repliesOf(requester).add(awaited);
    this.#awaited.set(token, awaited);
    this.#watch(awaited);
    setReply(message, asciiBytes(this.#prefix + token));
    return awaited;
  }

  takes(): boolean {
    return true;
  }

  /** A response, or something else that was published there. */
  deliver(
    interest: Interest,
    message: Message,
    publisher: MessageSource | undefined,
  ): boolean {
    interest.delivered++;
    const token = publishedSubject(message).slice(this.#prefix.length);
    const awaited = this.#awaited.get(token);
    // NATS: a responder that is late is not told.
    if (awaited === undefined) return true;
    const isLast = awaited.rules.response === "singleton" || message.size === 0;
    if (isLast) this.ended(awaited);
    else this.#watch(awaited);
    if (publisher?.kind === Kind.ROUTE) this.#answeredElsewhere(awaited);
    else awaited.measurement?.answered(publisher?.requestInfo?.(true, true));
    const isHeard = this.#carry(awaited, message, publisher);
    if (!isHeard) this.ended(awaited);
    return true;
  }

  /** Another server tells who has responded, or will, on the subject `reply`. */
  measuredElsewhere(reply: string, half: OtherHalf): void {
    if (!reply.startsWith(this.#prefix)) return;
    const token = reply.slice(this.#prefix.length);
    const measurement = this.#awaited.get(token)?.measurement ??
      this.#halfMeasured.get(token);
    measurement?.merge(half);
  }

  /** Nobody waits for it any more. */
  ended(awaited: AwaitedResponse): void {
    if (!this.#awaited.delete(awaited.token)) return;
    const { due } = awaited;
    if (due !== undefined) {
      this.#byThreshold.get(thresholdOf(awaited))?.remove(due);
    }
    this.#host.repliesOf(awaited.requester).remove(awaited);
  }

  /** The account is gone. */
  clear(): void {
    for (const awaited of [...this.#awaited.values()]) this.ended(awaited);
    if (this.#isListening) this.#account.remove(this.#interest);
    this.#isListening = false;
  }

  /** Publishes a response where it is waited for; false when nobody hears it. */
  #carry(
    { requester, reply, rules }: AwaitedResponse,
    message: Message,
    publisher: MessageSource | undefined,
  ): boolean {
    const response = new Message();
    copyParts(message, response);
    const subject = asciiBytes(reply);
    // What shows another subject shows it there, too.
    if (message.publishedOn !== undefined) response.publishedOn = subject;
    else setSubject(response, subject);
    // A response may ask for something itself; its answer goes the other way.
    const awaited = this.#host.responsesOf(requester)
      .await(response, this.#account, rules);
    // What a route brought goes to all servers: it has changed accounts.
    const source = publisher?.kind === Kind.ROUTE ? undefined : publisher;
    const { match } = requester.facts(subject, 0, subject.length);
    const { delivery } = this.#host;
    const heard = serviceMatch(match);
    const taken = delivery.publish(requester, heard, response, source);
    if (taken === 0) awaited?.end();
    return taken > 0;
  }

  #answeredElsewhere({ token, measurement }: AwaitedResponse): void {
    measurement?.answeredElsewhere();
    if (measurement === undefined || measurement.isOver) return;
    this.#halfMeasured.set(token, measurement);
    this.#host.clock.after(OTHER_HALF_MS, () => {
      this.#halfMeasured.delete(token);
      measurement.giveUp();
    });
  }

  /** From the first request on. */
  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.#account.add(this.#interest);
  }

  #newToken(end: string): string {
    for (;;) {
      const token = randomName(this.#host.random, TOKEN_CHARS) + end;
      if (!this.#awaited.has(token)) return token;
    }
  }

  /** A response may come until the threshold has passed, from now on. */
  #watch(awaited: AwaitedResponse): void {
    const threshold = thresholdOf(awaited);
    const due = this.#byThreshold.get(threshold) ?? new LinkedOrder();
    this.#byThreshold.set(threshold, due);
    if (awaited.due !== undefined) due.remove(awaited.due);
    awaited.due = due.add(awaited);
    awaited.deadline = this.#host.clock.monotonic() + threshold;
    if (awaited.deadline < this.#timerAt) this.#wakeAt(awaited.deadline);
  }

  #wakeAt(deadline: number): void {
    const { clock } = this.#host;
    this.#timerAt = deadline;
    clock.after(Math.max(0, deadline - clock.monotonic()), () => {
      // Another timer may have been set for an earlier moment since.
      if (this.#timerAt === deadline) this.#expire();
    });
  }

  #expire(): void {
    const now = this.#host.clock.monotonic();
    let next = Infinity;
    for (const [threshold, due] of this.#byThreshold) {
      let first = due.oldest;
      while (first !== undefined && first.item.deadline <= now) {
        due.remove(first);
        first.item.measurement?.failed(LatencyStatus.SERVICE_TIMEOUT);
        this.ended(first.item);
        first = due.oldest;
      }
      next = Math.min(next, first?.item.deadline ?? Infinity);
      if (due.size === 0) this.#byThreshold.delete(threshold);
    }
    this.#timerAt = Infinity;
    if (next < Infinity) this.#wakeAt(next);
  }
}

function thresholdOf({ rules: { thresholdMs } }: AwaitedResponse): number {
  return thresholdMs > 0 ? thresholdMs : DEFAULT_THRESHOLD_MS;
}

/** The subject that a message was published on, whatever it shows. */
function publishedSubject(message: Message): string {
  const { publishedOn } = message;
  return publishedOn === undefined
    ? subjectOf(message)
    : byteString(publishedOn, 0, publishedOn.length);
}
