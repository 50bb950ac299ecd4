/** One route for each pair of servers, however many connections were made. */
import assert from "node:assert/strict";
import { startMidge, type TestServer } from "../support/midge.ts";
import { test } from "../support/test.ts";
import {
  connectClient,
  connectText,
  FIRST_ID,
  infoText,
  interests,
  join,
  knock,
  LAST_ID,
  listen,
  logged,
  meshed,
  roundTrip,
  routeCount,
  routeTo,
  tell,
} from "./route_peer.ts";
import type { Peer } from "../support/peer.ts";
import { until } from "../support/until.ts";
import { freePort } from "../support/free_port.ts";

test("of two connections of a server only one gets messages", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  const { peer } = await join(t, midge);
  await tell(peer, "RS+ $G foo\r\n");
  const second = await knock(t, midge);
  second.send(connectText({}) + infoText({}));
  await answerPing(peer);
  await second.expectClosed();
  await logged(midge, "closed: Duplicate Route");
  await tell(client, "PUB foo 2\r\nhi\r\n");
  await peer.expect("RMSG $G foo 2\r\nhi\r\n");
  assert.equal(routeCount(midge), 1);
});

test("a second connection waits while the choice is the peer's", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const { peer } = await join(t, midge, { id: FIRST_ID });
  const second = await knock(t, midge);
  second.send(connectText({ id: FIRST_ID }) + infoText({ id: FIRST_ID }));
  assert.deepEqual(await roundTrip(second), []);
  assert.equal(routeCount(midge), 1);
  await tell(peer, "RS+ $G foo\r\n");
  // The peer does not choose: its first connection stays.
  assert.equal((await second.expectClosed()).replace("PING\r\n", ""), "");
  assert.equal(routeCount(midge), 1);
});

test("a waiting connection takes over when the first one ends", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  await tell(client, "SUB foo 1\r\n");
  const info = { connect_urls: ["10.0.0.1:4222"] };
  const { peer } = await join(t, midge, { id: FIRST_ID, info });
  const second = await knock(t, midge);
  second.send(
    connectText({ id: FIRST_ID }) + infoText({ id: FIRST_ID, info }),
  );
  await roundTrip(second);
  await peer.close();
  assert.equal(await second.expect("foo\r\n"), "RS+ $G foo\r\n");
  await tell(second, "RMSG $G foo 2\r\nhi\r\n");
  await client.expect("MSG foo 1 2\r\nhi\r\n");
});

test("a waiting connection may tell of another server", async (t) => {
  const listener = await listen(t);
  const midge = await startMidge(t, { cluster: {} });
  await join(t, midge);
  const second = await knock(t, midge);
  const ip = `nats-route://127.0.0.1:${listener.port}/`;
  second.send(
    connectText({}) + infoText({}) + infoText({ id: "THIRD", info: { ip } }),
  );
  await (await listener.accept()).expect("INFO");
});

for (const id of [FIRST_ID, LAST_ID]) {
  test(`the dialer of a duplicate of ${id} dials when the route is lost`, async (t) => {
    const listener = await listen(t);
    const routes = [{ host: "127.0.0.1", port: listener.port }];
    const midge = await startMidge(t, { cluster: { routes } });
    const dialled = await listener.accept();
    await dialled.expect("INFO");
    const { peer } = await join(t, midge, { id });
    dialled.send(infoText({ id }));
    await answerPing(peer);
    await dialled.expectClosed();
    await peer.crash();
    const again = await listener.accept();
    await again.expect("INFO");
  });
}

test("two servers that dial each other make one route", async (t) => {
  for (let round = 0; round < 10; round++) {
    const [one, two] = [await freePort(), await freePort()];
    const route = (port: number): { host: string; port: number } => ({
      host: "127.0.0.1",
      port,
    });
    const servers = await Promise.all([
      startMidge(t, { cluster: { port: one, routes: [route(two)] } }),
      startMidge(t, { cluster: { port: two, routes: [route(one)] } }),
    ]);
    await meshed(servers);
    await Promise.all(servers.map(({ server }) => server.stop()));
  }
});

test("a server configured by two names is one server", async (t) => {
  const first = await startMidge(t, { cluster: {} });
  const port = first.clusterPort;
  const second = await startMidge(t, {
    cluster: {
      routes: [{ host: "127.0.0.1", port }, { host: "localhost", port }],
    },
  });
  await meshed([first, second]);
  const client = await connectClient(t, first);
  const publisher = await connectClient(t, second);
  await tell(client, "SUB foo 1\r\n");
  await interests(second, 1);
  await tell(publisher, "PUB foo 2\r\nhi\r\n".repeat(100));
  const messages = async (): Promise<number> => {
    await roundTrip(client);
    return client.received.split("hi\r\n").length - 1;
  };
  await until("100 messages", async () => await messages() >= 100);
  assert.equal(await messages(), 100);
});

test("a server that dials itself finds out and leaves it at that", async (t) => {
  const port = await freePort();
  const routes = [{ host: "127.0.0.1", port }];
  const midge = await startMidge(t, { cluster: { port, routes } });
  await logged(midge, "Detected route to self");
  await until(
    "both ends closed",
    () =>
      midge.log.lines.filter((line) => line.includes("closed: Duplicate Route"))
        .length === 2,
  );
  assert.equal(routeCount(midge), 0);
});

test("five servers that all dial each other at once form a mesh", async (t) => {
  const ports = await Promise.all(Array.from({ length: 5 }, freePort));
  const servers = await Promise.all(ports.map((port) =>
    startMidge(t, {
      cluster: {
        port,
        routes: ports.map((other) => ({ host: "127.0.0.1", port: other })),
      },
    })
  ));
  await meshed(servers);
  const clients = await Promise.all(
    servers.map((midge) => connectClient(t, midge)),
  );
  for (const [index, client] of clients.entries()) {
    client.send(`SUB at.${index} 1\r\n`);
  }
  for (const midge of servers) await interests(midge, 5);
  assert.deepEqual(servers.map(routeCount), [4, 4, 4, 4, 4]);
  assert.ok(servers.every(({ log }) => !log.lines.some(isTrouble)));
});

test("servers in a chain form a mesh", async (t) => {
  const servers: TestServer[] = [];
  for (let i = 0; i < 5; i++) {
    const routes = servers.slice(-1).map(routeTo);
    servers.push(await startMidge(t, { cluster: { routes } }));
  }
  await meshed(servers);
});

test("servers around a seed form a mesh, all starting at once", async (t) => {
  const seed = await startMidge(t, { cluster: {} });
  const routes = [routeTo(seed)];
  const others = await Promise.all(
    Array.from({ length: 5 }, () => startMidge(t, { cluster: { routes } })),
  );
  await meshed([seed, ...others]);
});

/** The next PING is answered: the peer lives. */
async function answerPing(peer: Peer): Promise<void> {
  await peer.expect("PING\r\n");
  peer.send("PONG\r\n");
}

function isTrouble(line: string): boolean {
  return line.startsWith("ERR") && !line.includes("connection refused");
}
