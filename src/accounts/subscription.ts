/**
 * One interest in a subject: of a client of this server, or of another server
 * on behalf of its clients. Both stand in the same trie, so one look-up finds
 * everybody.
 */
import { asciiBytes } from "../core/ascii.ts";
import type { Subscriber } from "../core/sublist.ts";
import type { Message } from "../wire/message.ts";
import type { Account } from "./account.ts";

/** Takes messages for a client of this server. */
export interface ClientReceiver {
  /**
   * Writes `message` for `subscription`. False when it may not have it: the
   * client is gone, or it is the publisher and wants no echo.
   */
  deliver(
    subscription: Interest,
    message: Message,
    publisher: ClientReceiver | undefined,
  ): boolean;
}

/** Takes messages for the clients of another server. */
export interface RouteReceiver {
  /** The last delivery that this route took part in; `Delivery` owns it. */
  deliveryMark: number;
  /** Queue groups of the delivery under way that one member over there shall serve. */
  readonly queues: Uint8Array[];
  queueCount: number;
  /** Writes `message` once, for plain interest and for `queues`. */
  forward(account: Account, message: Message): void;
}

export class Interest implements Subscriber {
  readonly subject: string;
  readonly queue: string;
  /** How many members it stands for; only a route's can be other than 1. */
  readonly weight: number;
  /** Exactly one of `client` and `route` is set. */
  readonly client: ClientReceiver | undefined;
  readonly route: RouteReceiver | undefined;
  /** The client's own name for it; empty for a route's. */
  readonly sid: Uint8Array;
  /** `queue` as bytes; empty for a client's. */
  readonly queueBytes: Uint8Array;
  /** Messages delivered since SUB. */
  delivered = 0;
  /** Ends after so many messages; 0: never. */
  max = 0;

  private constructor(
    subject: string,
    queue: string,
    weight: number,
    client: ClientReceiver | undefined,
    route: RouteReceiver | undefined,
    sid: Uint8Array,
  ) {
    this.subject = subject;
    this.queue = queue;
    this.weight = weight;
    this.client = client;
    this.route = route;
    this.sid = sid;
    this.queueBytes = asciiBytes(route === undefined ? "" : queue);
  }

  static ofClient(
    client: ClientReceiver,
    subject: string,
    queue: string,
    sid: Uint8Array,
  ): Interest {
    return new Interest(subject, queue, 1, client, undefined, sid);
  }

  static ofRoute(
    route: RouteReceiver,
    subject: string,
    queue: string,
    weight: number,
  ): Interest {
    return new Interest(subject, queue, weight, undefined, route, NO_SID);
  }
}

const NO_SID: Uint8Array = new Uint8Array(0);
