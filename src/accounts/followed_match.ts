/**
 * A match whose receivers note in a trace what they do with a message. They
 * stand for those of the real one during one delivery.
 */
import type { QueueGroup, SubjectMatch } from "../core/subject_match.ts";
import { Message } from "../wire/message.ts";
import { copyParts, replaceHeader } from "../wire/rewrite.ts";
import {
  type AccountName,
  DeliveryMark,
  type DirectReceiver,
  Interest,
  type MessageSource,
  type MessageTrace,
  type ServerReceiver,
} from "./interest.ts";
import type { Kind } from "./reach.ts";
import { TRACE_HOP } from "./trace_headers.ts";

/** NATS: what a trace says of servers that know nothing of traces. */
const NO_TRACE_THERE =
  "Message delivered but remote does not support message tracing so no trace event generated from there";
const NOT_SENT_THERE =
  "Not delivered because remote does not support message tracing";

/** `followsServers`: what goes to other servers is noted, too. */
export function followedMatch(
  { plain, queues }: SubjectMatch<Interest>,
  trace: MessageTrace,
  followsServers: boolean,
): SubjectMatch<Interest> {
  const servers = new Map<ServerReceiver, FollowedServer>();
  const follow = (interest: Interest): Interest => {
    const { server, direct } = interest;
    if (direct !== undefined) {
      const receiver = new FollowedReceiver(interest, direct, trace);
      const { subject, queue } = interest;
      return Interest.direct(receiver, subject, queue, "");
    }
    if (!followsServers) return interest;
    const known = servers.get(server!) ?? new FollowedServer(server!, trace);
    servers.set(server!, known);
    const { subject, queue, weight } = interest;
    return Interest.ofServer(known, subject, queue, weight);
  };
  return {
    plain: plain.map(follow),
    queues: queues.map((group): QueueGroup<Interest> => ({
      ...group,
      members: group.members.map(follow),
    })),
    isAtOnce: true,
  };
}

class FollowedReceiver implements DirectReceiver {
  readonly kind: Kind;
  readonly #interest: Interest;
  readonly #receiver: DirectReceiver;
  readonly #trace: MessageTrace;

  constructor(
    interest: Interest,
    receiver: DirectReceiver,
    trace: MessageTrace,
  ) {
    this.kind = receiver.kind;
    this.#interest = interest;
    this.#receiver = receiver;
    this.#trace = trace;
  }

  takes(publisher: MessageSource | undefined): boolean {
    return this.#receiver.takes(publisher);
  }

  deliver(
    _: Interest,
    message: Message,
    publisher: MessageSource | undefined,
  ): boolean {
    const interest = this.#interest;
    const receiver = this.#receiver;
    const trace = this.#trace;
    if (receiver.followed !== undefined) {
      return receiver.followed(interest, message, publisher, {
        trace,
        subscription: interest.subject,
      });
    }
    return trace.isOnly || receiver.deliver(interest, message, publisher);
  }
}

class FollowedServer implements ServerReceiver {
  readonly kind: Kind;
  readonly mark: DeliveryMark = new DeliveryMark();
  readonly #server: ServerReceiver;
  readonly #trace: MessageTrace;

  constructor(server: ServerReceiver, trace: MessageTrace) {
    this.kind = server.kind;
    this.#server = server;
    this.#trace = trace;
  }

  get isGone(): boolean {
    return this.#server.isGone;
  }

  get servesGroupsAlone(): boolean {
    return this.#server.servesGroupsAlone ?? false;
  }

  forward(
    account: AccountName,
    message: Message,
    groups: readonly Uint8Array[],
    groupCount: number,
  ): void {
    const server = this.#server;
    const trace = this.#trace;
    if (server.traced === undefined) {
      if (!trace.isOnly) server.forward(account, message, groups, groupCount);
      return;
    }
    const { cid, name, takesTraces } = server.traced;
    if (!takesTraces) {
      const error = trace.isOnly ? NOT_SENT_THERE : NO_TRACE_THERE;
      trace.egress({ kind: 1, cid, name, error });
      if (!trace.isOnly) server.forward(account, message, groups, groupCount);
      return;
    }
    const hop = trace.nextHop();
    trace.egress({ kind: 1, cid, name, hop });
    const copy = new Message();
    copyParts(message, copy);
    replaceHeader(copy, TRACE_HOP, hop);
    server.forward(account, copy, groups, groupCount);
  }
}
