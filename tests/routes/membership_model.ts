/**
 * Two nodes on paper: connections are pairs of inboxes, a node's rules are
 * those of `membership.ts`, and the test says what happens next. A world is
 * plain data, so that a test can copy it and try every continuation.
 */
import {
  type ClusterClaim,
  compareClusters,
} from "../../src/routes/cluster_name.ts";
import {
  FRESH,
  type Membership,
  type MembershipAction,
  type MembershipEvent,
  step,
} from "../../src/routes/membership.ts";

export interface PaperNode {
  readonly id: string;
  readonly wantsCredentials: boolean;
  /** It has interest, of which it tells each route that it registers. */
  readonly isInterested: boolean;
  cluster: ClusterClaim;
}

interface Message {
  readonly verb: "CONNECT" | "INFO" | "PING" | "PONG" | "RS+" | "end";
  readonly claim?: ClusterClaim;
}

/** One end of a connection; the ends of connection n are numbers 2n and 2n + 1. */
export interface PaperEnd {
  /** The node at this end: 0 or 1. */
  readonly node: number;
  readonly isDialled: boolean;
  membership: Membership;
  isOpen: boolean;
  /** It waits for the answer of another connection, or for the peer's choice. */
  isWaiting: boolean;
  /** The other connection answered meanwhile. */
  otherLives: boolean;
  /** Dialers that rest on this connection. */
  dialers: number;
  /** What the peer's INFO said, once it came. */
  info: ClusterClaim | undefined;
  inbox: Message[];
}

export interface PaperWorld {
  readonly nodes: readonly [PaperNode, PaperNode];
  readonly ends: PaperEnd[];
  /** Nodes that dial the other one, each as soon as the test says so. */
  dials: number[];
  /** Nodes that dial again after a pause. */
  redials: number[];
}

/** Something that can happen next. */
export type Happening =
  | { readonly dial: number }
  | { readonly redial: number }
  | { readonly deliver: number }
  | { readonly choiceOver: number }
  | { readonly cut: number };

export function isRegistered({ membership }: PaperEnd): boolean {
  return membership.stage === "registered";
}

/** All that can happen next when whatever waits for a timer waits longer than messages fly. */
export function happeningsIn(world: PaperWorld): Happening[] {
  const dials = world.dials.map((dial) => ({ dial }));
  const moves = [...dials, ...deliveriesIn(world)];
  return moves.length > 0 ? moves : timersIn(world);
}

export function deliveriesIn({ ends }: PaperWorld): Happening[] {
  return [...ends.keys()]
    .filter((deliver) => ends[deliver]!.inbox.length > 0)
    .map((deliver) => ({ deliver }));
}

/** The ends of waits: for the peer's choice, and before a node dials again. */
export function timersIn({ ends, redials }: PaperWorld): Happening[] {
  return [
    ...redials.map((redial) => ({ redial })),
    ...[...ends.keys()]
      .filter((choiceOver) => ends[choiceOver]!.isWaiting)
      .map((choiceOver) => ({ choiceOver })),
  ];
}

export function happen(world: PaperWorld, what: Happening): void {
  if ("dial" in what) return dial(world, world.dials, what.dial);
  if ("redial" in what) return dial(world, world.redials, what.redial);
  if ("deliver" in what) return deliver(world, what.deliver);
  if ("cut" in what) {
    for (const end of [what.cut, peerOf(what.cut)]) breakOff(world, end);
    return;
  }
  world.ends[what.choiceOver]!.isWaiting = false;
  apply(world, what.choiceOver, "waited");
}

function dial(world: PaperWorld, dials: number[], node: number): void {
  dials.splice(dials.indexOf(node), 1);
  const dialling = world.ends.length;
  world.ends.push(newEnd(node, true), newEnd(1 - node, false));
  // NATS route protocol: the dialling side says CONNECT and INFO at once, the accepting side INFO.
  const own = world.nodes[node]!.cluster;
  say(world, dialling, { verb: "CONNECT", claim: own });
  say(world, dialling, { verb: "INFO", claim: own });
  const theirs = world.nodes[1 - node]!.cluster;
  say(world, dialling + 1, { verb: "INFO", claim: theirs });
}

function newEnd(node: number, isDialled: boolean): PaperEnd {
  return {
    node,
    isDialled,
    membership: FRESH,
    isOpen: true,
    isWaiting: false,
    otherLives: false,
    dialers: isDialled ? 1 : 0,
    info: undefined,
    inbox: [],
  };
}

function peerOf(end: number): number {
  return end ^ 1;
}

function say({ ends }: PaperWorld, end: number, message: Message): void {
  const peer = ends[peerOf(end)]!;
  if (peer.isOpen) peer.inbox.push(message);
}

function deliver(world: PaperWorld, at: number): void {
  const end = world.ends[at]!;
  const { verb, claim } = end.inbox.shift()!;
  switch (verb) {
    case "CONNECT":
      return apply(world, at, "connect", claim);
    case "INFO":
      end.info = claim;
      return apply(world, at, "info");
    case "PING":
      return say(world, at, { verb: "PONG" });
    case "PONG":
      apply(world, at, "pong");
      return answered(world, at);
    case "RS+":
      return apply(world, at, "used");
    case "end":
      return breakOff(world, at);
  }
}

/** The peer lives: connections that wait beside a registered one hear of it. */
function answered(world: PaperWorld, at: number): void {
  if (!isRegistered(world.ends[at]!)) return;
  for (const other of othersTo(world, at)) {
    world.ends[other]!.otherLives = true;
    apply(world, other, "other answered");
  }
}

/** The end is closed by something else than its node. */
function breakOff(world: PaperWorld, at: number): void {
  const end = world.ends[at]!;
  if (!end.isOpen) return;
  shut(end);
  apply(world, at, "closed");
}

function shut(end: PaperEnd): void {
  end.isOpen = false;
  end.inbox = [];
}

type Task = readonly [at: number, event: MembershipEvent, claim?: ClusterClaim];

/** Lets a node deal with an event, and with all that this sets off on the node. */
function apply(world: PaperWorld, ...first: Task): void {
  const queue: Task[] = [first];
  for (let task = queue.shift(); task; task = queue.shift()) {
    const [at, event, claim] = task;
    const end = world.ends[at]!;
    const facts = factsOf(world, end, claim ?? end.info);
    const { next, actions } = step(end.membership, event, facts);
    end.membership = next;
    if (next.stage !== "duplicate") end.isWaiting = false;
    for (const action of actions) {
      queue.push(...perform(world, at, action, claim ?? end.info));
    }
  }
}

function factsOf(
  { nodes, ends }: PaperWorld,
  end: PaperEnd,
  claim: ClusterClaim | undefined,
): Parameters<typeof step>[2] {
  const own = nodes[end.node]!;
  const peer = nodes[1 - end.node]!;
  return {
    isDialled: end.isDialled,
    isSelf: false,
    isNamesake: false,
    wantsCredentials: peer.wantsCredentials,
    hasOther: ends.some((other) =>
      other !== end && other.node === end.node && isRegistered(other)
    ),
    otherLives: end.otherLives,
    choosesHere: own.id < peer.id,
    cluster: claim === undefined ? "same" : compareClusters(own.cluster, claim),
  };
}

/** Carries an action out; gives the events that it sets off. */
function perform(
  world: PaperWorld,
  at: number,
  action: MembershipAction,
  claim: ClusterClaim | undefined,
): Task[] {
  const end = world.ends[at]!;
  if (typeof action === "object") {
    shut(end);
    say(world, at, { verb: "end" });
    return [[at, "closed"]];
  }
  switch (action) {
    case "register":
      if (world.nodes[end.node]!.isInterested) say(world, at, { verb: "RS+" });
      return [];
    case "ask for acceptance":
      say(world, at, { verb: "PING" });
      return [];
    case "ask other":
      end.isWaiting = true;
      end.otherLives = false;
      for (const other of othersTo(world, at)) {
        if (isRegistered(world.ends[other]!)) {
          say(world, other, { verb: "PING" });
        }
      }
      return [];
    case "adopt name":
      world.nodes[end.node]!.cluster = claim!;
      return [
        ...endsOf(world, end.node)
          .filter((other) => isRegistered(world.ends[other]!))
          .map((other): Task => [other, "renamed"]),
        [at, "settled"],
      ];
    case "supersede others":
      return [
        ...othersTo(world, at).map((other): Task => [other, "superseded"]),
        [at, "settled"],
      ];
    case "leave":
      return leave(world, at);
    default:
      return [];
  }
}

function leave(world: PaperWorld, at: number): Task[] {
  const end = world.ends[at]!;
  const others = othersTo(world, at);
  const heir = others.find((other) => isRegistered(world.ends[other]!)) ??
    others[0];
  const { dialers } = end;
  end.dialers = 0;
  if (heir === undefined) {
    for (let i = 0; i < dialers; i++) world.redials.push(end.node);
    return [];
  }
  world.ends[heir]!.dialers += dialers;
  return [[heir, "inherited"]];
}

/** All other open connections of a node on which the peer has said who it is. */
function othersTo(world: PaperWorld, at: number): number[] {
  if (world.ends[at]!.info === undefined) return [];
  return endsOf(world, world.ends[at]!.node).filter((other) =>
    other !== at && world.ends[other]!.info !== undefined
  );
}

function endsOf({ ends }: PaperWorld, node: number): number[] {
  return [...ends.keys()].filter((at) =>
    ends[at]!.node === node && ends[at]!.isOpen
  );
}
