/**
 * Messages that one client sends in a row, all alike but for their payloads, to
 * one queue group of clients and to nobody else: each goes to a member of its
 * own choice, and nothing else is found out for it.
 */
import type { SubjectMatch } from "../core/subject_match.ts";
import type { Random } from "../platform/clock.ts";
import { mostMore, msgHeadBytes } from "../wire/encode.ts";
import type { Message } from "../wire/message.ts";
import type { Interest, MessageSource } from "./interest.ts";
import { placeOfOne } from "./queue_choice.ts";

/** Who is in a larger group is not looked at for a few messages. */
const MEMBERS_MAX = 64;

export class GroupAgain {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * How many messages like `message`, which `publisher` has just sent to `match`,
   * and which was taken by as many as `accepted`, may follow by `deliver`: as many as
   * one member has room for, since all of them may be its.
   */
  most(
    { plain, queues }: SubjectMatch<Interest>,
    message: Message,
    publisher: MessageSource,
    accepted: number,
  ): number {
    if (plain.length > 0 || queues.length > 1 || accepted === 0) return 0;
    const { members } = queues[0]!;
    if (members.length > MEMBERS_MAX) return 0;
    let most = Infinity;
    for (let i = 0; i < members.length; i++) {
      const { direct, max, sidBytes } = members[i]!;
      // What ends a subscription changes who is in the group, and what ends the
      // publisher is to end its messages as well.
      const room = direct?.bytesToFlush;
      if (max > 0 || room === undefined || direct === publisher) return 0;
      const headBytes = msgHeadBytes(message, sidBytes);
      most = Math.min(most, mostMore(message, headBytes, room));
    }
    return Math.max(0, most);
  }

  /**
   * Delivers `count` of those, which stand behind `message`, each `stride` bytes
   * further on, and each to a member that is drawn for it.
   */
  deliver(
    { queues }: SubjectMatch<Interest>,
    message: Message,
    publisher: MessageSource,
    count: number,
    stride: number,
  ): void {
    const group = queues[0]!;
    const { members } = group;
    const { bodyStart, bodyEnd, payloadStart } = message;
    for (let i = 0; i < count; i++) {
      message.bodyStart += stride;
      message.bodyEnd += stride;
      message.payloadStart += stride;
      let place = placeOfOne(group, this.#random);
      for (let tried = 0; tried < members.length; tried++) {
        const member = members[place]!;
        if (member.direct!.deliver(member, message, publisher)) break;
        place = place + 1 === members.length ? 0 : place + 1;
      }
    }
    message.bodyStart = bodyStart;
    message.bodyEnd = bodyEnd;
    message.payloadStart = payloadStart;
  }
}
