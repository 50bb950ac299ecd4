/**
 * The article's open problem for nodes, on real sockets: the nodes that
 * everybody was told of are dead, and those that live find each other.
 */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import {
  connectClient,
  freePort,
  interests,
  logged,
  meshed,
  roundTrip,
  routeCount,
  until,
} from "../routes/route_peer.ts";
import { discoveryAt } from "../support/directory.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import type { Peer } from "../support/peer.ts";
import { temporaryFolder } from "../support/temp.ts";

interface Node {
  readonly midge: TestServer;
  readonly client: Peer;
}

/** Starts a node whose seeds are the route ports `seeds`, with a subscriber of "news" on it. */
async function startNode(
  t: TestContext,
  seeds: readonly number[],
  urls: { readonly find?: string; readonly announce?: string },
): Promise<Node> {
  const routes = seeds.map((port) => ({ host: "127.0.0.1", port }));
  const midge = await startMidge(t, {
    discovery: discoveryAt(urls),
    cluster: { routes },
  });
  const client = await connectClient(t, midge);
  client.send("SUB news 1\r\n");
  await roundTrip(client);
  return { midge, client };
}

/** Asserts that what is published on any of the nodes reaches everybody, once. */
async function assertInTouch(nodes: readonly Node[]): Promise<void> {
  await meshed(nodes.map(({ midge }) => midge));
  for (const { midge } of nodes) await interests(midge, nodes.length);
  for (const [index, { client }] of nodes.entries()) {
    const text = `from ${index}`;
    client.send(`PUB news ${text.length}\r\n${text}\r\n`);
    for (const { client: reader } of nodes) {
      await reader.expect(`MSG news 1 ${text.length}\r\n${text}\r\n`);
    }
  }
  for (const { client } of nodes) {
    const more = (await roundTrip(client)).filter((line) => /^MSG/.test(line));
    assert.deepEqual(more, []);
  }
}

test("a node whose seeds are all dead and the survivors form a mesh, through a folder", async (t) => {
  const folder = `file://${temporaryFolder(t)}/`;
  const urls = { find: folder, announce: folder };
  const seed = await startNode(t, [], urls);
  const seeds = [seed.midge.clusterPort];
  const survivors = [
    await startNode(t, seeds, urls),
    await startNode(t, seeds, urls),
  ];
  await assertInTouch([seed, ...survivors]);
  await seed.midge.server.stop();
  const newcomer = await startNode(t, seeds, urls);
  await assertInTouch([...survivors, newcomer]);
  // The survivors go as well, and another one comes that knows nobody of old.
  for (const { midge } of survivors) await midge.server.stop();
  const last = await startNode(t, seeds, urls);
  await assertInTouch([newcomer, last]);
});

test("a node finds the living one among the addresses that it was told to ask", async (t) => {
  const dead = await freePort();
  const living = await startNode(t, [], {});
  const find = [dead, living.midge.clusterPort]
    .map((port) => `nats-route://127.0.0.1:${port}`).join(",");
  const seeker = await startNode(t, [], { find });
  await assertInTouch([living, seeker]);
  await logged(seeker.midge, "attempt 2");
});

test("a node that leaves is gone from the folder before its clients hear of it", async (t) => {
  const folder = `file://${temporaryFolder(t)}/`;
  const urls = { find: folder, announce: folder };
  const leaving = await startNode(t, [], urls);
  const staying = await startNode(t, [], urls);
  await assertInTouch([leaving, staying]);
  leaving.midge.server.enterLameDuck();
  await leaving.client.expect(/"ldm":true/);
  await logged(staying.midge, "Forgot the node on");
  assert.equal(routeCount(staying.midge), 1);
  await leaving.midge.server.stop();
  await until(() => routeCount(staying.midge) === 0, "no route");
});
