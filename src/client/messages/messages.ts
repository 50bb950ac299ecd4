/**
 * All that a connection does with messages, whichever server it is connected
 * to: the one way into this room. It puts the four roles together (publishing,
 * subscribing, asking and flushing), feeds them with what comes in, and moves
 * them from one server to the next.
 */
import { Nuid } from "../../core/nuid.ts";
import type { ByteSink } from "../../core/outbox.ts";
import { SlabPool } from "../../core/slab_pool.ts";
import type { Clock, Random } from "../../platform/clock.ts";
import { type Flow, NO_FLOW } from "../../platform/flow.ts";
import type { ChunkLender } from "../../platform/socket.ts";
import type { MessageArgs } from "../../wire/args.ts";
import type { ServerInfo } from "../../wire/info.ts";
import type {
  ClosedConnectionError,
  PermissionViolationError,
} from "../api/errors.ts";
import type { BufferPolicy } from "../api/message.ts";
import type { Stats } from "../api/stats.ts";
import type { StatusSink } from "../api/status.ts";
import { Asking } from "./asking.ts";
import { BackChannel } from "./back_channel.ts";
import { Flushes, type PongSource } from "./flushes.ts";
import { Gate } from "./gate.ts";
import { inboxUnder } from "./inbox.ts";
import { Outgoing } from "./outgoing.ts";
import { Publishing } from "./publishing.ts";
import { Requests } from "./requests.ts";
import { Subscriptions } from "./subscriptions.ts";

export type { Draining } from "./subscriptions.ts";

export interface MessageOptions {
  readonly inboxPrefix: string;
  /** Room for what is published while there is no connection. */
  readonly maxBufferedBytes: number;
  readonly bufferPolicy: BufferPolicy;
  /** The most that a drain waits for the program. */
  readonly drainTimeoutMs: number;
  readonly pedantic: boolean;
}

export interface MessagePlatform {
  readonly clock: Clock;
  readonly random: Random;
  /** Without it a drain may wait for a callback that waits for the drain. */
  readonly flow?: Flow;
}

/** The way to a server that has let us in. */
export interface ServerLine extends PongSource {
  readonly socket: ByteSink;
}

/** All connections of a process share their free slabs. */
const slabs: SlabPool = new SlabPool();

export class Messages {
  readonly gate: Gate = new Gate();
  readonly publishing: Publishing;
  readonly subscriptions: Subscriptions;
  readonly asking: Asking;
  readonly flushes: Flushes;
  readonly #outgoing: Outgoing;
  readonly #requests: Requests;
  #inMsgs = 0;
  #inBytes = 0;

  constructor(
    options: MessageOptions,
    platform: MessagePlatform,
    statuses: StatusSink,
  ) {
    const { gate } = this;
    const { clock, random, flow = NO_FLOW } = platform;
    const { inboxPrefix, maxBufferedBytes: maxBytes, bufferPolicy: policy } =
      options;
    const { drainTimeoutMs } = options;
    const outgoing = new Outgoing(slabs, { maxBytes, policy }, statuses);
    const publishing = new Publishing(outgoing, gate, options.pedantic);
    const flushes = new Flushes(outgoing, clock);
    this.#outgoing = outgoing;
    this.publishing = publishing;
    this.flushes = flushes;
    const nuid = new Nuid(random);
    this.#requests = new Requests({
      createInbox: () => inboxUnder(inboxPrefix, nuid),
      subscribe: (subject, callback) =>
        this.subscriptions.addForAnswers(subject, callback),
    });
    const publisher = new BackChannel(publishing, this.#requests);
    this.subscriptions = new Subscriptions({
      outgoing,
      gate,
      flushes,
      publisher,
      clock,
      statuses,
      flow,
      drainTimeoutMs,
    });
    this.asking = new Asking(this.#requests, publishing, gate, clock, flow);
  }

  get stats(): Stats {
    const { publishedMsgs, publishedBytes, droppedMsgs } = this.#outgoing;
    return {
      inMsgs: this.#inMsgs,
      inBytes: this.#inBytes,
      outMsgs: publishedMsgs,
      outBytes: publishedBytes,
      droppedMsgs,
    };
  }

  /** Tells a server of all subscriptions, and sends what has waited; false when there are none. */
  attach(line: ServerLine): boolean {
    const lines = this.subscriptions.lines();
    this.#outgoing.attach(line.socket, lines);
    this.flushes.attach(line);
    return lines !== "";
  }

  /** There is no server; publishes are kept for the next one. */
  detach(): void {
    this.#outgoing.detach();
    this.flushes.detach();
  }

  /** What the server allows. */
  learn(info: ServerInfo): void {
    this.#outgoing.maxPayloadBytes = info.max_payload;
    this.publishing.takesHeaders = info.headers !== false;
  }

  /** Hands a message (borrowed, from `lender` where that is known) to its subscription. */
  deliver(args: MessageArgs, lender: ChunkLender | undefined): void {
    this.#inMsgs++;
    this.#inBytes += args.message.size;
    this.subscriptions.deliver(args, lender);
  }

  /** The server refused a subject: its subscriptions, or the requests to it, fail. */
  refuse(error: PermissionViolationError): void {
    if (error.operation === "publish") this.#requests.refuse(error);
    else this.subscriptions.refuse(error);
  }

  /** Hands what was published to the socket, if there is one, and settles all that is waited for. */
  end(closed: ClosedConnectionError): void {
    this.gate.close();
    this.#outgoing.end(closed);
    this.flushes.end(closed);
    this.#requests.failAll(closed);
    this.subscriptions.end();
  }
}
