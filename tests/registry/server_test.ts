/** The registry on a real port: long polls, streams, its state file, and two registries in one process. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { isLoopback } from "../../src/net/ip.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import {
  announce,
  idsOf,
  type List,
  listOf,
  nodeJson,
  startRegistry,
} from "./asking.ts";

test("nodes are announced and found over HTTP", async (t) => {
  const { url } = await startRegistry(t);
  assert.equal(await announce(url, "A", nodeJson(1)), 201);
  assert.equal(await announce(url, "A", nodeJson(1)), 200);
  assert.deepEqual(idsOf(await listOf(url)), ["A"]);
  const gone = await fetch(`${url}/v1/nodes/A`, { method: "DELETE" });
  assert.equal(gone.status, 200);
  await gone.text();
  assert.deepEqual(idsOf(await listOf(url)), []);
  const long = await announce(url, "A", nodeJson(1, { x: "y".repeat(20_000) }));
  assert.equal(long, 413);
  const root = await fetch(url);
  assert.match(await root.text(), /^Midge registry/);
});

test("a long poll ends at the change, and when its client disconnects", async (t) => {
  const { url, registry } = await startRegistry(t);
  const { index } = await listOf(url);
  const query = `?index=${index}&wait=55s`;
  const leaving = new AbortController();
  const left = fetch(`${url}/discoveryz${query}`, { signal: leaving.signal });
  const waits = Array.from({ length: 10 }, () => listOf(url, query));
  await until("all are waiting", () => registry.api.waiting.count === 11);
  leaving.abort();
  await assert.rejects(left);
  await until("one has left", () => registry.api.waiting.count === 10);
  await announce(url, "A", nodeJson(1));
  for (const list of await Promise.all(waits)) {
    assert.deepEqual([list.index, idsOf(list)], [index + 1, ["A"]]);
  }
  assert.equal(registry.api.waiting.count, 0);
});

test("a stream sends each list", async (t) => {
  const { url, registry } = await startRegistry(t);
  const leaving = new AbortController();
  const { headers, body } = await fetch(`${url}/discoveryz/stream`, {
    signal: leaving.signal,
  });
  assert.equal(headers.get("content-type"), "text/event-stream");
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const lists = (): List[] =>
    [...text.matchAll(/^data: (.*)$/gm)].map(([, json]) => JSON.parse(json!));
  const reading = (async (): Promise<void> => {
    for (;;) {
      const { done, value = "" } = await reader.read();
      text += value;
      if (done) return;
    }
  })().catch(() => {});
  await until("the first list comes", () => lists().length === 1);
  await announce(url, "A", nodeJson(1));
  await until("the second list comes", () => lists().length === 2);
  assert.deepEqual(lists().map(idsOf), [[], ["A"]]);
  leaving.abort();
  await reading;
  await until("the stream has ended", () => registry.api.waiting.count === 0);
});

test("one connection cannot take all places of the waiting room", async (t) => {
  const { registry } = await startRegistry(t);
  const { host, port } = registry.address!;
  const socket = connect(port, host);
  t.after(() => socket.destroy());
  socket.on("error", () => {}).resume();
  const { index } = registry.store;
  const poll = `GET /discoveryz?index=${index}&wait=55s HTTP/1.1\r\n` +
    "Host: x\r\n\r\n";
  socket.write(poll.repeat(50));
  await until("some wait", () => registry.api.waiting.count > 0);
  await listOf(`http://${host}:${port}`);
  assert.ok(registry.api.waiting.count <= 2);
});

test("a registry stops while clients wait", async (t) => {
  const { url, registry } = await startRegistry(t);
  const { index } = await listOf(url);
  const poll = fetch(`${url}/discoveryz?index=${index}&wait=55s`)
    .then((answer) => answer.text(), () => "broken");
  const stream = fetch(`${url}/discoveryz/stream`)
    .then((answer) => answer.text()).catch(() => "broken");
  await until("both wait", () => registry.api.waiting.count === 2);
  await registry.stop();
  await Promise.all([poll, stream]);
  await until("nobody waits", () => registry.api.waiting.count === 0);
  assert.equal(registry.address, undefined);
});

test("nodes survive a restart, and have to renew their announcements", async (t) => {
  const stateFile = join(temporaryFolder(t), "state.json");
  const first = await startRegistry(t, { stateFile });
  await announce(first.url, "A", nodeJson(1, { ttl: 3_600_000 }));
  await announce(first.url, "B", nodeJson(2, { ttl: 1000 }));
  await until(
    "it is written",
    () =>
      existsSync(stateFile) && readFileSync(stateFile, "utf8").includes('"B"'),
  );
  assert.equal(statSync(stateFile).mode & 0o777, 0o600);
  await announce(first.url, "C", nodeJson(3, { ttl: 3_600_000 }));
  const { index } = await listOf(first.url);
  await first.registry.stop();

  const second = await startRegistry(t, { stateFile });
  const list = await listOf(second.url);
  assert.deepEqual(idsOf(list), ["A", "B", "C"]);
  assert.ok(list.index > index);
  assert.ok(second.log.lines.includes("INF Restored 3 nodes"));
  assert.equal(await announce(second.url, "A", nodeJson(1)), 200);
  await until(
    "B is forgotten",
    async () => !idsOf(await listOf(second.url)).includes("B"),
  );
  await second.registry.stop();
  const kept = JSON.parse(readFileSync(stateFile, "utf8"));
  assert.deepEqual(idsOf(kept), ["A", "C"]);
});

test("a broken state file gives a warning, and its valid nodes are kept", async (t) => {
  const folder = temporaryFolder(t);
  const stateFile = join(folder, "state.json");
  const rows: [text: string, ids: string[], warns: boolean][] = [
    ["", [], true],
    ["zork", [], true],
    ['{"nodes":', [], true],
    ["null", [], false],
    ['{"nodes":{}}', [], false],
    ['{"index":1e300,"nodes":[]}', [], false],
    [
      JSON.stringify({
        index: "7",
        nodes: [
          7,
          null,
          { id: "../../etc/passwd", urls: ["nats://127.0.0.1:1"] },
          { id: "a\nb", urls: ["nats://127.0.0.1:1"] },
          { id: "none" },
          { id: "good", urls: ["nats://127.0.0.1:1"], ttl: 1e300 },
        ],
      }),
      ["good"],
      false,
    ],
  ];
  for (const [text, ids, warns] of rows) {
    writeFileSync(stateFile, text);
    const { registry, url, log } = await startRegistry(t, { stateFile });
    const list = await listOf(url);
    assert.deepEqual(idsOf(list), ids, text);
    assert.ok(list.index < 1e14);
    const warnings = log.lines.filter((line) => line.startsWith("WRN"));
    assert.equal(warnings.length > 0, warns, text);
    for (const line of warnings) assert.match(line, /Cannot read the registry/);
    await registry.stop();
  }
});

test("a state file that cannot be written is reported once", async (t) => {
  const stateFile = join(temporaryFolder(t), "missing", "state.json");
  const { registry, url, log } = await startRegistry(t, { stateFile });
  const errors = (): string[] =>
    log.lines.filter((line) => line.startsWith("ERR"));
  await announce(url, "A", nodeJson(1));
  await until("it is said", () => errors().length > 0);
  await announce(url, "B", nodeJson(2));
  await registry.stop();
  assert.equal(errors().length, 1);
  assert.match(
    errors()[0]!,
    /Cannot keep the registry's state: .*no such file/,
  );
});

test("a registry without a token warns when other machines can reach it", async (t) => {
  const open = await startRegistry(t, { host: "0.0.0.0" });
  assert.match(open.log.lines.join("\n"), /WRN .* has no token: everybody/);
  const guarded = await startRegistry(t, { host: "0.0.0.0", token: "s3cret" });
  const local = await startRegistry(t);
  for (const { log } of [guarded, local]) {
    assert.doesNotMatch(log.lines.join("\n"), /WRN|s3cret/);
  }
  assert.equal(await announce(guarded.url, "A", nodeJson(1)), 401);
  assert.equal(await announce(guarded.url, "A", nodeJson(1), "s3cret"), 201);
});

test("only loopback addresses are local", () => {
  for (const host of ["127.0.0.1", "127.8.9.1", "::1", "localhost"]) {
    assert.ok(isLoopback(host), host);
  }
  const hosts = ["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example.com", ""];
  for (const host of hosts) assert.ok(!isLoopback(host), host);
});

test("a registry does not start on a port in use", async (t) => {
  const { registry } = await startRegistry(t);
  await assert.rejects(startRegistry(t, { port: registry.address!.port }), {
    code: "EADDRINUSE",
  });
});

test("two registries run in one process", async (t) => {
  const [one, two] = [await startRegistry(t), await startRegistry(t)];
  for (const { url } of [one, two]) await announce(url, "A", nodeJson(1));
  await one.registry.stop();
  assert.deepEqual(idsOf(await listOf(two.url)), ["A"]);
});
