/** Nodes that are found, and the names of their clusters. */
import assert from "node:assert/strict";
import { discoveryAt } from "../support/directory.ts";
import type { TestServer } from "../support/midge.ts";
import { test } from "../support/test.ts";
import { routeCount } from "./route_peer.ts";
import {
  BOTH,
  DEAD,
  dialsBetween,
  door,
  FIND,
  FOUR,
  linesWith,
  MINUTE,
  ONE,
  SECOND,
  THREE,
  TWO,
  worldOf,
} from "./found_world.ts";

test("of two clusters in one directory each server finds its own, and warns once", async (t) => {
  const { world, start } = worldOf(t);
  const at = (machine: string, name: string): Promise<TestServer> =>
    start(machine, { discovery: BOTH, cluster: { name } });
  const reds = [await at(ONE, "red"), await at(TWO, "red")];
  const blues = [await at(THREE, "blue"), await at(FOUR, "blue")];
  await world.clock.advanceUntil(
    () => [...reds, ...blues].every((server) => routeCount(server) === 1),
    10 * SECOND,
  );
  await world.clock.advance(10 * MINUTE);
  for (
    const [machine, others] of [[ONE, [THREE, FOUR]], [THREE, [
      ONE,
      TWO,
    ]]] as const
  ) {
    for (const other of others) {
      assert.deepEqual(dialsBetween(world, machine, other), []);
    }
  }
  assert.deepEqual(linesWith(reds[0]!, "Ignoring nodes"), [
    'WRN Ignoring nodes of cluster "blue" at registry://one, ' +
    'this is cluster "red"',
  ]);
});

test("an address that leads into another cluster is left alone for a while", async (t) => {
  const { world, directory, start } = worldOf(t);
  await start(ONE, { cluster: { name: "blue" } });
  directory.listed = [door(ONE)];
  const seeker = await start(TWO, {
    discovery: FIND,
    cluster: { name: "red" },
  });
  await world.clock.advance(4 * MINUTE);
  assert.equal(dialsBetween(world, TWO, ONE).length, 1);
  assert.equal(
    linesWith(seeker, 'Cluster name "blue" does not match').length,
    1,
  );
  await world.clock.advance(2 * MINUTE);
  assert.equal(dialsBetween(world, TWO, ONE).length, 2);
});

test("a server without a name joins whatever cluster it finds, and then keeps to it", async (t) => {
  const { world, directory, start } = worldOf(t);
  const announce = discoveryAt({ announce: "registry://one" });
  const first = await start(ONE, {
    discovery: announce,
    cluster: { name: "red" },
  });
  directory.listed = [door(DEAD[0], { cluster: "blue" })];
  const nameless = await start(TWO, { discovery: BOTH, cluster: { name: "" } });
  await world.meshed([first, nameless], 5 * SECOND);
  assert.equal(nameless.server.cluster?.clusterName, "red");
  // Nodes of other clusters matter no more, from that moment.
  assert.equal(linesWith(nameless, `Found a node on ${DEAD[0]}`).length, 1);
  assert.equal(linesWith(nameless, `Forgot the node on ${DEAD[0]}`).length, 1);
  // Now its announcement has the name; the made-up one would have kept others away.
  await world.clock.advance(SECOND);
  assert.deepEqual(directory.nodes.map(({ cluster }) => cluster), [
    "red",
    "red",
  ]);
  const other = await start(THREE, {
    discovery: BOTH,
    cluster: { name: "blue" },
  });
  await world.clock.advance(3 * MINUTE);
  assert.equal(routeCount(other), 0);
  assert.equal(
    linesWith(nameless, 'Ignoring nodes of cluster "blue"').length,
    1,
  );
});

test("servers without names form one cluster", async (t) => {
  const { world, start } = worldOf(t);
  const nameless = { discovery: BOTH, cluster: { name: "" } };
  const servers = [];
  for (const machine of [ONE, TWO, THREE]) {
    servers.push(await start(machine, nameless));
  }
  await world.meshed(servers, 10 * SECOND);
});
