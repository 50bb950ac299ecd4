/** Requests of a load and those that answer them, on a broker in memory and in virtual time. */
import assert from "node:assert/strict";
import { BenchCourse } from "../../src/bench/course.ts";
import { runLoads } from "../../src/bench/load.ts";
import { Replier } from "../../src/bench/replying.ts";
import {
  LoadRequester,
  type LoadRequesterOptions,
} from "../../src/bench/requesting.ts";
import { Goal } from "../../src/bench/subscribing.ts";
import { Nuid } from "../../src/core/nuid.ts";
import { rejection } from "../support/rejection.ts";
import { seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { Stage } from "./stage.ts";

const nuid = new Nuid(seededRandom(9));

const ONE: LoadRequesterOptions = {
  subject: "echo",
  subjects: 1,
  size: 10,
  msgs: 100,
  inFlight: 1,
  timeoutMs: 1000,
  counts: "answers",
  unheard: "nobody is there",
};

async function requester(
  stage: Stage,
  course: BenchCourse,
  options: Partial<LoadRequesterOptions> = {},
): Promise<LoadRequester> {
  return new LoadRequester(
    await stage.line(course),
    course,
    stage.tally("request"),
    nuid,
    { ...ONE, ...options },
  );
}

async function replier(
  stage: Stage,
  course: BenchCourse,
  goal: Goal,
  queue: string,
  pattern: string = "echo",
): Promise<Replier> {
  return new Replier(
    await stage.line(course),
    course,
    stage.tally("reply"),
    goal,
    { pattern, queue, size: 7 },
  );
}

for (const inFlight of [1, 10, 64, 500]) {
  test(`with ${inFlight} under way each request is answered and timed once`, async (t) => {
    const stage = await Stage.start(t);
    const course = new BenchCourse(stage.clock);
    const goal = new Goal(300);
    const repliers = [
      await replier(stage, course, goal, "q", "echo.*"),
      await replier(stage, course, goal, "q", "echo.*"),
    ];
    const asking = await requester(stage, course, {
      inFlight,
      msgs: 300,
      subjects: 12,
    });
    await runLoads(course, [...repliers, asking]);
    const { msgs, bytes, lost, latency } = asking.tally;
    assert.deepEqual([msgs, bytes, lost, latency?.count], [300, 2100, 0, 300]);
    const answered = repliers.map(({ tally }) => tally.msgs);
    assert.equal(answered[0]! + answered[1]!, 300);
    assert.equal(
      repliers.reduce((sum, { tally }) => sum + tally.bytes, 0),
      3000,
    );
  });
}

test("a second answer is nobody's", async (t) => {
  const stage = await Stage.start(t);
  const course = new BenchCourse(stage.clock);
  const repliers = [
    await replier(stage, course, new Goal(), ""),
    await replier(stage, course, new Goal(), ""),
  ];
  for (const one of repliers) await one.prepare();
  const asking = await requester(stage, course, { inFlight: 3 });
  await runLoads(course, [asking]);
  assert.deepEqual([asking.tally.msgs, asking.tally.lost], [100, 0]);
});

test("what is not answered in time is lost, and a late answer is nobody's", async (t) => {
  const stage = await Stage.start(t);
  const course = new BenchCourse(stage.clock);
  const { connection } = await stage.line();
  let count = 0;
  connection.subscribe("echo", {
    callback: (_, message) => {
      const waitMs = ++count % 10 === 5 ? 1500 : 0;
      stage.clock.after(waitMs, () => {
        if (!connection.isClosed()) message.respond("");
      });
    },
  });
  await connection.flush();
  const asking = await requester(stage, course, { inFlight: 2, msgs: 50 });
  await runLoads(course, [asking]);
  const { msgs, lost, latency } = asking.tally;
  assert.equal(msgs + lost, 50);
  assert.equal(lost, 5);
  assert.equal(latency?.count, msgs);
  assert.ok(latency!.facts().max < 1000 + 100);
});

test("where nobody answers at all the run fails", async (t) => {
  const stage = await Stage.start(t);
  const unheard = new BenchCourse(stage.clock);
  const nobody = await rejection(
    runLoads(unheard, [await requester(stage, unheard)]),
  );
  assert.equal(String(nobody), "Error: nobody is there");
  const { connection } = await stage.line();
  connection.subscribe("echo", { callback: () => {} });
  await connection.flush();
  const silent = new BenchCourse(stage.clock);
  const nothing = await rejection(
    runLoads(silent, [await requester(stage, silent, { inFlight: 5 })]),
  );
  assert.equal(String(nothing), 'Error: No answer from "echo" within 1s');
});

test("the time ends requests, and what is under way does not count", async (t) => {
  const stage = await Stage.start(t);
  const course = new BenchCourse(stage.clock, 300);
  const { connection } = await stage.line();
  connection.subscribe("echo", {
    callback: (_, message) => {
      stage.clock.after(10, () => {
        if (!connection.isClosed()) message.respond("later");
      });
    },
  });
  await connection.flush();
  const asking = await requester(stage, course, {
    inFlight: 4,
    msgs: Infinity,
    timeoutMs: 5000,
  });
  await runLoads(course, [asking]);
  const { msgs, lost, latency } = asking.tally;
  assert.ok(msgs > 0 && msgs <= 4 * 30, `${msgs}`);
  assert.equal(lost, 0);
  assert.ok(latency!.facts().min >= 10);
});
