/**
 * Who hears whom: one table of the kinds of connection that a message can come
 * from and go to. Every delivery asks it, and so does everything that tells
 * other servers what is wanted here.
 */

/** What kind of thing publishes or hears. */
export const Kind = {
  /** A client of this server. */
  CLIENT: 0,
  /** Another server of the cluster. */
  ROUTE: 1,
  /** A leaf node: a server, or a cluster, that extends this one. */
  LEAF: 2,
  /** Another thread of this server. */
  SIBLING: 3,
  /** The server itself. */
  INTERNAL: 4,
  /** A service of another account. It hears where a message enters the cluster, and nobody is told of it. */
  IMPORT: 5,
} as const;

export type Kind = typeof Kind[keyof typeof Kind];

/** A kind as one bit, for sets of kinds. */
export function kindBit(kind: Kind): number {
  return 1 << kind;
}

/** Which of its queue groups a message is delivered to. */
export type GroupRule =
  /** To each: one member of the whole cluster is chosen here. */
  | "chosen"
  /** To those that the sender named, because it has chosen this server. */
  | "named";

/** What becomes of a message that comes from one kind of connection. */
export interface Reach {
  /** The kinds that hear it, as bits. */
  readonly hears: number;
  readonly groups: GroupRule;
}

const EVERYBODY = kindBit(Kind.CLIENT) | kindBit(Kind.ROUTE) |
  kindBit(Kind.LEAF) | kindBit(Kind.SIBLING) | kindBit(Kind.INTERNAL) |
  kindBit(Kind.IMPORT);

/**
 * NATS route protocol: a message travels one hop between the servers of a
 * cluster, so what came by a route is not sent on to another one. What came
 * from a sibling has been sent to the other servers by that sibling. Either has
 * been carried into other accounts where it came in.
 */
export const REACH: readonly Reach[] = [
  /* CLIENT */ { hears: EVERYBODY, groups: "chosen" },
  /* ROUTE */ {
    hears: EVERYBODY & ~kindBit(Kind.ROUTE) & ~kindBit(Kind.IMPORT),
    groups: "named",
  },
  /* LEAF */ { hears: EVERYBODY, groups: "chosen" },
  /* SIBLING */ {
    hears: EVERYBODY & ~kindBit(Kind.ROUTE) & ~kindBit(Kind.SIBLING) &
      ~kindBit(Kind.IMPORT),
    groups: "named",
  },
  /* INTERNAL */ { hears: EVERYBODY, groups: "chosen" },
  /* IMPORT */ { hears: EVERYBODY, groups: "chosen" },
];
