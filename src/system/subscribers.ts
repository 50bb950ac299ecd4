/**
 * How many subscriptions there are to a subject: `$SYS.DEBUG.SUBSCRIBERS` asks
 * for those of the whole cluster, for which this server asks all others by
 * `$SYS.REQ.ACCOUNT.NSUBS`.
 */
import type { Account } from "../accounts/account.ts";
import type { Interest } from "../accounts/interest.ts";
import { ClientSession } from "../broker/clients/session.ts";
import { Kind, kindBit } from "../accounts/reach.ts";
import { utf8ByteString } from "../core/ascii.ts";
import { hasWildcard, isSubsetMatch } from "../core/subject.ts";
import type { Message } from "../wire/message.ts";
import type { Inbox } from "./inbox.ts";
import type { Peers } from "./peers.ts";
import { isRecord } from "../core/json.ts";
import { borrowedPayload, jsonIn, readRequest } from "./request.ts";
import { jsonBytes, type Voice } from "./voice.ts";

/** NATS: what has not been told after this time is not counted. */
const WAIT_MS = 500;
/** Clients of this server. */
const CLIENTS = kindBit(Kind.CLIENT);

export class Subscribers {
  readonly #voice: Voice;
  readonly #peers: Peers;
  readonly #inbox: Inbox;

  constructor(voice: Voice, peers: Peers, inbox: Inbox) {
    this.#voice = voice;
    this.#peers = peers;
    this.#inbox = inbox;
  }

  start(): void {
    const { client, near } = this.#voice;
    client.subscribe("$SYS.REQ.ACCOUNT.NSUBS", "", (message) => {
      this.#askedByServer(message);
    });
    near.subscribe("$SYS.DEBUG.SUBSCRIBERS", "", (message, source) => {
      // An import leaves it who asks.
      if (!(source instanceof ClientSession)) return;
      this.#askedIn(source.login.account, message);
    });
  }

  /** A request by a client of `account`: a subject, and perhaps a queue group. */
  #askedIn(account: Account, message: Message): void {
    const { reply, text } = readRequest(message);
    const [subject = "", queue = ""] = text.trim().split(/[ \t]+/)
      .map(utf8ByteString);
    if (reply === "") return;
    const own = subject === "" ? 0 : countIn(account, subject, queue);
    const answering = this.#answering(account);
    if (subject === "" || answering === 0) {
      return this.#voice.answer(reply, own);
    }
    this.#askOthers(account, subject, queue, answering, (others) => {
      this.#voice.answer(reply, own + others);
    });
  }

  /** NATS: servers without clients in the account do not answer; nobody tells of those in the global one. */
  #answering({ name }: Account): number {
    return name === this.#voice.broker.host.accounts.global.name
      ? this.#peers.size
      : this.#peers.serversWith(name);
  }

  #askOthers(
    account: Account,
    subject: string,
    queue: string,
    answering: number,
    done: (count: number) => void,
  ): void {
    const { clock } = this.#voice.broker.host;
    let missing = answering;
    let total = 0;
    const finish = (): void => {
      end?.();
      timer.cancel();
      done(total);
    };
    const timer = clock.after(WAIT_MS, finish);
    const end = this.#inbox.ask(
      "$SYS.REQ.ACCOUNT.NSUBS",
      jsonBytes({
        acc: account.name,
        subject,
        queue: queue === "" ? undefined : btoa(queue),
      }),
      (message) => {
        total += Number(jsonIn(borrowedPayload(message))) || 0;
        if (--missing === 0) finish();
      },
    );
    if (end === undefined) finish();
  }

  /** NATS: a bare number; silence about an account that is not here. */
  #askedByServer(message: Message): void {
    const request = jsonIn(borrowedPayload(message));
    const { log, accounts } = this.#voice.broker.host;
    if (!isRecord(request)) {
      return log.error("SYSTEM - request requires a body");
    }
    const { acc, subject, queue } = request;
    const account = typeof acc === "string" ? accounts.awake(acc) : undefined;
    if (account === undefined || account.clients === 0) return;
    if (typeof subject !== "string") return;
    const count = countIn(account, utf8ByteString(subject), groupOf(queue));
    this.#voice.answer(readRequest(message).reply, count);
  }
}

/** NATS: a queue group travels as base64. */
function groupOf(queue: unknown): string {
  try {
    return typeof queue === "string" ? atob(queue) : "";
  } catch {
    return "";
  }
}

/** Subscriptions of this server's clients that `subject` reaches, or that lie in it when it has wildcards. */
function countIn(account: Account, subject: string, queue: string): number {
  const isWanted = (interest: Interest): boolean =>
    interest.kindBit === CLIENTS && (queue === "" || interest.queue === queue);
  let count = 0;
  if (hasWildcard(subject)) {
    for (const interest of account.sublist) {
      if (isWanted(interest) && isSubsetMatch(interest.subject, subject)) {
        count++;
      }
    }
    return count;
  }
  const { plain, queues } = account.sublist.match(subject);
  count += plain.filter(isWanted).length;
  for (const { members } of queues) count += members.filter(isWanted).length;
  return count;
}
