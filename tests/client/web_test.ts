/**
 * Servers that are reached by WebSocket, by the client's choice of them: the
 * network is in memory, and a WebSocket is what the test says it is.
 */
import assert from "node:assert/strict";
import { ConnectionError } from "../../client.ts";
import type { ConnectionOptions } from "../../src/client/api/options.ts";
import { test } from "../support/test.ts";
import { eventsOf, Scene } from "./scene.ts";

test("a WebSocket is asked for at its host, port and path", async (t) => {
  const scene = new Scene(t, { "nats.test": ["127.0.0.1"] });
  const { port } = await scene.server();
  const client = await scene.connect([`ws://nats.test:${port}/a?b=c`]);
  const { tls, timeoutMs: _, ...target } = scene.webs[0]!;
  assert.deepEqual(target, { host: "nats.test", port, path: "/a?b=c" });
  assert.equal(tls, undefined);
  assert.equal(client.servers()[0]?.url, `ws://nats.test:${port}/a`);
});

test("wss:// brings what the options say of TLS", async (t) => {
  const scene = new Scene(t, { "nats.test": ["127.0.0.1"] });
  const { port } = await scene.server();
  const url = `wss://nats.test:${port}`;
  await scene.connect([url]);
  await scene.connect([url], {
    tls: {
      ca: "CA",
      cert: "C",
      key: "K",
      serverName: "n",
      handshakeFirst: true,
    },
  });
  const [plain, special] = scene.webs.map(({ tls }) => tls);
  assert.deepEqual(plain, {
    role: "client",
    verify: true,
    serverName: "nats.test",
    timeoutMs: 20_000,
  });
  assert.deepEqual(special, {
    ...plain,
    serverName: "n",
    authorities: ["CA"],
    certificates: [{ certificate: "C", key: "K" }],
  });
});

test("a WebSocket never goes over to TLS inside", async (t) => {
  const scene = new Scene(t);
  const info = { tls_required: true, tls_available: true };
  const { port } = await scene.server({ info });
  await scene.connect([`ws://127.0.0.1:${port}`]);
  await scene.connect([`wss://127.0.0.1:${port}`]);
});

test("URL and options that contradict each other are an error that says so", async (t) => {
  const scene = new Scene(t);
  const { port } = await scene.server();
  const cases: readonly [string, ConnectionOptions["tls"], RegExp][] = [
    ["ws", {}, /ws:\/\/\S+ has no TLS, which was asked for: that is wss:/],
    ["wss", null, /wss:\/\/\S+ wants TLS, which option "tls" rules out/],
  ];
  for (const [scheme, tls, text] of cases) {
    const error = await scene.failure(
      scene.open([`${scheme}://127.0.0.1:${port}`], { tls: tls! }),
    );
    assert.ok(error instanceof ConnectionError);
    assert.match(error.message, text);
  }
  assert.deepEqual(scene.webs, []);
});

for (const scheme of ["ws", "wss"]) {
  test(`what a server of ${scheme}:// names is reached in the same way`, async (t) => {
    const scene = new Scene(t);
    const [a, b] = [await scene.server(), await scene.server()];
    const client = await scene.connect([`${scheme}://${a.listen}/path`]);
    const events = eventsOf(client);
    a.client.sendInfo({ connect_urls: [a.listen, b.listen] });
    await scene.until(() => events.length > 0);
    assert.deepEqual(events, [{ type: "update", added: [b.listen] }]);
    assert.deepEqual(
      client.servers().map(({ url }) => url),
      [a, b].map(({ listen }) => `${scheme}://${listen}/path`),
    );
    a.stop();
    await scene.until(() => b.connections.length === 1);
    const { port, path, tls } = scene.webs.at(-1)!;
    assert.deepEqual({ port, path }, { port: b.port, path: "/path" });
    assert.equal(tls !== undefined, scheme === "wss");
  });
}

test("a list may have both kinds; each names servers of its own", async (t) => {
  const scene = new Scene(t);
  const [tcp, web] = [await scene.server(), await scene.server()];
  const client = await scene.connect([
    `nats://${tcp.listen}`,
    `ws://${web.listen}`,
  ]);
  tcp.client.sendInfo({ connect_urls: ["10.0.0.1:4222"] });
  await scene.until(() => client.servers().length === 3);
  web.options = { info: { connect_urls: ["10.0.0.1:8080"] } };
  tcp.stop();
  await scene.until(() => client.getServer() === web.listen);
  const urls = client.servers().map(({ url }) => url);
  assert.deepEqual(
    urls.toSorted(),
    [`nats://${tcp.listen}`, `ws://${web.listen}`, "ws://10.0.0.1:8080"]
      .toSorted(),
  );
});

test("what a lame duck's clients go over to is a WebSocket as well", async (t) => {
  const scene = new Scene(t);
  const [a, b] = [await scene.server(), await scene.server()];
  const client = await scene.connect(
    [a, b].map(({ listen }) => `ws://${listen}`),
  );
  a.client.sendInfo({ ldm: true });
  const events = eventsOf(client);
  await scene.until(() => events.length > 0);
  assert.deepEqual(events[0], { type: "ldm", server: a.listen });
  a.stop();
  await scene.until(() => client.getServer() === b.listen);
  assert.equal(scene.webs.at(-1)?.port, b.port);
});

test("a client that has no WebSockets says so", async (t) => {
  const scene = new Scene(t);
  const error = await scene.failure(
    scene.open(["ws://127.0.0.1:1"], {}, scene.clock, { dialWeb: undefined }),
  );
  assert.match(String(error), /there are no WebSockets here/);
});
