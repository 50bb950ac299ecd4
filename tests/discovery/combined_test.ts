/** Several providers as one: the suite of all providers, and what is a combination's own. */
import assert from "node:assert/strict";
import { combined } from "../../src/discovery/finding/combined.ts";
import {
  type Discovery,
  DiscoveryError,
  type Snapshot,
  type Wanted,
} from "../../src/discovery/discovery.ts";
import {
  endpointsOf,
  type NodeRecord,
} from "../../src/discovery/node_record.ts";
import { test, type TestContext } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import {
  doors,
  FakeProvider,
  FakeWatched,
  numbersOf,
  UNSURE,
} from "./fake_provider.ts";
import { ask, describeDiscovery, startWatch } from "./suite.ts";
import { rejection } from "../support/rejection.ts";

const IN_MEMORY = "its parts are in memory and read no text";

describeDiscovery("a combination", {
  whenEmpty: "empty",
  holds: 20,
  lacks: { speak: IN_MEMORY, putRaw: IN_MEMORY, secret: IN_MEMORY },
}, () => {
  const sources = [new Source(), new Source()];
  return Promise.resolve({
    put: (nodes) =>
      sources.forEach((source, share) =>
        source.hold(nodes.filter((_, index) => index % 2 === share))
      ),
    provider: (wanted) => combined(sources.map((one) => one.part(wanted))),
    cut: () => sources.forEach((source) => source.mood = "down"),
    mend: () => sources.forEach((source) => source.mood = "well"),
    stall: () => sources.forEach((source) => source.mood = "silent"),
  });
});

/** Nodes in memory, and parts that tell of them. */
class Source {
  mood: "well" | "down" | "silent" = "well";
  #nodes: readonly NodeRecord[] = [];
  #version = 0;
  readonly #watchers = new Set<() => void>();

  hold(nodes: readonly NodeRecord[]): void {
    this.#nodes = nodes;
    this.#version++;
    this.#watchers.forEach((wake) => wake());
  }

  part(wanted: Wanted): Discovery {
    return {
      name: `source-${wanted}`,
      resolve: () => this.#answer(wanted),
      watch: ({ last }) => this.#stream(wanted, last?.version),
    };
  }

  #answer(wanted: Wanted): Promise<Snapshot> {
    if (this.mood === "silent") return new Promise(() => {});
    if (this.mood === "down") {
      return Promise.reject(new DiscoveryError("It is down"));
    }
    return Promise.resolve({
      endpoints: this.#nodes.flatMap((node) => endpointsOf(node, wanted)),
      version: `${this.#version}`,
      authoritative: true,
    });
  }

  async *#stream(
    wanted: Wanted,
    known: string | undefined,
  ): AsyncGenerator<Snapshot> {
    for (let told = known;; told = `${this.#version}`) {
      while (told === `${this.#version}`) {
        await new Promise<void>((wake) => this.#watchers.add(wake));
      }
      yield await this.#answer(wanted);
    }
  }
}

interface Pair {
  readonly one: FakeWatched;
  readonly other: FakeWatched;
  readonly both: Discovery;
  readonly clock: VirtualClock;
}

function pair(): Pair {
  const clock = new VirtualClock();
  const one = new FakeWatched(clock, "fake://one").says(doors(1));
  const other = new FakeWatched(clock, "fake://other").says(doors(2));
  return { one, other, both: combined([one, other]), clock };
}

test("a combination joins the names of its parts, up to a bound", () => {
  assert.equal(pair().both.name, "fake://one,fake://other");
  assert.equal(combined([]).name, "none");
  const clock = new VirtualClock();
  const long = new FakeProvider(clock, "x".repeat(400));
  assert.equal(combined([long, long]).name.length, 512);
});

test("a combination answers with the providers that answered", async () => {
  const { one, other, both } = pair();
  one.fails();
  assert.deepEqual(numbersOf((await ask(both)).endpoints), [2]);
  one.says(doors(1));
  other.answerBy(() => {
    throw new TypeError("no");
  });
  const { endpoints } = await ask(both);
  assert.deepEqual(numbersOf(endpoints), [1, 2], "what it said before counts");
});

test("a combination fails only when all fail, and tells why each did", async () => {
  const { one, other, both } = pair();
  one.fails("First");
  other.fails("Second");
  const error = await rejection(ask(both));
  assert.ok(error instanceof DiscoveryError);
  assert.match(error.message, /None of "fake:\/\/one,fake:\/\/other" answered/);
  assert.ok(error.cause instanceof AggregateError);
  assert.deepEqual(
    error.cause.errors.map(({ message }) => message),
    ["First", "Second"],
  );
});

test("each part of a combination is handed its own last answer", async () => {
  const { one, other, both } = pair();
  one.says({ ...doors(1), version: "a" });
  other.says({ ...doors(2), version: "b" });
  const last = await ask(both);
  await ask(both, last);
  assert.equal(one.asked[1]!.last?.version, "a");
  assert.equal(other.asked[1]!.last?.version, "b");
});

test("a combination names each door once, as the first part describes it", async () => {
  const { one, other, both } = pair();
  one.says({
    authoritative: true,
    endpoints: [{ url: "nats://n1:4222", serverName: "first" }],
  });
  other.says(doors(1, 2));
  const { endpoints } = await ask(both);
  assert.deepEqual(numbersOf(endpoints), [1, 2]);
  assert.equal(endpoints[0]!.serverName, "first");
});

test("a combination means an empty answer only if all parts answered and mean it", async () => {
  for (
    const [how, authoritative] of [
      ["sure", true],
      ["unsure", false],
      ["down", false],
    ] as const
  ) {
    const { one, other, both } = pair();
    one.says(doors());
    if (how === "sure") other.says(doors());
    if (how === "unsure") other.says(UNSURE);
    if (how === "down") other.fails();
    assert.equal((await ask(both)).authoritative, authoritative, how);
  }
});

test("a combination is good for as long as its shortest-lived part", async () => {
  const { one, other, both } = pair();
  assert.equal((await ask(both)).ttlMs, undefined);
  one.says({ ...doors(1), ttlMs: 9000 });
  other.says({ ...doors(2), ttlMs: 7000 });
  assert.equal((await ask(both)).ttlMs, 7000);
});

test("a watched combination tells of the first part at once, though another hangs", async (t) => {
  const { one, both, clock } = pair();
  const watcher = startWatch(t, both);
  const next = watcher.next();
  await clock.advance(0);
  one.push(doors(1));
  const { value } = await next;
  assert.deepEqual(numbersOf(value.endpoints), [1]);
  assert.equal(value.authoritative, false, "not all have spoken");
});

test("what a part pushes takes the place of its own share only", async (t) => {
  const { one, other, both } = pair();
  await ask(both);
  const seen = await seenBy(t, both, () => other.push(doors(7, 8)));
  assert.deepEqual(seen, [1, 7, 8]);
  assert.deepEqual(await seenBy(t, both, () => one.push(doors())), [7, 8]);
});

test("a part without a watch is asked once, and tells what it says", async (t) => {
  const clock = new VirtualClock();
  const plain = new FakeProvider(clock).says(doors(3));
  const watched = new FakeWatched(clock);
  const both = combined([plain, watched]);
  const watcher = startWatch(t, both);
  const { value } = await watcher.next();
  assert.deepEqual(numbersOf(value.endpoints), [3]);
  const next = watcher.next();
  await clock.advance(0);
  watched.push(doors(4));
  assert.deepEqual(numbersOf((await next).value.endpoints), [3, 4]);
  assert.equal(plain.asked.length, 1);
});

test("a combination has a watch only if one of its parts has", () => {
  const clock = new VirtualClock();
  assert.equal(combined([new FakeProvider(clock)]).watch, undefined);
  assert.equal(combined([]).watch, undefined);
});

test("a watched combination outlives the watch of one part, not of all", async (t) => {
  const { one, other, both, clock } = pair();
  const watcher = startWatch(t, both);
  const first = watcher.next();
  await clock.advance(0);
  one.breakWatches(new DiscoveryError("Torn"));
  await clock.advance(0);
  other.push(doors(2));
  assert.deepEqual(numbersOf((await first).value.endpoints), [2]);
  const second = watcher.next();
  other.breakWatches();
  const error = await rejection(second);
  assert.ok(error instanceof DiscoveryError);
  assert.match(error.message, /Every watch of .* ended/);
  assert.ok(error.cause instanceof AggregateError);
  assert.deepEqual(
    error.cause.errors.map(({ message }) => message),
    ["Torn"],
  );
});

test("a watch of a combination that is ended closes those of its parts, though they hang", async (t) => {
  for (const how of ["aborted", "returned"] as const) {
    const { one, other, both, clock } = pair();
    const aborter = new AbortController();
    t.after(() => aborter.abort());
    const iterator = both.watch!({ signal: aborter.signal })
      [Symbol.asyncIterator]();
    const next = iterator.next();
    await clock.advance(0);
    one.push(doors(1));
    await next;
    if (how === "aborted") {
      const pending = iterator.next();
      const why = new Error("enough");
      aborter.abort(why);
      await assert.rejects(pending, why);
    } else await iterator.return!();
    await clock.advance(0);
    assert.deepEqual([one.openWatches, other.openWatches], [0, 0], how);
  }
});

test("no part runs ahead of a watcher who takes his time", async (t) => {
  const clock = new VirtualClock();
  let pulls = 0;
  const restless = new FakeWatched(clock).streamBy(async function* () {
    for (;;) yield doors(pulls++);
  });
  const watcher = startWatch(t, combined([restless]));
  for (let round = 0; round < 5; round++) {
    await watcher.next();
    await clock.advance(0);
  }
  assert.ok(pulls <= 7, `${pulls} pulls for five answers`);
});

/** What the next news of a new watch says, after `act`. */
async function seenBy(
  t: TestContext,
  provider: Discovery,
  act: () => void,
): Promise<number[]> {
  const watcher = startWatch(t, provider);
  const next = watcher.next();
  act();
  const { value } = await next;
  watcher.abort();
  return numbersOf(value.endpoints);
}
