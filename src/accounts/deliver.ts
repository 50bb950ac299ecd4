/**
 * Fan-out of one message: a match result and a message in, frames in outboxes
 * out. Plain subscriptions first, then one member of each queue group, then
 * each server that has interest, once.
 *
 * NATS route protocol: a message from a route goes to clients only, never to
 * another route, with one exception that keeps queue groups whole; see `relay`.
 */
import { type Random, randomBelow } from "../platform/clock.ts";
import type { QueueGroup, SubjectMatch } from "../core/sublist.ts";
import type { MessageArgs } from "../wire/args.ts";
import type { Message } from "../wire/message.ts";
import type { Account } from "./account.ts";
import type {
  ClientReceiver,
  Interest,
  RouteReceiver,
} from "./subscription.ts";

export class Delivery {
  readonly #random: Random;
  /** Routes that take part in the delivery under way. */
  readonly #routes: RouteReceiver[] = [];
  #routeCount = 0;
  #mark = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * Delivers what a client of this server published (`publisher`; undefined:
   * the server itself). Gives how many took it; a server counts as one.
   */
  publish(
    account: Account,
    match: SubjectMatch<Interest>,
    message: Message,
    publisher: ClientReceiver | undefined,
  ): number {
    this.#begin();
    let accepted = 0;
    const { plain, queues } = match;
    for (let i = 0; i < plain.length; i++) {
      const subscription = plain[i]!;
      if (subscription.route !== undefined) this.#involve(subscription.route);
      else if (subscription.client!.deliver(subscription, message, publisher)) {
        accepted++;
      }
    }
    for (let i = 0; i < queues.length; i++) {
      if (this.#serveGroup(queues[i]!, message, publisher)) accepted++;
    }
    return accepted + this.#forward(account, message);
  }

  /**
   * Delivers what came in by the route `from`: to all plain subscriptions of
   * this server's clients, and to one member of each queue group that the sender
   * named. A named group without a member that can take it is passed on to
   * one other server, back to the sender if there is no other: the sender chose
   * this server by an interest that has ended in the meantime.
   */
  relay(
    account: Account,
    match: SubjectMatch<Interest>,
    args: MessageArgs,
    from: RouteReceiver,
  ): void {
    const { message } = args;
    this.#begin();
    const { plain } = match;
    for (let i = 0; i < plain.length; i++) {
      const subscription = plain[i]!;
      if (subscription.client === undefined) continue;
      subscription.client.deliver(subscription, message, undefined);
    }
    for (let word = args.queuesFrom; word < args.queuesTo; word++) {
      const group = groupNamed(match, args, word);
      if (group === undefined) continue;
      if (!this.#serveGroupHere(group, message)) this.#passOn(group, from);
    }
    this.#forward(account, message);
  }

  #begin(): void {
    this.#mark++;
    this.#routeCount = 0;
  }

  /** One member of the whole cluster, each with the same chance. */
  #serveGroup(
    group: QueueGroup<Interest>,
    message: Message,
    publisher: ClientReceiver | undefined,
  ): boolean {
    const { members } = group;
    if (group.weight <= 0) return false;
    let index = this.#choose(group);
    for (let tried = 0; tried < members.length; tried++) {
      const member = members[index]!;
      if (member.route === undefined) {
        if (member.client!.deliver(member, message, publisher)) return true;
      } else if (member.weight > 0) {
        this.#involveQueue(member.route, member.queueBytes);
        return true;
      }
      index = index + 1 === members.length ? 0 : index + 1;
    }
    return false;
  }

  #choose(group: QueueGroup<Interest>): number {
    const { members } = group;
    let ticket = randomBelow(this.#random, group.weight);
    if (group.uniform) return ticket;
    let index = 0;
    while (ticket >= members[index]!.weight) ticket -= members[index++]!.weight;
    return index;
  }

  #serveGroupHere(
    group: QueueGroup<Interest>,
    message: Message,
  ): boolean {
    const { members } = group;
    let index = randomBelow(this.#random, members.length);
    for (let tried = 0; tried < members.length; tried++) {
      const member = members[index]!;
      if (member.client?.deliver(member, message, undefined)) return true;
      index = index + 1 === members.length ? 0 : index + 1;
    }
    return false;
  }

  #passOn(group: QueueGroup<Interest>, from: RouteReceiver): void {
    const remote = group.members.filter((member) =>
      member.route !== undefined && member.weight > 0
    );
    const elsewhere = remote.filter((member) => member.route !== from);
    const candidates = elsewhere.length > 0 ? elsewhere : remote;
    if (candidates.length === 0) return;
    const chosen = candidates[randomBelow(this.#random, candidates.length)]!;
    this.#involveQueue(chosen.route!, chosen.queueBytes);
  }

  #involve(route: RouteReceiver): void {
    if (route.deliveryMark === this.#mark) return;
    route.deliveryMark = this.#mark;
    route.queueCount = 0;
    this.#routes[this.#routeCount++] = route;
  }

  #involveQueue(route: RouteReceiver, queue: Uint8Array): void {
    this.#involve(route);
    route.queues[route.queueCount++] = queue;
  }

  #forward(account: Account, message: Message): number {
    for (let i = 0; i < this.#routeCount; i++) {
      this.#routes[i]!.forward(account, message);
    }
    return this.#routeCount;
  }
}

/** The matched group whose name is the word `word` of the message's line. */
function groupNamed(
  match: SubjectMatch<Interest>,
  { words, message }: MessageArgs,
  word: number,
): QueueGroup<Interest> | undefined {
  const start = words.starts[word]!;
  const end = words.ends[word]!;
  for (let i = 0; i < match.queues.length; i++) {
    const group = match.queues[i]!;
    if (
      group.name.length === end - start &&
      sameText(group.name, message.subjectBuffer, start)
    ) return group;
  }
  return undefined;
}

function sameText(text: string, buffer: Uint8Array, start: number): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) !== buffer[start + i]) return false;
  }
  return true;
}
