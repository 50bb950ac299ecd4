/** Addresses for WebSockets: what servers tell each other of them, and who of the clients hears of which. */
import assert from "node:assert/strict";
import {
  defaultWebSocketOptions,
  type WebSocketOptions,
} from "../../src/options/options.ts";
import { connectWebSocketPeer } from "../broker/websocket_peer.ts";
import { startMidge, type TestOptions } from "../support/midge.ts";
import { connectPeer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";
import { connectClient, join, parseInfo } from "./route_peer.ts";

async function startWeb(
  t: TestContext,
  websocket: Partial<WebSocketOptions> = {},
  options: TestOptions = {},
) {
  const midge = await startMidge(t, {
    cluster: {},
    ...options,
    websocket: {
      ...defaultWebSocketOptions(),
      host: "127.0.0.1",
      noTls: true,
      ...websocket,
    },
  });
  const { port } = midge.server.websocketAddress!;
  return { midge, webPort: port, web: `127.0.0.1:${port}` };
}

/** What the port for routes says of itself first. */
async function routeInfo(t: TestContext, port: number) {
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  return parseInfo(await peer.expect("\r\n"));
}

test("a route is told where WebSockets are, besides where clients are", async (t) => {
  const { midge, web } = await startWeb(t);
  const { connect_urls, ws_connect_urls } = await routeInfo(
    t,
    midge.clusterPort,
  );
  assert.deepEqual(connect_urls, [`127.0.0.1:${midge.port}`]);
  assert.deepEqual(ws_connect_urls, [web]);
});

test("what is advertised is told in its place, with the port if it names none", async (t) => {
  const named = await startWeb(t, { advertise: "web.example:443" });
  const one = await routeInfo(t, named.midge.clusterPort);
  assert.deepEqual(one.ws_connect_urls, ["web.example:443"]);
  const bare = await startWeb(t, { advertise: "web.example" });
  const other = await routeInfo(t, bare.midge.clusterPort);
  assert.deepEqual(other.ws_connect_urls, [`web.example:${bare.webPort}`]);
});

test("a server that advertises nothing to its cluster, or has no such port, tells none", async (t) => {
  const { midge } = await startWeb(t, {}, { cluster: { noAdvertise: true } });
  const silent = await routeInfo(t, midge.clusterPort);
  assert.equal(silent.ws_connect_urls, undefined);
  const plain = await startMidge(t, { cluster: {} });
  const without = await routeInfo(t, plain.clusterPort);
  assert.equal(without.ws_connect_urls, undefined);
});

test("clients hear of the other servers by the way that they came, as these come and go", async (t) => {
  const { midge, web, webPort } = await startWeb(t);
  const page = await connectWebSocketPeer(t, webPort);
  assert.doesNotMatch(await page.login(), /connect_urls/);
  const tcp = await connectClient(t, midge, { protocol: 1 });
  const route = await join(t, midge, {
    info: {
      connect_urls: ["10.0.0.1:4222"],
      ws_connect_urls: ["10.0.0.1:8080", "web.example:443", "no address"],
    },
  });
  const heard = parseInfo(await page.expect("\r\n"));
  assert.deepEqual(heard.connect_urls, [
    web,
    "10.0.0.1:8080",
    "web.example:443",
  ]);
  assert.equal(heard.ws_connect_urls, undefined);
  const told = parseInfo(await tcp.expect("\r\n"));
  assert.deepEqual(told.connect_urls, [
    `127.0.0.1:${midge.port}`,
    "10.0.0.1:4222",
  ]);
  assert.equal(told.ws_connect_urls, undefined);
  const newcomer = await connectWebSocketPeer(t, webPort);
  assert.deepEqual(
    parseInfo(await newcomer.expect("\r\n")).connect_urls,
    heard.connect_urls,
  );
  await route.peer.close();
  const left = parseInfo(await page.expect("\r\n"));
  assert.deepEqual(left.connect_urls, [web]);
});

test("clients hear of changes in the addresses of their own kind alone", async (t) => {
  const { midge, webPort } = await startWeb(t);
  const page = await connectWebSocketPeer(t, webPort);
  await page.login();
  const tcp = await connectClient(t, midge, { protocol: 1 });
  const one = await join(t, midge, {
    id: "ONE",
    info: { connect_urls: [], ws_connect_urls: ["10.0.0.1:8080"] },
  });
  assert.match(await page.expect("\r\n"), /"10\.0\.0\.1:8080"/);
  tcp.send("PING\r\n");
  assert.equal(await tcp.expect("\r\n"), "PONG\r\n");
  await one.peer.close();
  assert.doesNotMatch(await page.expect("\r\n"), /10\.0\.0\.1/);
  tcp.send("PING\r\n");
  assert.equal(await tcp.expect("\r\n"), "PONG\r\n");
  await join(t, midge, {
    id: "TWO",
    info: { connect_urls: ["10.0.0.2:4222"], ws_connect_urls: [] },
  });
  assert.match(await tcp.expect("\r\n"), /"10\.0\.0\.2:4222"/);
  page.send("PING\r\n");
  assert.equal(await page.expect("\r\n"), "PONG\r\n");
});

test("a server without the port passes addresses for WebSockets on, and tells its clients of none", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const one = await join(t, midge, { id: "ONE", info: { port: 1111 } });
  const client = await connectClient(t, midge, { protocol: 1 });
  await join(t, midge, {
    id: "TWO",
    info: {
      port: 2222,
      connect_urls: ["10.0.0.2:4222"],
      ws_connect_urls: ["10.0.0.2:8080"],
    },
  });
  const gossip = parseInfo(await one.peer.expect(/INFO .*"TWO".*\r\n/));
  assert.deepEqual(gossip.ws_connect_urls, ["10.0.0.2:8080"]);
  const told = parseInfo(await client.expect("\r\n"));
  assert.equal(told.ws_connect_urls, undefined);
  assert.deepEqual(told.connect_urls, [
    `127.0.0.1:${midge.port}`,
    "10.0.0.2:4222",
  ]);
});
