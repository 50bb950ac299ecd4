/** The list that stays: what it takes, what it hides, and the suite of all providers. */
import assert from "node:assert/strict";
import { DiscoveryError, type Wanted } from "../../src/discovery/discovery.ts";
import type { NodeRecord } from "../../src/discovery/node_record.ts";
import { staticList } from "../../src/discovery/providers/static_list.ts";
import { test } from "../support/test.ts";
import { ask, describeDiscovery, urlsOf } from "./suite.ts";

const HAS_NO_SOURCE = "a list in memory has no source that could fail";

describeDiscovery("a static list", {
  whenEmpty: "empty",
  tellsIds: false,
  watches: false,
  holds: 20,
  lacks: {
    cut: HAS_NO_SOURCE,
    mend: HAS_NO_SOURCE,
    stall: HAS_NO_SOURCE,
    speak: HAS_NO_SOURCE,
    putRaw: "it takes URLs only, and throws for what is none",
  },
}, () => {
  let nodes: readonly NodeRecord[] = [];
  return Promise.resolve({
    secret: "hunter2",
    put: (others) => void (nodes = others),
    // A list never changes, so each question makes the one of that moment.
    provider: (wanted) => ({
      name: listOf(nodes, wanted).name,
      resolve: (options) => listOf(nodes, wanted).resolve(options),
    }),
  });
});

function listOf(nodes: readonly NodeRecord[], wanted: Wanted) {
  const urls = nodes.flatMap((node) =>
    wanted === "client" ? node.urls : node.routes
  );
  return staticList(urls.map((url) => url.replace("//", "//user:hunter2@")));
}

test("a static list completes its URLs, drops what is said twice, and is named after them", async () => {
  const list = staticList([
    "A.example",
    "nats://a.example:4222",
    "tls://[::1]:5222",
    "nats-route://b",
  ]);
  const { endpoints, authoritative } = await ask(list);
  const urls = [
    "nats://a.example:4222",
    "tls://[::1]:5222",
    "nats-route://b:6222",
  ];
  assert.deepEqual(endpoints, urls.map((url) => ({ url })));
  assert.equal(list.name, urls.join(","));
  assert.equal(authoritative, true);
  assert.equal(list.watch, undefined);
});

test("a static list of nothing has a name all the same", async () => {
  const list = staticList([]);
  assert.equal(list.name, "static");
  assert.deepEqual(urlsOf((await ask(list)).endpoints), []);
});

for (
  const url of [
    "",
    "http://user:hunter2@a:80",
    "nats://user:hunter2@a:99999",
    "nats://user:hunter2@a\nb",
    "nats://user:hunter2@a b",
    "user:hunter2@:4222",
  ]
) {
  test(`a static list refuses ${JSON.stringify(url)} and does not quote its password`, () => {
    assert.throws(() => staticList(["nats://a", url]), (error) => {
      assert.ok(error instanceof DiscoveryError);
      assert.doesNotMatch(error.message, /hunter2|\n/);
      return true;
    });
  });
}
