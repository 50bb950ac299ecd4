/**
 * The face for browsers where the tests run: Deno, Bun and Node have the
 * `WebSocket` of a browser, too.
 */
import assert from "node:assert/strict";
import {
  connect,
  ConnectionError,
  type ConnectOptions,
  createInbox,
  InvalidArgumentError,
  nuid,
  Svcm,
} from "../../src/faces/browser.ts";
import * as browser from "../../src/faces/browser.ts";
import * as client from "../../src/faces/client.ts";
import { freePort } from "../support/free_port.ts";
import { rejection } from "../support/rejection.ts";
import { test } from "../support/test.ts";
import { comeBack, stay, TALK, talk } from "./page.ts";
import { SERVERS } from "./stage.ts";

test("the face for browsers exports what midge/client does", () => {
  assert.deepEqual(Object.keys(browser).sort(), Object.keys(client).sort());
});

for (const { title, missing: skip, start } of SERVERS) {
  test(`the global WebSocket talks through ${title}`, { skip }, async (t) => {
    const server = await start(t);
    const options = { servers: server.url };
    assert.deepEqual(await talk("midge/browser", options), TALK);
  });

  test(
    `the global WebSocket talks through ${title}, deflated`,
    { skip },
    async (t) => {
      const server = await start(t, { web: "compression: true" });
      const options = { servers: `${server.url}/some/path?and=more` };
      assert.deepEqual(await talk("midge/browser", options), TALK);
    },
  );

  test(
    `the global WebSocket comes back to ${title} after a restart`,
    { skip },
    async (t) => {
      const server = await start(t);
      await stay("midge/browser", { servers: server.url });
      await server.stop();
      await server.restart();
      assert.deepEqual(await comeBack("midge/browser"), ["again"]);
    },
  );

  test(`a service runs on a page's client at ${title}`, { skip }, async (t) => {
    const server = await start(t);
    const connection = await connect({ servers: server.url });
    t.after(() => connection.close());
    const services = new Svcm(connection);
    const service = await services.add({ name: "page", version: "1.0.0" });
    service.addEndpoint("hello", (_error, request) => {
      request.respond(`hello ${request.string()}`);
    });
    const answer = await connection.request("hello", "you");
    assert.equal(answer.string(), "hello you");
    assert.equal(createInbox().length, "_INBOX.".length + nuid.next().length);
  });
}

test("a WebSocket that does not open is a connection error", async () => {
  const port = await freePort();
  const error = await rejection(
    connect({ servers: `ws://127.0.0.1:${port}/a?secret`, reconnect: false }),
  );
  assert.ok(error instanceof ConnectionError);
  assert.match(error.message, /Cannot connect to 127\.0\.0\.1:\d+: open ws:/);
  assert.doesNotMatch(error.message, /secret/);
});

test("what a page cannot do is refused before anything is dialled", async () => {
  const cases: readonly [object, RegExp][] = [
    [{}, /"servers" must be given/],
    [{ servers: [] }, /"servers" must be given/],
    [{ servers: "localhost:4222" }, /ws:\/\/ or wss:\/\/ URLs/],
    [{ servers: ["ws://h", "nats://h"] }, /ws:\/\/ or wss:\/\/ URLs/],
    [{ servers: "wss://h", tls: {} }, /no option "tls"/],
    [{ servers: "wss://h", tls: null }, /no option "tls"/],
    [{ port: 4222 }, /no option "port"/],
    [{ servers: "ws://h", discovery: "etcd://h:1" }, /a list of providers/],
    [{ servers: "ws://h", discovery: ["etcd://h:1"] }, /takes no URLs/],
  ];
  for (const [options, text] of cases) {
    const error = await rejection(connect(options as ConnectOptions));
    assert.ok(error instanceof InvalidArgumentError);
    assert.match(error.message, text);
  }
});
