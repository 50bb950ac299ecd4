/** A running server takes another configuration, or refuses it and changes nothing. */
import assert from "node:assert/strict";
import { ConfigError } from "../../src/config/dialect/diagnostic.ts";
import { startServer } from "../../src/app/start_server.ts";
import { rejection } from "../support/rejection.ts";
import { test } from "../support/test.ts";
import { startReloadable } from "./reloading.ts";

const NO_FILE =
  "can only reload config when a file is provided using -c or --config";

test("a reload tells what it replaced, and the digest of the file at last", async (t) => {
  const midge = await startReloadable(t, "");
  const first = midge.server.varz();
  const before = midge.told.length;
  await midge.reload("max_payload: 2000\nserver_tags: a");
  const { config_digest, max_payload, tags } = midge.server.varz();
  assert.deepEqual(midge.told.slice(before), [
    "Reloaded: authorization users",
    "Reloaded: accounts",
    "Reloaded: max_payload = 2000",
    "Reloaded: tags",
    `Reloaded server configuration (${config_digest})`,
  ]);
  assert.match(config_digest, /^sha256:[0-9a-f]{64}$/);
  assert.notEqual(config_digest, first.config_digest);
  assert.equal(max_payload, 2000);
  assert.deepEqual(tags, ["a"]);
});

test("one thing that cannot change refuses the whole reload", async (t) => {
  const midge = await startReloadable(t, "max_payload: 2000");
  const { config_load_time, config_digest } = midge.server.varz();
  const before = midge.told.length;
  await assert.rejects(midge.reload("max_payload: 9\nport: 7"), {
    name: "InvalidOperationError",
    message: /^config reload not supported for Port: old=\d+, new=7$/,
  });
  const varz = midge.server.varz();
  assert.equal(varz.max_payload, 2000);
  assert.equal(varz.config_load_time, config_load_time);
  assert.equal(varz.config_digest, config_digest);
  assert.deepEqual(midge.told.slice(before), []);
});

test("a file with mistakes is refused with all of them", async (t) => {
  const midge = await startReloadable(t, "max_payload: 2000");
  const error = await rejection(midge.reload("max_payload: x\nnonsense: 1"));
  assert.ok(error instanceof ConfigError);
  assert.equal(error.diagnostics.length, 2);
  assert.equal(midge.server.varz().max_payload, 2000);
});

test("reloads wait for each other", async (t) => {
  const midge = await startReloadable(t, "");
  await Promise.all([
    midge.server.reload({ port: 0, host: "127.0.0.1", max_payload: 1 }),
    midge.server.reload({ port: 0, host: "127.0.0.1", max_payload: 2 }),
    midge.server.reload({ port: 0, host: "127.0.0.1", max_payload: 3 }),
  ]);
  assert.deepEqual(
    midge.told.filter((text) => text.includes("max_payload")),
    [1, 2, 3].map((bytes) => `Reloaded: max_payload = ${bytes}`),
  );
});

test("a server without a file takes new options from its program only", async (t) => {
  const host = "127.0.0.1";
  const server = await startServer({ host, port: 0 });
  t.after(() => server.stop());
  await assert.rejects(server.reload(), { message: NO_FILE });
  await server.reload({ host, port: 0, max_payload: 77 });
  assert.equal(server.varz().max_payload, 77);
  await assert.rejects(server.reload({ host, port: 0, server_name: "n" }), {
    message: "config reload not supported for ServerName: old=, new=n",
  });
  assert.ok(
    await rejection(server.reload({ host, ping_max: -1 })) instanceof
      ConfigError,
  );
});

test("clients that are there have the new limits at once", async (t) => {
  const midge = await startReloadable(t, "");
  const [payload, line] = [await midge.login(), await midge.login()];
  await midge.reload("max_payload: 3\nmax_control_line: 100");
  await payload.silence();
  assert.equal(payload.received.split("INFO").length, 2, "no INFO is pushed");
  payload.send("PUB a 3\r\nabc\r\nPUB a 4\r\nabcd\r\n");
  assert.match(await payload.expectClosed(), /'Maximum Payload Violation'/);
  line.send(`PUB ${"a".repeat(120)} 0\r\n\r\n`);
  assert.match(
    await line.expectClosed(),
    /'maximum control line exceeded'/,
  );
  const next = await midge.login();
  assert.equal(next.info.max_payload, 3);
});

test("the last clients have to go where there may be fewer of them", async (t) => {
  const midge = await startReloadable(t, "");
  const peers = [await midge.login(), await midge.login(), await midge.login()];
  await midge.reload("max_connections: 1");
  for (const peer of peers.slice(1)) {
    assert.equal(
      await peer.expectClosed(),
      "-ERR 'maximum connections exceeded'\r\n",
    );
  }
  await peers[0]!.silence();
  assert.ok(
    midge.told.includes(
      "Closed 2 connections to fall within max_connections",
    ),
  );
});

test("clients hear of another client_advertise, and so do new ones", async (t) => {
  const midge = await startReloadable(t, "");
  const peer = await midge.login({ protocol: 1 });
  await midge.reload('client_advertise: "example.com:7"');
  const line = await peer.expectLine();
  const { host, port } = JSON.parse(line.slice("INFO ".length));
  assert.deepEqual({ host, port }, { host: "example.com", port: 7 });
  const { info } = await midge.login();
  assert.equal(info.host, "example.com");
});

test("all connections are traced from now on, and not any more", async (t) => {
  const midge = await startReloadable(t, "");
  const peer = await midge.login();
  const traced = (): number =>
    midge.log.filter(({ level }) => level === "trace").length;
  await midge.reload("trace: true\nmax_traced_msg_len: 2");
  peer.send("PUB a 3\r\nxyz\r\n");
  await peer.silence();
  assert.ok(midge.log.some(({ text }) => text.endsWith('["xy..."]')));
  await midge.reload("");
  const before = traced();
  await peer.silence();
  assert.equal(traced(), before);
});
