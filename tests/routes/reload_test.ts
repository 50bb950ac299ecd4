/** A cluster takes other options while it runs: who may stay stays, and nothing is lost. */
import assert from "node:assert/strict";
import {
  type AuthorizationOptions,
  type ClusterOptions,
  defaultAuthorizationOptions,
  type RouteTarget,
  type ServerOptions,
} from "../../src/options/options.ts";
import { freePort } from "../support/free_port.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import type { Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import { connectClient, join, meshed, routeCount } from "./route_peer.ts";

const VIOLATION = "-ERR 'Authorization Violation'\r\n";

interface Node extends TestServer {
  /** Has these options of its cluster, and of the server, hold. */
  change(
    cluster: Partial<ClusterOptions>,
    server?: Partial<ServerOptions>,
  ): Promise<void>;
}

async function startNode(
  t: TestContext,
  cluster: Partial<ClusterOptions> = {},
): Promise<Node> {
  let next: ServerOptions | undefined;
  const midge = await startMidge(t, { cluster }, {
    rereadOptions: () => Promise.resolve(next!),
  });
  return {
    ...midge,
    change(changed, server = {}) {
      const { options } = midge.server.broker;
      next = {
        ...options,
        ...server,
        cluster: { ...options.cluster!, ...changed },
      };
      return midge.server.reload();
    },
  };
}

/** Accepts each of these. */
function users(...names: readonly string[]): AuthorizationOptions {
  const all = names.map((user) => ({ user, password: `${user}-secret` }));
  return { ...defaultAuthorizationOptions(), users: all };
}

function to(port: number, user?: string): RouteTarget {
  const target = { host: "127.0.0.1", port };
  return user === undefined
    ? target
    : { ...target, user, password: `${user}-secret` };
}

function told(node: TestServer, text: string): string[] {
  return node.log.lines.filter((line) => line.includes(text));
}

test("a route that is configured no more ends, and one that is new is dialled", async (t) => {
  const [one, other] = [await startNode(t), await startNode(t)];
  const node = await startNode(t, { routes: [to(one.clusterPort)] });
  await meshed([one, node]);
  await node.change({ name: "test", routes: [] });
  await until("it is gone", () => routeCount(one) === 0);
  assert.deepEqual(
    told(node, "Removed route"),
    [`INF Removed route nats-route://127.0.0.1:${one.clusterPort}`],
  );
  assert.equal(told(node, "Reloaded: cluster routes").length, 1);
  await node.change({ routes: [to(other.clusterPort)] });
  await meshed([other, node]);
  assert.equal(routeCount(one), 0);
});

test("a server that is to be dialled no more is not dialled again", async (t) => {
  const port = await freePort();
  const node = await startNode(t, { routes: [to(port)] });
  await until("an attempt", () => told(node, "attempt 1").length > 0);
  await node.change({ routes: [] });
  const before = told(node, "Trying to connect").length;
  const late = await startMidge(t, { cluster: { port } });
  const second = await startNode(t, { routes: [to(port)] });
  await meshed([late, second]);
  assert.equal(told(node, "Trying to connect").length, before);
});

test("servers that came in by what holds no more have to go", async (t) => {
  const node = await startNode(t, { authorization: users("ann", "bob") });
  const [ann, bob] = await Promise.all(
    ["ann", "bob"].map((user) =>
      join(t, node, {
        id: user.toUpperCase(),
        connect: { user, pass: `${user}-secret` },
      })
    ),
  );
  assert.equal(routeCount(node), 2);
  await node.change({ authorization: users("bob") });
  assert.equal(await ann!.peer.expectClosed(), VIOLATION);
  bob!.peer.send("PING\r\n");
  await bob!.peer.expect("PONG\r\n");
  assert.equal(routeCount(node), 1);
});

test("servers that were dialled stay, whatever this one asks for", async (t) => {
  const one = await startNode(t);
  const node = await startNode(t, { routes: [to(one.clusterPort)] });
  await meshed([one, node]);
  await node.change({ authorization: users("ann") });
  const client = await connectClient(t, node);
  await client.silence();
  assert.equal(routeCount(node), 1);
  assert.deepEqual(told(node, "Router connection closed"), []);
});

test("what clients are told of a server follows its reload, on other servers too", async (t) => {
  const one = await startNode(t);
  const node = await startNode(t, { routes: [to(one.clusterPort)] });
  await meshed([one, node]);
  const urls = () => one.server.varz().connect_urls;
  await node.change({}, { clientAdvertise: "example.com:99" });
  await until(
    "the new address",
    () => urls()?.includes("example.com:99") === true,
  );
  await node.change({ noAdvertise: true });
  await until(
    "no address",
    () => urls()?.includes("example.com:99") === false,
  );
  await one.change({ noAdvertise: true });
  await node.change({ noAdvertise: false });
  const client = await connectClient(t, one);
  await client.silence();
  assert.ok(!urls()?.includes("example.com:99"));
});

test("a cluster that is renamed keeps its routes", async (t) => {
  const one = await startNode(t);
  const node = await startNode(t, { routes: [to(one.clusterPort)] });
  await meshed([one, node]);
  await node.change({ name: "other" });
  await one.change({ name: "other" });
  assert.deepEqual(told(node, "Cluster name updated"), [
    "INF Cluster name updated to other",
  ]);
  const client = await connectClient(t, one);
  assert.equal(client.info.cluster, "other");
  assert.equal(routeCount(node), 1);
  const third = await startNode(t, {
    name: "other",
    routes: [to(one.clusterPort)],
  });
  await meshed([one, node, third]);
});

test("a cluster's password is rotated without cutting the mesh", async (t) => {
  const first = await startNode(t, { authorization: users("old") });
  const seed = first.clusterPort;
  const nodes = [first];
  for (let count = 0; count < 2; count++) {
    nodes.push(
      await startNode(t, {
        authorization: users("old"),
        routes: [to(seed, "old")],
      }),
    );
  }
  await meshed(nodes);
  const clients = await Promise.all(
    nodes.map((node) => connectClient(t, node)),
  );
  for (const client of clients) {
    client.send("SUB count 1\r\nPING\r\n");
    await client.expect("PONG\r\n");
  }
  await until(
    "interest",
    () => nodes.every((node) => node.server.subsz().num_subscriptions === 3),
  );
  // Each client hears each message once, over every route, in its order.
  let sent = 0;
  const publishFrom = async (publisher: Peer): Promise<void> => {
    const text = `no ${sent++}.`;
    publisher.send(`PUB count ${text.length}\r\n${text}\r\n`);
    for (const client of clients) {
      const heard = await client.expect(`${text}\r\n`);
      const others = heard.replace(`MSG count 1 ${text.length}\r\n`, "")
        .replace(`${text}\r\n`, "");
      assert.doesNotMatch(others, /MSG/);
    }
  };
  // One step on all nodes, one node after the other, and then the next step.
  const steps: readonly [AuthorizationOptions, string][] = [
    [users("old", "new"), "old"],
    [users("new", "old"), "new"],
    [users("new"), "new"],
  ];
  for (const [authorization, shown] of steps) {
    for (const node of nodes) {
      const routes = node === first ? [] : [to(seed, shown)];
      await node.change({ authorization, routes });
      for (const client of clients) await publishFrom(client);
    }
  }
  for (const node of nodes) {
    assert.deepEqual(told(node, "Router connection closed"), []);
    assert.equal(routeCount(node), 2);
  }
  // The old password is good for nothing any more.
  const late = await startNode(t, { routes: [to(seed, "old")] });
  await until("it is refused", () => told(late, "Violation").length > 0);
  assert.equal(routeCount(late), 0);
});
