/** Pairs and clusters of Midge and a real nats-server, and the raw clients at both. */
import assert from "node:assert/strict";
import type { Peer } from "../support/peer.ts";
import {
  startMidge,
  type TestOptions,
  type TestServer,
} from "../support/midge.ts";
import {
  connectClient,
  parseInfo,
  roundTrip,
  routeCount,
} from "../routes/route_peer.ts";
import type { TestContext } from "../support/test.ts";
import {
  type NatsProgram,
  type NatsServer,
  type NatsSetup,
  startNats,
} from "./mesh_servers.ts";
import { until } from "../support/until.ts";
import { freePort } from "../support/free_port.ts";

/** Who dials whom. */
export const DIRECTIONS = [
  "Midge dials",
  "nats-server dials",
  "both dial",
] as const;
export type Direction = typeof DIRECTIONS[number];

export interface Pair {
  readonly midge: TestServer;
  readonly nats: NatsServer;
}

/** Two servers of one cluster, connected. */
export async function startPair(
  t: TestContext,
  program: NatsProgram,
  direction: Direction,
  options: TestOptions = {},
  setup: NatsSetup = {},
): Promise<Pair> {
  const [midgePort, natsPort] = [await freePort(), await freePort()];
  const { authorization } = options.cluster ?? {};
  const login = authorization === undefined
    ? {}
    : { user: authorization.user!, password: authorization.password! };
  const routes = direction === "nats-server dials"
    ? []
    : [{ ...routeAt(natsPort), ...login }];
  const startOurs = (): Promise<TestServer> =>
    startMidge(t, {
      ...options,
      cluster: { ...options.cluster, port: midgePort, routes },
    });
  const startTheirs = (): Promise<NatsServer> =>
    startNats(t, program, {
      ...setup,
      clusterPort: natsPort,
      routes: direction === "Midge dials" ? [] : [midgePort],
    });
  // Who is to be dialled is there first; if both dial, the faster one.
  const theirs = direction === "Midge dials" ? await startTheirs() : undefined;
  const ours = direction === "nats-server dials"
    ? await startOurs()
    : undefined;
  const [midge, nats] = await Promise.all([
    ours ?? startOurs(),
    theirs ?? startTheirs(),
  ]);
  await until("route", () => routeCount(midge) === 1);
  return { midge, nats };
}

/** The one route that there is. */
export function routeOf({ server }: TestServer): unknown {
  const [route] = server.cluster!.routes.values();
  assert.ok(route !== undefined);
  return route;
}

export function routeAt(port: number): { host: string; port: number } {
  return { host: "127.0.0.1", port };
}

/** Runs a scene with a client of each server, then with their parts exchanged. */
export async function bothWays(
  t: TestContext,
  { midge, nats }: Pair,
  scene: (one: Peer, two: Peer) => Promise<void>,
): Promise<void> {
  for (const [from, to] of [[midge, nats], [nats, midge]] as const) {
    const [one, two] = [
      await connectClient(t, from),
      await connectClient(t, to),
    ];
    await scene(one, two);
    await Promise.all([one.close(), two.close()]);
  }
}

/** Sends and waits until it was handled, whatever else the server has to say. */
export async function say(client: Peer, text: string): Promise<void> {
  client.send(text);
  await roundTrip(client);
}

let probes = 0;

/**
 * Waits until what `to` has subscribed to is known where `from` is: servers
 * tell interest in the order in which it came up.
 */
export async function linked(from: Peer, to: Peer): Promise<void> {
  const probe = `probe.${++probes}`;
  to.send(`SUB ${probe} ${probe}\r\n`);
  await roundTrip(to);
  from.send(`SUB no.${probe} ${probe}\r\n`);
  await until("a probe is heard", async () => {
    from.send(`PUB ${probe} no.${probe} 0\r\n\r\n`);
    const answer = await roundTrip(from);
    return !answer.some((line) => line.startsWith("NATS/1.0 503"));
  });
  await to.expect(`MSG ${probe} ${probe} no.${probe} 0\r\n\r\n`);
  from.send(`UNSUB ${probe}\r\n`);
  to.send(`UNSUB ${probe}\r\n`);
}

/** Publishes to a queue group and asserts how its members share. */
export async function assertShares(
  publisher: Peer,
  members: readonly Peer[],
  weights: readonly number[],
): Promise<void> {
  const total = 1000;
  const mark = `m${++probes}`;
  const before = members.map(({ received }) => received.length);
  publisher.send(`PUB work ${mark.length}\r\n${mark}\r\n`.repeat(total));
  const counts = (): number[] =>
    members.map(({ received }, index) =>
      received.slice(before[index]).split(`\r\n${mark}\r\n`).length - 1
    );
  const sum = (numbers: readonly number[]): number =>
    numbers.reduce((left, right) => left + right);
  await until(`${total} messages`, () => sum(counts()) >= total);
  for (const member of members) await roundTrip(member);
  assert.equal(sum(counts()), total);
  for (const [index, weight] of weights.entries()) {
    const share = weight / sum(weights);
    // Six times the standard deviation of a fair draw.
    const tolerance = 6 * Math.sqrt(total * share * (1 - share));
    const off = Math.abs(counts()[index]! - total * share);
    assert.ok(off <= tolerance, `${counts()} of weights ${weights}`);
  }
}

/**
 * Reads INFO after INFO until the addresses that it tells the client are those
 * that are waited for, from the last one that was taken on: servers tell what
 * they learn during a client's handshake within that, and only once.
 */
export async function untilTold(
  client: Peer,
  isWanted: (urls: readonly string[]) => boolean,
): Promise<void> {
  const { received, unread } = client;
  const taken = received.slice(0, received.length - unread.length);
  let info = taken.match(/^INFO .*$/gm)!.at(-1)!;
  const urls = (): readonly string[] =>
    parseInfo(info)["connect_urls"] as string[] | undefined ?? [];
  while (!isWanted(urls())) info = await infoOf(client);
}

/** The next INFO of a client. */
export async function infoOf(client: Peer): Promise<string> {
  const text = await client.expect(/INFO \{[^\n]*\n/);
  return text.slice(text.indexOf("INFO ")).trimEnd();
}

export function sameMembers(
  actual: readonly string[],
  expected: readonly string[],
): boolean {
  return actual.toSorted().join() === expected.toSorted().join();
}

/** Each server reaches a client of each other one. */
export async function assertMesh(
  t: TestContext,
  midges: readonly TestServer[],
  natses: readonly NatsServer[],
): Promise<void> {
  const servers = [...midges, ...natses];
  await until(
    "full mesh",
    () => midges.every((midge) => routeCount(midge) === servers.length - 1),
  );
  const clients = await Promise.all(
    servers.map((server) => connectClient(t, server)),
  );
  for (const client of clients) await say(client, "SUB all 1\r\n");
  for (const from of clients) {
    const others = clients.filter((client) => client !== from);
    for (const to of others) await linked(from, to);
    from.send("PUB all 2\r\nhi\r\n");
    for (const to of clients) await to.expect("MSG all 1 2\r\nhi\r\n");
  }
}
