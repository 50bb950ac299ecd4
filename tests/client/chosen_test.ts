/** The option `reconnectToServer`: the user says which server is dialled. */
import assert from "node:assert/strict";
import type { ReconnectToServerHandler } from "../../client.ts";
import { ConnectionError } from "../../src/client/api/errors.ts";
import { test } from "../support/test.ts";
import { Scene } from "./scene.ts";

test("the handler sees the pool and chooses", async (t) => {
  const scene = new Scene(t);
  const servers = [await scene.server(), await scene.server()];
  const [one, two] = servers;
  const asked: [string[], string | undefined][] = [];
  const choose: ReconnectToServerHandler = (pool, info) => {
    asked.push([pool.map(({ listen }) => listen), info?.server_id]);
    return pool.find(({ port }) => port === two!.port) ?? null;
  };
  const client = await scene.connect(servers, { reconnectToServer: choose });
  assert.equal(client.getServer(), two!.listen);
  two!.client.drop();
  await scene.until(() => two!.connections.length === 2);
  assert.equal(one!.connections.length, 0);
  assert.deepEqual(asked[0], [[one!.listen, two!.listen], undefined]);
  assert.equal(asked[1]![1], "FAKE");
  assert.deepEqual(asked[1]![0].toSorted(), [one!.listen, two!.listen].sort());
});

test("null and the first server mean the client's own choice", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const choose: ReconnectToServerHandler[] = [() => null, (pool) => pool[0]!];
  for (const reconnectToServer of choose) {
    const client = await scene.connect([server], { reconnectToServer });
    assert.equal(client.getServer(), server.listen);
  }
});

test("a chosen server is not dialled more often than others", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server, "127.0.0.1:1"], {
    reconnectToServer: (pool) =>
      pool.find(({ port }) => port === server.port) ?? null,
    maxReconnectAttempts: 5,
  });
  server.stop();
  assert.ok(await scene.settled(client.closed()) instanceof Error);
  const times = scene.dials
    .filter(({ to }) => to === server.listen).map(({ at }) => at);
  const pauses = times.slice(2).map((at, i) => at - times[i + 1]!);
  assert.equal(pauses.length, 4);
  for (const pause of pauses) assert.ok(pause >= 1000, `${pause}`);
});

test("a delay comes before the dial, and ends when the client does", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const start = scene.clock.monotonic();
  const client = await scene.connect([server], {
    reconnectToServer: ([first]) => ({ server: first!, delay: 7000 }),
  });
  assert.ok(scene.dials[0]!.at - start >= 7000);
  server.client.drop();
  await scene.until(() => client.getServer() === "");
  await scene.settled(client.close());
  assert.equal(await client.closed(), undefined);
  assert.equal(scene.dials.length, 1);
});

test("a handler that fails, or makes up a server, ends the connection", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const boom = new Error("boom");
  const failing: ReconnectToServerHandler[] = [
    () => {
      throw boom;
    },
    ([first]) => ({ ...first!, listen: "elsewhere:4222" }),
  ];
  for (const reconnectToServer of failing) {
    const error = await scene.failure(
      scene.open([server], { reconnectToServer }),
    );
    assert.ok(error instanceof ConnectionError);
    assert.match(error.message, /"reconnectToServer"/);
  }
  let isFirst = true;
  const client = await scene.connect([server], {
    reconnectToServer: () => {
      if (!isFirst) throw boom;
      isFirst = false;
      return null;
    },
  });
  server.client.drop();
  const end = await scene.settled(client.closed());
  assert.ok(end instanceof ConnectionError);
  assert.equal(end.cause, boom);
});
