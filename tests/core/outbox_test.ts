/** What an outbox hands to a sink that lags, and what it costs to keep. */
import assert from "node:assert/strict";
import { asciiBytes } from "../../src/core/ascii.ts";
import { type ByteSink, Outbox } from "../../src/core/outbox.ts";
import { SlabPool } from "../../src/core/slab_pool.ts";
import { SharedMemory } from "../../src/core/shared_memory.ts";
import { test } from "../support/test.ts";
import { LaggingSink } from "./lagging_sink.ts";

const SINK_MAX = 1000;

function numbered(from: number, count: number): string {
  let text = "";
  for (let n = from; n < from + count; n++) text += `${n};`;
  return text;
}

test("a sink that keeps up gets everything at each flush", () => {
  const sink = new LaggingSink(16_384);
  const outbox = new Outbox(new SlabPool(), sink);
  let sent = "";
  for (let n = 0; n < 100; n++) {
    const text = numbered(n * 1000, 1000);
    outbox.append(asciiBytes(text));
    sent += text;
    outbox.flush(SINK_MAX);
    assert.equal(outbox.size, 0);
    sink.drain();
    outbox.blocked = false;
  }
  assert.equal(sink.text, sent);
  assert.equal(outbox.writtenBytes, sent.length);
});

test("flushes of one size come to be handed over in one piece each", () => {
  const pieces: number[] = [];
  const sink: ByteSink = {
    pendingBytes: 0,
    write: ({ length }) => pieces.push(length) > 0,
  };
  const outbox = new Outbox(new SlabPool(), sink);
  const message = new Uint8Array(47);
  for (const bytes of [4700, 8300, 33_000]) {
    for (let flush = 0; flush < 20; flush++) {
      if (flush === 10) pieces.length = 0;
      for (let at = 0; at < bytes / 47; at++) outbox.append(message);
      outbox.flush();
    }
    assert.equal(pieces.length, 10, `pieces of ten times ${bytes} bytes`);
  }
});

test("a blocked sink gets no more than its share, the rest waits in order", () => {
  const sink = new LaggingSink(500);
  const outbox = new Outbox(new SlabPool(), sink);
  let sent = "";
  for (let n = 0; n < 2000; n++) {
    const text = numbered(n * 10, 10);
    outbox.append(asciiBytes(text));
    sent += text;
    outbox.flush(SINK_MAX);
  }
  assert.ok(outbox.blocked);
  assert.ok(sink.pendingBytes < SINK_MAX + 100);
  assert.equal(outbox.pendingBytes, sent.length);
  assert.equal(outbox.writtenBytes, sink.pendingBytes);
  while (outbox.pendingBytes > 0) {
    const before = outbox.writtenBytes;
    sink.drain();
    outbox.blocked = false;
    outbox.flush(SINK_MAX);
    // One slab after the first may go over.
    assert.ok(outbox.writtenBytes - before <= SINK_MAX + 65_536);
  }
  assert.ok(sink.text === sent);
});

test("a sink below its mark is given what there is, since it tells of no drain", () => {
  const sink = new LaggingSink(100_000);
  const outbox = new Outbox(new SlabPool(), sink);
  for (let n = 0; n < 50; n++) {
    outbox.append(asciiBytes("x".repeat(100)));
    outbox.flush(SINK_MAX);
  }
  assert.ok(!outbox.blocked);
  assert.equal(outbox.size, 0);
  assert.equal(sink.pendingBytes, 5000);
});

test("small flushes to a sink that lags keep little more memory than bytes", () => {
  const sink = new LaggingSink(65_536);
  const outbox = new Outbox(new SlabPool(), sink);
  for (let n = 0; n < 3000; n++) {
    outbox.append(asciiBytes("0123456789abcdef"));
    outbox.flush(262_144);
  }
  assert.equal(sink.pendingBytes, 48_000);
  assert.ok(sink.retainedBytes < 60_000, `${sink.retainedBytes} are kept`);
});

test("a flush without a limit hands over all of it, blocked or not", () => {
  const sink = new LaggingSink(1);
  const outbox = new Outbox(new SlabPool(), sink);
  const text = numbered(0, 50_000);
  for (let at = 0; at < text.length; at += 3000) {
    outbox.append(asciiBytes(text.slice(at, at + 3000)));
    outbox.flush(SINK_MAX);
  }
  assert.ok(outbox.size > 0);
  outbox.flush();
  assert.equal(outbox.size, 0);
  sink.drain();
  assert.ok(sink.text === text);
});

test("memory is used again only when the sink has taken its bytes", () => {
  const sink = new LaggingSink(1);
  const pool = new SlabPool();
  const outbox = new Outbox(pool, sink);
  outbox.append(asciiBytes("a".repeat(4000)));
  outbox.flush();
  const [lent] = sink.kept;
  outbox.append(asciiBytes("b".repeat(4000)));
  outbox.flush();
  assert.notEqual(sink.kept[1]!.buffer, lent!.buffer);
  sink.drain();
  assert.equal(sink.text, "a".repeat(4000) + "b".repeat(4000));
  outbox.reclaim();
  const again = [pool.take(4000).bytes.buffer, pool.take(4000).bytes.buffer];
  assert.ok(again.includes(lent!.buffer));
});

test("a slab is used again as soon as its own last byte was taken", () => {
  const sink = new LaggingSink(Infinity);
  const pool = new SlabPool();
  const outbox = new Outbox(pool, sink);
  for (const letter of "abc") {
    outbox.append(asciiBytes(letter.repeat(4000)));
    outbox.flush();
  }
  const [first, second] = sink.kept.map(({ buffer }) => buffer);
  sink.take(3999);
  outbox.reclaim();
  assert.notEqual(pool.take(4000).bytes.buffer, first);
  sink.take(1);
  outbox.reclaim();
  assert.equal(pool.take(4000).bytes.buffer, first);
  assert.notEqual(pool.take(4000).bytes.buffer, second);
});

test("a sink that is never empty needs little memory and gets every byte", () => {
  const sink = new LaggingSink(65_536);
  const outbox = new Outbox(new SlabPool(), sink);
  const seen = new Set<ArrayBufferLike>();
  let sent = "";
  for (let n = 0; n < 2000; n++) {
    const text = numbered(n * 300, 300);
    outbox.append(asciiBytes(text));
    sent += text;
    outbox.flush();
    for (const { buffer } of sink.kept) seen.add(buffer);
    sink.take(sink.pendingBytes - 1000);
  }
  sink.drain();
  assert.ok(sink.text === sent);
  assert.ok(seen.size <= 20, `${seen.size} pieces of memory for the stream`);
});

test("what was discarded is neither sent nor counted", () => {
  const sink = new LaggingSink(1);
  const outbox = new Outbox(new SlabPool(), sink);
  outbox.append(asciiBytes("x".repeat(200_000)));
  outbox.append(asciiBytes("y".repeat(200_000)));
  outbox.discard();
  outbox.flush();
  assert.equal(outbox.pendingBytes, 0);
  assert.equal(sink.kept.length, 0);
});

test("memory that a sink is done with goes to the next who needs some", () => {
  const pool = new SlabPool();
  const seen = new Set<ArrayBufferLike>();
  const sinks: LaggingSink[] = [];
  for (let n = 0; n < 1000; n++) {
    const sink = new LaggingSink(Infinity);
    const outbox = new Outbox(pool, sink);
    sinks.push(sink);
    for (const text of ["INFO", "PONG"]) {
      outbox.append(asciiBytes(text));
      outbox.flush();
      for (const { buffer } of sink.kept) seen.add(buffer);
      // It says nothing of that.
      sink.drain();
    }
  }
  for (const { text } of sinks) assert.equal(text, "INFOPONG");
  assert.ok(seen.size < 10, `${seen.size} pieces of memory at rest`);
});

test("an outbox that needs memory may get its own again, but only once", () => {
  const pool = new SlabPool();
  const sink = new LaggingSink(Infinity);
  const outbox = new Outbox(pool, sink);
  outbox.append(asciiBytes("a".repeat(4000)));
  outbox.flush();
  sink.drain();
  // An empty slab is changed for a larger one.
  outbox.append(asciiBytes("b"));
  outbox.end = 0;
  outbox.append(asciiBytes("c".repeat(5000)));
  const slabs = [4096, 4096, 8192, 8192].map((bytes) => pool.take(bytes).bytes);
  assert.equal(new Set(slabs).size, slabs.length);
  assert.ok(!slabs.includes(outbox.slab));
});

test("those who have ended lend nothing", () => {
  const pool = new SlabPool();
  const sink = new LaggingSink(Infinity);
  const outboxes = Array.from({ length: 20 }, () => new Outbox(pool, sink));
  for (const outbox of outboxes) {
    outbox.append(asciiBytes("x"));
    outbox.flush();
  }
  for (const at of [19, 0, 7, 3]) outboxes[at]!.discard();
  sink.drain();
  // What ended outboxes had lent is the garbage collector's.
  const taken = Array.from({ length: 32 }, () => pool.take(4096).bytes.buffer);
  assert.equal(new Set(taken).size, taken.length);
  assert.ok(sink.text === "x".repeat(20));
});

test("long messages, one behind the other, share their memory", () => {
  const pool = new SlabPool();
  const sink = new LaggingSink(16_384);
  const outbox = new Outbox(pool, sink);
  const seen = new Set<ArrayBufferLike>();
  for (const bytes of [100_000, 262_144, 1_048_576]) {
    for (let n = 0; n < 50; n++) {
      outbox.append(asciiBytes("x".repeat(bytes)));
      outbox.flush();
      for (const { buffer } of sink.kept) seen.add(buffer);
      sink.drain();
    }
  }
  assert.equal(sink.text.length, 50 * 1_410_720);
  assert.ok(seen.size <= 6, `${seen.size} pieces of memory`);
  for (const { byteLength } of seen) {
    assert.ok(byteLength <= 1_310_720, `${byteLength} for a message`);
  }
});

test("few slabs for long messages are kept, and none that is longer than any", () => {
  const pool = new SlabPool();
  const long = Array.from({ length: 100 }, () => pool.take(1_000_000));
  for (const slab of long) pool.give(slab);
  const again = Array.from({ length: 100 }, () => pool.take(1_000_000));
  assert.equal(again.filter((slab) => long.includes(slab)).length, 3);
  const longest = pool.take(10_000_000);
  pool.give(longest);
  assert.notEqual(pool.take(10_000_000), longest);
});

test("bytes that are shared are sent from where they are, in their order", () => {
  const sink = new LaggingSink(Infinity);
  const pool = new SlabPool();
  const outbox = new Outbox(pool, sink);
  let isFree = false;
  const large = asciiBytes(numbered(0, 20_000));
  const memory = new SharedMemory(large, large, () => isFree = true);
  let sent = "";
  for (const [before, behind] of [[1, 1], [600, 1], [0, 0], [10, 700]]) {
    const texts = [numbered(1, before!), numbered(5, behind!)] as const;
    outbox.append(asciiBytes(texts[0]));
    outbox.share(memory, 0, large.length);
    outbox.append(asciiBytes(texts[1]));
    sent += texts[0] + numbered(0, 20_000) + texts[1];
  }
  assert.equal(outbox.size, sent.length);
  memory.leave();
  outbox.flush();
  const shared = sink.kept.filter(({ buffer }) => buffer === large.buffer);
  assert.equal(shared.length, 4);
  sink.take(sent.length - 5_000);
  outbox.reclaim();
  assert.equal(isFree, false, "some of it is not taken");
  sink.drain();
  outbox.reclaim();
  assert.ok(isFree);
  assert.equal(sink.text, sent);
  // What was shared has not become a slab.
  for (let n = 0; n < 20; n++) {
    assert.notEqual(pool.take(65_536).bytes.buffer, large.buffer);
  }
});

test("who reads nothing keeps no more memory than the bytes that wait for it", () => {
  const sink = new LaggingSink(1);
  const outbox = new Outbox(new SlabPool(), sink);
  const large = asciiBytes("x".repeat(100_000));
  let waiting = 0;
  for (let n = 0; n < 200; n++) {
    const memory = new SharedMemory(large.slice());
    const head = asciiBytes(`MSG a 1 ${n}\r\n`);
    const small = asciiBytes("y".repeat(37 * n));
    outbox.append(head);
    outbox.share(memory, 0, large.length);
    outbox.append(small);
    memory.leave();
    waiting += head.length + large.length + small.length;
    outbox.flush(SINK_MAX);
  }
  assert.equal(outbox.pendingBytes, waiting);
  // All that it holds comes to the sink, in the memory in which it waited.
  outbox.flush();
  assert.equal(sink.pendingBytes, waiting);
  const cost = sink.retainedBytes / waiting;
  assert.ok(cost < 1.02, `${cost} times the bytes that wait`);
});

test("a sink that needs memory while it is written to does not get what it reads", () => {
  const pool = new SlabPool();
  const last = new LaggingSink(Infinity);
  const frames = new Outbox(pool, last);
  const outbox = new Outbox(pool, {
    get pendingBytes(): number {
      return last.pendingBytes;
    },
    write(bytes: Uint8Array): boolean {
      frames.append(asciiBytes(`[${bytes.length}]`));
      frames.append(bytes);
      frames.flush();
      return true;
    },
  });
  const spare = pool.take(4096);
  outbox.append(asciiBytes("a".repeat(3900)));
  outbox.flush();
  // All is taken; the pool will find out when it has no slab.
  last.drain();
  pool.give(spare);
  outbox.append(asciiBytes("b".repeat(3900)));
  outbox.flush();
  last.drain();
  const wanted = `[3900]${"a".repeat(3900)}[3900]${"b".repeat(3900)}`;
  assert.ok(last.text === wanted, "frames are as they were written");
});
