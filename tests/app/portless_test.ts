/** A server without a port: its own process and its cluster can use it. */
import assert from "node:assert/strict";
import { connect } from "../../mod.ts";
import { startServer } from "../../server.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { rejection } from "../support/rejection.ts";

const LOCAL = { host: "127.0.0.1", port: 0 } as const;

test("a server without a port serves the clients of its process", async () => {
  await using server = await startServer({ dont_listen: true });
  assert.deepEqual([server.ready, server.address], [true, undefined]);
  assert.throws(() => server.url, { code: "INVALID_OPERATION" });
  assert.deepEqual(server.healthz(), { status: "ok" });
  await using one = await server.connect();
  await using other = await server.connect();
  one.subscribe("echo", {
    callback: (_error, message) => void message.respond(message.data),
  });
  await one.flush();
  assert.equal((await other.request("echo", "hi")).string(), "hi");
  assert.equal(server.varz().port, 0);
  assert.deepEqual(server.discoveryz().nodes[0]?.urls, undefined);
  await server.stop();
  assert.equal(server.ready, false);
  assert.equal(server.healthz().status, "error");
  assert.match(String(await rejection(server.connect())), /no server/);
});

test("a server without a port takes part in a cluster, and is told to nobody", async () => {
  const at = { name: "c", host: "127.0.0.1", port: 0 };
  await using open = await startServer({ ...LOCAL, cluster: at });
  const { port } = open.clusterAddress!;
  await using hidden = await startServer({
    dont_listen: true,
    cluster: { ...at, routes: [`nats-route://127.0.0.1:${port}`] },
  });
  await until(
    "the route stands",
    () => open.routez().num_routes === 1 && hidden.routez().num_routes === 1,
  );
  await using inside = await hidden.connect();
  await using outside = await connect({ servers: open.url });
  inside.subscribe("echo", {
    callback: (_error, message) => void message.respond(message.data),
  });
  await inside.flush();
  await until(
    "its interest is known",
    () =>
      open.routez({ subs: true }).routes[0]?.subscriptions_list
        ?.includes("echo") === true,
  );
  assert.equal((await outside.request("echo", "hi")).string(), "hi");
  assert.equal(open.varz().connect_urls, undefined);
  assert.deepEqual(
    outside.servers().map(({ hostname }) => hostname),
    ["127.0.0.1"],
  );
});
