/** The option `debug`: the protocol as lines, on both ways. */
import assert from "node:assert/strict";
import { test } from "../support/test.ts";
import { Scene } from "./scene.ts";

test("debug tells every line, whole and printable", async (t) => {
  const scene = new Scene(t);
  const lines: string[] = [];
  const server = await scene.server({ info: { nonce: "n" } });
  const client = await scene.connect([server], {
    user: "ann",
    pass: "s3cret",
    debug: (line) => lines.push(line),
  });
  client.subscribe("greet.*", { callback: () => {} });
  client.publish("greet.joe", "hel\tlo\nworld");
  await scene.settled(client.flush());
  server.client.deliver("greet.joe", 1, "back");
  server.client.send("-ERR 'Odd'\r\n");
  await scene.until(() => lines.includes("<< -ERR 'Odd'"));
  assert.match(lines[0]!, /^<< INFO \{"server_id":"FAKE"/);
  assert.match(lines[1]!, /^>> CONNECT .*"user":"ann","pass":"\[REDACTED\]"/);
  assert.deepEqual(lines.slice(2), [
    ">> PING",
    "<< PONG",
    ">> SUB greet.* 1",
    ">> PUB greet.joe 12",
    ">> hel\\tlo\\nworld",
    ">> PING",
    "<< PONG",
    "<< MSG greet.joe 1 4",
    "<< back",
    "<< -ERR 'Odd'",
  ]);
  assert.doesNotMatch(lines.join("\n"), /s3cret/);
});

test("long payloads are cut in debug, and only there", async (t) => {
  const scene = new Scene(t);
  const lines: string[] = [];
  const server = await scene.server();
  const client = await scene.connect([server], {
    debug: (line) => lines.push(line),
  });
  const payload = "x".repeat(100_000);
  client.publish("a", payload);
  await scene.settled(client.flush());
  assert.ok(lines.every((line) => line.length < 1000));
  assert.equal(server.ops.at(-1), `PUB a 100000\r\n${payload}`);
});

test("a listener of debug lines that throws does no harm", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server], {
    debug: () => {
      throw new Error("boom");
    },
  });
  await scene.settled(client.flush());
  assert.equal(client.isClosed(), false);
});
