/** How two servers meet: what they send in which order, and when a connection becomes a route. */
import assert from "node:assert/strict";
import { startMidge } from "../support/midge.ts";
import { test } from "../support/test.ts";
import {
  connectClient,
  connectText,
  infoText,
  join,
  knock,
  LAST_ID,
  listen,
  logged,
  parseInfo,
  roundTrip,
  routeCount,
  tell,
  welcome,
} from "./route_peer.ts";
import { until } from "../support/until.ts";

test("a server that dials is sent INFO at once, with all it needs", async (t) => {
  const midge = await startMidge(t, { serverName: "one", cluster: {} });
  const { options } = midge.server.broker;
  const { id } = midge.server.broker.identity;
  const { info } = await knock(t, midge);
  const { version, go, ...rest } = info;
  assert.match(version ?? "", /^2\.\d+\.\d+$/);
  assert.equal(typeof go, "string");
  assert.deepEqual(rest, {
    server_id: id,
    server_name: "one",
    proto: 3,
    host: "127.0.0.1",
    port: midge.clusterPort,
    headers: true,
    max_payload: options.maxPayloadBytes,
    cluster: "test",
    connect_urls: [`127.0.0.1:${midge.port}`],
  });
});

test("INFO ends with the blank that some peers expect", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const peer = await knock(t, midge);
  assert.match(peer.received, /^INFO \{[^\n]*\} \r\n$/);
});

test("a dialled server is sent CONNECT and INFO without a word of its own", async (t) => {
  const listener = await listen(t);
  const routes = [{ host: "127.0.0.1", port: listener.port }];
  const midge = await startMidge(t, { cluster: { routes } });
  const peer = await listener.accept();
  const connect = (await peer.expectLine()).replace(/^CONNECT /, "");
  assert.deepEqual(JSON.parse(connect), {
    echo: true,
    verbose: false,
    pedantic: false,
    tls_required: false,
    headers: true,
    name: midge.server.broker.identity.id,
    cluster: "test",
  });
  const info = parseInfo(await peer.expectLine());
  assert.equal(info["server_id"], midge.server.broker.identity.id);
  assert.equal(info["port"], midge.clusterPort);
  await peer.silence();
});

test("a route counts from the peer's INFO, not from its CONNECT", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  await tell(client, "SUB foo 1\r\n");
  const peer = await knock(t, midge);
  peer.send(connectText({}));
  assert.deepEqual(await roundTrip(peer), []);
  assert.equal(routeCount(midge), 0);
  peer.send(infoText({}));
  assert.deepEqual(await roundTrip(peer), ["RS+ $G foo"]);
  assert.equal(routeCount(midge), 1);
});

test("without authorization, too, CONNECT has to come first", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  for (
    const first of [infoText({}), "PING\r\n", "RS+ $G foo\r\n", "ZORK\r\n"]
  ) {
    const peer = await knock(t, midge);
    peer.send(first);
    assert.equal(
      await peer.expectClosed(),
      "-ERR 'Authorization Violation'\r\n",
      first,
    );
  }
  assert.equal(routeCount(midge), 0);
});

test("a dialled route counts from the peer's INFO", async (t) => {
  const listener = await listen(t);
  const routes = [{ host: "127.0.0.1", port: listener.port }];
  const midge = await startMidge(t, { cluster: { routes } });
  const client = await connectClient(t, midge);
  await tell(client, "SUB foo q 1\r\n");
  const peer = await listener.accept();
  await peer.expect("INFO");
  await roundTrip(peer);
  assert.equal(routeCount(midge), 0);
  peer.send(infoText({}));
  assert.deepEqual(await roundTrip(peer), ["RS+ $G foo q 1"]);
  assert.equal(routeCount(midge), 1);
});

test("further INFO and CONNECT of the same server change nothing", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const client = await connectClient(t, midge);
  await tell(client, "SUB foo 1\r\n");
  const { peer } = await join(t, midge);
  peer.send(infoText({}) + connectText({}) + infoText({}));
  assert.deepEqual(await roundTrip(peer), []);
  assert.equal(routeCount(midge), 1);
});

test("a verbose route gets +OK for interest and messages only", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const { peer, lines } = await join(t, midge, { connect: { verbose: true } });
  assert.deepEqual(lines, []);
  peer.send("RS+ $G foo\r\nRS- $G foo\r\nRMSG $G bar 2\r\nhi\r\n");
  assert.deepEqual(await roundTrip(peer), ["+OK", "+OK", "+OK"]);
});

test("unknown fields change nothing, whatever their names", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const peer = await knock(t, midge);
  const strange = `"__proto__":{"lang":"x"},"constructor":1,"zzz":[{}]`;
  peer.send(connectText({}).replace("{", `{${strange},`));
  peer.send(infoText({}).replace("{", `{${strange},`));
  await roundTrip(peer);
  assert.equal(routeCount(midge), 1);
});

test("a client on the route port is told so and turned away", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const peer = await knock(t, midge);
  peer.send(
    `CONNECT {"verbose":false,"lang":"go","version":"1.0"}\r\nPING\r\n`,
  );
  assert.equal(
    await peer.expectClosed(),
    "-ERR 'attempted to connect to route port'\r\n",
  );
  await logged(midge, "Router connection closed: Incorrect Port");
});

test("a gateway on the route port is told so and turned away", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const peer = await knock(t, midge);
  peer.send(connectText({ connect: { gateway: "G1" } }));
  assert.equal(
    await peer.expectClosed(),
    `-ERR 'Rejecting connection from gateway "G1" on the Route port'\r\n`,
  );
});

test("a gateway's name cannot end the line of its refusal", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const peer = await knock(t, midge);
  // U+010A and U+010D are LF and CR to a reader that drops their upper bytes.
  peer.send(
    `CONNECT {"gateway":"x\\r\\n\\u010d\\u010a-ERR"}\r\n`,
  );
  const text = await peer.expectClosed();
  assert.equal(text.indexOf("\n"), text.length - 1, JSON.stringify(text));
});

test("a server with our name is turned away without a word", async (t) => {
  const midge = await startMidge(t, { serverName: "one", cluster: {} });
  const peer = await knock(t, midge);
  peer.send(connectText({}) + infoText({ info: { server_name: "one" } }));
  assert.equal(await peer.expectClosed(), "");
  await logged(midge, `Remote server has a duplicate name: "one"`);
  await logged(midge, "closed: Duplicate Server Name");
});

test("the dialling side does not look at names", async (t) => {
  const listener = await listen(t);
  const routes = [{ host: "127.0.0.1", port: listener.port }];
  const midge = await startMidge(t, { serverName: "one", cluster: { routes } });
  await welcome(listener, { info: { server_name: "one" } });
  assert.equal(routeCount(midge), 1);
});

test("an -ERR of the peer is logged and ends the route", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const { peer } = await join(t, midge);
  peer.send("-ERR 'no more of this'\r\n");
  assert.equal(await peer.expectClosed(), "");
  await logged(midge, "Route Error 'no more of this'");
  await until("end of the route", () => routeCount(midge) === 0);
});

test("a peer that comes and goes leaves nothing behind", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  for (let round = 0; round < 20; round++) {
    const { peer } = await join(t, midge, { id: `${LAST_ID}${round}` });
    await tell(peer, "RS+ $G foo\r\nRS+ $G bar q 2\r\n");
    if (round % 2 === 0) await peer.close();
    else await peer.crash();
  }
  const { cluster, broker } = midge.server;
  await until("no route", () => cluster!.routes.size === 0);
  assert.equal(broker.host.accounts.global.sublist.size, 0);
});

test("a stopping server ends its routes and forgets its dialers", async (t) => {
  const listener = await listen(t);
  const routes = [{ host: "127.0.0.1", port: listener.port }];
  const midge = await startMidge(t, { cluster: { routes } });
  const { peer } = await welcome(listener);
  const joined = await join(t, midge, { id: "ANOTHER" });
  await midge.server.stop();
  assert.equal(await peer.expectClosed(), "");
  assert.equal(await joined.peer.expectClosed(), "");
  assert.equal(routeCount(midge), 0);
});
