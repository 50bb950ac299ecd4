/**
 * What a cluster lacks: routes between nodes that can reach each other, and
 * interest that one node has and another does not know of, each as a sentence.
 */
import type { LocalInterest } from "../../accounts/local_interest.ts";
import type { Broker } from "../../broker/broker.ts";
import type { Cluster } from "../../routes/cluster.ts";
import type { RemoteInterest } from "../../routes/interest.ts";
import type { TestNode } from "./node.ts";

/** Whether what one node says gets to another. */
export type CanReach = (one: TestNode, other: TestNode) => boolean;

/** A living node of a cluster. */
interface Member {
  readonly node: TestNode;
  readonly broker: Broker;
  readonly cluster: Cluster;
}

/**
 * Routes that should be there, and those to nodes that are dead. `nodeOf` tells
 * whose id a server id is, or was.
 */
export function missingRoutes(
  nodes: readonly TestNode[],
  canReach: CanReach,
  nodeOf: (id: string) => TestNode | undefined,
): string[] {
  const members = membersOf(nodes);
  const ids = new Set(members.map(({ broker }) => broker.identity.id));
  return members.flatMap((member) => {
    const { node, cluster } = member;
    const absent = othersOf(member, members, canReach)
      .filter(({ broker }) => !cluster.routes.has(broker.identity.id))
      .map((other) => `${node.name} has no route to ${other.node.name}`);
    const stale = [...cluster.routes.keys()]
      .filter((id) => !ids.has(id))
      .map(nodeOf)
      .filter((other) => other !== undefined && canReach(node, other))
      .map((other) =>
        `${node.name} has a route to ${other!.name}, which is dead`
      );
    return [...absent, ...stale];
  });
}

/** Interest of one node that another one it has a route to does not know of, and the reverse. */
export function missingInterest(
  nodes: readonly TestNode[],
  canReach: CanReach,
): string[] {
  const members = membersOf(nodes);
  return members.flatMap((member) =>
    othersOf(member, members, canReach).flatMap((other) => {
      const route = member.cluster.routes.get(other.broker.identity.id);
      if (route === undefined) return [];
      const has = announced(other.broker);
      const known = heard(route.interest);
      const names = `${member.node.name} does not know that ${other.node.name}`;
      return [
        ...differences(has, known).map((what) => `${names} wants ${what}`),
        ...differences(known, has)
          .filter((what) => !has.has(what))
          .map((what) => `${names} no longer wants ${what}`),
      ];
    })
  );
}

function membersOf(nodes: readonly TestNode[]): Member[] {
  return nodes.flatMap((node) => {
    const { broker, cluster } = node.server ?? {};
    const isMember = broker !== undefined && cluster !== undefined;
    return isMember ? [{ node, broker, cluster }] : [];
  });
}

function othersOf(
  { node }: Member,
  members: readonly Member[],
  canReach: CanReach,
): Member[] {
  return members.filter((other) =>
    other.node !== node && canReach(node, other.node)
  );
}

/** Weight by interest: plain interest counts once, a queue group by its members. */
type Interests = ReadonlyMap<string, number>;

function announced({ host }: Broker): Interests {
  const interests = new Map<string, number>();
  for (const account of host.accounts) {
    for (const interest of account.localInterest()) {
      if (interest === undefined) continue;
      const { queue, members } = interest;
      const name = describe(account.name, interest);
      interests.set(name, queue === "" ? 1 : members);
    }
  }
  return interests;
}

function heard(interest: RemoteInterest): Interests {
  return new Map(
    [...interest].map(({ place, subscription }): [string, number] => [
      describe(place.name, subscription),
      subscription.queue === "" ? 1 : subscription.weight,
    ]),
  );
}

function describe(
  account: string,
  { subject, queue }: Pick<LocalInterest, "subject" | "queue">,
): string {
  const group = queue === "" ? "" : ` in queue group ${queue}`;
  return `${subject}${group}${account === "$G" ? "" : ` of ${account}`}`;
}

function differences(wanted: Interests, there: Interests): string[] {
  return [...wanted]
    .filter(([what, weight]) => there.get(what) !== weight)
    .map(([what]) => what);
}
