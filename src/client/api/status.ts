/**
 * What happens to a connection, as `status()` tells it, and where it is told.
 * The types of events are nats.js's, where it has them. A part of the client
 * that notices something tells the one `StatusSink` that it was built with.
 */
import type { DiscoveryError, Reason } from "../../discovery/discovery.ts";
import type { BufferPolicy } from "./message.ts";
import type { Origin, SkipReason } from "./servers.ts";
import type { Subscription } from "./subscription.ts";

/** What happened to a connection; `type` tells which it is. Servers are written `host:port`. */
export type Status =
  /** The connection to a server is over; `reason` is why, such as an error of its socket. */
  | {
    readonly type: "disconnect";
    readonly server: string;
    readonly reason: Error;
  }
  /** An attempt at a server begins. */
  | { readonly type: "reconnecting" }
  /** There is a connection again. */
  | { readonly type: "reconnect"; readonly server: string }
  /** The cluster gained or lost servers. */
  | {
    readonly type: "update";
    readonly added?: readonly string[];
    readonly deleted?: readonly string[];
  }
  /** The server will go away soon. */
  | { readonly type: "ldm"; readonly server: string }
  /**
   * The server complained, a drain took too long, or a callback threw or gave a
   * promise that rejected: then `subject` is that of its subscription. Such an
   * error is printed where nobody reads `status()` and there is no `onStatus`;
   * one that comes after `close` reaches `onStatus`, or is printed.
   */
  | {
    readonly type: "error";
    readonly error: Error;
    readonly subject?: string;
  }
  /** A ping was sent to the server; `pendingPings` have no answer yet, this one included. */
  | { readonly type: "ping"; readonly pendingPings: number }
  /** The server answers no pings. */
  | { readonly type: "staleConnection" }
  /**
   * More messages wait in a subscription than its option `slow` says, or more
   * came than it may keep and were dropped: `dropped` so far, as `getDropped`.
   * Told again when they were fewer meanwhile.
   */
  | {
    readonly type: "slowConsumer";
    readonly sub: Subscription;
    readonly pending: number;
    readonly dropped: number;
  }
  /** This reader of `status()` was slow: `count` events that were older than the next one were dropped. */
  | { readonly type: "missed"; readonly count: number }
  /** The program called `reconnect`. */
  | { readonly type: "forceReconnect" }
  /** The new server knows all subscriptions; what it was not asked for meanwhile can be asked for. */
  | { readonly type: "resubscribed"; readonly server: string }
  /** The pool gained or lost servers; `source` is who says so. Only with discovery, and after `setServers`. */
  | {
    readonly type: "servers";
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly source: Origin;
  }
  /** A provider was asked, or told by itself; or the cache could not be written. */
  | {
    readonly type: "discovery";
    readonly provider: string;
    readonly reason: Reason | "watch" | "store";
    /** Servers that it named. */
    readonly count: number;
    readonly error?: DiscoveryError;
  }
  /** A server that others named is not used. */
  | {
    readonly type: "serverSkipped";
    readonly server: string;
    readonly source: Origin;
    readonly reason: SkipReason;
  }
  /** Every server was tried without success, for the `round`th time in this outage. */
  | { readonly type: "poolExhausted"; readonly round: number }
  /** Discovery is asked again and again from now on, until there is a connection. */
  | { readonly type: "waitingForDiscovery" }
  /** The first message of this outage was dropped; `stats().droppedMsgs` counts all. */
  | { readonly type: "dropped"; readonly policy: BufferPolicy }
  /** The connection is closed for good. */
  | { readonly type: "close" };

/**
 * The events of a connection, one after the other; `S` are those that the reader
 * knows.
 */
export interface StatusIterator<S> extends AsyncIterableIterator<S> {
  /** No more events, please: reading ends behind those that came before. */
  stop(error?: Error): void;
}

/** Where the parts of a client tell what happens. */
export interface StatusSink {
  /** Reaches every reader of `status()`; never throws. */
  tell(status: Status): void;
}
