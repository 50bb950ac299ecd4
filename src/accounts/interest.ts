/**
 * One interest in a subject: of a client of this server, of the server itself,
 * or of another server on behalf of its clients. All stand in the same trie, so
 * one look-up finds everybody.
 *
 * There are two ways to hear messages. A direct receiver is written to once for
 * each of its subscriptions; a server gets a message once, with the names of
 * the queue groups that one of its members each shall serve.
 *
 * More than a dozen members: because delivery reads them for each message, and
 * what it needs stands in one object.
 */
import { asciiBytes } from "../core/ascii.ts";
import type { MapKey } from "../core/map_key.ts";
import type { SubjectMatch, Subscriber } from "../core/subject_match.ts";
import type { Traffic } from "../core/traffic.ts";
import type { Message } from "../wire/message.ts";
import { type Kind, kindBit } from "./reach.ts";
import type { RequestInfo } from "./request_info.ts";

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** An account as other servers know it. */
export interface AccountName {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  /** What went from one server to another. */
  readonly routeTraffic: Traffic;
}

/** What publishes, as far as those who hear it care: nobody need hear itself. */
export interface MessageSource {
  readonly kind: Kind;
  /**
   * Who it is, as a service of another account is told; `isShared`: with all
   * that is known, `isForServer`: with the server that it is on.
   */
  readonly requestInfo?:
    | ((isShared: boolean, isForServer: boolean) => RequestInfo)
    | undefined;
}

/** How far a message has come, from server to server: `2.1`. */
export type TraceHop = string;

/** To whom a message goes, or would. */
export interface TraceEgress {
  /** NATS: 0 for a client, 1 for a server of the cluster. */
  readonly kind: 0 | 1;
  readonly cid: number;
  readonly name: string;
  /** Of a client. */
  readonly account?: string;
  readonly subscription?: string;
  readonly queue?: string;
  readonly hop?: TraceHop;
  /** Why it does not get the message. */
  readonly error?: string;
}

/** Follows one message through the server, because its headers ask for a trace. */
export interface MessageTrace {
  /** It is followed, but not delivered. */
  readonly isOnly: boolean;
  /** The subject of the trace, as the message names it; undefined: it does not. */
  readonly destination: string | undefined;
  /** `match`, with each delivery by it in the trace. */
  followed(match: SubjectMatch<Interest>): SubjectMatch<Interest>;
  /** It is heard in `account` as `to`. */
  streamExport(account: string, to: string): void;
  /** It goes to a service of `account`. */
  serviceImport(account: string, from: string, to: string): void;
  egress(egress: TraceEgress): void;
  /** It goes to one more server. */
  nextHop(): TraceHop;
}

/** One delivery of a message that is followed. */
export interface Following {
  readonly trace: MessageTrace;
  /** The subject by which it was found. */
  readonly subscription: string;
}

/** A server in a trace. */
export interface TracedServer {
  readonly cid: number;
  readonly name: string;
  /** It makes traces of its own. */
  readonly takesTraces: boolean;
}

/** Takes messages for its own subscriptions: a client, or the server itself. */
export interface DirectReceiver extends MessageSource {
  /** It hears streams of other accounts as a client does. */
  readonly hearsImports?: boolean;
  /** It hears for an account that imports the stream. */
  readonly isElsewhere?: boolean;
  /**
   * Whether it may have what `publisher` publishes: not when it is gone, or is
   * the publisher and wants no echo.
   */
  takes(publisher: MessageSource | undefined): boolean;
  /**
   * Takes `message` (borrowed) for `interest`; false when it may not have it.
   */
  deliver(
    interest: Interest,
    message: Message,
    publisher: MessageSource | undefined,
  ): boolean;
  /**
   * How many messages like `message`, which it has just taken for `interest`, it
   * takes at once by `deliverAgain`; without it none. They are its like but for
   * their payloads.
   */
  mostAgain?(interest: Interest, message: Message): number;
  /** `count` of those, which stand behind `message`, each `stride` bytes further on. */
  deliverAgain?(
    interest: Interest,
    message: Message,
    count: number,
    stride: number,
  ): void;
  /** Bytes that it takes before it looks again whether its peer keeps up. */
  readonly bytesToFlush?: number;
  /** As `deliver`, for a message that is followed. Without it nothing is noted. */
  followed?(
    interest: Interest,
    message: Message,
    publisher: MessageSource | undefined,
    following: Following,
  ): boolean;
}

/** Takes messages for the clients of another server. */
export interface ServerReceiver extends MessageSource {
  readonly mark: DeliveryMark;
  /** It takes nothing any more, though its interest may be there for a while. */
  readonly isGone: boolean;
  /** Without it nothing is noted of it. */
  readonly traced?: TracedServer;
  /** It serves groups that are named twice, and no plain interest along with them. */
  readonly servesGroupsAlone?: boolean;
  /**
   * Writes `message` (borrowed) once, for plain interest and for the first
   * `groupCount` of `groups`, names of queue groups.
   */
  forward(
    account: AccountName,
    message: Message,
    groups: readonly Uint8Array[],
    groupCount: number,
  ): void;
  /**
   * How many messages like `message`, which was just forwarded for plain interest,
   * go at once by `forwardAgain`; without it none. They are its like but for their
   * payloads.
   */
  mostAgain?(account: AccountName, message: Message): number;
  /** `count` of those, which stand behind `message`, each `stride` bytes further on. */
  forwardAgain?(
    account: AccountName,
    message: Message,
    count: number,
    stride: number,
  ): void;
}

/** The last delivery that a server took part in, and its place there. `Delivery` owns it. */
export class DeliveryMark {
  delivery = 0;
  place = 0;
}

export class Interest implements Subscriber {
  readonly subject: string;
  readonly queue: string;
  /** How many members it stands for; only a server's can be other than 1. */
  readonly weight: number;
  /** The kind of what is interested, as a bit of `Reach.hears`. */
  readonly kindBit: number;
  /** Exactly one of `direct` and `server` is set. */
  readonly direct: DirectReceiver | undefined;
  readonly server: ServerReceiver | undefined;
  /** The client's own name for it, as it is a key of maps; an empty text for a server's. */
  readonly key: MapKey;
  /** `queue` as bytes; empty for a direct receiver's. */
  readonly queueBytes: Uint8Array;
  /** Messages delivered since SUB. */
  delivered = 0;
  /** Ends after this many messages; 0: never. */
  max = 0;
  /** It hears nothing any more, and is in no account, or about to be in none. */
  hasEnded = false;
  #sidBytes: Uint8Array | undefined = undefined;

  private constructor(
    subject: string,
    queue: string,
    weight: number,
    direct: DirectReceiver | undefined,
    server: ServerReceiver | undefined,
    key: MapKey,
  ) {
    this.subject = subject;
    this.queue = queue;
    this.weight = weight;
    this.kindBit = kindBit((direct ?? server)!.kind);
    this.direct = direct;
    this.server = server;
    this.key = key;
    this.queueBytes = server === undefined || queue === ""
      ? NO_BYTES
      : asciiBytes(queue);
  }

  /** The client's own name for it, a byte string. */
  get sid(): string {
    return String(this.key);
  }

  /**
   * `sid` as it is written before a message. Made for the first one: a piece of
   * memory for each of a million subscriptions costs more than all else of them.
   */
  get sidBytes(): Uint8Array {
    return this.#sidBytes ??= asciiBytes(this.sid);
  }

  static direct(
    receiver: DirectReceiver,
    subject: string,
    queue: string,
    sid: MapKey,
  ): Interest {
    return new Interest(subject, queue, 1, receiver, undefined, sid);
  }

  static ofServer(
    server: ServerReceiver,
    subject: string,
    queue: string,
    weight: number,
  ): Interest {
    return new Interest(subject, queue, weight, undefined, server, "");
  }
}
