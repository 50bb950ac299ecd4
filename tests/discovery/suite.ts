/**
 * What every provider must do, run against the real thing or a fake of it:
 *
 *     describeDiscovery("etcd", { whenEmpty: "empty" }, async (t) => stage);
 *
 * `setup(t)` is called by each test; it gives a `DiscoveryStage`, whose source is
 * there and holds no nodes, and cleans up by `t.after`. What a stage leaves out
 * it cannot do, and the tests that need it are skipped with `lacks` as their
 * reason, so the capabilities have to say so beforehand:
 *
 *     put(nodes)      the source holds these nodes, and no others, from now on
 *     provider(w)     a new provider, for doors of the wanted kind
 *     cut()           nobody answers at the source any more; `mend()` undoes it
 *     stall()         the source takes questions, and answers none
 *     speak(text)     the source answers every question with this text
 *     putRaw(items)   like put, but with entries of any JSON, written as they are
 *     secret          a secret that the provider was given, which nobody may see
 */
import assert from "node:assert/strict";
import {
  type Discovery,
  DiscoveryError,
  type Snapshot,
  type Wanted,
} from "../../src/discovery/discovery.ts";
import {
  nodeOf,
  type NodeRecord,
  NODES_MAX,
} from "../../src/discovery/node_record.ts";
import { test, type TestContext } from "../support/test.ts";
import {
  ask,
  assertHides,
  failure,
  promptly,
  startWatch,
  urlsOf,
} from "./asking.ts";

export { ask, startWatch, urlsOf, type Watcher } from "./asking.ts";

export interface DiscoveryStage {
  provider(wanted: Wanted): Discovery;
  put(nodes: readonly NodeRecord[]): void | Promise<void>;
  cut?(): void | Promise<void>;
  mend?(): void | Promise<void>;
  stall?(): void | Promise<void>;
  speak?(text: string): void | Promise<void>;
  putRaw?(items: readonly unknown[]): void | Promise<void>;
  readonly secret?: string;
}

export interface DiscoveryTraits {
  /** What no nodes are: an empty answer, or an error as for a name that does not exist. */
  readonly whenEmpty: "empty" | "error";
  /** What an answer is that makes no sense. Default: an error. */
  readonly whenGarbage?: "empty" | "error";
  /** What an answer is that is too long. Default: an error. */
  readonly whenTooLong?: "empty" | "error";
  /** Texts for `speak` that make no sense here. Default: those that are no list in JSON. */
  readonly garbage?: readonly string[];
  /** False where the source knows doors only, and nobody's id. Default: true. */
  readonly tellsIds?: boolean;
  /** Doors for nodes too. Default: true. */
  readonly hasRoutes?: boolean;
  /** What stands for the node of a number. Default: `testNode`, one port of 127.0.0.1 each. */
  readonly node?: (number: number) => NodeRecord;
  /** Nodes that `put` can place when there are many. Default: 400. */
  readonly holds?: number;
  /** Whether the provider has a watch. Default: true. */
  readonly watches?: boolean;
  /** Why each of these is missing from the stage. */
  readonly lacks?: Readonly<
    Partial<
      Record<"cut" | "mend" | "stall" | "speak" | "putRaw" | "secret", string>
    >
  >;
}

export type SetUp = (t: TestContext) => Promise<DiscoveryStage>;

const GARBAGE: readonly string[] = [
  "",
  "no JSON at all",
  "<html>502</html>",
  '{"nodes":',
  "{}",
  '{"nodes":7}',
  "null",
  "7",
  '"text"',
  "[".repeat(100_000),
];

const TOO_LONG = `["${"x".repeat(2 * 1024 * 1024)}"]`;
const MANY = 400;

/** A node with a door of each kind. Others' tests use it too. */
export function testNode(number: number): NodeRecord {
  return nodeOf({
    id: `NODE${number}`,
    name: `n${number}`,
    cluster: "test",
    urls: [`nats://127.0.0.1:${4000 + number}`],
    routes: [`nats-route://127.0.0.1:${6000 + number}`],
  });
}

export function describeDiscovery(
  name: string,
  traits: DiscoveryTraits,
  setUp: SetUp,
): void {
  describeAnswers(name, traits, setUp);
  if (traits.hasRoutes !== false) describeRoutes(name, traits, setUp);
  if (traits.watches !== false) describeWatch(name, traits, setUp);
  describeFaults(name, traits, setUp);
  describeHostility(name, traits, setUp);
}

function describeAnswers(
  name: string,
  traits: DiscoveryTraits,
  setUp: SetUp,
): void {
  const { nodes, clientUrls } = makers(traits);
  test(`${name} answers with what is there`, async (t) => {
    const stage = await setUp(t);
    await stage.put(nodes(1, 2));
    const { endpoints } = await ask(stage.provider("client"));
    assert.deepEqual(urlsOf(endpoints), clientUrls(1, 2));
    if (traits.tellsIds === false) return;
    const ids = endpoints.map(({ serverId }) => serverId).sort();
    assert.deepEqual(ids, ["NODE1", "NODE2"]);
  });

  test(`${name} says when nothing is there`, async (t) => {
    const { provider } = await setUp(t);
    if (traits.whenEmpty === "error") {
      return await assert.rejects(ask(provider("client")), DiscoveryError);
    }
    const { endpoints } = await ask(provider("client"));
    assert.deepEqual(endpoints, []);
  });

  test(`${name} sees at the next question who came and who went`, async (t) => {
    const stage = await setUp(t);
    const provider = stage.provider("client");
    let last: Snapshot | undefined;
    for (const numbers of [[1], [1, 2], [2, 3], [3]]) {
      await stage.put(nodes(...numbers));
      last = await ask(provider, last);
      assert.deepEqual(urlsOf(last.endpoints), clientUrls(...numbers));
    }
  });

  test(`${name} gives the same answer to the same question`, async (t) => {
    const stage = await setUp(t);
    await stage.put(nodes(1, 2));
    const provider = stage.provider("client");
    const first = await ask(provider);
    const second = await ask(provider, first);
    assert.deepEqual(urlsOf(second.endpoints), urlsOf(first.endpoints));
  });
}

function describeRoutes(
  name: string,
  traits: DiscoveryTraits,
  setUp: SetUp,
): void {
  const { nodes } = makers(traits);

  test(`${name} gives doors for nodes to nodes`, async (t) => {
    const stage = await setUp(t);
    await stage.put(nodes(1, 2));
    const { endpoints } = await ask(stage.provider("route"));
    const urls = nodes(1, 2).flatMap(({ routes }) => routes).sort();
    assert.deepEqual(urlsOf(endpoints), urls);
  });
}

function describeWatch(
  name: string,
  traits: DiscoveryTraits,
  setUp: SetUp,
): void {
  const { nodes, clientUrls } = makers(traits);

  test(`${name} tells a watcher who came and who went`, async (t) => {
    const stage = await setUp(t);
    await stage.put(nodes(1));
    const provider = stage.provider("client");
    const last = await ask(provider);
    const watcher = startWatch(t, provider, last);
    for (const numbers of [[1, 2], [2, 3], [3]]) {
      await stage.put(nodes(...numbers));
      await watcher.sees(clientUrls(...numbers));
    }
  });

  test(`${name} tells a watcher what changed before it came`, async (t) => {
    const stage = await setUp(t);
    await stage.put(nodes(1));
    const provider = stage.provider("client");
    const last = await ask(provider);
    await stage.put(nodes(2));
    await startWatch(t, provider, last).sees(clientUrls(2));
  });

  test(`${name} tells a watcher who knows nothing what is there`, async (t) => {
    const stage = await setUp(t);
    await stage.put(nodes(1));
    const provider = stage.provider("client");
    await startWatch(t, provider).sees(clientUrls(1));
  });

  test(`${name} ends a watch when its signal aborts`, async (t) => {
    const stage = await setUp(t);
    await stage.put(nodes(1));
    const watcher = startWatch(t, stage.provider("client"));
    await watcher.sees(clientUrls(1));
    const next = watcher.next();
    watcher.abort();
    await promptly(next.catch(() => {}), "the end of the watch");
  });
}

function describeFaults(
  name: string,
  traits: DiscoveryTraits,
  setUp: SetUp,
): void {
  const { nodes, clientUrls } = makers(traits);
  const lacks = traits.lacks ?? {};

  test(`${name} does nothing for a signal that has aborted`, async (t) => {
    const stage = await setUp(t);
    await stage.put(nodes(1));
    const why = new Error("given up");
    const signal = AbortSignal.abort(why);
    const asked = stage.provider("client").resolve({
      signal,
      reason: "manual",
    });
    await promptly(assert.rejects(asked, why), "the rejection");
  });

  test(`${name} stops asking a source that is silent when the signal aborts`, {
    skip: lacks.stall ?? false,
  }, async (t) => {
    const stage = await setUp(t);
    await stage.put(nodes(1));
    await stage.stall!();
    const why = new Error("given up");
    const aborter = new AbortController();
    const asked = stage.provider("client").resolve({
      signal: aborter.signal,
      reason: "manual",
    });
    setTimeout(() => aborter.abort(why), 50);
    await promptly(assert.rejects(asked, why), "the rejection");
  });

  test(`${name} rejects when its source cannot be reached, and recovers`, {
    skip: lacks.cut ?? lacks.mend ?? false,
  }, async (t) => {
    const stage = await setUp(t);
    await stage.put(nodes(1));
    const provider = stage.provider("client");
    const last = await ask(provider);
    await stage.cut!();
    const error = await failure(ask(provider, last));
    if (stage.secret !== undefined) assertHides(error, stage.secret);
    await stage.mend!();
    await stage.put(nodes(2));
    const { endpoints } = await ask(provider, last);
    assert.deepEqual(urlsOf(endpoints), clientUrls(2));
  });

  test(`${name} shows its secret nowhere`, {
    skip: lacks.secret ?? false,
  }, async (t) => {
    const stage = await setUp(t);
    await stage.put(nodes(1));
    const provider = stage.provider("client");
    const told = JSON.stringify([provider.name, await ask(provider)]);
    assert.ok(!told.includes(stage.secret!), told);
  });
}

function describeHostility(
  name: string,
  traits: DiscoveryTraits,
  setUp: SetUp,
): void {
  const { nodes } = makers(traits);
  const lacks = traits.lacks ?? {};

  test(`${name} makes nothing of an answer that makes no sense`, {
    skip: lacks.speak ?? false,
  }, async (t) => {
    const stage = await setUp(t);
    const provider = stage.provider("client");
    for (const text of traits.garbage ?? GARBAGE) {
      await stage.speak!(text);
      if (traits.whenGarbage === "empty") {
        assert.deepEqual((await ask(provider)).endpoints, [], text);
        continue;
      }
      const error = await failure(ask(provider), text.slice(0, 40));
      if (stage.secret !== undefined) assertHides(error, stage.secret);
    }
  });

  test(`${name} refuses an answer that is too long`, {
    skip: lacks.speak ?? false,
  }, async (t) => {
    const stage = await setUp(t);
    await stage.speak!(TOO_LONG);
    const asked = ask(stage.provider("client"));
    if (traits.whenTooLong !== "empty") return void await failure(asked);
    assert.deepEqual((await asked).endpoints, []);
  });

  test(`${name} leaves out what nobody could dial`, {
    skip: lacks.putRaw ?? false,
  }, async (t) => {
    const stage = await setUp(t);
    await stage.putRaw!(HOSTILE);
    const { endpoints } = await ask(stage.provider("client"));
    assert.deepEqual(urlsOf(endpoints), HOSTILE_URLS);
    assert.doesNotMatch(JSON.stringify(endpoints), /\\u00|\\n|hunter2|rogue/);
    assert.ok(endpoints.every(({ lameDuck }) => lameDuck !== true));
  });

  test(`${name} does not take more nodes than there may be`, async (t) => {
    const stage = await setUp(t);
    const count = traits.holds ?? MANY;
    await stage.put(nodes(...Array.from({ length: count }, (_, at) => at + 1)));
    const { endpoints } = await ask(stage.provider("client"));
    assert.equal(endpoints.length, Math.min(count, NODES_MAX));
  });
}

/** Entries as an attacker, or a bad script, would write them. */
const HOSTILE: readonly unknown[] = [
  null,
  7,
  [],
  { id: "rogue" },
  { id: "rogue1", urls: "javascript:alert(1)" },
  { id: "rogue2", urls: ["nats://127.0.0.1:0", "nats://127.0.0.1:70000"] },
  { id: "rogue3", urls: [`nats://${"x".repeat(600)}:4222`] },
  { id: "rogue4", urls: ["nats://a\r\nCONNECT:4222", "file:///etc/passwd"] },
  { id: "rogue5", urls: { length: 1, 0: "nats://127.0.0.1:1" } },
  { id: "N1\n[ERR] forged", name: "\u001b[31m", urls: ["nats://127.0.0.1:1"] },
  { id: "N2", urls: ["nats://root:hunter2@127.0.0.1:2"], priority: -1 },
  // As an own key, which an object literal could not have.
  JSON.parse('{"urls":["127.0.0.1:3"],"__proto__":{"lameDuck":true}}'),
];
const HOSTILE_URLS: readonly string[] = [1, 2, 3].map((port) =>
  `nats://127.0.0.1:${port}`
);

/** Makes nodes of numbers, as this source can hold them. */
function makers({ node = testNode }: DiscoveryTraits): {
  nodes(...numbers: readonly number[]): NodeRecord[];
  clientUrls(...numbers: readonly number[]): string[];
} {
  return {
    nodes: (...numbers) => numbers.map(node),
    clientUrls: (...numbers) =>
      numbers.flatMap((number) => node(number).urls).sort(),
  };
}
