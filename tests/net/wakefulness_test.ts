/** When a process looks at its sockets before it sleeps. */
import assert from "node:assert/strict";
import { DenoNews } from "../../src/runtime/net/deno_news.ts";
import { lookByNews, Wakefulness } from "../../src/runtime/net/wakefulness.ts";
import { test } from "../support/test.ts";
import { FakeDenoSockets } from "./fake_deno_sockets.ts";

/** Milliseconds between answers: where no one has to be woken, where someone has, and where nobody waits. */
const SOON = 0.01;
const LATE = 0.08;
const LONG = 5;

/** A process whose time and looks a test moves. */
class Process {
  now = 1000;
  looks = 0;
  #again: (() => void) | undefined;
  readonly wakefulness = new Wakefulness(
    (again) => {
      this.looks++;
      this.#again = again;
    },
    () => this.now,
  );

  get isLooking(): boolean {
    return this.#again !== undefined;
  }

  /** Answers, each `afterMs` behind the one before; looks come every 10 microseconds. */
  answers(count: number, afterMs: number): void {
    for (let i = 0; i < count; i++) {
      this.pass(afterMs);
      this.wakefulness.answered();
    }
  }

  pass(ms: number): void {
    const end = this.now + ms;
    while (this.isLooking && this.now + 0.01 < end) {
      this.now += 0.01;
      this.#look();
    }
    this.now = end;
  }

  #look(): void {
    const again = this.#again;
    this.#again = undefined;
    again?.();
  }
}

test("a process whose answers come without waking anybody never looks", () => {
  const process = new Process();
  process.answers(10_000, SOON);
  assert.equal(process.looks, 0);
});

test("nor does one that is seldom answered", () => {
  const process = new Process();
  process.answers(10_000, LONG);
  assert.equal(process.looks, 0);
});

test("one whose answers come late looks behind each, and goes to sleep behind the last", () => {
  const process = new Process();
  process.answers(8, LATE);
  assert.ok(!process.isLooking);
  process.answers(1, LATE);
  assert.ok(process.isLooking);
  for (let i = 0; i < 100; i++) {
    process.answers(1, LATE);
    assert.ok(process.isLooking, `answer ${i}`);
  }
  process.pass(LONG);
  assert.ok(!process.isLooking);
  // It has been worth it: the next conversation is looked for at once.
  process.answers(1, LONG);
  assert.ok(process.isLooking);
});

test("looks in vain end it, and more answers have to come late each time before it begins again", () => {
  const process = new Process();
  let needed = 0;
  const rounds: number[] = [];
  for (let round = 0; round < 10; round++) {
    for (needed = 0; !process.isLooking; needed++) process.answers(1, LATE);
    rounds.push(needed);
    // Now each answer comes when it has gone to sleep again.
    for (let i = 0; i < 2; i++) process.answers(1, LONG);
    process.pass(LONG);
    const { looks } = process;
    process.answers(1, LONG);
    assert.equal(process.looks, looks, `round ${round}`);
  }
  assert.ok(rounds[0]! <= 9, `${rounds}`);
  for (let i = 1; i < 8; i++) {
    assert.ok(rounds[i]! >= 2 * rounds[i - 1]! - 2, `${rounds}`);
  }
  assert.ok(rounds[9]! <= 1026, `${rounds}`);
});

test("a look goes on as long as answers come, and then for a tenth of a millisecond", () => {
  const process = new Process();
  process.answers(9, LATE);
  process.answers(1000, SOON);
  assert.ok(process.isLooking);
  process.pass(0.08);
  assert.ok(process.isLooking);
  process.pass(0.04);
  assert.ok(!process.isLooking);
});

test("a look at news opens a pair of sockets only while others are open", async () => {
  const system = new FakeDenoSockets();
  const news = new DenoNews(() => system);
  const look = lookByNews(news);
  await new Promise<void>((resolve) => look(resolve));
  assert.equal(system.connections, 0);
  news.opened();
  const seen = new Promise<void>((resolve) => look(resolve));
  while (system.underWay === 0) await nextTurn();
  system.arrive();
  await seen;
  assert.equal(system.connections, 2);
});

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
