/** The addresses of other servers that clients are told in INFO. */
import assert from "node:assert/strict";
import { startMidge } from "../support/midge.ts";
import { test } from "../support/test.ts";
import {
  connectClient,
  infoText,
  join,
  knock,
  meshed,
  nextInfo,
  routeCount,
  routeTo,
} from "./route_peer.ts";
import { until } from "../support/until.ts";

test("clients are told where the servers are that come, and that go", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const own = `127.0.0.1:${midge.port}`;
  const client = await connectClient(t, midge);
  assert.equal(client.info.connect_urls, undefined);
  const urls = ["10.0.0.1:4222", "10.0.0.1:4223"];
  const { peer } = await join(t, midge, { info: { connect_urls: urls } });
  const told = await nextInfo(client);
  assert.deepEqual(told["connect_urls"], [own, ...urls]);
  assert.equal(told["client_id"], client.info.client_id);
  const later = await connectClient(t, midge);
  assert.deepEqual(later.info.connect_urls, [own, ...urls]);
  await peer.crash();
  assert.deepEqual((await nextInfo(client))["connect_urls"], [own]);
  assert.deepEqual((await nextInfo(later))["connect_urls"], [own]);
  const last = await connectClient(t, midge);
  assert.deepEqual(last.info.connect_urls, [own]);
});

test("an address that two servers tell stays until both are gone", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const own = `127.0.0.1:${midge.port}`;
  const client = await connectClient(t, midge);
  const info = { connect_urls: ["10.0.0.9:4222"] };
  const one = await join(t, midge, { id: "ONE", info });
  assert.deepEqual((await nextInfo(client))["connect_urls"], [
    own,
    "10.0.0.9:4222",
  ]);
  const two = await join(t, midge, { id: "TWO", info });
  await one.peer.close();
  await until("one route is left", () => routeCount(midge) === 1);
  await client.silence();
  await two.peer.close();
  assert.deepEqual((await nextInfo(client))["connect_urls"], [own]);
});

test("a client of protocol 0, or one that waits for its PONG, is told nothing", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const old = await connectClient(t, midge, { protocol: 0 });
  const info = { connect_urls: ["10.0.0.1:4222"] };
  const { peer } = await join(t, midge, { info });
  await old.silence();
  await peer.close();
  await until("no route is left", () => routeCount(midge) === 0);
  await old.silence();
});

test("a server that leaves in peace is not recommended any more", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  const info = { connect_urls: ["10.0.0.1:4222"] };
  const { peer } = await join(t, midge, { info });
  assert.ok((await nextInfo(client))["connect_urls"]);
  peer.send(infoText({ info: { ...info, ldm: true } }));
  const told = await nextInfo(client);
  assert.deepEqual(told["connect_urls"], [`127.0.0.1:${midge.port}`]);
  // The client's own server stays.
  assert.equal(told["ldm"], undefined);
  assert.equal(routeCount(midge), 1);
  await peer.close();
  await until("no route is left", () => routeCount(midge) === 0);
  await client.silence();
});

test("a server that joins in lame duck mode is not recommended", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  await join(t, midge, {
    info: { connect_urls: ["10.0.0.1:4222"], ldm: true },
  });
  await client.silence();
});

test("in lame duck mode a server tells its routes, without its address", async (t) => {
  const midge = await startMidge(t, {
    cluster: {},
    lameDuckGraceMs: 0,
    lameDuckDurationMs: 1,
  });
  const client = await connectClient(t, midge);
  const { peer } = await join(t, midge);
  const left = midge.server.lameDuck();
  const told = await nextInfo(peer);
  assert.equal(told["ldm"], true);
  assert.equal(told["server_id"], midge.server.broker.identity.id);
  assert.equal(told["connect_urls"], undefined);
  await client.expectClosed();
  await peer.expectClosed();
  await left;
});

test("with no_advertise a server keeps addresses to itself, both ways", async (t) => {
  const midge = await startMidge(t, { cluster: { noAdvertise: true } });
  const client = await connectClient(t, midge);
  const info = { connect_urls: ["10.0.0.1:4222"] };
  const { peer } = await join(t, midge, { info });
  assert.equal(peer.info.connect_urls, undefined);
  await client.silence();
});

test("client_advertise is told to clients and to other servers", async (t) => {
  const clientAdvertise = "nats.test:4000";
  const first = await startMidge(t, { clientAdvertise, cluster: {} });
  const peer = await knock(t, first);
  assert.deepEqual(peer.info.connect_urls, [clientAdvertise]);
  const client = await connectClient(t, first);
  assert.equal(client.info.host, "nats.test");
  assert.equal(client.info.port, 4000);
  const second = await startMidge(t, { cluster: { routes: [routeTo(first)] } });
  await meshed([first, second]);
  const other = await connectClient(t, second);
  assert.deepEqual(other.info.connect_urls, [
    `127.0.0.1:${second.port}`,
    clientAdvertise,
  ]);
});

test("a server that is alone again tells its client_advertise", async (t) => {
  const clientAdvertise = "nats.test:4000";
  const midge = await startMidge(t, { clientAdvertise, cluster: {} });
  const client = await connectClient(t, midge);
  const info = { connect_urls: ["10.0.0.1:4222"] };
  const { peer } = await join(t, midge, { info });
  const all = [clientAdvertise, ...info.connect_urls];
  assert.deepEqual((await nextInfo(client))["connect_urls"], all);
  await peer.close();
  assert.deepEqual((await nextInfo(client))["connect_urls"], [clientAdvertise]);
});

test("in lame duck mode a server that is alone again recommends nobody", async (t) => {
  const midge = await startMidge(t, {
    cluster: {},
    lameDuckGraceMs: 0,
    lameDuckDurationMs: 1,
  });
  const client = await connectClient(t, midge);
  const info = { connect_urls: ["10.0.0.1:4222"] };
  const { peer } = await join(t, midge, { info });
  await nextInfo(client);
  await peer.close();
  await nextInfo(client);
  const left = midge.server.lameDuck();
  const told = await nextInfo(client);
  assert.equal(told["ldm"], true);
  assert.equal(told["connect_urls"], undefined);
  await left;
});

test("only addresses are taken over from a peer", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  const good = ["h.test:1", "10.0.0.1:4222", "[::1]:4222"];
  const bad = ['x\r\nMSG a 1 0\r\n\r\n"}', "<b>&", "h", "h:0", "h:99999", ""];
  await join(t, midge, {
    info: { connect_urls: [...bad, ...good, ...good, "h x:1"] },
  });
  const told = await nextInfo(client);
  assert.deepEqual((told["connect_urls"] as string[]).slice(1), good);
  await client.silence();
});
