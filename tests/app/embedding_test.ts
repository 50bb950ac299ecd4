/** A server inside a program: its life, and that it leaves the process alone. */
import * as official from "@nats-io/transport-node";
import assert from "node:assert/strict";
import process from "node:process";
import { connect, NetworkError } from "../../mod.ts";
import { startServer } from "../../server.ts";
import { serverIdAt } from "../support/peer.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { rejection } from "../support/rejection.ts";

const LOCAL = { host: "127.0.0.1", port: 0 } as const;

test("the official client and Midge's own meet on an embedded server", async () => {
  await using server = await startServer(LOCAL);
  const theirs = await official.connect({ servers: server.url });
  await using ours = await connect({ servers: server.url });
  await using inside = await server.connect();
  theirs.subscribe("add.*", {
    callback: (_error, message) =>
      void message.respond(`${message.subject} ${message.string()}`),
  });
  await theirs.flush();
  for (const [index, client] of [ours, inside].entries()) {
    const answer = await client.request(`add.${index}`, "é€");
    assert.equal(answer.string(), `add.${index} é€`);
  }
  inside.subscribe("back", {
    callback: (_error, message) => void message.respond(message.data),
  });
  await inside.flush();
  const back = await theirs.request("back", "and forth");
  assert.equal(back.string(), "and forth");
  await theirs.close();
});

test("a server is ready until it is told to go, and tells when it is gone", async () => {
  const server = await startServer(LOCAL);
  const { url, address } = server;
  assert.equal(url, `nats://127.0.0.1:${address?.port}`);
  assert.deepEqual([server.ready, server.leaving], [true, false]);
  let hasStopped = false;
  server.stopped.then(() => hasStopped = true);
  const id = await serverIdAt(address!);
  assert.ok(id);
  assert.equal(hasStopped, false);
  const stopping = server.stop();
  assert.equal(server.ready, false);
  assert.equal(server.stop(), stopping);
  await stopping;
  await server.stopped;
  assert.deepEqual([server.ready, server.address], [false, undefined]);
  assert.equal(server.url, url);
  assert.notEqual(await serverIdAt(address!), id);
});

test("await using stops a server, also one that an error leaves", async () => {
  let port = 0;
  let id: string | undefined;
  const error = await rejection((async () => {
    await using server = await startServer(LOCAL);
    port = server.address!.port;
    id = await serverIdAt({ port });
    throw new Error("on purpose");
  })());
  assert.match(String(error), /on purpose/);
  assert.ok(id);
  assert.notEqual(await serverIdAt({ port }), id);
});

test("lame duck tells the clients, waits for the last one and stops", async () => {
  const server = await startServer(LOCAL);
  const { port } = server.address!;
  const id = await serverIdAt({ port });
  assert.ok(id);
  const client = await connect({ servers: server.url, reconnect: false });
  const inside = await server.connect();
  const feeds = [client.status(), inside.status()];
  const leaving = server.lameDuck();
  assert.deepEqual([server.ready, server.leaving], [false, true]);
  for (const feed of feeds) {
    for await (const { type } of feed) if (type === "ldm") break;
  }
  assert.notEqual(await serverIdAt({ port }), id);
  assert.match(String(await rejection(server.connect())), /no server/);
  assert.equal(server.healthz().status, "error");
  const again = server.lameDuck();
  await client.close();
  assert.equal(server.connz().num_connections, 1);
  await inside.close();
  await Promise.all([leaving, again, server.stopped]);
});

test("lame duck closes those who stay after the grace period", async () => {
  const server = await startServer({
    ...LOCAL,
    lame_duck_grace_period: "10ms",
  });
  const client = await connect({ servers: server.url, reconnect: false });
  await server.lameDuck();
  await client.closed();
  assert.deepEqual(
    server.connz({ state: "closed" }).connections.map(({ reason }) => reason),
    ["Server Shutdown"],
  );
});

test("a stop in the midst of lame duck is the end of both", async () => {
  const server = await startServer(LOCAL);
  const client = await server.connect();
  const statuses = client.status();
  const leaving = server.lameDuck();
  for await (const { type } of statuses) if (type === "ldm") break;
  await server.stop();
  await leaving;
  await client.closed();
  await server.lameDuck();
});

test("a port that is taken is told, and nothing is left of the attempt", async () => {
  await using server = await startServer(LOCAL);
  const { port } = server.address!;
  const error = await rejection(
    startServer({
      host: "127.0.0.1",
      port,
      http_port: 0,
      cluster: { port: 0 },
    }),
  );
  assert.ok(error instanceof NetworkError);
  assert.equal(error.code, "EADDRINUSE");
  await using client = await connect({ servers: server.url });
  await client.flush();
});

test("servers of one process have nothing in common", async () => {
  await using one = await startServer({ ...LOCAL, server_name: "one" });
  await using other = await startServer({ ...LOCAL, server_name: "other" });
  await using near = await one.connect();
  await using far = await other.connect();
  const heard: string[] = [];
  for (const client of [near, far]) {
    client.subscribe("a", {
      callback: (_error, message) => void heard.push(message.string()),
    });
  }
  await Promise.all([near.flush(), far.flush()]);
  far.publish("a", "far");
  near.publish("a", "near");
  await Promise.all([near.flush(), far.flush()]);
  await until("both were heard", () => heard.length === 2);
  assert.deepEqual(heard.sort(), ["far", "near"]);
  assert.deepEqual([one.varz().in_msgs, other.varz().in_msgs], [1, 1]);
  await one.stop();
  await far.flush();
});

test("many servers start, serve and stop at once", async () => {
  const servers = await Promise.all(
    Array.from({ length: 20 }, () => startServer(LOCAL)),
  );
  const urls = new Set(servers.map(({ url }) => url));
  assert.equal(urls.size, servers.length);
  await Promise.all(servers.map(async (server) => {
    const client = await server.connect();
    await client.flush();
    await client.close();
  }));
  await Promise.all(servers.map((server) => server.stop()));
});

test("nobody listens to the process's events for a server", async () => {
  const listening = (): string[] =>
    process.eventNames().map((name) =>
      `${String(name)} ${process.listenerCount(name)}`
    ).sort();
  const before = listening();
  await using server = await startServer({
    ...LOCAL,
    http_port: 0,
    cluster: { host: "127.0.0.1", port: 0 },
  });
  await using client = await server.connect();
  await client.flush();
  assert.deepEqual(listening(), before);
});
