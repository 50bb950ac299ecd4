/** A port for WebSockets as a program asks for it, and as it is found. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, InvalidOperationError, startServer } from "../../mod.ts";
import { connectWebSocketPeer } from "../broker/websocket_peer.ts";
import { spawnMidge } from "../support/process.ts";
import { rejection } from "../support/rejection.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";

const WEB = { host: "127.0.0.1", port: 0, no_tls: true };

test("startServer opens a port for WebSockets, and Midge's client connects to its URL", async () => {
  await using server = await startServer({
    host: "127.0.0.1",
    port: 0,
    websocket: { ...WEB, authorization: { user: "page", password: "x" } },
  });
  const { port } = server.websocketAddress!;
  assert.equal(server.websocketUrl, `ws://127.0.0.1:${port}`);
  await using client = await connect({
    servers: server.websocketUrl!,
    user: "page",
    pass: "x",
  });
  const heard = client.subscribe("greet", { max: 1 });
  client.publish("greet", "hello");
  for await (const message of heard) assert.equal(message.string(), "hello");
  assert.deepEqual(
    server.connz().connections.map(({ type }) => type),
    ["websocket"],
  );
});

test("without the block there is no such port", async () => {
  await using server = await startServer({ host: "127.0.0.1", port: 0 });
  assert.equal(server.websocketAddress, undefined);
  assert.equal(server.websocketUrl, undefined);
});

test("a reload keeps the port that is any free one, and refuses another", async (t) => {
  const options = { host: "127.0.0.1", port: 0, websocket: WEB };
  await using server = await startServer(options);
  const { port } = server.websocketAddress!;
  const page = await connectWebSocketPeer(t, port);
  await page.login();
  await server.reload({ ...options, max_payload: 1000 });
  const error = await rejection(
    server.reload({ ...options, websocket: { ...WEB, compression: true } }),
  );
  assert.ok(error instanceof InvalidOperationError);
  assert.equal(
    error.message,
    "config reload not supported for Websocket: old={...}, new={...}",
  );
  page.send("PING\r\n");
  await page.expect("PONG\r\n");
  assert.equal(server.websocketAddress!.port, port);
});

test("the ports file has the port for WebSockets", async (t) => {
  const folder = temporaryFolder(t);
  const config = join(folder, "web.conf");
  writeFileSync(
    config,
    'listen: "127.0.0.1:-1"\nwebsocket { listen: "127.0.0.1:-1", no_tls: true }',
  );
  const args = ["-c", config, "--ports_file_dir", folder];
  const midge = spawnMidge(args);
  t.after(() => midge.stop());
  const [, url] = await midge.waitFor(
    /Listening for websocket clients on (ws:\S+)\n/,
  );
  await midge.waitFor("Server is ready\n");
  const portsFile = (): string | undefined =>
    readdirSync(folder).find((name) => /^midge_\d+\.ports$/.test(name));
  await until("it is told", () => portsFile() !== undefined);
  const ports = JSON.parse(readFileSync(join(folder, portsFile()!), "utf8"));
  assert.deepEqual(ports.websocket, [url]);
});
