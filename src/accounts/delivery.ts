/**
 * Fan-out of one message: a match result and a message in, frames in outboxes
 * out. Plain interest first, then one member of each queue group, then each
 * server that has interest, once. `reach.ts` says who may hear whom.
 *
 * A receiver may publish while it is delivered to, and what it publishes may do
 * the same: what one delivery needs to know stands in a frame of its own.
 */
import { type Random, randomBelow } from "../platform/clock.ts";
import type { QueueGroup, SubjectMatch } from "../core/subject_match.ts";
import { deliveryWork, type WorkMeter } from "../core/work_meter.ts";
import type { MessageArgs } from "../wire/args.ts";
import { CrowdFrames } from "../wire/crowd_frames.ts";
import type { Message } from "../wire/message.ts";
import type { Account } from "./account.ts";
import { Frame } from "./frame.ts";
import { GroupAgain } from "./group_again.ts";
import type { Interest, MessageSource, ServerReceiver } from "./interest.ts";
import {
  groupNamed,
  membersElsewhere,
  namesOneTwice,
  takesForGroups,
  timesNamed,
} from "./named_group.ts";
import { placeOfOne } from "./queue_choice.ts";
import { Kind, REACH } from "./reach.ts";
import {
  type DeliveryTurns,
  WIDE_WORK,
  WideDelivery,
} from "./wide_delivery.ts";

const NO_GROUPS: readonly Uint8Array[] = [];
const NOBODY: readonly Interest[] = [];

/** Servers whose members may all refuse a message before it is dropped: it must not go round for ever. */
const REFUSALS_MAX = 3;

export class Delivery {
  /** What receivers of one message write together. */
  readonly crowdFrames: CrowdFrames = new CrowdFrames();
  readonly groupAgain: GroupAgain;
  readonly #random: Random;
  readonly #meter: WorkMeter;
  readonly #wide: WideDelivery;
  /** One for each delivery under way, the innermost last; kept for later ones. */
  readonly #frames: Frame[] = [];
  #depth = 0;
  #lastMark = 0;
  /** Direct receivers that took what was relayed last. */
  #accepted = 0;

  constructor(random: Random, meter: WorkMeter, turns: DeliveryTurns) {
    this.groupAgain = new GroupAgain(random);
    this.#random = random;
    this.#meter = meter;
    this.#wide = new WideDelivery(turns, meter, this.crowdFrames);
  }

  /**
   * Delivers what `publisher` published here (undefined: the server itself).
   * Gives how many took it; a server counts as one.
   */
  publish(
    account: Account,
    match: SubjectMatch<Interest>,
    message: Message,
    publisher: MessageSource | undefined,
  ): number {
    const { plain, queues } = match;
    const receivers = plain.length + queues.length;
    if (receivers === 0) return 0;
    message.crowd = plain.length > 1 ? this.crowdFrames.next() : 0;
    const work = receivers * deliveryWork(message.size);
    this.#meter.spent += work;
    if (
      work > WIDE_WORK && !match.isAtOnce &&
      this.#wide.serve(plain, message, publisher)
    ) {
      return this.#wide.later.takersIn(plain, publisher) +
        this.#publishToServers(account, match, message, publisher);
    }
    // Most messages go to clients of this server, or to one other server, and
    // need no frame.
    let accepted = 0;
    for (let i = 0; i < plain.length; i++) {
      const interest = plain[i]!;
      const { direct } = interest;
      if (direct === undefined) {
        if (i + 1 < receivers) {
          return accepted +
            this.#publishOn(account, match, i, message, publisher);
        }
        const { hears } = REACH[publisher?.kind ?? Kind.INTERNAL]!;
        const server = interest.server!;
        if ((interest.kindBit & hears) === 0 || server.isGone) return accepted;
        server.forward(account, message, NO_GROUPS, 0);
        return accepted + 1;
      }
      if (direct.deliver(interest, message, publisher)) accepted++;
    }
    if (queues.length === 0) return accepted;
    if (queues.length === 1) {
      const { hears } = REACH[publisher?.kind ?? Kind.INTERNAL]!;
      const taker = this.#takerIn(queues[0]!, message, publisher, hears);
      if (taker === undefined) return accepted;
      if (taker.server !== undefined) this.#forwardTo(account, taker, message);
      return accepted + 1;
    }
    return accepted +
      this.#publishOn(account, match, plain.length, message, publisher);
  }

  /** To the server of `taker`, for its group and nobody else. */
  #forwardTo(account: Account, taker: Interest, message: Message): void {
    const frame = this.#begin();
    try {
      frame.name(taker.server!, taker.queueBytes, this.#lastMark);
      frame.forward(account, message);
    } finally {
      this.#depth--;
    }
  }

  /** What is left of `publish` when direct receivers are served elsewhere. */
  #publishToServers(
    account: Account,
    { plain, queues }: SubjectMatch<Interest>,
    message: Message,
    publisher: MessageSource | undefined,
  ): number {
    const rest = { plain: this.#wide.later.atOnceIn(plain), queues };
    return this.#publishOn(account, rest, 0, message, publisher);
  }

  /** The rest of `publish`: plain interest from place `start` on, groups and servers. */
  #publishOn(
    account: Account,
    { plain, queues }: SubjectMatch<Interest>,
    start: number,
    message: Message,
    publisher: MessageSource | undefined,
  ): number {
    const { hears } = REACH[publisher?.kind ?? Kind.INTERNAL]!;
    const frame = this.#begin();
    try {
      return this.#servePlain(frame, plain, start, message, publisher, hears) +
        this.#serveGroups(frame, queues, message, publisher, hears) +
        frame.forward(account, message);
    } finally {
      this.#depth--;
    }
  }

  /**
   * Delivers a message that came from the server `from`. The kind of `from` says
   * which queue groups are served, see `REACH`: all of them, of each of which a
   * member is chosen here, or those that are named in `args`, because the sender
   * has chosen this server for them. A named group without a member here that can
   * take the message is passed on to one other server, or back to the sender if
   * there is no other: the sender chose by an interest that has ended in the
   * meantime, or does not know what the members here may hear. `message` is given
   * where the message that is delivered here is not the one that came. Gives how
   * many clients took it where only clients could; else 0.
   */
  relay(
    account: Account,
    match: SubjectMatch<Interest>,
    args: MessageArgs,
    from: ServerReceiver,
    message: Message = args.message,
  ): number {
    // For groups alone: the sender has served the others, or has had it served.
    const plain = namesOneTwice(args) ? NOBODY : match.plain;
    message.crowd = plain.length > 1 ? this.crowdFrames.next() : 0;
    const work = plain.length * deliveryWork(message.size);
    this.#meter.spent += work;
    const { hears, groups } = REACH[from.kind]!;
    const isWide = work > WIDE_WORK && !match.isAtOnce &&
      this.#wide.serve(plain, message, from);
    // Most messages go to clients of this server only, and need no frame.
    const served = isWide ? 0 : this.#serveClients(plain, message, from, hears);
    const hasGroups = groups === "named"
      ? args.queuesFrom < args.queuesTo
      : match.queues.length > 0;
    if (served === plain.length && !hasGroups) return this.#accepted;
    const frame = this.#begin();
    try {
      const here = isWide ? this.#wide.later.atOnceIn(plain) : plain;
      this.#servePlain(frame, here, served, message, from, hears);
      if (groups === "named") {
        this.#serveNamed(frame, match, args, from, hears, message);
      } else this.#serveGroups(frame, match.queues, message, from, hears);
      frame.forward(account, message);
      return 0;
    } finally {
      this.#depth--;
    }
  }

  #serveNamed(
    frame: Frame,
    match: SubjectMatch<Interest>,
    args: MessageArgs,
    from: ServerReceiver,
    hears: number,
    message: Message,
  ): void {
    for (let word = args.queuesFrom; word < args.queuesTo; word++) {
      const group = groupNamed(match, args, word);
      const times = timesNamed(args, word);
      if (group === undefined || times === 0) continue;
      if (this.#serveGroupHere(group, message, from, hears)) continue;
      const isRefused = group.members.some(({ direct }) => direct?.takes(from));
      if (!isRefused) this.#passOn(frame, group.members, from, times);
      else if (times <= REFUSALS_MAX) {
        const fit = group.members.filter((member) =>
          takesForGroups(member, match.plain)
        );
        this.#passOn(frame, fit, from, times + 1);
      }
    }
  }

  #begin(): Frame {
    const depth = this.#depth++;
    const frame = this.#frames[depth] ??= new Frame();
    frame.begin(++this.#lastMark);
    return frame;
  }

  #servePlain(
    frame: Frame,
    plain: readonly Interest[],
    start: number,
    message: Message,
    publisher: MessageSource | undefined,
    hears: number,
  ): number {
    let accepted = 0;
    for (let i = start; i < plain.length; i++) {
      const interest = plain[i]!;
      if ((interest.kindBit & hears) === 0) continue;
      const { server } = interest;
      if (server !== undefined) {
        if (!server.isGone) frame.placeOf(server, this.#lastMark);
      } else if (interest.direct!.deliver(interest, message, publisher)) {
        accepted++;
      }
    }
    return accepted;
  }

  /**
   * Delivers to direct receivers up to the first server that hears the message;
   * gives the place where it stopped.
   */
  #serveClients(
    plain: readonly Interest[],
    message: Message,
    from: MessageSource,
    hears: number,
  ): number {
    let accepted = 0;
    let at = 0;
    for (; at < plain.length; at++) {
      const interest = plain[at]!;
      if ((interest.kindBit & hears) === 0) continue;
      if (interest.direct === undefined) break;
      if (interest.direct.deliver(interest, message, from)) accepted++;
    }
    this.#accepted = accepted;
    return at;
  }

  #serveGroups(
    frame: Frame,
    groups: readonly QueueGroup<Interest>[],
    message: Message,
    publisher: MessageSource | undefined,
    hears: number,
  ): number {
    let accepted = 0;
    for (let i = 0; i < groups.length; i++) {
      const taker = this.#takerIn(groups[i]!, message, publisher, hears);
      if (taker === undefined) continue;
      const { server, queueBytes } = taker;
      if (server === undefined) accepted++;
      else frame.name(server, queueBytes, this.#lastMark);
    }
    return accepted;
  }

  /**
   * One member of the whole cluster, each with the same chance. It has the message now, or
   * stands for a server that is to get it.
   */
  #takerIn(
    group: QueueGroup<Interest>,
    message: Message,
    publisher: MessageSource | undefined,
    hears: number,
  ): Interest | undefined {
    const { members } = group;
    if (group.weight <= 0) return undefined;
    let index = placeOfOne(group, this.#random);
    for (let tried = 0; tried < members.length; tried++) {
      const member = members[index]!;
      if ((member.kindBit & hears) !== 0) {
        if (member.server === undefined) {
          if (member.direct!.deliver(member, message, publisher)) return member;
        } else if (member.weight > 0 && !member.server.isGone) return member;
      }
      index = index + 1 === members.length ? 0 : index + 1;
    }
    return undefined;
  }

  #serveGroupHere(
    group: QueueGroup<Interest>,
    message: Message,
    from: MessageSource,
    hears: number,
  ): boolean {
    const { members } = group;
    let index = randomBelow(this.#random, members.length);
    for (let tried = 0; tried < members.length; tried++) {
      const member = members[index]!;
      const isTaken = (member.kindBit & hears) !== 0 &&
        member.direct?.deliver(member, message, from);
      if (isTaken) return true;
      index = index + 1 === members.length ? 0 : index + 1;
    }
    return false;
  }

  /** `times`: how often the group is named, once more for each server on which its members refused. */
  #passOn(
    frame: Frame,
    members: readonly Interest[],
    from: ServerReceiver,
    times: number,
  ): void {
    const candidates = membersElsewhere(members, from);
    if (candidates.length === 0) return;
    const chosen = candidates[randomBelow(this.#random, candidates.length)]!;
    for (let i = 0; i < times; i++) {
      frame.name(chosen.server!, chosen.queueBytes, this.#lastMark);
    }
  }
}
