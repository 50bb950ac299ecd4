/**
 * The trace of one message: what becomes of it on this server, told in one
 * message when all of that is done. A publisher that asks for no trace pays nothing
 * for this: a message is followed by way of a match whose receivers note what they
 * do.
 */
import { asciiBytes, utf8ByteString } from "../core/ascii.ts";
import { goJson } from "../core/json.ts";
import type { SubjectMatch } from "../core/subject_match.ts";
import type { Clock } from "../platform/clock.ts";
import type { Account } from "./account.ts";
import type { Delivery } from "./delivery.ts";
import { followedMatch } from "./followed_match.ts";
import type {
  Interest,
  MessageTrace,
  TraceEgress,
  TraceHop,
} from "./interest.ts";
import { InternalClient } from "./internal.ts";
import type { TraceRequest } from "./trace_headers.ts";

/** What traces stand on. */
export interface TraceHost {
  readonly delivery: Delivery;
  readonly clock: Clock;
  /** What the server says of itself in each message of its own. */
  describeServer(): object;
}

/** Where the message came in. */
export interface TraceIngress {
  /** NATS: 0 for a client, 1 for a server of the cluster. */
  readonly kind: 0 | 1;
  readonly cid: number;
  readonly name: string;
  readonly subject: string;
  readonly size: number;
}

/** NATS: what happened, with names as on the wire. */
type TraceEvent = Record<string, unknown> & { type: string };

export class FollowedMessage implements MessageTrace {
  readonly request: TraceRequest;
  readonly #host: TraceHost;
  readonly #account: Account;
  readonly #ingress: TraceIngress;
  readonly #events: TraceEvent[] = [];
  #hops = 0;

  constructor(
    host: TraceHost,
    account: Account,
    request: TraceRequest,
    ingress: TraceIngress,
  ) {
    this.request = request;
    this.#host = host;
    this.#account = account;
    this.#ingress = ingress;
    const { kind, cid, name, subject } = ingress;
    this.#add("in", {
      kind,
      cid,
      name: textOrNone(name),
      acc: account.name,
      subj: subject,
    });
  }

  get isOnly(): boolean {
    return this.request.isOnly;
  }

  get destination(): string | undefined {
    return this.request.isExternal ? undefined : this.request.destination;
  }

  /** It was not let in. */
  refused(error: string): void {
    this.#events[0]!["error"] = error;
  }

  /** It has got the subject `to`. */
  mapped(to: string): void {
    this.#add("sm", { to });
  }

  streamExport(account: string, to: string): void {
    this.#add("se", { acc: account, to });
  }

  serviceImport(account: string, from: string, to: string): void {
    this.#add("si", { acc: account, from, to });
  }

  egress(
    { kind, cid, name, account, subscription, queue, hop, error }: TraceEgress,
  ): void {
    const isElsewhere = account !== undefined && account !== this.#account.name;
    this.#add("eg", {
      kind,
      cid,
      name: textOrNone(name),
      hop,
      acc: isElsewhere ? account : undefined,
      sub: subscription,
      queue: textOrNone(queue),
      error: textOrNone(error),
    });
  }

  nextHop(): TraceHop {
    const { hop } = this.request;
    this.#hops++;
    return hop === "" || this.#ingress.kind === 0
      ? `${this.#hops}`
      : `${hop}.${this.#hops}`;
  }

  followed(match: SubjectMatch<Interest>): SubjectMatch<Interest> {
    return followedMatch(match, this, this.#ingress.kind === 0);
  }

  /** All that had to be done is done: the trace is published. */
  finish(): void {
    const { delivery } = this.#host;
    const trace = {
      server: this.#host.describeServer(),
      request: {
        header: this.request.headers,
        msgsize: this.#ingress.size,
      },
      ...(this.#hops > 0 && { hops: this.#hops }),
      events: this.#events,
    };
    const server = new InternalClient(this.#account, delivery, {
      emptyReply: true,
    });
    server.publish(
      this.request.destination,
      asciiBytes(utf8ByteString(goJson(trace))),
    );
  }

  #add(type: string, fields: Record<string, unknown>): void {
    const ts = new Date(this.#host.clock.now()).toISOString();
    this.#events.push({ type, ts, ...fields });
  }
}

function textOrNone(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
