/** Outboxes that send what another one has written, from where it stands. */
import assert from "node:assert/strict";
import { asciiBytes } from "../../src/core/ascii.ts";
import { Outbox } from "../../src/core/outbox.ts";
import { SharedMemory } from "../../src/core/shared_memory.ts";
import { SlabPool } from "../../src/core/slab_pool.ts";
import { type Random, randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { LaggingSink } from "./lagging_sink.ts";

const SINK_MAX = 20_000;

/** An outbox, its sink, and what was said to it. */
class Reader {
  readonly sink: LaggingSink;
  readonly outbox: Outbox;
  said = "";

  constructor(pool: SlabPool, mark = Infinity) {
    this.sink = new LaggingSink(mark);
    this.outbox = new Outbox(pool, this.sink);
  }

  writes(text: string): void {
    this.outbox.append(asciiBytes(text));
    this.said += text;
  }

  /** Gives whether it follows. */
  follows(leader: Reader, text: string): boolean {
    const { filled, end } = leader.outbox;
    const isFollowed = this.outbox.follow(filled, end - text.length, end);
    if (isFollowed) this.said += text;
    else this.writes(text);
    return isFollowed;
  }

  drains(): void {
    this.sink.drain();
    this.outbox.blocked = false;
  }

  /** Sends all that it has, and checks that it is what was said. */
  ends(): void {
    assert.equal(this.outbox.pendingBytes, this.said.length - this.taken);
    while (this.outbox.pendingBytes > 0) {
      this.outbox.flush(SINK_MAX);
      this.drains();
    }
    assert.ok(this.sink.text === this.said, "all came as it was said");
  }

  get taken(): number {
    return this.sink.text.length;
  }
}

function crowd(pool: SlabPool, count: number): [Reader, Reader[]] {
  const followers = Array.from({ length: count }, () => new Reader(pool));
  return [new Reader(pool), followers];
}

test("frames that follow each other are one piece, in the memory of the first outbox", () => {
  const pool = new SlabPool();
  const [leader, followers] = crowd(pool, 100);
  for (let n = 0; n < 200; n++) {
    const frame = `frame ${n};`;
    leader.writes(frame);
    for (const one of followers) assert.ok(one.follows(leader, frame));
  }
  for (const { outbox } of [leader, ...followers]) outbox.flush(SINK_MAX);
  const [memory] = leader.sink.kept;
  for (const { sink } of followers) {
    assert.equal(sink.kept.length, 1);
    assert.equal(sink.kept[0]!.buffer, memory!.buffer);
  }
  for (const one of [leader, ...followers]) one.ends();
});

test("memory that is followed is used again behind the last of all", () => {
  const pool = new SlabPool();
  const [leader, followers] = crowd(pool, 3);
  leader.writes("one for all;");
  for (const one of followers) assert.ok(one.follows(leader, "one for all;"));
  const { buffer } = leader.outbox.slab;
  const isFree = (): boolean => {
    const slabs = Array.from({ length: 8 }, () => pool.take(4096));
    for (const slab of slabs) pool.give(slab);
    return slabs.some(({ bytes }) => bytes.buffer === buffer);
  };
  for (const one of [leader, ...followers]) {
    assert.equal(isFree(), false);
    one.outbox.flush();
    one.sink.drain();
    one.outbox.reclaim();
  }
  assert.ok(isFree());
});

test("what is written behind followed bytes comes behind them", () => {
  const pool = new SlabPool();
  const [leader, [follower]] = crowd(pool, 1);
  const large = asciiBytes("L".repeat(70_000));
  const memory = new SharedMemory(large);
  for (const length of [10, 3000, 60_000]) {
    leader.writes("x".repeat(length));
    follower!.follows(leader, "x".repeat(length));
    follower!.writes("own");
    leader.writes("y".repeat(100));
    assert.equal(follower!.follows(leader, "y".repeat(100)), false);
    follower!.outbox.flush();
    leader.writes("z".repeat(length));
    follower!.follows(leader, "z".repeat(length));
    follower!.outbox.share(memory, 0, large.length);
    follower!.said += "L".repeat(70_000);
    follower!.outbox.flush();
  }
  leader.ends();
  follower!.ends();
});

test("a first outbox that goes on at the start of its slab changes nothing for others", () => {
  const pool = new SlabPool();
  const [leader, [follower]] = crowd(pool, 1);
  const large = asciiBytes("L".repeat(70_000));
  leader.writes("few");
  leader.outbox.flush();
  // The sink lags: these few bytes would be copied, if nobody else read them.
  leader.writes("more");
  assert.ok(follower!.follows(leader, "more"));
  leader.outbox.flush();
  leader.writes("again");
  follower!.follows(leader, "again");
  leader.outbox.share(new SharedMemory(large), 0, large.length);
  leader.said += "L".repeat(70_000);
  leader.writes("behind");
  leader.ends();
  follower!.ends();
});

test("few bytes for a sink that lags are copied, and the memory let go", () => {
  const pool = new SlabPool();
  const [leader, [follower]] = crowd(pool, 1);
  for (let n = 0; n < 1000; n++) {
    const frame = `${n};`;
    leader.writes(frame);
    follower!.follows(leader, frame);
    follower!.outbox.flush();
    leader.outbox.flush();
    leader.drains();
  }
  const { retainedBytes, pendingBytes } = follower!.sink;
  assert.ok(retainedBytes < pendingBytes + 10_000, `${retainedBytes} are kept`);
  leader.ends();
  follower!.ends();
});

test("one that is discarded reads on from memory that nobody writes to", () => {
  const pool = new SlabPool();
  const [leader, [gone, follower]] = crowd(pool, 2);
  leader.writes("one;");
  gone!.follows(leader, "one;");
  follower!.follows(leader, "one;");
  gone!.outbox.flush();
  gone!.outbox.discard();
  leader.outbox.discard();
  for (let n = 0; n < 300; n++) pool.take(4096).bytes.fill(0x7a);
  gone!.ends();
  follower!.ends();
});

/** The one who writes, and others who want the same, some of them now and then other things. */
function steps(random: Random, pool: SlabPool): void {
  const readers = Array.from(
    { length: 12 },
    (_, n) => new Reader(pool, n % 3 === 0 ? 5000 : Infinity),
  );
  for (let n = 0; n < 600; n++) {
    // Two crowds, which overlap.
    const from = randomBelow(random, 4) === 0 ? 6 : 0;
    const frame = `${n}${"-".repeat(randomBelow(random, 400))};`;
    const leader = readers[from]!;
    leader.writes(frame);
    for (const reader of readers.slice(from + 1)) {
      if (randomBelow(random, 40) === 0) reader.writes(`own ${n};`);
      const isFew = randomBelow(random, 60) === 0;
      if (!isFew) reader.follows(leader, frame);
    }
    if (randomBelow(random, 50) > 0) continue;
    for (const reader of readers) {
      if (randomBelow(random, 5) > 0) reader.outbox.flush(SINK_MAX);
      if (randomBelow(random, 3) > 0) {
        reader.sink.take(randomBelow(random, 30_000));
        reader.outbox.blocked = reader.sink.pendingBytes > 0;
      }
    }
  }
  for (const reader of readers) reader.ends();
}

test("each gets what it was sent, by following or not, read early or late", () => {
  const seed = freshSeed();
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  const pool = new SlabPool();
  for (let run = 0; run < 20; run++) steps(random, pool);
});
