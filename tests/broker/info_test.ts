/** What the server tells of itself and when; who may connect; who did. */
import assert from "node:assert/strict";
import { ClosedReason } from "../../src/core/closed.ts";
import type { ServerInfo } from "../../src/wire/info.ts";
import {
  startMidge,
  type TestOptions,
  type TestServer,
} from "../support/midge.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";

async function connected(t: TestContext, port: number): Promise<Peer> {
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  return peer;
}

async function infoWith(
  t: TestContext,
  options: TestOptions,
): Promise<{ info: Partial<ServerInfo>; midge: TestServer }> {
  const midge = await startMidge(t, options);
  const peer = await connected(t, midge.port);
  return { info: parsed(await peer.expectLine()), midge };
}

function parsed(line: string): Partial<ServerInfo> {
  assert.match(line, /^INFO \{.*\} $/);
  return JSON.parse(line.slice("INFO ".length));
}

test("INFO comes first, with a blank before its line end", async (t) => {
  const { port } = await startMidge(t);
  const peer = await connected(t, port);
  assert.match(await peer.expect("\n"), /^INFO \{"server_id":".*\} \r\n$/);
});

test("INFO tells what the server is, in nats-server's order", async (t) => {
  const { info, midge } = await infoWith(t, { serverName: "<one> & only" });
  assert.deepEqual(Object.keys(info), [
    "server_id",
    "server_name",
    "version",
    "proto",
    "go",
    "host",
    "port",
    "headers",
    "max_payload",
    "client_id",
    "client_ip",
  ]);
  assert.match(info.server_id!, /^N[A-Z2-7]{55}$/);
  assert.equal(info.server_name, "<one> & only");
  assert.match(info.version!, /^\d+\.\d+\.\d+$/);
  assert.match(info.go!, /^(deno|bun|node) /);
  assert.equal(info.proto, 1);
  assert.equal(info.host, "127.0.0.1");
  assert.equal(info.port, midge.port);
  assert.equal(info.headers, true);
  assert.equal(info.max_payload, 1_048_576);
  assert.equal(info.client_ip, "127.0.0.1");
});

test("INFO is escaped as Go does it", async (t) => {
  const { port } = await startMidge(t, { serverName: "<a>&b" });
  const peer = await connected(t, port);
  const line = await peer.expectLine();
  assert.ok(line.includes('"server_name":"\\u003ca\\u003e\\u0026b"'), line);
});

test("a server without a name goes by its id", async (t) => {
  const { info } = await infoWith(t, {});
  assert.equal(info.server_name, info.server_id);
});

test("client ids grow", async (t) => {
  const { port } = await startMidge(t);
  const ids = [];
  for (let i = 0; i < 3; i++) {
    const peer = await connected(t, port);
    ids.push(parsed(await peer.expectLine()).client_id!);
  }
  assert.deepEqual(ids, ids.toSorted((a, b) => a - b));
  assert.equal(new Set(ids).size, 3);
});

for (
  const [advertise, host, port] of [
    ["example.com:7", "example.com", 7],
    ["example.com", "example.com", 0],
    ["[::1]:7", "::1", 7],
  ] as const
) {
  test(`INFO tells the address "${advertise}" instead of its own`, async (t) => {
    const options = { clientAdvertise: advertise };
    const { info, midge } = await infoWith(t, options);
    assert.equal(info.host, host);
    assert.equal(info.port, port || midge.port);
  });
}

test("INFO tells of limits, headers and logins", async (t) => {
  const { info } = await infoWith(t, {
    maxPayloadBytes: 77,
    noHeaderSupport: true,
    authorization: { users: [], token: "t", timeoutMs: 2000 },
  });
  assert.equal(info.max_payload, 77);
  assert.equal(info.headers, false);
  assert.equal(info.auth_required, true);
});

test("news of the cluster go to protocol 1, after the first PONG", async (t) => {
  const { server, port } = await startMidge(t);
  const { broker } = server;
  const modern = await connected(t, port);
  await modern.handshake({ protocol: 1 });
  const old = await connected(t, port);
  await old.handshake({ protocol: 0 });
  const hasty = await connected(t, port);
  await hasty.expectLine();
  hasty.send('CONNECT {"protocol":1}\r\n');
  await hasty.expect("+OK\r\n");

  broker.host.info.replaceUrls({ clients: [] }, {
    clients: ["10.0.0.1:4222", "10.0.0.2:4222"],
  });
  const own = `127.0.0.1:${port}`;
  const urls = [own, "10.0.0.1:4222", "10.0.0.2:4222"];
  assert.deepEqual(parsed(await modern.expectLine()).connect_urls, urls);
  await old.silence();
  hasty.send("PING\r\n");
  await hasty.expect("PONG\r\n");
  assert.deepEqual(parsed(await hasty.expectLine()).connect_urls, urls);

  // Told by two servers, withdrawn by one: nothing has changed.
  broker.host.info.replaceUrls({ clients: [] }, { clients: ["10.0.0.1:4222"] });
  broker.host.info.replaceUrls({ clients: ["10.0.0.1:4222"] }, { clients: [] });
  await modern.silence();
  broker.host.info.replaceUrls(
    { clients: ["10.0.0.1:4222", "10.0.0.2:4222"] },
    { clients: [] },
  );
  assert.deepEqual(parsed(await modern.expectLine()).connect_urls, [own]);
  const late = await connected(t, port);
  await late.handshake({ protocol: 1 });
  await late.silence();
});

test("INFO comes once more, behind the first PONG after CONNECT", async (t) => {
  const { port } = await startMidge(t);
  const peer = await connected(t, port);
  const first = parsed(await peer.expectLine());
  peer.send("PING\r\n");
  assert.equal(await peer.expectLine(), "PONG");
  peer.send('CONNECT {"verbose":false,"protocol":1}\r\nPING\r\nPING\r\n');
  assert.equal(await peer.expectLine(), "PONG");
  assert.deepEqual(parsed(await peer.expectLine()), {
    ...first,
    connect_info: true,
    remote_account: "$G",
  });
  await peer.silence();

  const old = await connected(t, port);
  await old.handshake({ protocol: 0 });
  await old.silence();
});

test("a login is needed, but for a newcomer where guests are let in", async (t) => {
  const { port } = await startMidge(t, {
    authorization: {
      users: [{ user: "guest", password: "" }],
      timeoutMs: 2000,
    },
    noAuthUser: "guest",
  });
  const peer = await connected(t, port);
  assert.equal(parsed(await peer.expectLine()).auth_required, undefined);
  peer.send('CONNECT {"verbose":false,"protocol":1}\r\nPING\r\n');
  assert.equal(await peer.expectLine(), "PONG");
  assert.equal(parsed(await peer.expectLine()).auth_required, true);
});

test("a full server says INFO, then why it sends the client away", async (t) => {
  const { server, port } = await startMidge(t, { maxConnections: 2 });
  const first = await connected(t, port);
  await first.handshake();
  const second = await connected(t, port);
  await second.handshake();
  const third = await connected(t, port);
  assert.match(
    await third.expectClosed(),
    /^INFO \{.*\} \r\n-ERR 'maximum connections exceeded'\r\n$/,
  );
  const [closed] = server.broker.clients.closed.list();
  assert.equal(closed?.reason, ClosedReason.MAX_CONNECTIONS);
  await second.close();
  await until("one is left", () => server.broker.clients.sessions.size === 1);
  const fourth = await connected(t, port);
  await fourth.handshake();
  assert.equal(server.broker.host.counters.connections, 4);
});

test("a server for nobody sends everybody away", async (t) => {
  const { port } = await startMidge(t, { maxConnections: 0 });
  const peer = await connected(t, port);
  assert.match(await peer.expectClosed(), /maximum connections exceeded'\r\n$/);
});

test("the last clients that left are remembered, oldest first", async (t) => {
  const { server, port } = await startMidge(t, { maxClosedClients: 3 });
  const { closed, sessions } = server.broker.clients;
  for (let i = 1; i <= 5; i++) {
    const peer = await connected(t, port);
    await peer.handshake({ name: `n${i}`, lang: "hand", version: `${i}` });
    peer.send("PUB a 3\r\nabc\r\nSUB a 1\r\n");
    await peer.silence();
    await peer.close();
    const watcher = await connected(t, port);
    await watcher.handshake({ name: "watcher" });
    await until("the peer has left", () => sessions.size === i);
  }
  assert.equal(closed.total, 5);
  const list = closed.list();
  assert.deepEqual(list.map(({ name }) => name), ["n3", "n4", "n5"]);
  const last = list.at(-1)!;
  assert.equal(last.reason, ClosedReason.CLIENT_CLOSED);
  assert.equal(last.lang, "hand");
  assert.equal(last.version, "5");
  assert.equal(last.remote.host, "127.0.0.1");
  assert.deepEqual(last.traffic, {
    inMsgs: 1,
    inBytes: 3,
    outMsgs: 0,
    outBytes: 0,
  });
  assert.ok(last.startedAt <= last.stoppedAt);
});

test("a client that crashes leaves with a read error, or as if it had left", async (t) => {
  const { server, port } = await startMidge(t);
  const watcher = await connected(t, port);
  await watcher.handshake();
  const peer = await connected(t, port);
  await peer.handshake();
  await peer.crash();
  await until("one is left", () => server.broker.clients.sessions.size === 1);
  const [closed] = server.broker.clients.closed.list();
  // Bun tells a reset as the end of the stream.
  assert.match(closed!.reason, /^(Read Error|Client Closed)$/);
});
