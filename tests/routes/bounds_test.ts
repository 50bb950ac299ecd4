/** How much peers may tell, and how much of it clients and other servers are told. */
import assert from "node:assert/strict";
import { startMidge } from "../support/midge.ts";
import { freshSeed } from "../support/random.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import {
  connectClient,
  connectText,
  infoText,
  join,
  knock,
  logged,
  nextInfo,
  parseInfo,
  roundTrip,
  routeCount,
  tell,
} from "./route_peer.ts";
import { Simulation } from "./simulation.ts";

const SEED = freshSeed();
console.log(`seed ${SEED}`);
const [ONE, TWO] = ["10.0.0.1", "10.0.0.2"] as const;

/** `count` addresses of one peer, each of its own. */
function urlsOf(peer: number, count: number, host = "h.test"): string[] {
  return Array.from(
    { length: count },
    (_, at) => `${host}-${peer}-${at}:4222`,
  );
}

test("a peer may tell 64 addresses, of 4096 characters together", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  const { peer } = await join(t, midge, {
    info: { connect_urls: urlsOf(1, 2500) },
  });
  const told = (await nextInfo(client))["connect_urls"] as string[];
  assert.deepEqual(told.slice(1), urlsOf(1, 64));
  await peer.close();
  assert.equal((await nextInfo(client))["connect_urls"] instanceof Array, true);
  const long = urlsOf(2, 64, "h".repeat(240));
  await join(t, midge, { id: "LONG", info: { connect_urls: long } });
  const fewer = (await nextInfo(client))["connect_urls"] as string[];
  assert.ok(fewer.join("").length < 4096 + 64);
  assert.deepEqual(fewer.slice(1), long.slice(0, fewer.length - 1));
});

test("other servers are passed no more than that", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const { peer } = await join(t, midge, { id: "FIRST" });
  const name = "n".repeat(10_000);
  await join(t, midge, {
    id: "SECOND",
    info: {
      server_name: name,
      version: name,
      connect_urls: urlsOf(1, 1000),
      port: 6222,
    },
  });
  const line = (await roundTrip(peer)).find((text) => text.startsWith("INFO"));
  const gossip = parseInfo(line ?? "");
  assert.equal(gossip["server_id"], "SECOND");
  assert.deepEqual(gossip["connect_urls"], urlsOf(1, 64));
  assert.equal(gossip["server_name"], name.slice(0, 512));
  assert.equal(gossip["version"], name.slice(0, 512));
});

test("INFO to clients stays short however many servers there are", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  for (let at = 0; at < 60; at++) {
    await join(t, midge, {
      id: `PEER-${at}`,
      info: { connect_urls: urlsOf(at, 64) },
    });
  }
  assert.equal(routeCount(midge), 60);
  const late = await connectClient(t, midge);
  const urls = late.info.connect_urls ?? [];
  assert.equal(urls[0], `127.0.0.1:${midge.port}`);
  assert.ok(urls.length > 1000, `${urls.length}`);
  assert.ok(JSON.stringify(late.info).length < 40_000);
  // The client that was there hears of all of it in the end, in fewer lines.
  await until("the last news", async () => {
    await roundTrip(client);
    const last = client.received.split("INFO ").at(-1)!.split("\r\n")[0]!;
    return JSON.parse(last).connect_urls?.length === urls.length;
  });
});

test("news of many servers at once come to all clients, not one by one", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const clients = [];
  for (let at = 0; at < 300; at++) clients.push(await connectClient(t, midge));
  const told = Array.from({ length: 50 }, (_, at) => `10.0.0.${at}:4222`);
  const { info } = midge.server.broker.host;
  for (const url of told) info.replaceUrls({}, { clients: [url] });
  const all = [`127.0.0.1:${midge.port}`, ...told];
  for (const client of clients) {
    let urls: unknown;
    let lines = 0;
    while (JSON.stringify(urls) !== JSON.stringify(all)) {
      urls = (await nextInfo(client))["connect_urls"];
      lines++;
    }
    assert.ok(lines <= 2, `${lines} INFOs`);
  }
});

test("256 connections may be under way to becoming routes, the newest ones", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const { peer } = await join(t, midge, { id: "STANDING" });
  const strangers = [];
  for (let at = 0; at < 258; at++) strangers.push(await knock(t, midge));
  for (const stranger of strangers.slice(0, 2)) {
    const text = await stranger.expectClosed();
    assert.match(text, /-ERR 'maximum connections exceeded'/);
  }
  await logged(midge, "closed: Maximum Connections Exceeded");
  await tell(strangers[2]!, connectText({ id: "NEXT" }));
  await join(t, midge, { id: "LATE" });
  assert.equal(routeCount(midge), 2);
  await tell(peer, "RS+ $G foo\r\n");
});

test("256 servers are dialled because others told of them, no more", async (t) => {
  const world = new Simulation(t, SEED);
  const midge = await world.start(ONE);
  const peer = await world.join(TWO, ONE);
  const tell = async (from: number, to: number): Promise<void> => {
    for (let at = from; at < to; at++) {
      const machine = `10.1.${at >> 8}.${at & 255}`;
      // Nothing answers there, so the dial goes on for a second.
      world.network.partition(ONE, machine);
      const ip = `nats-route://${machine}:6222/`;
      peer.say(infoText({ id: `TOLD-${at}`, info: { ip } }));
    }
    await world.clock.advance(100);
  };
  await tell(0, 300);
  assert.equal(world.dials.length, 256);
  const complaints = midge.log.lines.filter((line) =>
    line.includes("are not dialled: there are 256 of them already")
  );
  assert.equal(complaints.length, 1);
  // They did not answer, and are forgotten.
  await world.clock.advance(5000);
  await tell(300, 310);
  assert.equal(world.dials.length, 266);
});
