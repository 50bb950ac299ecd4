/**
 * Whether a connection between two nodes may become, and stay, the route
 * between them: one table of stage and event. `step` looks a rule up, and the
 * rule says which stage comes next and what is to be done about it. Nothing in
 * here knows a socket, a clock or a broker; `members.ts` collects the facts,
 * hands events in one after another and carries the actions out.
 *
 * A peer that dialled this node is registered at its first INFO. One that this
 * node dialled, and that wants credentials, is registered once it has shown
 * that it took them: by a PONG, which it sends behind our CONNECT, or by using
 * the connection as a route. Of two connections to the same peer one is kept:
 * the registered one, if the peer answers on it. So one that claims the id of a
 * peer that lives takes nothing from it, and a route that fell silent does not
 * stand in the way of the next one. The node with the smaller id decides as soon
 * as it has its answer, and the other node leaves it the time to do so.
 */
import type { ClusterVerdict } from "./cluster_name.ts";

export type Stage =
  /** The peer has not said who it is. */
  | "fresh"
  /** The peer has said who it is; what that set off comes before the verdict. */
  | "introduced"
  /** The peer wants credentials, and has not shown yet that it took ours. */
  | "awaiting"
  /** Another connection to the peer is its route, and was asked whether it lives. */
  | "duplicate"
  /** This is the route to the peer. */
  | "registered"
  | "ended";

export interface Membership {
  readonly stage: Stage;
  /** The peer has shown that it took our credentials. */
  readonly isAccepted: boolean;
}

export const FRESH: Membership = { stage: "fresh", isAccepted: false };

export type MembershipEvent =
  /** The peer's CONNECT: it names the cluster that the peer is in. */
  | "connect"
  /** The peer's first INFO. */
  | "info"
  /** What answered shows that this is no route port. */
  | "elsewhere"
  /** A PONG. */
  | "pong"
  /** Interest, a message or gossip came: the peer takes this connection for the route. */
  | "used"
  /** The peer answered on the registered connection. */
  | "other answered"
  /** The registered connection, and the peer that may choose, had their time. */
  | "waited"
  /** The peer uses another connection as the route. */
  | "superseded"
  /** Another connection to the peer has ended, and this one takes over its dialers. */
  | "inherited"
  /** This node's cluster took over another name, so the peers of its routes must be met again. */
  | "renamed"
  /** What this connection set off by `adopt` or `supersede` is done. */
  | "settled"
  /** The connection has ended, whichever side ended it. */
  | "closed";

/** What decides, besides stage and event. */
export interface MembershipFacts {
  /** This node made the connection. */
  readonly isDialled: boolean;
  /** The peer is this very node. */
  readonly isSelf: boolean;
  /** The peer goes by this node's name. */
  readonly isNamesake: boolean;
  /** The peer's INFO says that CONNECT must bring credentials. */
  readonly wantsCredentials: boolean;
  /** Another connection is registered as the route to the peer. */
  readonly hasOther: boolean;
  /** The peer was heard on that connection after this one came. */
  readonly otherLives: boolean;
  /** Of two connections to the peer, this node chooses which one is kept. */
  readonly choosesHere: boolean;
  /** What comes of this node's cluster name and the one that the peer said. */
  readonly cluster: ClusterVerdict;
}

/** Why this node closes the connection. */
export type Cause =
  /** There is no route port at the other end. */
  | "elsewhere"
  /** It leads to this very node. */
  | "self"
  /** The peer goes by this node's name. */
  | "namesake"
  /** The peer's CONNECT names another cluster: the peer is told. */
  | "refused"
  /** The peer's INFO names another cluster. */
  | "foreign"
  /** Another connection to the peer was there first, and this node chooses it. */
  | "duplicate"
  /** Another connection to the peer is the route. */
  | "superseded"
  /** The cluster has another name now. */
  | "renamed";

export type MembershipAction =
  /** End the connection. */
  | { readonly close: Cause }
  /** Let it count as the route to its peer: announce interest, take client addresses. */
  | "register"
  /** Let it count no more, and withdraw the client addresses that it brought. */
  | "unregister"
  /** Tell the other routes of the peer. */
  | "tell others"
  /** Ask the peer for a sign that it took our credentials. */
  | "ask for acceptance"
  /** Ask the registered connection whether it lives: `other answered` may come, and `waited` does. */
  | "ask other"
  /** Take over the cluster name that the peer said: registered routes hear `renamed`, this connection `settled`. */
  | "adopt name"
  /** Give up all other connections to the peer: they hear `superseded`, this one `settled`. */
  | "supersede others"
  /** Let the dialers of the connection rest while it lasts. */
  | "rest dialers"
  /** Dial the connection's address no more. */
  | "drop dialers"
  /** Dial the connection's address no more, unless it is configured or came by gossip. */
  | "drop found dialers"
  /** The connection is gone: its dialers rest on another one to the peer, which hears `inherited`, or dial again. */
  | "leave";

export interface Move {
  readonly next: Membership;
  readonly actions: readonly MembershipAction[];
}

type Rule = (now: Membership, facts: MembershipFacts) => Move;

/** Events that are not in a row change nothing in that stage. */
const TABLE: Readonly<
  Record<Stage, Readonly<Partial<Record<MembershipEvent, Rule>>>>
> = {
  fresh: {
    connect: meetCluster,
    info: judge,
    elsewhere: (now) => end(now, "elsewhere", ["drop found dialers"]),
    closed: leave,
  },
  introduced: {
    settled: judge,
    inherited: judge,
    superseded: giveWay,
    closed: leave,
  },
  awaiting: {
    connect: meetCluster,
    pong: beAccepted,
    used: beAccepted,
    inherited: judge,
    superseded: giveWay,
    closed: leave,
  },
  duplicate: {
    connect: meetCluster,
    pong: beAccepted,
    used: beAccepted,
    "other answered": yieldTo,
    waited: replaceSilent,
    inherited: judge,
    superseded: giveWay,
    closed: leave,
  },
  registered: {
    connect: meetCluster,
    inherited: (now) => ({ next: now, actions: ["rest dialers"] }),
    superseded: giveWay,
    renamed: (now) => end(now, "renamed"),
    closed: leave,
  },
  ended: {},
};

/** What comes of `event` in the stage that a connection is in `now`. */
export function step(
  now: Membership,
  event: MembershipEvent,
  facts: MembershipFacts,
): Move {
  return TABLE[now.stage][event]?.(now, facts) ?? stay(now);
}

function stay(now: Membership): Move {
  return { next: now, actions: [] };
}

/**
 * NATS route protocol: CONNECT with the name of another cluster is refused,
 * unless ours was made up and gives way.
 */
function meetCluster(now: Membership, { cluster }: MembershipFacts): Move {
  switch (cluster) {
    case "same":
      return stay(now);
    case "adopt":
      return { next: now, actions: ["adopt name"] };
    case "yields":
    case "conflict":
      return end(now, "refused");
  }
}

/** The one place where it is decided what becomes of a peer that has said who it is. */
function judge(now: Membership, facts: MembershipFacts): Move {
  if (facts.isSelf) return end(now, "self", ["drop dialers"]);
  // NATS route protocol: only the accepting side looks at names.
  if (!facts.isDialled && facts.isNamesake) return end(now, "namesake");
  if (facts.cluster === "conflict") {
    return end(now, "foreign", ["drop found dialers"]);
  }
  if (facts.cluster === "adopt") return pass(now, "introduced", ["adopt name"]);
  if (facts.hasOther) return compete(now);
  return isLetIn(now, facts)
    ? pass(now, "registered", ["register", "rest dialers", "tell others"])
    : pass(now, "awaiting", ["ask for acceptance"]);
}

/** The registered connection is asked first: only one that is silent is replaced. */
function compete(now: Membership): Move {
  return now.stage === "duplicate"
    ? stay(now)
    : pass(now, "duplicate", ["ask other"]);
}

/**
 * When two nodes dial each other at once, each may have taken another
 * connection for the route, and if both closed the other one, none would be
 * left. So the node that chooses closes it, and the other one waits.
 */
function yieldTo(now: Membership, { choosesHere }: MembershipFacts): Move {
  return choosesHere ? end(now, "duplicate") : stay(now);
}

function replaceSilent(
  now: Membership,
  { hasOther, otherLives }: MembershipFacts,
): Move {
  return hasOther && otherLives
    ? end(now, "duplicate")
    : pass(now, "introduced", ["supersede others"]);
}

/** A peer that wants credentials, and that we dialled, may not have looked at ours yet. */
function isLetIn(
  { isAccepted }: Membership,
  { isDialled, wantsCredentials }: MembershipFacts,
): boolean {
  return !isDialled || !wantsCredentials || isAccepted;
}

function beAccepted({ stage }: Membership, facts: MembershipFacts): Move {
  return judge({ stage, isAccepted: true }, facts);
}

function giveWay(now: Membership): Move {
  return end(now, "superseded");
}

/** The connection has ended by itself. */
function leave(now: Membership): Move {
  return pass(now, "ended", farewell(now));
}

/** This node ends the connection. */
function end(
  now: Membership,
  cause: Cause,
  before: readonly MembershipAction[] = [],
): Move {
  return pass(now, "ended", [...before, { close: cause }, ...farewell(now)]);
}

function farewell({ stage }: Membership): readonly MembershipAction[] {
  return stage === "registered" ? ["unregister", "leave"] : ["leave"];
}

function pass(
  { isAccepted }: Membership,
  stage: Stage,
  actions: readonly MembershipAction[],
): Move {
  return { next: { stage, isAccepted }, actions };
}
