/** The time that a consumer has to take what is pending, on a clock that the test moves. */
import assert from "node:assert/strict";
import { WriteDeadline } from "../../src/broker/connections/write_deadline.ts";
import { test } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

class Consumer {
  takenBytes = 0;
  givenBytes = 0;
  missed = 0;
  readonly clock = new VirtualClock();
  readonly deadline: WriteDeadline;

  constructor(isLenient = false) {
    this.deadline = new WriteDeadline(this.clock, 1000, isLenient, this);
  }

  deadlineMissed(): void {
    this.missed++;
  }

  gets(bytes: number): void {
    this.givenBytes += bytes;
    this.deadline.watch();
  }
}

test("all that was pending when it began has to be taken in time", async () => {
  const consumer = new Consumer();
  consumer.gets(100);
  await consumer.clock.advance(500);
  consumer.takenBytes = 99;
  consumer.gets(100);
  await consumer.clock.advance(499);
  assert.equal(consumer.missed, 0);
  await consumer.clock.advance(1);
  assert.equal(consumer.missed, 1);
});

test("it begins anew for what came meanwhile, when that is seen", async () => {
  const consumer = new Consumer();
  consumer.gets(100);
  await consumer.clock.advance(600);
  consumer.takenBytes = 100;
  consumer.gets(50);
  await consumer.clock.advance(999);
  assert.equal(consumer.missed, 0);
  await consumer.clock.advance(1);
  assert.equal(consumer.missed, 1);
});

test("it begins anew at its end when what was due is taken", async () => {
  const consumer = new Consumer();
  consumer.gets(100);
  consumer.givenBytes = 150;
  await consumer.clock.advance(999);
  consumer.takenBytes = 100;
  await consumer.clock.advance(1000);
  assert.equal(consumer.missed, 0);
  await consumer.clock.advance(1);
  assert.equal(consumer.missed, 1);
});

test("where nothing is pending it ends, and comes back", async () => {
  const consumer = new Consumer();
  consumer.gets(100);
  consumer.takenBytes = 100;
  consumer.deadline.stop();
  await consumer.clock.advance(5000);
  consumer.gets(1);
  await consumer.clock.advance(999);
  assert.equal(consumer.missed, 0);
  await consumer.clock.advance(1);
  assert.equal(consumer.missed, 1);
});

test("a lenient one is kept by any progress, and missed without", async () => {
  const consumer = new Consumer(true);
  consumer.gets(100);
  for (let n = 0; n < 5; n++) {
    await consumer.clock.advance(999);
    consumer.takenBytes++;
    await consumer.clock.advance(1);
  }
  assert.equal(consumer.missed, 0);
  await consumer.clock.advance(1000);
  assert.equal(consumer.missed, 1);
});
