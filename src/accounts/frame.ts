/**
 * What one delivery under way knows: the servers that it goes to, and for which
 * queue groups. A delivery inside it has a frame of its own.
 */
import type { Message } from "../wire/message.ts";
import type { AccountName, ServerReceiver } from "./interest.ts";

export class Frame {
  #mark = 0;
  #count = 0;
  readonly #servers: ServerReceiver[] = [];
  /** For each server the groups that one of its members shall serve. */
  readonly #groups: Uint8Array[][] = [];
  readonly #groupCounts: number[] = [];

  /** `mark` is this delivery's, larger than any before. */
  begin(mark: number): void {
    this.#mark = mark;
    this.#count = 0;
  }

  /** The place of `server` in this delivery; it takes part from now on. `lastMark`: that of the newest delivery. */
  placeOf(server: ServerReceiver, lastMark: number): number {
    const { mark } = server;
    if (mark.delivery === this.#mark) return mark.place;
    // A delivery inside this one may have put its own mark over ours.
    const known = this.#mark === lastMark ? -1 : this.#search(server);
    const place = known < 0 ? this.#count++ : known;
    mark.delivery = this.#mark;
    mark.place = place;
    if (known >= 0) return place;
    this.#servers[place] = server;
    this.#groups[place] ??= [];
    this.#groupCounts[place] = 0;
    return place;
  }

  /** One of `server`'s members shall serve `group`. */
  name(server: ServerReceiver, group: Uint8Array, lastMark: number): void {
    const place = this.placeOf(server, lastMark);
    this.#groups[place]![this.#groupCounts[place]!++] = group;
  }

  /** Hands `message` to each server, and gives how many there are. */
  forward(account: AccountName, message: Message): number {
    for (let i = 0; i < this.#count; i++) {
      this.#servers[i]!.forward(
        account,
        message,
        this.#groups[i]!,
        this.#groupCounts[i]!,
      );
    }
    return this.#count;
  }

  #search(server: ServerReceiver): number {
    for (let i = 0; i < this.#count; i++) {
      if (this.#servers[i] === server) return i;
    }
    return -1;
  }
}
