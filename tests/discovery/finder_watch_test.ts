/** The finder's watches: what is pushed, and what becomes of a watch that misbehaves. */
import assert from "node:assert/strict";
import {
  DiscoveryError,
  type Snapshot,
} from "../../src/discovery/discovery.ts";
import { test } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { doors, FakeWatched } from "./fake_provider.ts";
import { closestMs, finderOf } from "./finder_scene.ts";

test("a watch is opened after the first answer, with it, and tells at once what changes", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeWatched(clock).says({ ...doors(1), version: "7" });
  const { finder, found, answers } = finderOf(t, clock, [provider]);
  finder.start();
  await clock.advance(1000);
  assert.deepEqual(provider.watchedAtMs, [1000]);
  assert.equal(provider.watched[0]!.last?.version, "7");
  provider.push(doors(1, 2));
  await clock.advance(0);
  assert.deepEqual(found.map(({ numbers }) => numbers), [[1], [1, 2]]);
  assert.deepEqual(answers.at(-1), {
    provider: "fake://one",
    reason: "watch",
    count: 2,
  });
});

test("who was asked before the start is watched at once and not asked again", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeWatched(clock).says(doors(1));
  const { finder } = finderOf(t, clock, [provider]);
  await finder.ask("connect");
  await clock.advance(5000);
  assert.equal(provider.watched.length, 0);
  finder.start();
  finder.start();
  await clock.advance(0);
  assert.deepEqual(provider.requestsAtMs, [0, 5000]);
});

test("a provider that is down is not watched; when it is back, it is", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeWatched(clock).fails();
  const { finder } = finderOf(t, clock, [provider]);
  finder.start();
  await clock.advance(60_000);
  assert.equal(provider.watched.length, 0);
  provider.says(doors(1));
  await clock.advance(45_000);
  assert.equal(provider.openWatches, 1);
});

for (const error of [new DiscoveryError("Torn"), undefined]) {
  const how = error === undefined ? "ends" : "throws";
  test(`a watch that ${how} is reported, and followed by a question and a new watch`, async (t) => {
    const clock = new VirtualClock();
    const provider = new FakeWatched(clock).says(doors(1));
    const { finder, found, answers } = finderOf(t, clock, [provider]);
    finder.start();
    await clock.advance(40_000);
    provider.says(doors(2));
    provider.breakWatches(error);
    await clock.advance(0);
    const { reason, error: told } = answers.at(-1)!;
    assert.equal(reason, "watch");
    if (error === undefined) assert.match(told!.message, /watch of .* ended/);
    else assert.equal(told, error);
    assert.deepEqual(found.at(-1)!.numbers, [1], "the set stays");
    await clock.advance(2400);
    assert.deepEqual(found.at(-1)!.numbers, [2]);
    assert.equal(provider.openWatches, 1);
    assert.deepEqual(provider.watched.at(-1)!.last, doors(2));
    const [, asked] = provider.askedAtMs;
    assert.ok(asked! >= 41_000 && asked! <= 41_400, `${asked}`);
    assert.equal(provider.closedWatches, 1);
  });
}

const RESTLESS: Readonly<
  Record<string, (turn: number) => AsyncIterable<Snapshot>>
> = {
  "ends at once": async function* () {},
  "throws at once": async function* () {
    yield await Promise.reject(new DiscoveryError("No such index"));
  },
  "tells one thing and ends": async function* (turn) {
    yield doors(turn % 3);
  },
};

for (const [how, stream] of Object.entries(RESTLESS)) {
  test(`a watch that ${how}, again and again, is opened ever less often`, async (t) => {
    const clock = new VirtualClock();
    const provider = new FakeWatched(clock).says(doors(1));
    provider.streamBy(() => stream(provider.watched.length));
    const { finder } = finderOf(t, clock, [provider]);
    finder.start();
    await clock.advance(600_000);
    const opened = provider.watched.length;
    assert.ok(opened >= 15 && opened <= 28, `${opened} times in ten minutes`);
    assert.ok(closestMs(provider.watchedAtMs.slice(-5)) >= 30_000);
    assert.ok(closestMs(provider.requestsAtMs) >= 1000);
  });
}

test("frequent questions do not open a failing watch more often", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeWatched(clock).says(doors(1))
    .streamBy(() => RESTLESS["ends at once"]!(0));
  const { finder } = finderOf(t, clock, [provider]);
  finder.start();
  for (let round = 0; round < 300; round++) {
    void finder.ask("manual");
    await clock.advance(1000);
  }
  assert.ok(provider.asked.length > 200);
  assert.ok(provider.watched.length <= 15, `${provider.watched.length}`);
});

test("a watch that pushes without end, its index going to and fro, is slowed down to one a second", async (t) => {
  const clock = new VirtualClock();
  let pulls = 0;
  const provider = new FakeWatched(clock).says(doors(1)).streamBy(
    async function* () {
      for (;;) yield { ...doors(pulls++ % 2), version: `${9 - pulls % 2}` };
    },
  );
  const { finder, answers } = finderOf(t, clock, [provider]);
  finder.start();
  await clock.advance(61_000);
  const pushed = answers.filter(({ reason }) => reason === "watch").length;
  assert.ok(pulls >= 60 && pulls <= 66, `${pulls} pulls in a minute`);
  assert.ok(pushed === pulls || pushed === pulls - 1, `${pushed}`);
  assert.equal(provider.watched.length, 1);
});

test("nodes that start together are told of without a pause", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeWatched(clock).says(doors(1));
  const { finder, found } = finderOf(t, clock, [provider]);
  finder.start();
  await clock.advance(10_000);
  for (const last of [2, 3, 4]) provider.push(doors(1, last));
  await clock.advance(0);
  assert.equal(found.length, 4);
});

test("a watch that tells nothing of what a question found is replaced", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeWatched(clock).says(doors(1));
  const { finder, found, answers } = finderOf(t, clock, [provider]);
  finder.start();
  await clock.advance(40_000);
  provider.says(doors(1, 2));
  await clock.advanceUntil(() => found.at(-1)!.numbers.length === 2);
  await clock.advance(4900);
  assert.equal(provider.watched[0]!.signal.aborted, false);
  await clock.advance(100);
  assert.equal(provider.watched[0]!.signal.aborted, true);
  assert.equal(provider.closedWatches, 1, "though it hangs");
  await clock.advance(2500);
  assert.equal(provider.openWatches, 1);
  assert.deepEqual(provider.watched[1]!.last, doors(1, 2));
  assert.ok(answers.every(({ error }) => error === undefined));
});

test("stopping while a watch is waited for that tells nothing leaves nothing behind", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeWatched(clock).says(doors(1));
  const { finder, found } = finderOf(t, clock, [provider]);
  finder.start();
  await clock.advance(40_000);
  provider.says(doors(1, 2));
  await clock.advanceUntil(() => found.at(-1)!.numbers.length === 2);
  finder.stop();
  await clock.advance(0);
  assert.equal(clock.pendingTimers, 0);
});

test("a watch that is a little later than a question is left alone", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeWatched(clock).says(doors(1));
  const { finder, found } = finderOf(t, clock, [provider]);
  finder.start();
  await clock.advance(40_000);
  provider.says(doors(1, 2));
  await clock.advanceUntil(() => found.at(-1)!.numbers.length === 2);
  await clock.advance(3000);
  provider.push(doors(2, 1));
  await clock.advance(600_000);
  assert.equal(provider.watched.length, 1);
});

test("a watch has nothing to tell of an answer in another order, or of another version", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeWatched(clock).says({
    ...doors(1, 2),
    version: "1",
  });
  const { finder } = finderOf(t, clock, [provider]);
  finder.start();
  await clock.advance(40_000);
  provider.says({ ...doors(2, 1), version: "2" });
  await clock.advance(600_000);
  assert.ok(provider.asked.length > 5);
  assert.equal(provider.watched.length, 1);
});

test("an answer that was overtaken by a push does not undo it", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeWatched(clock).says(doors(1));
  const { finder, found } = finderOf(t, clock, [provider]);
  finder.start();
  await clock.advance(10_000);
  let answer: (snapshot: Snapshot) => void = () => {};
  provider.answerBy(() => new Promise((resolve) => answer = resolve));
  void finder.ask("manual");
  await clock.advance(10);
  provider.push(doors(4));
  await clock.advance(10);
  answer(doors(1));
  await clock.advance(10);
  assert.deepEqual(found.at(-1)!.numbers, [4]);
});

test("an empty push is doubted, and asked after soon", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeWatched(clock).says(doors(1));
  const { finder, found } = finderOf(t, clock, [provider]);
  finder.start();
  await clock.advance(10_000);
  provider.push(doors());
  provider.push(doors());
  await clock.advance(9000);
  assert.deepEqual(found.at(-1)!.numbers, [1]);
  provider.says(doors());
  await clock.advance(5000);
  assert.deepEqual(found.at(-1)!.numbers, []);
});

test("seeking goes on asking beside a watch", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeWatched(clock).says(doors(1));
  const { finder } = finderOf(t, clock, [provider]);
  finder.start();
  finder.seek("connect");
  await clock.advance(60_000);
  assert.ok(provider.asked.length >= 9);
  assert.equal(provider.watched.length, 1);
  assert.ok(closestMs(provider.requestsAtMs) >= 1000);
});

test("stopping closes the watch, though it hangs, and nothing is left behind", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeWatched(clock).says(doors(1));
  const { finder, found } = finderOf(t, clock, [provider]);
  finder.start();
  await clock.advance(10_000);
  finder.stop();
  provider.push(doors(2));
  await clock.advance(0);
  assert.equal(provider.watched[0]!.signal.aborted, true);
  assert.equal(provider.closedWatches, 1);
  assert.equal(clock.pendingTimers, 0);
  assert.equal(found.length, 1);
});

test("stopping while a watch is slowed down, or waits for its turn, leaves nothing behind", async (t) => {
  for (const ms of [500, 8000]) {
    const clock = new VirtualClock();
    const provider = new FakeWatched(clock).says(doors(1)).streamBy(
      async function* () {
        for (;;) yield doors(1);
      },
    );
    const { finder } = finderOf(t, clock, [provider]);
    finder.start();
    await clock.advance(ms);
    finder.stop();
    await clock.advance(0);
    assert.equal(clock.pendingTimers, 0, `after ${ms} ms`);
  }
});

test("a watch that cannot even be opened is reported", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeWatched(clock).says(doors(1)).streamBy(() => {
    throw new TypeError("no");
  });
  const { finder, answers } = finderOf(t, clock, [provider]);
  finder.start();
  await clock.advance(1000);
  assert.equal(answers.at(-1)!.error!.message, 'Watching "fake://one" failed');
});
