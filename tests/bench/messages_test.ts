/** Publishers and subscribers of a load, on a broker in memory and in virtual time. */
import assert from "node:assert/strict";
import { BenchCourse } from "../../src/bench/course.ts";
import { runFanOut } from "../../src/bench/fan_out.ts";
import { runLoads, shareOf } from "../../src/bench/load.ts";
import {
  LoadPublisher,
  type LoadPublisherOptions,
} from "../../src/bench/publishing.ts";
import { Goal, LoadSubscriber } from "../../src/bench/subscribing.ts";
import { figuresOf } from "../../src/bench/tally.ts";
import { rejection } from "../support/rejection.ts";
import { test } from "../support/test.ts";
import { Stage } from "./stage.ts";

const PLAIN: LoadPublisherOptions = {
  subject: "a",
  subjects: 1,
  size: 16,
  stamped: false,
  msgs: 1000,
  perSecond: Infinity,
};

test("a fan-out counts each message once for each subscriber", async (t) => {
  const stage = await Stage.start(t);
  const course = new BenchCourse(stage.clock);
  const publishers = [];
  for (const client of [1, 2]) {
    publishers.push(
      new LoadPublisher(
        await stage.line(course),
        course,
        stage.tally("pub", client),
        { ...PLAIN, subjects: 12, msgs: 5000 },
      ),
    );
  }
  const subscribers = [];
  for (const client of [1, 2, 3]) {
    subscribers.push(
      new LoadSubscriber(
        await stage.line(course),
        course,
        stage.tally("sub", client),
        new Goal(),
        { pattern: "a.*", queue: "", stamped: false },
      ),
    );
  }
  await runFanOut(course, { publishers, subscribers, silenceMs: 1000 });
  const sent = figuresOf(publishers.map(({ tally }) => tally));
  assert.deepEqual([sent.msgs, sent.bytes, sent.lost], [10_000, 160_000, 0]);
  for (const { tally } of subscribers) {
    assert.deepEqual([tally.msgs, tally.bytes, tally.lost], [
      10_000,
      160_000,
      0,
    ]);
  }
});

test("a queue group shares the messages, and their age is measured", async (t) => {
  const stage = await Stage.start(t);
  const course = new BenchCourse(stage.clock);
  const publisher = new LoadPublisher(
    await stage.line(course),
    course,
    stage.tally("pub"),
    { ...PLAIN, stamped: true },
  );
  const goal = new Goal();
  const subscribers = [];
  for (const client of [1, 2]) {
    subscribers.push(
      new LoadSubscriber(
        await stage.line(course),
        course,
        stage.tally("sub", client),
        goal,
        { pattern: "a", queue: "q", stamped: true },
      ),
    );
  }
  await runFanOut(course, {
    publishers: [publisher],
    subscribers,
    silenceMs: 1000,
  });
  const { msgs, lost, latency } = figuresOf(
    subscribers.map(({ tally }) => tally),
  );
  assert.deepEqual([msgs, lost, latency?.count], [1000, 0, 1000]);
  assert.ok(latency!.min >= 0 && latency!.max < 10_000);
});

test("what does not come in time is lost", async (t) => {
  const stage = await Stage.start(t);
  const course = new BenchCourse(stage.clock);
  const publisher = new LoadPublisher(
    await stage.line(course),
    course,
    stage.tally("pub"),
    PLAIN,
  );
  const deaf = new LoadSubscriber(
    await stage.line(course),
    course,
    stage.tally("sub"),
    new Goal(),
    { pattern: "b", queue: "", stamped: false },
  );
  await runFanOut(course, {
    publishers: [publisher],
    subscribers: [deaf],
    silenceMs: 500,
  });
  assert.equal(deaf.tally.lost, 1000);
});

test("a rate is kept, until the time is over", async (t) => {
  const stage = await Stage.start(t);
  const course = new BenchCourse(stage.clock, 200);
  const publisher = new LoadPublisher(
    await stage.line(course),
    course,
    stage.tally("pub"),
    { ...PLAIN, msgs: Infinity, perSecond: 500 },
  );
  await runLoads(course, [publisher]);
  const { msgs } = publisher.tally;
  assert.ok(msgs > 50 && msgs <= 101, `${msgs} messages in 200 ms`);
  assert.ok(course.isOver && !course.wasInterrupted);
});

test("a subscriber begins with the first message, and an interruption ends it", async (t) => {
  const stage = await Stage.start(t);
  const course = new BenchCourse(stage.clock, 60_000);
  const subscriber = new LoadSubscriber(
    await stage.line(course),
    course,
    stage.tally("sub"),
    new Goal(100),
    { pattern: "a", queue: "", stamped: false },
  );
  const running = runLoads(course, [subscriber], "with the first message");
  const { connection } = await stage.line();
  await stage.clock.advance(10);
  assert.ok(Number.isNaN(course.startMs));
  for (let n = 0; n < 3; n++) connection.publish("a", "hello");
  await connection.flush();
  while (subscriber.tally.msgs < 3) await stage.clock.advance(1);
  assert.ok(course.startMs > 0);
  course.interrupt();
  await running;
  assert.ok(course.wasInterrupted);
  assert.equal(subscriber.tally.bytes, 15);
});

test("a refused message ends the run with the server's words", async (t) => {
  const stage = await Stage.start(t, { maxPayloadBytes: 10 });
  const course = new BenchCourse(stage.clock);
  const publisher = new LoadPublisher(
    await stage.line(course),
    course,
    stage.tally("pub"),
    PLAIN,
  );
  const error = await rejection(runLoads(course, [publisher]));
  assert.match(String(error), /Maximum Payload/i);
});

test("messages are divided among clients without a rest", () => {
  assert.deepEqual([0, 1, 2].map((at) => shareOf(11, 3, at)), [4, 4, 3]);
  assert.deepEqual([0, 1, 2].map((at) => shareOf(1, 3, at)), [1, 0, 0]);
  assert.equal(shareOf(Infinity, 3, 1), Infinity);
});
