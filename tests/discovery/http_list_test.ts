/** Lists at a URL: the suite, and what only HTTP does. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Discovery, Wanted } from "../../src/discovery/discovery.ts";
import {
  httpList,
  LIST_ANSWER_TIMEOUT_MS,
  LIST_POLL_MS,
  LIST_SILENCE_MAX_MS,
} from "../../src/discovery/providers/http_list.ts";
import type { Fetched } from "../../src/platform/fetch.ts";
import type { AskingPlatform } from "../../src/discovery/sources/http_ask.ts";
import { nodeToJson } from "../../src/discovery/node_record.ts";
import { platform } from "../../src/runtime/mod.ts";
import { seededRandom } from "../support/random.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import {
  type HttpSource,
  IndexedList,
  startHttpSource,
} from "./http_source.ts";
import {
  ask,
  describeDiscovery,
  type DiscoveryStage,
  startWatch,
  testNode,
  urlsOf,
} from "./suite.ts";

const SECRET = "s3cr3t";

describeDiscovery("an HTTP list", {
  whenEmpty: "empty",
}, async (t) => {
  const source = await startHttpSource(t);
  const list = new IndexedList(source);
  return { ...stageOf(source), ...listStage(list, source) };
});

function stageOf(source: HttpSource): Omit<DiscoveryStage, "put"> {
  const url = `${source.url}/nodes?token=${SECRET}`
    .replace("//", `//root:${SECRET}@`);
  return {
    secret: SECRET,
    provider: (wanted) => httpList({ url }, platform, wanted),
    speak: (text) => source.speak(text),
    stall: () => source.stall(),
    cut: () => source.close(),
    mend: () => source.open(),
  };
}

function listStage(
  list: IndexedList,
  source: HttpSource,
): Pick<DiscoveryStage, "put" | "putRaw"> {
  return {
    put: (nodes) => list.put(nodes.map(nodeToJson)),
    putRaw: (items) => source.speak(JSON.stringify(items)),
  };
}

interface Scene {
  readonly source: HttpSource;
  readonly clock: VirtualClock;
  readonly provider: Discovery;
}

async function scene(
  t: TestContext,
  path: string = "/nodes",
  wanted: Wanted = "client",
): Promise<Scene> {
  const source = await startHttpSource(t);
  const clock = new VirtualClock();
  const still: AskingPlatform = { ...platform, clock };
  const url = source.url + path;
  return { source, clock, provider: httpList({ url }, still, wanted) };
}

/** A client waits for another list. */
function aWait(list: IndexedList, clock: VirtualClock): Promise<void> {
  return until("a wait", async () => {
    await clock.advance(100);
    return list.waiting === 1;
  });
}

test("a list may be of URLs alone", async (t) => {
  const { source, provider } = await scene(t);
  source.speak('["nats://127.0.0.1:1", "127.0.0.1:2"]');
  const { endpoints } = await ask(provider);
  assert.deepEqual(urlsOf(endpoints), [
    "nats://127.0.0.1:1",
    "nats://127.0.0.1:2",
  ]);
});

test("credentials of the URL go into a header, and its query is kept", async (t) => {
  const { source } = await scene(t);
  const url = source.url.replace("//", "//us%40er:p%3Ass@") + "/a?b=c#d";
  const provider = httpList({ url }, platform, "client");
  await ask(provider);
  const [request = assert.fail()] = source.requests;
  assert.equal(request.url, "/a?b=c");
  assert.equal(request.headers.authorization, `Basic ${btoa("us@er:p:ss")}`);
  assert.doesNotMatch(provider.name, /us%40er|p%3Ass/);
});

test("a URL that is none of HTTP is refused", () => {
  for (const url of ["", "ftp://h/", "file:///etc/passwd", "http://"]) {
    assert.throws(() => httpList({ url }, platform, "client"), {
      name: "DiscoveryError",
    });
  }
});

test("a list that has not changed is not sent again", async (t) => {
  const { source, provider } = await scene(t);
  const text = JSON.stringify(testNode(1).urls);
  source.speak(text, { ETag: '"one"', "Cache-Control": "max-age=7" });
  const first = await ask(provider);
  source.speak("", { ETag: '"one"', "Cache-Control": "max-age=9" }, 304);
  const second = await ask(provider, first);
  assert.equal(source.requests[1]!.headers["if-none-match"], '"one"');
  assert.deepEqual(first.ttlMs, 7000);
  assert.deepEqual(second, { ...first, ttlMs: 9000 });
});

test("nobody who has no list gets none for an answer", async (t) => {
  const { source, provider } = await scene(t);
  source.speak("", { ETag: '"one"' }, 304);
  await assert.rejects(ask(provider), { name: "DiscoveryError" });
});

for (
  const [header, ttlMs] of [
    ["max-age=30", 30_000],
    ["public, max-age=30, must-revalidate", 30_000],
    ["s-maxage=9, max-age=0", 0],
    ["max-age=9999999999", 3_600_000],
    ["max-age=30, no-cache", undefined],
    ["no-store", undefined],
    ["max-age=soon", undefined],
    ["", undefined],
  ] as const
) {
  test(`Cache-Control "${header}" makes a TTL of ${ttlMs} ms`, async (t) => {
    const { source, provider } = await scene(t);
    source.speak("[]", { "Cache-Control": header });
    assert.equal((await ask(provider)).ttlMs, ttlMs);
  });
}

test("an answer of another status is an error, and its body is not told", async (t) => {
  const { source, provider } = await scene(t);
  for (const status of [204, 201, 401, 404, 500, 503]) {
    source.speak(status === 204 ? "" : '["127.0.0.1:1"]', {}, status);
    await assert.rejects(ask(provider), {
      message: `Cannot ask "${provider.name}": status ${status}`,
    });
  }
});

test("a redirect is not followed", async (t) => {
  const { source, provider } = await scene(t);
  const other = await startHttpSource(t);
  source.speak("", { Location: other.url }, 302);
  await assert.rejects(ask(provider), {
    message: `Cannot ask "${provider.name}": it refers to another URL`,
  });
  assert.equal(other.requests.length, 0);
});

test("a list that says it is not complete does not claim that there is nobody", async (t) => {
  const { source, provider } = await scene(t);
  source.speak('{"nodes":[],"complete":false}');
  assert.equal((await ask(provider)).authoritative, false);
  source.speak('{"nodes":[]}');
  assert.equal((await ask(provider)).authoritative, true);
});

test("a body that never ends ends with the signal", async (t) => {
  const { source, provider } = await scene(t);
  const why = new Error("given up");
  const aborter = new AbortController();
  let closed: Promise<unknown> = Promise.resolve();
  source.handle = (_, response) => {
    closed = once(response, "close");
    response.write("[");
    setTimeout(() => aborter.abort(why), 20);
  };
  const asked = provider.resolve({ signal: aborter.signal, reason: "manual" });
  await assert.rejects(asked, why);
  await closed;
});

test("a list with an index is waited for, and other parameters are kept", async (t) => {
  const { source, clock, provider } = await scene(t, "/nodes?tag=a");
  const list = new IndexedList(source);
  const watcher = startWatch(t, provider);
  await watcher.sees([]);
  const next = watcher.sees(testNode(1).urls);
  await aWait(list, clock);
  assert.equal(source.requests.at(-1)!.url, "/nodes?tag=a&index=1&wait=55s");
  list.put([nodeToJson(testNode(1))]);
  await next;
});

test("a wait that ends without a change is no news, and begins anew", async (t) => {
  const { source, clock, provider } = await scene(t);
  const list = new IndexedList(source);
  list.put([nodeToJson(testNode(1))]);
  const watcher = startWatch(t, provider);
  await watcher.sees(testNode(1).urls);
  const next = watcher.sees(testNode(2).urls);
  for (let round = 0; round < 3; round++) {
    await aWait(list, clock);
    await clock.advance(55_000);
    list.answerAll();
  }
  await aWait(list, clock);
  list.put([nodeToJson(testNode(2))]);
  await next;
});

test("an index that goes back is followed", async (t) => {
  const { source, clock, provider } = await scene(t);
  const list = new IndexedList(source);
  list.put([nodeToJson(testNode(1))], 1000);
  const watcher = startWatch(t, provider);
  await watcher.sees(testNode(1).urls);
  for (const [number, index] of [[2, 3], [3, 4], [4, 1]] as const) {
    const next = watcher.sees(testNode(number).urls);
    await aWait(list, clock);
    list.put([nodeToJson(testNode(number))], index);
    await next;
  }
});

for (
  const [what, indexOf] of [
    ["never waits", () => 7],
    ["always has another index", (count: number) => count],
    ["forgets its index", (count: number) => count % 2 === 0 ? 7 : undefined],
  ] as const
) {
  test(`a server that ${what} is not asked without end`, async (t) => {
    const clock = new VirtualClock();
    let count = 0;
    const provider = promptList(clock, () => {
      const nodes = ["127.0.0.1:1"];
      return { index: indexOf(count++), nodes };
    });
    const watcher = startWatch(t, provider);
    await watcher.sees(["nats://127.0.0.1:1"]);
    const next = watcher.next();
    await clock.advance(10 * LIST_POLL_MS);
    assert.ok(count >= 8 && count <= 14, `${count} questions`);
    watcher.abort();
    await next;
    assert.equal(clock.pendingTimers, 0);
  });
}

/** A list that is answered in no time at all, so that only the clock counts. */
function promptList(clock: VirtualClock, json: () => unknown): Discovery {
  const fetch = (): Promise<Fetched> =>
    Promise.resolve({
      status: 200,
      headers: new Headers(),
      body: bytesOf(JSON.stringify(json())),
    });
  const random = seededRandom(1);
  return httpList({ url: "http://x/" }, { clock, random, fetch }, "client");
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(new TextEncoder().encode(text));
}

test("a list without an index is looked at now and then", async (t) => {
  const clock = new VirtualClock();
  let list = ["127.0.0.1:1"];
  let questions = 0;
  const provider = promptList(clock, () => {
    questions++;
    return list;
  });
  const watcher = startWatch(t, provider);
  await watcher.sees(["nats://127.0.0.1:1"]);
  const next = watcher.sees(["nats://127.0.0.1:2"]);
  list = ["127.0.0.1:2"];
  await clock.advance(LIST_POLL_MS * 0.7);
  assert.equal(questions, 1);
  await clock.advance(LIST_POLL_MS * 0.6);
  assert.equal(questions, 2);
  await next;
});

test("a wait that never ends makes the watch throw", async (t) => {
  const { source, clock, provider } = await scene(t);
  const list = new IndexedList(source);
  list.put([nodeToJson(testNode(1))]);
  const watcher = startWatch(t, provider);
  await watcher.sees(testNode(1).urls);
  const next = assert.rejects(watcher.next(), {
    message: `Cannot ask "${provider.name}": it has fallen silent`,
  });
  await aWait(list, clock);
  await clock.advance(LIST_SILENCE_MAX_MS);
  await next;
  assert.equal(clock.pendingTimers, 0);
});

test("a look that is never answered makes the watch throw", async (t) => {
  const { source, clock, provider } = await scene(t);
  source.stall();
  const watcher = startWatch(t, provider);
  const next = assert.rejects(watcher.next(), {
    message: `Cannot ask "${provider.name}": it has fallen silent`,
  });
  await until("the question", () => source.requests.length === 1);
  await clock.advance(LIST_ANSWER_TIMEOUT_MS);
  await next;
  assert.equal(clock.pendingTimers, 0);
});

test("a watch throws when the source goes away", async (t) => {
  const { source, clock, provider } = await scene(t);
  const list = new IndexedList(source);
  const watcher = startWatch(t, provider);
  await watcher.sees([]);
  const next = assert.rejects(watcher.next(), { name: "DiscoveryError" });
  await aWait(list, clock);
  await source.close();
  await next;
});
