/** What is written where the system takes as much as it has room for. */
import assert from "node:assert/strict";
import { randomBelow } from "../../src/platform/clock.ts";
import { PartialWriter } from "../../src/runtime/net/bun_writing.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

/** A system with room for some bytes. */
class NarrowSink {
  room = 0;
  isClosed = false;
  calls = 0;
  readonly taken: number[] = [];

  write(bytes: Uint8Array): number {
    this.calls++;
    if (this.isClosed) return -1;
    const count = Math.min(this.room, bytes.length);
    this.room -= count;
    this.taken.push(...bytes.subarray(0, count));
    return count;
  }
}

test("what the system takes at once is not pending, the rest waits for room", () => {
  const sink = new NarrowSink();
  const writer = new PartialWriter(sink);
  sink.room = 5;
  assert.equal(writer.write(Uint8Array.of(1, 2, 3)), true);
  assert.equal(writer.pendingBytes, 0);
  assert.equal(writer.write(Uint8Array.of(4, 5, 6)), false);
  assert.equal(writer.pendingBytes, 1);
  const { calls } = sink;
  assert.equal(writer.write(Uint8Array.of(7, 8)), false);
  assert.equal(sink.calls, calls, "nothing overtakes what waits");
  assert.equal(writer.pendingBytes, 3);
  sink.room = 2;
  assert.equal(writer.goOn(), false);
  assert.equal(writer.pendingBytes, 1);
  sink.room = 9;
  assert.equal(writer.goOn(), true);
  assert.deepEqual(sink.taken, [1, 2, 3, 4, 5, 6, 7, 8]);
});

test("a system that is closed takes nothing, and what is dropped is not sent", () => {
  const sink = new NarrowSink();
  const writer = new PartialWriter(sink);
  sink.isClosed = true;
  assert.equal(writer.write(Uint8Array.of(1, 2)), false);
  assert.equal(writer.pendingBytes, 2);
  assert.equal(writer.goOn(), false);
  writer.drop();
  assert.equal(writer.pendingBytes, 0);
  assert.equal(writer.goOn(), true);
  assert.deepEqual(sink.taken, []);
});

test("whatever room there is, bytes keep their order and leave once", () => {
  const seed = freshSeed();
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  const sink = new NarrowSink();
  const writer = new PartialWriter(sink);
  const sent: number[] = [];
  for (let step = 0; step < 2_000; step++) {
    sink.room = randomBelow(random, 3) === 0 ? 0 : randomBelow(random, 40);
    if (randomBelow(random, 3) === 0) {
      assert.equal(writer.goOn(), writer.pendingBytes === 0);
    } else {
      const bytes = new Uint8Array(randomBelow(random, 30));
      random.fill(bytes);
      sent.push(...bytes);
      writer.write(bytes);
    }
    assert.equal(writer.pendingBytes, sent.length - sink.taken.length);
  }
  sink.room = Infinity;
  assert.equal(writer.goOn(), true);
  assert.deepEqual(sink.taken, sent);
});
