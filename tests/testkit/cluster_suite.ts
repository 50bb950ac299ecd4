/**
 * What a cluster of the test kit does, in whatever surroundings: called once for
 * sockets, once for memory, and once for memory on a virtual clock.
 */
import assert from "node:assert/strict";
import {
  ClusterError,
  type NatsConnection,
  type RunningCluster,
  startCluster,
  type Surroundings,
  withCluster,
} from "../../src/faces/cluster.ts";
import { type Logger, silentLogger } from "../../src/core/log.ts";
import type { Status } from "../../src/client/api/status.ts";
import { test } from "../support/test.ts";

/** Everything that a connection hears on a subject, as text. */
export function hear(connection: NatsConnection, subject: string): string[] {
  const heard: string[] = [];
  connection.subscribe(subject, {
    callback: (_error, message) => void heard.push(message.string()),
  });
  return heard;
}

/** Indexes of the nodes to which node `index` has a route. */
export function routesOf(cluster: RunningCluster, index: number): number[] {
  const routes = cluster.nodes[index]?.server?.cluster?.routes;
  return cluster.nodes
    .filter(({ server }) =>
      server !== undefined && routes?.has(server.broker.identity.id)
    )
    .map(({ index }) => index);
}

function logHolds(
  cluster: RunningCluster,
  index: number,
  pattern: RegExp,
): boolean {
  return cluster.log(index).some(({ text }) => pattern.test(text));
}

/**
 * `isPatient`: with those that take some seconds of real time, because nodes
 * wait between two calls.
 */
export function describeCluster(
  name: string,
  setup: Surroundings,
  isPatient: boolean,
): void {
  function check(
    title: string,
    body: (cluster: RunningCluster) => Promise<void>,
    more: Parameters<typeof startCluster>[0] = {},
  ): void {
    test(`${name}: ${title}`, withCluster({ ...setup, ...more }, body));
  }

  function checkIfPatient(...given: Parameters<typeof check>): void {
    if (isPatient) check(...given);
  }

  check(
    "all nodes have a name, a URL and a route to each other",
    async (cluster) => {
      assert.equal(cluster.size, 3);
      assert.deepEqual(
        cluster.nodes.map(({ name }) => name),
        ["node-a", "node-b", "node-c"],
      );
      assert.deepEqual(
        cluster.nodes.map((
          { url, server },
        ) => [url, server?.broker.identity.name]),
        cluster.nodes.map(({ name }, at) => [cluster.urls[at], name]),
      );
      assert.equal(new Set(cluster.urls).size, 3);
      for (const [at, others] of [[1, 2], [0, 2], [0, 1]].entries()) {
        assert.deepEqual(routesOf(cluster, at), others);
      }
      await cluster.meshed();
    },
  );

  check(
    "clients know all nodes, or one that tells them of the others",
    async (cluster) => {
      const all = await cluster.connect();
      assert.equal(all.servers().length, 3);
      for (const index of [0, 1, 2]) {
        const one = await cluster.connect({ node: index, name: `at ${index}` });
        assert.equal(`nats://${one.getServer()}`, cluster.urls[index]);
        assert.equal(one.servers().length, 3);
        const beside = await cluster.connect({ on: index });
        assert.equal(beside.getServer(), one.getServer());
      }
    },
  );

  check(
    "once it has settled, every node knows every subscription",
    async (cluster) => {
      const clients = await Promise.all(
        [0, 1, 2].map((node) => cluster.connect({ node })),
      );
      for (let round = 0; round < 3; round++) {
        const [asker, worker] = [clients[round]!, clients[(round + 1) % 3]!];
        const subject = `work.${round}`;
        const subscription = worker.subscribe(subject, {
          queue: "workers",
          callback: (_error, message) => void message.respond("done"),
        });
        await cluster.settled();
        // At once, or it would be refused for want of responders.
        const answer = await asker.request(subject);
        assert.equal(answer.string(), "done");
        subscription.unsubscribe();
        await cluster.settled();
        await assert.rejects(asker.request(subject), { code: "REQUEST" });
      }
    },
  );

  check(
    "a node that is killed says nothing, and its clients go elsewhere",
    async (cluster) => {
      const statuses: Status[] = [];
      const client = await cluster.connect({
        node: 1,
        onStatus: (status) => void statuses.push(status),
      });
      const [url, id] = [
        cluster.urls[1],
        cluster.servers[1]?.broker.identity.id,
      ];
      const lines = cluster.log(1).length;
      await cluster.kill(1);
      assert.equal(cluster.nodes[1]?.alive, false);
      assert.equal(cluster.nodes[1]?.server, undefined);
      assert.equal(cluster.servers.length, 2);
      assert.equal(cluster.urls[1], url);
      await cluster.settled();
      assert.notEqual(client.getServer(), "");
      assert.notEqual(`nats://${client.getServer()}`, url);
      assert.deepEqual(routesOf(cluster, 0), [2]);
      assert.equal(cluster.log(1).length, lines);
      const types = statuses.map(({ type }) => type);
      assert.ok(!types.includes("ldm") && !types.includes("error"), `${types}`);
      assert.equal(logHolds(cluster, 0, /closed: Server Shutdown/), false);

      await cluster.restart(1);
      await cluster.settled();
      const node = cluster.nodes[1];
      assert.equal(node?.url, url);
      assert.notEqual(node?.server?.broker.identity.id, id);
      assert.deepEqual(routesOf(cluster, 1), [0, 2]);
      const back = await cluster.connect({ node: 1 });
      assert.equal(`nats://${back.getServer()}`, url);
    },
  );

  check("a node that stops in peace closes its clients", async (cluster) => {
    const client = await cluster.connect({ node: 2 });
    await cluster.stop(2);
    assert.equal(cluster.nodes[2]?.alive, false);
    assert.ok(
      logHolds(cluster, 2, /Client connection closed: Server Shutdown/),
    );
    await cluster.settled();
    assert.notEqual(`nats://${client.getServer()}`, cluster.urls[2]);
    await cluster.restart(2);
    await cluster.meshed();
    assert.deepEqual(routesOf(cluster, 0), [1, 2]);
  });

  check("a fourth node joins, and clients hear of it", async (cluster) => {
    const client = await cluster.connect({ node: 0 });
    const node = await cluster.add({ server_name: "late" });
    assert.equal(node.index, 3);
    assert.equal(node.name, "late");
    assert.equal(cluster.size, 4);
    await cluster.meshed();
    assert.deepEqual(routesOf(cluster, 3), [0, 1, 2]);
    await cluster.until(() => client.servers().length === 4, "the fourth");
  });

  check(
    "a partition holds back what is sent, and heals without a loss",
    async (cluster) => {
      const [one, two, three] = await Promise.all(
        [0, 1, 2].map((on) => cluster.connect({ on })),
      );
      const heard = hear(two!, "news");
      const nearby = hear(three!, "news");
      await cluster.settled();
      cluster.partition([0], [1, 2]);
      one!.publish("news", "from the other side");
      await one!.flush();
      three!.publish("news", "from our side");
      await cluster.until(() => heard.length + nearby.length === 2, "our news");
      assert.deepEqual([heard, nearby], [["from our side"], ["from our side"]]);
      // Each of the two has its route still, and those who cannot reach need none.
      assert.deepEqual(routesOf(cluster, 0), [1, 2]);
      await cluster.settled();
      cluster.heal();
      await cluster.until(() => heard.length + nearby.length === 4, "all news");
      assert.deepEqual(heard, ["from our side", "from the other side"]);
    },
  );

  checkIfPatient(
    "who dials through a partition waits, and gives up",
    async (cluster) => {
      await cluster.kill(0);
      await cluster.meshed();
      cluster.partition([0, "clients"], [1, 2]);
      await cluster.restart(0);
      await cluster.until(
        () => logHolds(cluster, 0, /trying to connect to route.*i\/o timeout/i),
        "a call that timed out",
      );
      await assert.rejects(cluster.connect({ node: 1, timeout: 100 }));
      const near = await cluster.connect({ node: 0 });
      await cluster.settled();
      assert.deepEqual(routesOf(cluster, 0), []);
      assert.deepEqual(routesOf(cluster, 1), [2]);
      assert.notEqual(near.getServer(), "");
      cluster.heal();
      await cluster.meshed();
      assert.deepEqual(routesOf(cluster, 0), [1, 2]);
    },
  );

  checkIfPatient(
    "in a partition that lasts both sides give each other up",
    async (cluster) => {
      cluster.partition([0], [1, 2]);
      const isApart = (): boolean =>
        routesOf(cluster, 0).length === 0 &&
        routesOf(cluster, 1).length === 1 &&
        routesOf(cluster, 2).length === 1;
      await cluster.until(isApart, "the end of the routes");
      for (const index of [0, 1, 2]) {
        assert.ok(logHolds(cluster, index, /closed: Stale Connection/));
      }
      cluster.heal();
      await cluster.meshed();
      assert.deepEqual(routesOf(cluster, 0), [1, 2]);
    },
    { node: () => ({ ping_interval: "100ms" }) },
  );

  check(
    "a killed node behind a partition is missed only when it heals",
    async (cluster) => {
      cluster.partition([0], [1]);
      await cluster.kill(0);
      await cluster.until(
        () => routeCount(cluster, 2) === 1,
        "the news at node-c",
      );
      assert.equal(routeCount(cluster, 1), 2);
      cluster.heal();
      await cluster.meshed();
      assert.equal(routeCount(cluster, 1), 1);
    },
  );

  check("a client lives on the side of its node", async (cluster) => {
    const [inside, outside] = [
      await cluster.connect({ on: 0 }),
      await cluster.connect({ node: 1 }),
    ];
    const heard = hear(inside, "here");
    const [from, to] = [hear(outside, "there"), hear(inside, "there")];
    await cluster.settled();
    cluster.partition([0], [1, 2, "clients"]);
    inside.publish("here", "yes");
    await inside.flush();
    assert.deepEqual(heard, ["yes"]);
    outside.publish("there", "also");
    await outside.flush();
    assert.deepEqual([from, to], [["also"], []]);
    cluster.heal();
    await cluster.until(() => to.length === 1, "the news");
  });

  check(
    "a slow link takes its time, and a mended one does not",
    async (cluster) => {
      const client = await cluster.connect({ node: 0 });
      cluster.delay("clients", 0, 40);
      // Timers of some runtimes come a millisecond early.
      assert.ok(await client.rtt() >= 2 * 40 - 4);
      cluster.delay(0, "clients", 0);
      await client.flush();
      cluster.delay(0, 1, 40);
      const far = await cluster.connect({ node: 1 });
      const heard = hear(far, "slow");
      await cluster.settled();
      const before = cluster.clock.monotonic();
      client.publish("slow", "but sure");
      await cluster.until(() => heard.length === 1, "the message");
      assert.ok(cluster.clock.monotonic() - before >= 40 - 2);
    },
  );

  checkIfPatient(
    "connections that are reset are made again",
    async (cluster) => {
      const client = await cluster.connect({ node: 2 });
      const isBroken = (index: number): boolean =>
        logHolds(cluster, index, /Router connection closed: Read Error/);
      cluster.reset(0, 1);
      await cluster.until(() => isBroken(0) && isBroken(1), "the end at both");
      await cluster.meshed();
      assert.deepEqual(routesOf(cluster, 0), [1, 2]);
      cluster.reset("clients");
      await cluster.until(() => client.getServer() === "", "the client's end");
      await cluster.settled();
      assert.notEqual(client.getServer(), "");
      assert.equal(isBroken(2), false);
      // Who has just been connected waits a while before it tries again.
      if (setup.clock !== "virtual") return;
      cluster.reset();
      await cluster.until(() => client.getServer() === "", "the client's end");
      await cluster.until(() => isBroken(2), "the end at the third");
      await cluster.settled();
    },
  );

  checkIfPatient(
    "settled tells who does not know of whose interest",
    async (cluster) => {
      const client = await cluster.connect({ node: 0 });
      cluster.delay(0, 1, 100_000);
      client.subscribe("lost", { queue: "group" });
      await assert.rejects(cluster.settled(400), {
        name: "ClusterError",
        message:
          /did not settle within 400 ms: node-b does not know that node-a wants lost in queue group group/,
      });
    },
    { size: 2 },
  );

  checkIfPatient(
    "a condition that does not come true is named",
    async (cluster) => {
      await assert.rejects(cluster.until(() => false, "a miracle", 100), {
        name: "ClusterError",
        message: /^What was waited for, a miracle, did not come within 100 ms/,
      });
    },
    { size: 1 },
  );

  check(
    "a condition that throws fails who waits for it, and nobody else",
    async (cluster) => {
      const client = await cluster.connect();
      const heard = hear(client, "news");
      const failing = cluster.until(() => {
        if (heard.length === 0) return false;
        throw new Error("not what was expected");
      });
      const other = cluster.until(() => heard.length > 0, "news");
      client.publish("news", "bad");
      await assert.rejects(failing, { message: "not what was expected" });
      await other;
    },
    { size: 1 },
  );

  check(
    "a node stops in peace though it is cut off",
    async (cluster) => {
      // The last to come dials the others, and holds what the link holds back.
      const { index } = await cluster.add();
      await cluster.settled();
      cluster.partition([index], [0, 1]);
      await cluster.stop(index);
      cluster.heal();
      await cluster.settled();
    },
    { size: 2, limitMs: 10_000 },
  );

  check(
    "a server that is stopped by itself is a dead node",
    async (cluster) => {
      const [server, other] = cluster.servers;
      await cluster.run(server!.lameDuck());
      await cluster.settled();
      assert.equal(cluster.nodes[0]?.alive, false);
      assert.deepEqual(cluster.servers, [other]);
      await cluster.restart(0);
      await cluster.settled();
      assert.deepEqual(routesOf(cluster, 1), [0]);
    },
    { size: 2 },
  );

  check(
    "a client that hears nothing from its server is named",
    async (cluster) => {
      await cluster.connect();
      cluster.partition(["clients"], [0]);
      await assert.rejects(cluster.settled(100), {
        message:
          /^The cluster did not settle within 100 ms: client 1 gets no answer from its server/,
      });
    },
    { size: 1 },
  );

  test(`${name}: a promise that is never settled fails run`, async () => {
    await using cluster = await startCluster({ ...setup, size: 1 });
    const never = new Promise<void>(() => {});
    await assert.rejects(cluster.run(never, 50), {
      name: "ClusterError",
      message: /was not settled within 50 ms/,
    });
    await assert.rejects(cluster.run(Promise.reject(new Error("mine"))), {
      message: "mine",
    });
    assert.equal(await cluster.run(Promise.resolve(7)), 7);
    assert.equal(await cluster.hold(Promise.resolve(8)), 8);
  });

  check("what makes no sense is refused, with a reason", async (cluster) => {
    const invalid = (message: RegExp): object => ({
      name: "InvalidArgumentError",
      message,
    });
    const impossible = (message: RegExp): object => ({
      name: "InvalidOperationError",
      message,
    });
    await assert.rejects(cluster.kill(3), invalid(/no node 3.* 0 to 2/));
    await assert.rejects(cluster.connect({ node: -1 }), invalid(/no node -1/));
    await assert.rejects(cluster.connect({ on: 9 }), invalid(/no node 9/));
    await assert.rejects(cluster.restart(0), impossible(/node-a is alive/));
    assert.throws(() => cluster.log(4), invalid(/no node 4/));
    assert.throws(
      () => cluster.partition([0, 1], [1, 2]),
      invalid(/both sides.*: 1/),
    );
    assert.throws(() => cluster.partition([0], [7]), invalid(/no node 7/));
    assert.throws(() => cluster.delay(0, 1, -1), invalid(/0 or more, not -1/));
    // Whatever is on one side has no way to slow down, in this cluster or another.
    const itself = invalid(/between two places, not between 1 and itself/);
    assert.throws(() => cluster.delay(1, 1, 50), itself);
    assert.throws(() => cluster.reset(5), invalid(/no node 5/));
    await cluster.kill(0);
    await assert.rejects(cluster.kill(0), impossible(/node-a is dead already/));
    await assert.rejects(cluster.stop(0), impossible(/node-a is dead already/));
    const misspelt: object = { no_such_key: 1 };
    await assert.rejects(cluster.add(misspelt), { name: "ConfigError" });
    assert.equal(cluster.size, 3);
    if (setup.clock !== "virtual") {
      await assert.rejects(cluster.advance(1), impossible(/a virtual clock/));
    }
  });

  test(`${name}: after its end a cluster does nothing more`, async () => {
    const cluster = await startCluster({ ...setup, size: 2 });
    const client = await cluster.connect();
    await Promise.all([cluster.stop(), cluster.stop()]);
    await cluster.stop();
    assert.equal(client.isClosed(), true);
    assert.equal(cluster.servers.length, 0);
    await assert.rejects(cluster.connect(), { message: /is stopped/ });
    await assert.rejects(cluster.add(), { message: /is stopped/ });
  });

  test(`${name}: a cluster that stops while nodes start and die leaves none`, async () => {
    let stopped: Promise<void> | undefined;
    const stopsCluster: Logger = {
      ...silentLogger,
      notice: () => void (stopped ??= cluster.stop()),
    };
    const cluster = await startCluster({
      ...setup,
      size: 2,
      log: (index) => index === 2 ? stopsCluster : silentLogger,
    });
    const [one, other] = cluster.servers;
    const acts = await Promise.allSettled([
      cluster.kill(0),
      cluster.stop(1),
      cluster.add(),
      cluster.add(),
    ]);
    await stopped;
    assert.deepEqual(
      acts.map(({ status }) => status),
      ["fulfilled", "fulfilled", "fulfilled", "rejected"],
    );
    assert.deepEqual(cluster.servers, []);
    assert.ok(one!.address === undefined && other!.address === undefined);
    assert.equal(cluster.nodes[2]?.alive, false);
  });

  test(`${name}: nodes start one after the other, and after their own end`, async () => {
    await using cluster = await startCluster({ ...setup, size: 2 });
    const misspelt: object = { no_such_key: 1 };
    const [, failed, added] = await Promise.allSettled([
      cluster.kill(0),
      cluster.add(misspelt),
      cluster.add(),
      cluster.restart(0),
    ]);
    assert.equal(failed.status, "rejected");
    assert.ok(added.status === "fulfilled" && added.value.index === 2);
    assert.deepEqual(cluster.nodes.map(({ alive }) => alive), [
      true,
      true,
      true,
    ]);
    await cluster.kill(0);
    const first = cluster.restart(0);
    await assert.rejects(cluster.restart(0), { message: "node-a is alive" });
    await first;
    await cluster.meshed();
  });

  test(`${name}: who still waits hears of the end`, async () => {
    const cluster = await startCluster({ ...setup, size: 1 });
    const waits = [
      cluster.until(() => false),
      cluster.run(new Promise(() => {})),
    ];
    const seen = Promise.allSettled(waits);
    await cluster.stop();
    // Virtual time goes on until they have waited long enough.
    const why = setup.clock === "virtual" ? /did not come|was not/ : /stopped/;
    for (const wait of await seen) {
      assert.ok(wait.status === "rejected");
      assert.match(String(wait.reason), why);
    }
  });

  check("a body may stop its cluster itself", async (cluster) => {
    await cluster.stop();
    assert.deepEqual(cluster.servers, []);
  }, { size: 1 });

  if (!isPatient) return;
  test(`${name}: nodes that cannot mesh fail the start, which tells why and leaves nothing`, async () => {
    await assert.rejects(
      startCluster({
        ...setup,
        size: 2,
        limitMs: 1000,
        node: (index) => ({ cluster: { name: `number-${index}` } }),
      }),
      (error) => {
        assert.ok(error instanceof ClusterError);
        assert.equal(error.code, "CLUSTER");
        assert.match(
          error.message,
          /^The cluster did not mesh within 1000 ms: node-a has no route to node-b; node-b has no route to node-a/,
        );
        assert.match(error.message, /\nnode-b \S+ \[INF\] Server is ready\n/);
        const isNamed = /\(seed \d+\)$/m.test(error.message);
        assert.equal(isNamed, setup.network === "memory");
        assert.equal(error.seed !== undefined, setup.network === "memory");
        return true;
      },
    );
  });
}

/** How many routes node `index` has, to the dead as well. */
function routeCount(cluster: RunningCluster, index: number): number {
  return cluster.nodes[index]?.server?.cluster?.routes.size ?? 0;
}
