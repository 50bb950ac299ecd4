/** Nodes out of JSON that anybody may have written: what is taken, what is left out, and the bounds. */
import assert from "node:assert/strict";
import {
  doorUrl,
  endpointsOf,
  nodeFrom,
  nodeOf,
  NODES_MAX,
  nodesFrom,
  nodeToJson,
  TEXT_CHARS_MAX,
  URLS_PER_NODE_MAX,
} from "../../src/discovery/node_record.ts";
import { test } from "../support/test.ts";

const WHOLE = nodeOf({
  id: "NA1",
  name: "a",
  cluster: "article",
  urls: ["nats://127.0.0.1:4222", "tls://[::1]:5222"],
  routes: ["nats-route://127.0.0.1:4248"],
  monitor: "http://127.0.0.1:8222",
  lameDuck: true,
  priority: 0,
  weight: 65535,
});

test("a node goes through JSON and back", () => {
  const json = JSON.parse(JSON.stringify(nodeToJson(WHOLE)));
  assert.deepEqual(nodeFrom(json), WHOLE);
});

test("a node in JSON says nothing of what it does not have", () => {
  const node = nodeOf({ urls: ["nats://a:4222"] });
  assert.deepEqual(nodeToJson(node), { urls: ["nats://a:4222"] });
  assert.deepEqual(nodeFrom(nodeToJson(node)), node);
});

test("a node has endpoints for clients and others for nodes", () => {
  const rest = {
    serverId: "NA1",
    serverName: "a",
    cluster: "article",
    lameDuck: true,
    priority: 0,
    weight: 65535,
  };
  assert.deepEqual(endpointsOf(WHOLE, "client"), [
    { url: "nats://127.0.0.1:4222", ...rest },
    { url: "tls://[::1]:5222", ...rest },
  ]);
  assert.deepEqual(endpointsOf(WHOLE, "route"), [
    { url: "nats-route://127.0.0.1:4248", ...rest },
  ]);
  const plain = nodeOf({ urls: ["nats://a:4222"] });
  assert.deepEqual(endpointsOf(plain, "client"), [{ url: "nats://a:4222" }]);
  assert.deepEqual(endpointsOf(plain, "route"), []);
});

const DOORS: Readonly<Record<string, string | undefined>> = {
  "a": "nats://a:4222",
  "a:1": "nats://a:1",
  "A.Example": "nats://a.example:4222",
  " nats://a/ \n": "nats://a:4222",
  "TLS://a": "tls://a:4222",
  "tcp://a": "nats://a:4222",
  "TCP://u:p@a:1/": "nats://a:1",
  "nats-route://a": "nats-route://a:6222",
  "127.0.0.1:65535": "nats://127.0.0.1:65535",
  "[::1]": "nats://[::1]:4222",
  "[2001:DB8::1]:5": "nats://[2001:db8::1]:5",
  "[::ffff:10.0.0.1]:5": "nats://[::ffff:10.0.0.1]:5",
  "[fe80::1%eth0]:5": "nats://[fe80::1%eth0]:5",
  "nats://u:p@a:1": "nats://a:1",
  "nats://u:p@ss@a:1": "nats://a:1",
  "": undefined,
  "  ": undefined,
  ":4222": undefined,
  "a:": undefined,
  "a:0": undefined,
  "a:65536": undefined,
  "a:-1": undefined,
  "a:1.5": undefined,
  "a:0x10": undefined,
  "a:1:2": undefined,
  "::1": undefined,
  "[::1": undefined,
  "[]:1": undefined,
  "[a]:1": undefined,
  "[::1]x:1": undefined,
  "a b": undefined,
  "a,b": undefined,
  'a"b': undefined,
  "a'b": undefined,
  "a\\b": undefined,
  "<a>": undefined,
  "a%0ab": undefined,
  "*": undefined,
  "nats://a/path": undefined,
  "nats://a?x=1": undefined,
  "nats://a#x": undefined,
  "nats://a\nb": undefined,
  "nats://a\u0000": undefined,
  "nats://\u202ea": undefined,
  "nats://u:p@": undefined,
  "http://a": undefined,
  "ws://a": undefined,
  "file:///etc/passwd": undefined,
  "javascript:alert(1)": undefined,
  "constructor://a": undefined,
  "constructor://a:1": undefined,
  "nats:a": undefined,
  "//a": undefined,
};

for (const [text, door] of Object.entries(DOORS)) {
  const verdict = door === undefined ? "is no door" : `is ${door}`;
  test(`${JSON.stringify(text)} ${verdict}`, () => {
    assert.equal(doorUrl(text), door);
  });
}

test("a door is bounded in length", () => {
  const long = `nats://${"x".repeat(TEXT_CHARS_MAX - 7)}`;
  assert.equal(doorUrl(long), `${long}:4222`);
  assert.equal(doorUrl(`${long}x`), undefined);
  assert.equal(doorUrl("[".repeat(1e6)), undefined);
});

/** Each makes a node of `{ urls: ["nats://a:4222"] }`: the nonsense in it is left out. */
const NONSENSE: readonly Readonly<Record<string, unknown>>[] = [
  { id: 7, name: null, cluster: ["x"], monitor: {}, lameDuck: "yes" },
  { id: "x".repeat(TEXT_CHARS_MAX + 1) },
  { id: "a\n[ERR] forged", name: "\u001b[31m", cluster: "a\u2028b" },
  { name: "\u202egnp.exe", id: "\u0000", cluster: "\u009b31m" },
  { priority: -1, weight: 65536 },
  { priority: 1.5, weight: "7" },
  { priority: NaN, weight: Infinity },
  { priority: null, weight: true },
  { monitor: "ftp://a" },
  { monitor: "javascript:alert(1)" },
  { monitor: "http://" },
  { monitor: "http://user:hunter2@a:8222" },
  { monitor: "http://a/\r\nX: 1" },
  { monitor: `http://${"a".repeat(TEXT_CHARS_MAX)}` },
  { routes: ["nats://a:1", "http://a", 7, null, "nats-route://a:0"] },
  { routes: "nats://a:1" },
  { routes: { length: 1, 0: "nats-route://a:1" } },
  { secret: "hunter2", token: "hunter2", urls: ["nats://u:hunter2@a:4222"] },
  JSON.parse('{ "__proto__": { "lameDuck": true, "id": "x" } }'),
];

for (const fields of NONSENSE) {
  test(`of a node, ${JSON.stringify(fields).slice(0, 70)} is left out`, () => {
    const node = nodeFrom({ urls: ["nats://a:4222"], ...fields });
    assert.deepEqual(node, nodeOf({ urls: ["nats://a:4222"] }));
  });
}

test("what names no door is no node", () => {
  const nothing = [
    null,
    undefined,
    7,
    "a",
    true,
    [],
    {},
    { id: "a" },
    {
      urls: [],
    },
    { urls: ["http://a"] },
    { urls: 7 },
    { url: null },
    { urls: [["a"]] },
  ];
  for (const json of nothing) assert.equal(nodeFrom(json), undefined);
});

test("a node may have its doors under other names, and mixed", () => {
  const node = nodeFrom({
    serverId: "N",
    url: "a:1",
    routes: ["nats-route://b:2"],
  });
  assert.deepEqual(
    node,
    nodeOf({ id: "N", urls: ["nats://a:1"], routes: ["nats-route://b:2"] }),
  );
  const mixed = nodeFrom({ urls: ["nats-route://b:2", "a:1", "nats://a:1"] });
  assert.deepEqual(
    mixed,
    nodeOf({ urls: ["nats://a:1"], routes: ["nats-route://b:2"] }),
  );
});

test("a door stands once in a node, whichever way it was named", () => {
  const node = nodeFrom({
    urls: ["nats-route://b:2", "nats://A:1"],
    routes: ["nats-route://B:2"],
  });
  assert.deepEqual(node!.routes, ["nats-route://b:2"]);
});

test("a list may stand alone or in an object, and mix URLs with nodes", () => {
  const list = ["a:1", { id: "N", urls: ["b:2"] }, "http://c", null, 7];
  const nodes = [
    nodeOf({ urls: ["nats://a:1"] }),
    nodeOf({ id: "N", urls: ["nats://b:2"] }),
  ];
  assert.deepEqual(nodesFrom(list), nodes);
  assert.deepEqual(nodesFrom({ nodes: list }), nodes);
  assert.deepEqual(nodesFrom({ endpoints: list }), nodes);
  assert.deepEqual(nodesFrom([]), []);
});

test("what is no list is no list, rather than an empty one", () => {
  for (const json of [null, undefined, 7, "a:1", true, {}, { nodes: 7 }]) {
    assert.equal(nodesFrom(json), undefined);
  }
});

test("nodes and their doors are bounded in number", () => {
  const many = Array.from({ length: 5000 }, (_, at) => `h${at}:1`);
  assert.equal(nodesFrom(many)!.length, NODES_MAX);
  const node = nodeFrom({
    urls: many,
    routes: many.map((one) => `nats-route://${one}`),
  })!;
  assert.equal(node.urls.length, URLS_PER_NODE_MAX);
  assert.equal(node.routes.length, URLS_PER_NODE_MAX);
  const mixed = nodeFrom({
    urls: many.map((one) => `nats-route://x${one}`),
    routes: many.map((one) => `nats-route://${one}`),
  })!;
  assert.equal(mixed.routes.length, URLS_PER_NODE_MAX);
});
