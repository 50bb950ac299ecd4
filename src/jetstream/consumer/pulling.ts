/**
 * Those who ask a consumer for messages: their requests, in the order in which
 * they came, and what they are told when they get none.
 */
import { byteString } from "../../core/ascii.ts";
import type { Message } from "../../wire/message.ts";
import { replyOf } from "../../wire/message.ts";
import { hasLevel, LEVEL_STATUS } from "../api/required_level.ts";
import { msUntil, usOf } from "../moments.ts";
import type { Destination } from "../../accounts/destination.ts";
import type { Consumer } from "./consumer.ts";
import type { Demand, Taker } from "./deliveries.ts";
import { Priority } from "./priority.ts";
import {
  checkPull,
  PullRefusal,
  type PullRequest,
  readPull,
} from "./pull_request.ts";
import { statusBlock } from "./statuses.ts";
import { type Pull, WaitingPulls } from "./waiting_pulls.ts";

const NO_BYTES = new Uint8Array(0);
const US_PER_MS = 1000;

/** The request that gets the next message. One object serves all messages. */
class Turn implements Taker {
  pull: Pull | undefined = undefined;
  header: string | undefined = undefined;
  readonly #took: (pull: Pull, bytes: number) => void;

  constructor(took: (pull: Pull, bytes: number) => void) {
    this.#took = took;
  }

  get to(): Destination {
    return this.pull!.to;
  }

  took(bytes: number): void {
    this.#took(this.pull!, bytes);
  }
}

export class Pulling implements Demand {
  readonly #consumer: Consumer;
  readonly #pulls = new WaitingPulls();
  readonly #turn = new Turn((pull, bytes) => this.#took(pull, bytes));
  readonly #end: () => void;
  #isStopped = false;
  readonly priority: Priority;

  constructor(consumer: Consumer) {
    const { name, stream } = consumer;
    this.#consumer = consumer;
    this.priority = new Priority(consumer);
    this.#end = stream.host.client.subscribe(
      `$JS.API.CONSUMER.MSG.NEXT.${stream.name}.${name}`,
      "",
      (message, publisher) =>
        stream.host.isMeantBy(publisher) && this.#requested(message),
    );
  }

  /** Requests that wait, and whose clients do. */
  countWaiting(): number {
    this.#forgetGone();
    return this.#pulls.size;
  }

  get isInUse(): boolean {
    return this.#pulls.size > 0;
  }

  /** The consumer goes, or the server stops: those who wait are told, perhaps along with what is left of it. */
  tell(status: string, tellsRest: boolean): void {
    for (const pull of this.#pulls.takeAll()) {
      this.#answer(pull.to.subject, status, tellsRest ? pull : undefined);
    }
  }

  restart(): void {}

  stop(): void {
    this.#isStopped = true;
    this.#end();
    this.priority.stop();
    this.#pulls.takeAll();
  }

  taker(bytes: number, nowUs: number): Taker | undefined {
    let next = this.#pulls.first;
    while (next !== undefined) {
      const pull = next;
      next = this.#pulls.behind(pull);
      if (this.#hasGone(pull, bytes, nowUs)) continue;
      if (this.priority.verdict(pull.claim) === "later") {
        if (isForNow(pull)) this.#close(pull, "404 No Messages", false);
        continue;
      }
      this.#turn.pull = pull;
      this.#turn.header = this.priority.serve(pull.claim);
      const id = this.priority.pin?.id ?? "";
      if (pull.claim.id !== id) pull.claim = { ...pull.claim, id };
      return this.#turn;
    }
    return undefined;
  }

  /** Whether a request cannot have a message of `bytes` and waits no more. */
  #hasGone(pull: Pull, bytes: number, nowUs: number): boolean {
    if (!pull.to.isHeard()) return this.#pulls.remove(pull);
    if (pull.endsUs <= nowUs) {
      return this.#close(pull, "408 Request Timeout");
    }
    if (this.priority.verdict(pull.claim) === "wrong") {
      return this.#close(pull, "423 Nats-Wrong-Pin-Id");
    }
    if (bytes <= pull.bytesLeft) return false;
    return this.#close(pull, "409 Message Size Exceeds MaxBytes");
  }

  /** Those who do not wait are told that there is nothing. */
  idle(): void {
    if (!this.#pulls.hasNoWaits) return;
    const { progress, config } = this.#consumer;
    const { max_ack_pending = -1 } = config;
    const isStalled = max_ack_pending > 0 &&
      progress.pending.size >= max_ack_pending;
    if (isStalled) return;
    for (const pull of this.#pulls) {
      if (isForNow(pull)) this.#close(pull, "404 No Messages", false);
    }
  }

  ask(request: string, reply: string): void {
    if (reply !== "") this.#pull(request, reply);
  }

  #requested(message: Message): boolean {
    const reply = replyOf(message);
    if (reply === "") return true;
    this.#consumer.used();
    if (!hasLevel(message)) {
      this.#answer(reply, LEVEL_STATUS);
      return true;
    }
    const { bodyBuffer, bodyEnd, payloadStart, headerSize } = message;
    const start = payloadStart + Math.max(0, headerSize);
    this.#pull(byteString(bodyBuffer, start, bodyEnd - 2), reply);
    return true;
  }

  #pull(text: string, reply: string): void {
    const { config, stream } = this.#consumer;
    this.#refusing(reply, () => {
      const request = readPull(text);
      checkPull(request, config);
      this.priority.claimed(request);
      const enter = (): void => this.#enter(request, reply);
      if (!this.#comesEarly(request)) return enter();
      stream.whenKept(0, () => {
        if (!this.#isStopped) this.#refusing(reply, enter);
      });
    });
  }

  /** Calls `act`; a refusal is told on `reply`. */
  #refusing(reply: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof PullRefusal)) throw error;
      this.#answer(reply, error.message);
    }
  }

  /** It takes what is there, and that was published and is not there for good yet. */
  #comesEarly({ no_wait, expires }: PullRequest): boolean {
    const { selection, dueAgain } = this.#consumer;
    const isEmpty = no_wait && expires === 0 &&
      selection.pending + dueAgain === 0;
    return isEmpty && selection.published > 0;
  }

  #enter(request: PullRequest, reply: string): void {
    const { config, selection, stream: { host } } = this.#consumer;
    const { no_wait, expires, batch, max_bytes, idle_heartbeat } = request;
    const most = config.max_waiting ?? Infinity;
    if (no_wait) {
      const pending = selection.pending + this.#consumer.dueAgain;
      if (pending === 0 && expires === 0) {
        throw new PullRefusal("404 No Messages");
      }
      if (pending > 0 && this.#wantMoreThan(pending)) {
        throw new PullRefusal("408 Requests Pending");
      }
    }
    if (this.#pulls.size >= most) this.#forgetGone();
    if (this.#pulls.size >= most) {
      if (idle_heartbeat > 0) return;
      throw new PullRefusal("409 Exceeded MaxWaiting");
    }
    const pull: Pull = {
      to: host.client.destination(reply),
      left: batch,
      bytesLeft: max_bytes > 0 ? max_bytes : Infinity,
      limitsBytes: max_bytes > 0,
      noWait: no_wait,
      endsUs: expires === 0 ? Infinity : host.moments.nowUs() + usOf(expires),
      hasSome: false,
      heartbeatMs: usOf(idle_heartbeat) / US_PER_MS,
      rank: this.priority.rank(request),
      claim: request,
      timers: [],
    };
    this.#pulls.add(pull);
    this.#watchEnd(pull);
    this.#beat(pull);
    this.#consumer.pump();
  }

  #took(pull: Pull, bytes: number): void {
    this.#pulls.turned(pull);
    pull.bytesLeft -= bytes;
    pull.hasSome = true;
    if (pull.left <= 0 || pull.bytesLeft === 0) {
      this.#pulls.remove(pull);
      // NATS JetStream: nothing is told where nothing is left of the bytes.
      if (pull.limitsBytes && pull.bytesLeft > 0) this.#completed(pull);
      return;
    }
    this.#beat(pull);
  }

  /** Whether those who wait want more messages than there are. */
  #wantMoreThan(pending: number): boolean {
    if (this.#pulls.wanted > pending) this.#forgetGone();
    return this.#pulls.wanted > pending;
  }

  /** Requests of clients that have gone wait no more. */
  #forgetGone(): void {
    for (const pull of this.#pulls) {
      if (!pull.to.isHeard()) this.#pulls.remove(pull);
    }
  }

  /** Behind the message that completes it. */
  #completed(pull: Pull): void {
    const { clock } = this.#consumer.stream.host;
    clock.after(
      0,
      () => this.#answer(pull.to.subject, "409 Batch Completed", pull),
    );
  }

  #watchEnd(pull: Pull): void {
    if (pull.endsUs === Infinity) return;
    const { clock, moments } = this.#consumer.stream.host;
    pull.timers[0] = clock.after(
      msUntil(pull.endsUs, moments.nowUs()),
      () => this.#timedOut(pull),
    );
  }

  /** A sign of life, each time that nothing has come for a while. */
  #beat(pull: Pull): void {
    if (pull.heartbeatMs === 0) return;
    const { clock } = this.#consumer.stream.host;
    pull.timers[1]?.cancel();
    pull.timers[1] = clock.after(pull.heartbeatMs, () => {
      const { progress } = this.#consumer;
      this.#answer(pull.to.subject, "100 Idle Heartbeat", undefined, {
        "Nats-Last-Consumer": progress.consumerSeq,
        "Nats-Last-Stream": progress.seq,
      });
      this.#beat(pull);
    });
  }

  #timedOut(pull: Pull): void {
    this.#close(pull, "408 Request Timeout");
  }

  /** False: it did not wait. `tells`: what is left of it. */
  #close(pull: Pull, status: string, tells: boolean = true): boolean {
    if (!this.#pulls.remove(pull)) return false;
    this.#answer(pull.to.subject, status, tells ? pull : undefined);
    return true;
  }

  /** `pull`: the headers tell what is left of it. */
  #answer(
    reply: string,
    status: string,
    pull?: Pull,
    headers: Readonly<Record<string, number>> = pull === undefined ? {} : {
      "Nats-Pending-Messages": pull.left,
      "Nats-Pending-Bytes": pull.limitsBytes ? pull.bytesLeft : 0,
    },
  ): void {
    this.#consumer.stream.host.client.publish(reply, NO_BYTES, {
      headers: statusBlock(status, headers),
    });
  }
}

/** It takes what is there: at once, or once anything is. */
function isForNow({ noWait, endsUs, hasSome }: Pull): boolean {
  return noWait && (endsUs === Infinity || hasSome);
}

/** Tells all who wait for messages of a consumer, where it is one that is asked. */
export function tellWaiting({ demand }: Consumer, status: string): void {
  if (demand instanceof Pulling) demand.tell(status, false);
}

/** Tells them that the server stops, or has no streams any more. */
export function tellOfShutdown({ demand }: Consumer): void {
  if (demand instanceof Pulling) demand.tell("409 Server Shutdown", true);
}
