/** The answers of the registry, without HTTP and on a clock that the test moves. */
import assert from "node:assert/strict";
import type { HttpAnswer } from "../../src/platform/http.ts";
import { WAIT_MAX_MS } from "../../src/registry/list_query.ts";
import { COMPLETE_AFTER_MS } from "../../src/registry/node_list.ts";
import { HEARTBEAT_MS } from "../../src/registry/reading.ts";
import { test } from "../support/test.ts";
import { idsOf, nodeJson, TestApi } from "./asking.ts";

const PUT = { method: "PUT", body: nodeJson(4222) };

test("an announced node is listed until it withdraws", async () => {
  const api = new TestApi();
  const body = nodeJson(4222, {
    id: "A",
    name: "a",
    cluster: "article",
    routes: ["nats-route://127.0.0.1:6222"],
    monitor: "http://127.0.0.1:8222",
    lameDuck: true,
    priority: 1,
    weight: 2,
    ttl: 20_000,
  });
  const { status, body: told } = await api.put("A", body);
  assert.equal(status, 201);
  assert.deepEqual(JSON.parse(told), { index: api.store.index, ttl: 20_000 });
  const { nodes, index } = await api.list();
  const { ttl: _, ...node } = JSON.parse(body);
  assert.deepEqual(nodes, [node]);
  assert.equal(index, api.store.index);
  assert.equal((await api.put("A", body)).status, 200);
  const gone = await api.ask("/v1/nodes/A", { method: "DELETE" });
  assert.deepEqual(JSON.parse(gone.body), { index: index + 1 });
  assert.deepEqual(idsOf(await api.list()), []);
  assert.equal(
    await api.refusal("/v1/nodes/A", { method: "DELETE" }),
    "404 path",
  );
  assert.deepEqual(api.log.lines, [
    'INF Node "A" ("a") announced itself',
    'INF Node "A" withdrew',
  ]);
});

test("both paths and HEAD give the same list, the root gives a short text", async () => {
  const api = new TestApi();
  await api.put("A", nodeJson(1));
  const list = await api.ask("/discoveryz");
  assert.deepEqual(await api.ask("/v1/nodes"), list);
  assert.deepEqual(await api.ask("/discoveryz", { method: "HEAD" }), list);
  assert.equal(list.headers["Content-Type"], "application/json");
  assert.equal(list.headers["ETag"], `"${api.store.index}"`);
  const root = await api.ask("/");
  assert.equal(root.status, 200);
  assert.match(root.body, /GET \/discoveryz/);
});

test("an announcement without a time to live has the default one", async () => {
  const api = new TestApi();
  await api.put("A", nodeJson(1));
  await api.clock.advance(14_999);
  assert.deepEqual(idsOf(await api.list()), ["A"]);
  await api.clock.advance(1);
  assert.deepEqual(idsOf(await api.list()), []);
  assert.deepEqual(api.expired, ["A"]);
});

test("the list is complete after the time in which all nodes announce themselves again", async () => {
  const api = new TestApi();
  assert.equal((await api.list()).complete, false);
  await api.clock.advance(COMPLETE_AFTER_MS - 1);
  assert.equal((await api.list()).complete, false);
  await api.clock.advance(1);
  assert.equal((await api.list()).complete, true);
});

test("a long poll is answered at a change, or at the end of its wait", async () => {
  const api = new TestApi();
  await api.put("A", nodeJson(1, { ttl: 3_600_000 }));
  const { index } = await api.list();
  const answers: number[] = [];
  const poll = (query: string): void => {
    api.list(query).then(({ index }) => answers.push(index));
  };
  poll(`?index=${index}&wait=10s`);
  poll(`?index=${index}&wait=100m`);
  await api.clock.advance(9999);
  assert.deepEqual(answers, []);
  await api.clock.advance(1);
  assert.deepEqual(answers, [index]);
  await api.clock.advance(WAIT_MAX_MS - 10_000);
  assert.deepEqual(answers, [index, index]);
  poll(`?index=${index}&wait=55s`);
  await api.put("B", nodeJson(2));
  await api.clock.advance(0);
  assert.deepEqual(answers, [index, index, index + 1]);
  assert.equal(api.api.waiting.count, 0);
});

test("a reader that has another list is answered at once", async () => {
  const api = new TestApi();
  await api.put("A", nodeJson(1));
  const { index } = await api.list();
  for (const known of ["", "0", index - 1, index + 1, 999_999_999_999_999]) {
    const list = await api.list(`?index=${known}&wait=55s`);
    assert.equal(list.index, index);
  }
  assert.equal((await api.list(`?index=${index}`)).index, index);
});

test("a reader with the ETag of the list gets 304", async () => {
  const api = new TestApi();
  const ask = (etag: string, query: string = ""): Promise<HttpAnswer> =>
    api.ask(`/discoveryz${query}`, { headers: { "if-none-match": etag } });
  const etag = `"${api.store.index}"`;
  for (const same of [etag, `W/${etag}`]) {
    const { status, headers, body } = await ask(same);
    assert.deepEqual([status, headers["ETag"], body], [304, etag, ""]);
  }
  for (const other of ['"1"', "x", "*", '""', `"${"9".repeat(400)}"`]) {
    assert.equal((await ask(other)).status, 200, other);
  }
  const later = ask(etag, "?wait=5s");
  await api.put("A", nodeJson(1));
  assert.equal((await later).status, 200);
  const never = ask(`"${api.store.index}"`, "?wait=5s");
  await api.clock.advance(5000);
  assert.equal((await never).status, 304);
});

test("a bad request is refused, and the answer names what is wrong", async () => {
  const api = new TestApi();
  const rows: [string, string, Parameters<TestApi["ask"]>[1]?][] = [
    ["404 path", "/zork"],
    ["404 path", "/v1"],
    ["404 path", "/v2/nodes/A", PUT],
    ["404 path", "/discoveryz/"],
    ["404 path", "/constructor"],
    ["400 path", "/v1/nodes/", PUT],
    ["400 path", "/v1/nodes/../A", PUT],
    ["400 path", "/v1/nodes/A/B", PUT],
    ["400 path", "/v1/nodes/A%2e", PUT],
    ["400 path", "/v1/nodes/.A", PUT],
    ["400 path", `/v1/nodes/${"A".repeat(65)}`, PUT],
    ["400 path", "/v1/nodes/A\n", PUT],
    ["400 query index", "/discoveryz?index=x"],
    ["400 query index", "/discoveryz?index=-1"],
    ["400 query index", "/discoveryz?index=1e3"],
    ["400 query wait", "/discoveryz?wait=x"],
    ["400 query wait", "/discoveryz?wait=-5s"],
    ["400 query wait", "/discoveryz?wait=1h"],
    ["400 query wait", "/discoveryz?wait=99999999s"],
    ["405 method", "/v1/nodes/A"],
    ["405 method", "/v1/nodes", PUT],
    ["405 method", "/discoveryz", { method: "POST" }],
    ["405 method", "/discoveryz/stream", { method: "DELETE" }],
    ["405 method", "/v1/nodes/A", { method: "OPTIONS" }],
    ["405 method", "/", { method: "OPTIONS" }],
    ["413 body", "/v1/nodes/A", { method: "PUT", body: " ".repeat(16_385) }],
  ];
  for (const [expected, target, asked] of rows) {
    assert.equal(await api.refusal(target, asked), expected, target);
  }
  const { headers } = await api.ask("/discoveryz", { method: "PUT" });
  assert.equal(headers["Allow"], "GET, HEAD");
  assert.equal(api.store.size, 0);
});

test("a bad announcement is refused, and the answer names the field", async () => {
  const api = new TestApi();
  const urls = ["nats://127.0.0.1:1"];
  const rows: [at: string, body: unknown][] = [
    ["body", undefined],
    ["body", []],
    ["body", null],
    ["body", 7],
    ["urls", {}],
    ["urls", { urls: [] }],
    ["urls", { urls: 7 }],
    ["urls", { urls: { length: 1, 0: urls[0] } }],
    ["urls", { urls: "http://127.0.0.1:1" }],
    ["urls", { urls: Array(17).fill(urls[0]) }],
    ["urls[1]", { urls: [...urls, "javascript:alert(1)"] }],
    ["urls[1]", { urls: [...urls, null] }],
    ["urls[1]", { urls: [...urls, "nats://a\r\nPUB:4222"] }],
    ["urls[1]", { urls: [...urls, "nats-route://127.0.0.1:6222"] }],
    ["urls[0]", { urls: [`nats://${"x".repeat(600)}:1`] }],
    ["routes[0]", { urls, routes: ["nats://127.0.0.1:1"] }],
    ["name", { urls, name: "a\nb" }],
    ["name", { urls, name: 7 }],
    ["name", { urls, name: "x".repeat(513) }],
    ["cluster", { urls, cluster: "\u001b[31m" }],
    ["cluster", { urls, cluster: null }],
    ["monitor", { urls, monitor: "file:///etc/passwd" }],
    ["monitor", { urls, monitor: "http://u:p@127.0.0.1:1" }],
    ["lameDuck", { urls, lameDuck: "yes" }],
    ["priority", { urls, priority: -1 }],
    ["priority", { urls, priority: 65_536 }],
    ["weight", { urls, weight: 0.5 }],
    ["id", { urls, id: "B" }],
    ["id", { urls, id: null }],
    ["ttl", { urls, ttl: 999 }],
    ["ttl", { urls, ttl: 3_600_001 }],
    ["ttl", { urls, ttl: "15000" }],
    ["ttl", { urls, ttl: null }],
  ];
  for (const [at, body] of rows) {
    const text = JSON.stringify(body) ?? "no JSON";
    const asked = { method: "PUT", body: text };
    assert.equal(await api.refusal("/v1/nodes/A", asked), `400 ${at}`, text);
  }
  for (const body of ["", "{", "[".repeat(16_000), Uint8Array.of(0x22, 0xff)]) {
    const asked = { method: "PUT", body };
    assert.equal(await api.refusal("/v1/nodes/A", asked), "400 body");
  }
  assert.equal(api.store.size, 0);
});

test("unknown fields of an announcement are ignored", async () => {
  const api = new TestApi();
  const body = '{"urls":["nats://u:hunter2@127.0.0.1:1"],"x":{"y":1},' +
    '"__proto__":{"lameDuck":true},"constructor":1}';
  assert.equal((await api.put("A", body)).status, 201);
  const { nodes } = await api.list();
  assert.deepEqual(nodes, [{ id: "A", urls: ["nats://127.0.0.1:1"] }]);
});

test("with a token writing needs the token, reading does not", async () => {
  const api = new TestApi({ token: "s3cret" });
  const bad = ["", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3crets"];
  for (const authorization of [...bad, "Basic s3cret", "Bearer s3cret x"]) {
    for (const method of ["PUT", "DELETE"]) {
      const asked = { ...PUT, method, headers: { authorization } };
      assert.equal(
        await api.refusal("/v1/nodes/A", asked),
        "401 header Authorization",
        authorization,
      );
    }
  }
  const { headers } = await api.ask("/v1/nodes/A", PUT);
  assert.equal(headers["WWW-Authenticate"], "Bearer");
  for (const authorization of ["Bearer s3cret", "bearer  s3cret "]) {
    const asked = { ...PUT, headers: { authorization } };
    assert.ok((await api.ask("/v1/nodes/A", asked)).status < 300);
  }
  assert.deepEqual(idsOf(await api.list()), ["A"]);
  assert.doesNotMatch(api.log.lines.join(), /s3cret/);
});

test("requests from web pages cannot write", async () => {
  const api = new TestApi();
  for (
    const origin of ["http://127.0.0.1:4280", "https://example.com", "null"]
  ) {
    const asked = { ...PUT, headers: { origin } };
    assert.equal(
      await api.refusal("/v1/nodes/A", asked),
      "403 header Origin",
    );
  }
});

test("a full registry refuses new nodes", async () => {
  const api = new TestApi();
  for (let number = 0; number < 256; number++) {
    await api.put(`n${number}`, nodeJson(1));
  }
  assert.equal(await api.refusal("/v1/nodes/more", PUT), "503 registry");
  assert.equal((await api.put("n0", nodeJson(2))).status, 200);
});

test("the number of waiting requests has a limit, in all and for one connection", async () => {
  const api = new TestApi({ waiting: { inAll: 3, perConnection: 2 } });
  const gone = new AbortController();
  const remote = (port: number) => ({
    remote: { host: "127.0.0.1", port },
    signal: gone.signal,
  });
  const target = `/discoveryz?index=${api.store.index}&wait=55s`;
  const waits = [1, 1, 2].map((port) => api.ask(target, remote(port)));
  assert.equal(await api.refusal(target, remote(1)), "429 connection");
  assert.equal(await api.refusal(target, remote(3)), "503 registry");
  const stream = await api.ask("/discoveryz/stream", remote(3));
  assert.deepEqual([stream.status, stream.headers["Retry-After"]], [503, "5"]);
  assert.equal((await api.ask("/discoveryz", remote(1))).status, 200);
  gone.abort();
  await Promise.all(waits);
  assert.equal(api.api.waiting.count, 0);
});

test("a stream sends each list, and a comment when there is nothing new", async () => {
  const api = new TestApi();
  const gone = new AbortController();
  const parts: string[] = [];
  const reply = await api.reply("/discoveryz/stream", { signal: gone.signal });
  assert.ok("stream" in reply);
  assert.equal(reply.headers["Content-Type"], "text/event-stream");
  const read = (async (): Promise<void> => {
    for await (const part of reply.stream) parts.push(part);
  })();
  await api.clock.advance(0);
  const { index } = api.store;
  assert.match(parts.join(""), /^: midge registry\n\nevent: nodes\n/);
  assert.deepEqual(eventsIn(parts), [[index, []]]);
  await api.put("A", nodeJson(1));
  await api.clock.advance(0);
  assert.deepEqual(eventsIn(parts).at(-1), [index + 1, ["A"]]);
  await api.clock.advance(HEARTBEAT_MS - 1);
  const count = parts.length;
  await api.clock.advance(1);
  // The announcement has expired as well by now.
  assert.ok(parts.length > count);
  await api.clock.advance(HEARTBEAT_MS);
  assert.match(parts.at(-1)!, /^: .*\n\n$/);
  assert.equal(api.api.waiting.count, 1);
  gone.abort();
  await read;
  assert.equal(api.api.waiting.count, 0);
  assert.equal(api.clock.pendingTimers, 0);
});

test("a resumed stream begins after the last event that the reader had", async () => {
  const api = new TestApi();
  await api.put("A", nodeJson(1));
  const first = async (headers: Record<string, string>): Promise<string> => {
    const gone = new AbortController();
    const reply = await api.reply("/discoveryz/stream", {
      headers,
      signal: gone.signal,
    });
    assert.ok("stream" in reply);
    const stream = reply.stream[Symbol.asyncIterator]();
    await stream.next();
    const next = stream.next();
    await api.clock.advance(14_000);
    gone.abort();
    const { value } = await next;
    await stream.return?.();
    await api.put("A", nodeJson(1));
    return value;
  };
  const { index } = api.store;
  assert.match(await first({ "last-event-id": `${index}` }), /^: /);
  assert.match(await first({ "last-event-id": `${index - 1}` }), /^event: /);
  assert.match(await first({ "last-event-id": "zork" }), /^event: /);
});

function eventsIn(parts: readonly string[]): [number, string[]][] {
  return [...parts.join("").matchAll(/id: (\d+)\ndata: (.*)\n\n/g)]
    .map(([, id, data]) => {
      const list = JSON.parse(data!);
      assert.equal(list.index, Number(id));
      return [Number(id), idsOf(list)];
    });
}
