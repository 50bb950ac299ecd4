/** A cluster of the test kit in each of its surroundings, and what differs among them. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { connect } from "../../src/faces/client.ts";
import { startCluster, withCluster } from "../../src/faces/cluster.ts";
import { freshSeed } from "../support/random.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { describeCluster, hear } from "./cluster_suite.ts";

const SEED = freshSeed();
console.log(`seed ${SEED}`);
const MEMORY = { network: "memory", seed: SEED } as const;

describeCluster("sockets", {}, true);
describeCluster("memory", MEMORY, false);
describeCluster("virtual", { ...MEMORY, clock: "virtual" }, true);

test("a setup that makes no sense is refused", async () => {
  const refused: [Parameters<typeof startCluster>[0], RegExp][] = [
    [{ size: 0 }, /"size" is a whole number from 1 to 200, not 0/],
    [{ size: 1.5 }, /not 1.5/],
    [{ clock: "virtual" }, /virtual clock needs network: "memory"/],
    [{ seed: 0.5 }, /"seed" is a whole number, not 0.5/],
    [{ limitMs: 0 }, /"limitMs" is above 0, not 0/],
    [
      { node: () => ({ dont_listen: true }) },
      /"dont_listen" leaves no way in: use network: "memory"/,
    ],
    [
      { network: "memory", node: () => ({ http_port: 0 }) },
      /"http_port" needs network: "sockets"/,
    ],
    [
      { network: "memory", node: () => ({ registry: { port: 0 } }) },
      /"registry" needs network: "sockets"/,
    ],
    [
      {
        network: "memory",
        clock: "virtual",
        node: () => ({ discovery: { find: "nats-route://10.0.0.1:6222" } }),
      },
      /"discovery" needs clock: "real"/,
    ],
  ];
  for (const [setup, message] of refused) {
    await assert.rejects(startCluster(setup), {
      name: "InvalidArgumentError",
      message,
    });
  }
});

test(
  "faults reach clients that were not made by the cluster",
  withCluster(async (cluster) => {
    const stranger = await connect({ servers: cluster.urls[0]! });
    const inside = await cluster.connect({ on: 0 });
    const [said, heard] = [hear(inside, "said"), hear(stranger, "heard")];
    await stranger.flush();
    await cluster.settled();
    cluster.partition(["clients"], [0, 1, 2]);
    stranger.publish("said", "hello?");
    inside.publish("heard", "hello!");
    for (let round = 0; round < 10; round++) await inside.flush();
    assert.deepEqual([said, heard], [[], []]);
    cluster.heal();
    await cluster.until(() => said.length + heard.length === 2, "both");

    cluster.delay(0, "clients", 30);
    assert.ok(await stranger.rtt() >= 2 * 30 - 4);
    cluster.delay(0, "clients", 0);

    const isAt = (...nodes: number[]): boolean =>
      nodes.some((at) => cluster.urls[at] === `nats://${stranger.getServer()}`);
    cluster.reset("clients", 0);
    await cluster.until(() => isAt(1, 2), "a connection to another node");
    const [left, next] = isAt(1) ? [1, 2] : [2, 1];
    await cluster.kill(left);
    await cluster.until(() => isAt(0, next), "a connection to a third node");
    await stranger.close();
  }),
);

test(
  "a stranger is let in while nodes call through a partition",
  withCluster({ size: 2 }, async (cluster) => {
    cluster.partition([0], [1]);
    cluster.reset(0, 1);
    const isCalling = cluster.connect({ on: 1, node: 0, timeout: 15_000 });
    const outcome = isCalling.then(() => "in", () => "out");
    const stranger = connect({ servers: cluster.urls[0]!, timeout: 15_000 });
    await (await cluster.run(stranger, 10_000)).close();
    cluster.heal();
    assert.equal(await outcome, "in");
  }),
);

test("a cluster stops though a client that is not its own is connected", async () => {
  const cluster = await startCluster({ size: 1 });
  const stranger = await connect({ servers: cluster.urls, reconnect: false });
  await cluster.stop();
  await stranger.closed();
  await assert.rejects(connect({ servers: cluster.urls }), {
    code: "CONNECTION",
  });
});

test(
  "credentials of the cluster are used on its routes, ports are kept, and names are one's own",
  withCluster({
    size: 3,
    name: "blue",
    node: (index) => ({
      server_name: `n${index}`,
      http_port: 0,
      authorization: { token: "of clients" },
      cluster: { authorization: { user: "ruth", password: "of routes" } },
    }),
  }, async (cluster) => {
    await assert.rejects(cluster.connect(), { name: "AuthorizationError" });
    const client = await cluster.connect({ token: "of clients" });
    assert.equal(client.info?.cluster, "blue");
    const [before] = cluster.servers;
    const addresses = [
      before?.address,
      before?.clusterAddress,
      before?.monitorAddress,
    ];
    await cluster.kill(0);
    await cluster.restart(0);
    await cluster.settled();
    const [after] = cluster.servers;
    assert.equal(after?.broker.identity.name, "n0");
    assert.deepEqual(
      [after?.address, after?.clusterAddress, after?.monitorAddress],
      addresses,
    );
  }),
);

test("a port that is taken fails the start, as the options ask for it", async () => {
  const cluster = await startCluster({ size: 1 });
  const port = Number(cluster.urls[0]!.split(":").at(-1));
  await assert.rejects(startCluster({ size: 2, node: () => ({ port }) }), {
    name: "NetworkError",
    code: "EADDRINUSE",
  });
  await cluster.stop();
});

test("a node that is killed takes no announcement back, and one that stops does", async (t) => {
  const folder = temporaryFolder(t);
  await using cluster = await startCluster({
    size: 2,
    node: () => ({ discovery: { announce: `file://${folder}/` } }),
  });
  const announced = (): number => readdirSync(folder).length;
  await cluster.until(
    () =>
      cluster.nodes.every((node) =>
        node.log().some(({ text }) => text.startsWith("Announced at"))
      ),
    "two announcements",
  );
  await cluster.kill(0);
  assert.equal(announced(), 2);
  await cluster.stop(1);
  assert.equal(announced(), 1);
});
