/**
 * A message that is too much work for one turn of the event loop, because of how
 * many receivers it has: they are served in several turns, from a copy, while its
 * publisher waits. Servers and imports are served at once all the same, see
 * `served_later.ts`.
 */
import {
  deliveryWork,
  TURN_WORK_MAX,
  type WorkMeter,
} from "../core/work_meter.ts";
import type { CrowdFrames } from "../wire/crowd_frames.ts";
import type { Message } from "../wire/message.ts";
import { ownCopy } from "../wire/rewrite.ts";
import type { Interest, MessageSource } from "./interest.ts";
import { Kind, REACH } from "./reach.ts";
import { AT_ONCE, ServedLater } from "./served_later.ts";

/** Where a delivery goes on that is too much for one turn of the event loop. */
export interface DeliveryTurns {
  /**
   * Has `step` called in later turns until it gives true; the connection that
   * publishes now waits meanwhile. False where nothing can be made to wait: then
   * the work has to be done at once.
   */
  goOn(step: () => boolean): boolean;
}

/** More work than this for one message is done in several turns. */
export const WIDE_WORK: number = 2 * TURN_WORK_MAX;

export class WideDelivery {
  /** Who is served at once, and who in later turns. */
  readonly later: ServedLater = new ServedLater();
  readonly #turns: DeliveryTurns;
  readonly #meter: WorkMeter;
  readonly #crowdFrames: CrowdFrames;

  constructor(
    turns: DeliveryTurns,
    meter: WorkMeter,
    crowdFrames: CrowdFrames,
  ) {
    this.#turns = turns;
    this.#meter = meter;
    this.#crowdFrames = crowdFrames;
  }

  /**
   * Serves direct receivers, but not imports, in as many turns as it takes, from a
   * copy of the message. False when `publisher` cannot be made to wait: nobody has
   * been served then.
   */
  serve(
    plain: readonly Interest[],
    message: Message,
    publisher: MessageSource | undefined,
  ): boolean {
    // The server itself cannot be made to wait for its own message.
    if (publisher === undefined || publisher.kind === Kind.INTERNAL) {
      return false;
    }
    const later = REACH[publisher.kind]!.hears & ~AT_ONCE;
    const meter = this.#meter;
    const workEach = deliveryWork(message.size);
    let copy = message;
    let at = 0;
    const isTaken = this.#turns.goOn(() => {
      while (at < plain.length) {
        const interest = plain[at++]!;
        const { direct, hasEnded, kindBit } = interest;
        if (direct === undefined || hasEnded || (kindBit & later) === 0) {
          continue;
        }
        meter.spent += workEach;
        direct.deliver(interest, copy, publisher);
        if (meter.spent >= meter.checkAt && meter.isOver()) break;
      }
      return at === plain.length;
    });
    // By the time of the first step `message` is filled with another one.
    if (isTaken) {
      copy = ownCopy(message);
      copy.crowd = this.#crowdFrames.next();
    }
    return isTaken;
  }
}
