/** The finder's questions: when they are asked, and what becomes of the answers. */
import assert from "node:assert/strict";
import {
  DiscoveryError,
  type Snapshot,
} from "../../src/discovery/discovery.ts";
import { ENDPOINTS_MAX } from "../../src/discovery/finding/belief.ts";
import { Finder } from "../../src/discovery/finding/finder.ts";
import { test } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { doors, FakeProvider, UNSURE } from "./fake_provider.ts";
import { closestMs, finderOf } from "./finder_scene.ts";

test("a question goes to each provider, whose answers are kept apart", async (t) => {
  const clock = new VirtualClock();
  const one = new FakeProvider(clock, "a").says(doors(1));
  const other = new FakeProvider(clock, "b").says(doors(2, 3));
  const { finder, found, answers } = finderOf(t, clock, [one, other]);
  await finder.ask("connect");
  assert.deepEqual(found, [
    { provider: "a", numbers: [1] },
    { provider: "b", numbers: [2, 3] },
  ]);
  assert.deepEqual(answers, [
    { provider: "a", reason: "connect", count: 1 },
    { provider: "b", reason: "connect", count: 2 },
  ]);
  assert.equal(clock.pendingTimers, 0, "nobody asked for more");
});

test("providers of one name are told apart by numbers", async (t) => {
  const clock = new VirtualClock();
  const names = ["x", "y", "x", "x"];
  const providers = names.map((name, number) =>
    new FakeProvider(clock, name).says(doors(number))
  );
  const { finder, found } = finderOf(t, clock, providers);
  await finder.ask("manual");
  assert.deepEqual(found.map(({ provider }) => provider), [
    "x",
    "y",
    "x#2",
    "x#3",
  ]);
});

test("a provider that hangs does not hold the others back", async (t) => {
  const clock = new VirtualClock();
  const quick = new FakeProvider(clock, "quick").says(doors(1));
  const stuck = new FakeProvider(clock, "stuck").hangs();
  const { finder, found } = finderOf(t, clock, [stuck, quick]);
  void finder.ask("connect");
  await clock.advance(0);
  assert.deepEqual(found, [{ provider: "quick", numbers: [1] }]);
});

test("several calls at once share one question, and the next one waits for a second to pass", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeProvider(clock).says(doors(1));
  const { finder } = finderOf(t, clock, [provider]);
  await Promise.all([finder.ask("connect"), finder.ask("manual")]);
  assert.deepEqual(provider.askedAtMs, [0]);
  let answers = 0;
  for (const reason of ["manual", "lame-duck"] as const) {
    void finder.ask(reason).then(() => answers++);
  }
  await clock.advance(999);
  assert.deepEqual(provider.askedAtMs, [0]);
  await clock.advance(1);
  assert.deepEqual(provider.askedAtMs, [0, 1000]);
  assert.equal(answers, 2);
});

test("a provider is handed its own last answer", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeProvider(clock).says({ ...doors(1), version: "7" });
  const { finder } = finderOf(t, clock, [provider]);
  await finder.ask("connect");
  assert.equal(provider.asked[0]!.last, undefined);
  void finder.ask("manual");
  await clock.advance(1000);
  assert.equal(provider.asked[1]!.last?.version, "7");
  assert.equal(provider.asked[1]!.reason, "manual");
});

test("a provider that is down leaves its set alone, is reported, and is asked ever less often", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeProvider(clock).says(doors(1, 2));
  const { finder, found, answers } = finderOf(t, clock, [provider]);
  finder.start();
  await clock.advance(0);
  provider.fails();
  await clock.advance(600_000);
  assert.deepEqual(found, [{ provider: "fake://one", numbers: [1, 2] }]);
  const errors = answers.filter(({ error }) => error !== undefined);
  assert.ok(errors.length > 10, `${errors.length} errors in ten minutes`);
  assert.ok(
    errors.every(({ error, count }) =>
      error instanceof DiscoveryError && count === 0
    ),
  );
  const waits = gaps(provider.askedAtMs).slice(1);
  for (const [index, wait] of waits.entries()) {
    const leastMs = Math.min(30_000, 1000 * 2 ** index);
    assert.ok(wait >= leastMs && wait <= leastMs * 1.4, `${index}: ${wait}`);
  }
  provider.says(doors(3));
  await clock.advance(45_000);
  assert.deepEqual(found.at(-1)!.numbers, [3]);
});

test("a question that is not answered in five seconds has failed", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeProvider(clock).hangs();
  const { finder, answers, found } = finderOf(t, clock, [provider]);
  let isOver = false;
  void finder.ask("connect").then(() => isOver = true);
  await clock.advance(4999);
  assert.equal(isOver, false);
  await clock.advance(1);
  assert.equal(isOver, true);
  assert.match(
    answers[0]!.error!.message,
    /"fake:\/\/one" did not answer in 5000 ms/,
  );
  assert.equal(provider.asked[0]!.signal.aborted, true);
  assert.deepEqual(found, []);
});

test("an answer that comes after its time is dropped", async (t) => {
  const clock = new VirtualClock();
  let answer: (snapshot: Snapshot) => void = () => {};
  const provider = new FakeProvider(clock).answerBy(() =>
    new Promise((resolve) => answer = resolve)
  );
  const { finder, found, answers } = finderOf(t, clock, [provider]);
  void finder.ask("connect");
  await clock.advance(5000);
  answer(doors(1));
  await clock.advance(0);
  assert.deepEqual(found, []);
  assert.equal(answers.length, 1);
});

test("whatever a provider throws becomes a DiscoveryError with its cause", async (t) => {
  const clock = new VirtualClock();
  const cause = new TypeError("no");
  const throws: FakeProvider = new FakeProvider(clock, "throws").answerBy(
    () => {
      throw cause;
    },
  );
  const nonsense = new FakeProvider(clock, "nonsense").says(
    JSON.parse("null") as Snapshot,
  );
  const { finder, answers } = finderOf(t, clock, [throws, nonsense]);
  await finder.ask("connect");
  const [first, second] = answers;
  assert.equal(first!.error!.cause, cause);
  assert.equal(first!.error!.message, 'Asking "throws" failed');
  assert.match(second!.error!.message, /no snapshot/);
});

test("an answer without end is cut", async (t) => {
  const clock = new VirtualClock();
  const numbers = Array.from({ length: ENDPOINTS_MAX + 1 }, (_, n) => n);
  const provider = new FakeProvider(clock).says(doors(...numbers));
  const { finder, found } = finderOf(t, clock, [provider]);
  await finder.ask("connect");
  assert.equal(found[0]!.numbers.length, ENDPOINTS_MAX);
});

test("all being well, a provider is asked once a minute, more or less", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeProvider(clock).says(doors(1));
  const { finder } = finderOf(t, clock, [provider]);
  finder.start();
  await clock.advance(30 * 60_000);
  const waits = gaps(provider.askedAtMs);
  assert.ok(
    waits.every((wait) => wait >= 48_000 && wait <= 72_000),
    `${waits}`,
  );
  assert.ok(new Set(waits).size > waits.length / 2, "they differ");
  assert.equal(provider.asked[0]!.reason, "connect");
  assert.equal(provider.asked[1]!.reason, "periodic");
});

test("what expires is asked for when it does, but not before five seconds", async (t) => {
  for (const [ttlMs, leastMs] of [[20_000, 20_000], [10, 5000]] as const) {
    const clock = new VirtualClock();
    const provider = new FakeProvider(clock).says({ ...doors(1), ttlMs });
    const { finder } = finderOf(t, clock, [provider]);
    finder.start();
    await clock.advance(300_000);
    const waits = gaps(provider.askedAtMs);
    assert.ok(
      waits.every((wait) => wait >= leastMs && wait <= leastMs * 1.4),
      `${waits}`,
    );
    finder.stop();
  }
});

test("an answer that is good for long is asked for once a minute all the same", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeProvider(clock).says({ ...doors(1), ttlMs: 1e9 });
  const { finder } = finderOf(t, clock, [provider]);
  finder.start();
  await clock.advance(80_000);
  assert.equal(provider.askedAtMs.length, 2);
});

test("a registry that says for five seconds that there are no nodes takes nothing away", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeProvider(clock).says({
    ...doors(1, 2),
    ttlMs: 1000,
  });
  const { finder, found } = finderOf(t, clock, [provider]);
  finder.start();
  finder.seek("round-failed");
  await clock.advance(60_000);
  const before = provider.askedAtMs.length;
  provider.says(doors());
  await clock.advance(5000);
  provider.says(doors(1));
  await clock.advanceUntil(() => found.at(-1)!.numbers.length === 1);
  assert.ok(provider.askedAtMs.length > before);
  assert.ok(found.every(({ numbers }) => numbers.length > 0));
});

test("a provider that goes on saying that there are no nodes is believed", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeProvider(clock).says(doors(1));
  const { finder, found, answers } = finderOf(t, clock, [provider]);
  finder.start();
  await clock.advance(0);
  provider.says(doors());
  await clock.advanceUntil(() => answers.length === 2, 80_000);
  assert.equal(found.length, 1, "once is not enough");
  await clock.advance(14_000);
  assert.deepEqual(found.at(-1)!.numbers, [], "it was asked again soon");
});

test("an empty answer that means nothing is never believed, nor makes it a row", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeProvider(clock).says(doors(1));
  const { finder, found } = finderOf(t, clock, [provider]);
  finder.start();
  await clock.advance(0);
  const nothing: Readonly<Record<string, () => Promise<Snapshot>>> = {
    unsure: () => Promise.resolve(UNSURE),
    sure: () => Promise.resolve(doors()),
    down: () => Promise.reject(new DiscoveryError("Down")),
  };
  // No row begins as the one before may have ended, with an answer that is sure.
  for (const row of [["unsure"], ["unsure", "sure"], ["down", "sure"]]) {
    let turn = 0;
    provider.answerBy(() => nothing[row[turn++ % row.length]!]!());
    await clock.advance(600_000);
    assert.ok(turn > 4);
  }
  assert.deepEqual(found, [{ provider: "fake://one", numbers: [1] }]);
});

test("two empty answers with nodes between them are not in a row", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeProvider(clock).says(doors(1));
  const { finder, found } = finderOf(t, clock, [provider]);
  finder.start();
  await clock.advance(0);
  let turn = 0;
  provider.answerBy(() => Promise.resolve(turn++ % 2 ? doors(1) : doors()));
  await clock.advance(600_000);
  assert.ok(turn > 10);
  assert.ok(found.every(({ numbers }) => numbers.length === 1));
});

test("where nothing was known, an empty answer that is meant is told", async (t) => {
  const clock = new VirtualClock();
  const sure = new FakeProvider(clock, "sure").says(doors());
  const unsure = new FakeProvider(clock, "unsure").says(UNSURE);
  const { finder, found } = finderOf(t, clock, [sure, unsure]);
  await finder.ask("connect");
  assert.deepEqual(found, [{ provider: "sure", numbers: [] }]);
});

test("who seeks is answered at once, then after one to five seconds", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeProvider(clock).says(doors(1));
  const { finder } = finderOf(t, clock, [provider]);
  finder.start();
  await clock.advance(30_000);
  finder.seek("round-failed");
  await clock.advance(0);
  assert.deepEqual(provider.askedAtMs, [0, 30_000]);
  assert.equal(provider.asked[1]!.reason, "round-failed");
  await clock.advance(60_000);
  const waits = gaps(provider.askedAtMs).slice(1);
  for (const [index, wait] of waits.entries()) {
    const leastMs = Math.min(5000, 1000 * 2 ** index);
    assert.ok(wait >= leastMs && wait <= leastMs * 1.4, `${index}: ${wait}`);
  }
});

test("seeking again while seeking asks no sooner, and rest ends it", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeProvider(clock).says(doors(1));
  const { finder } = finderOf(t, clock, [provider]);
  finder.seek("connect");
  await clock.advance(30_000);
  // The longest wait, five seconds and its jitter, passes once.
  for (let round = 0; round < 80; round++) {
    finder.seek("round-failed");
    await clock.advance(100);
  }
  assert.ok(closestMs(provider.askedAtMs.slice(4)) >= 5000);
  assert.equal(provider.asked.at(-1)!.reason, "round-failed");
  finder.rest();
  const before = provider.askedAtMs.length;
  await clock.advance(600_000);
  assert.equal(provider.askedAtMs.length, before, "it was never started");
});

test("starting or resting again and again does not put off the periodic question", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeProvider(clock).says(doors(1));
  const { finder } = finderOf(t, clock, [provider]);
  finder.start();
  for (let round = 0; round < 80; round++) {
    finder.start();
    finder.rest();
    await clock.advance(1000);
  }
  assert.equal(provider.askedAtMs.length, 2);
});

test("who seeks at a provider that is down asks ever less often, and at once when seeking anew", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeProvider(clock).fails();
  const { finder } = finderOf(t, clock, [provider]);
  finder.seek("connect");
  await clock.advance(300_000);
  assert.ok(gaps(provider.askedAtMs).at(-1)! >= 30_000);
  finder.rest();
  finder.seek("round-failed");
  const before = provider.askedAtMs.length;
  await clock.advance(2500);
  assert.equal(provider.askedAtMs.length, before + 2);
});

test("stopping while a question is pending leaves nothing behind", async (t) => {
  const clock = new VirtualClock();
  const deaf = new FakeProvider(clock, "deaf").hangs();
  const late = new FakeProvider(clock, "late").answerBy(({ signal }) =>
    new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(new Error("late")))
    )
  );
  const { finder, answers, found } = finderOf(t, clock, [deaf, late]);
  finder.start();
  finder.seek("connect");
  let isOver = false;
  void finder.ask("manual").then(() => isOver = true);
  await clock.advance(100);
  finder.stop();
  await clock.advance(0);
  assert.equal(clock.pendingTimers, 0);
  assert.equal(isOver, true);
  assert.ok(deaf.asked[0]!.signal.aborted && late.asked[0]!.signal.aborted);
  await finder.ask("manual");
  finder.seek("connect");
  finder.start();
  await clock.advance(60_000);
  assert.deepEqual([answers, found, clock.pendingTimers], [[], [], 0]);
  assert.equal(deaf.asked.length, 1);
});

test("stopping while a question waits for its turn leaves nothing behind", async (t) => {
  const clock = new VirtualClock();
  const provider = new FakeProvider(clock).says(doors(1));
  const { finder } = finderOf(t, clock, [provider]);
  await finder.ask("connect");
  const waiting = finder.ask("manual");
  await clock.advance(10);
  finder.stop();
  await waiting;
  assert.equal(clock.pendingTimers, 0);
  assert.equal(provider.asked.length, 1);
});

test("an owner who stops the finder on hearing an answer hears no more", async () => {
  const clock = new VirtualClock();

  let found = 0;
  const finder = new Finder(
    [new FakeProvider(clock).says(doors(1))],
    { clock, random: { next: () => 0, fill: () => {} } },
    { onFound: () => void found++, onAnswer: () => finder.stop() },
  );
  finder.start();
  await clock.advance(60_000);
  assert.deepEqual([found, clock.pendingTimers], [0, 0]);
});

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((time, index) => time - times[index]!);
}
