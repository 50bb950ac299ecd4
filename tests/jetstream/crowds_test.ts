/**
 * What many consumers, many requests and many messages that wait cost each other:
 * with a seed, against lists that are searched from end to end.
 */
import assert from "node:assert/strict";
import type { Destination } from "../../src/accounts/destination.ts";
import { subjectMatches } from "../../src/core/subject.ts";
import { Progress } from "../../src/jetstream/consumer/progress.ts";
import { SeqQueue } from "../../src/jetstream/consumer/seq_queue.ts";
import {
  type Pull,
  WaitingPulls,
} from "../../src/jetstream/consumer/waiting_pulls.ts";
import { SubjectTable } from "../../src/jetstream/store/subject_table.ts";
import { Readers } from "../../src/jetstream/stream/readers.ts";
import type { StreamReader } from "../../src/jetstream/stream/stream_reader.ts";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import { type Random, randomBelow } from "../../src/platform/clock.ts";
import { startMidge } from "../support/midge.ts";
import { connectPeer } from "../support/peer.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { asker } from "./request.ts";

const PATTERNS = ["a", "b", "a.*", "a.>", "*.x", "b.x", "b.*.y", ">", "c.>"];
const SUBJECTS = ["a", "b", "a.x", "a.y", "b.x", "b.x.y", "c.a.b.c", "d"];

function oneOf<T>(random: Random, items: readonly T[]): T {
  return items[randomBelow(random, items.length)]!;
}

/** Notes what it is told. */
class Listener implements StreamReader {
  readonly openMessages = 0;
  told: string[] = [];
  heard = (): void => {};

  needs(seq: number): boolean {
    this.told.push(`needs ${seq}`);
    return false;
  }

  isDone(seq: number): boolean {
    this.told.push(`is done ${seq}`);
    return false;
  }

  stored(seq: number): void {
    this.told.push(`stored ${seq}`);
    this.heard();
  }

  removing(seq: number, _: number, isPurge: boolean): void {
    this.told.push(`removing ${seq} ${isPurge}`);
  }

  emptied(): void {}
  purged(): void {}
}

test("readers of a crowd are told of what they read, each once, and few of everything", (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const subjects = new SubjectTable();
  const readers = new Readers(subjects);
  const heard = new Map<Listener, readonly string[]>();
  let crowds = 0;
  for (let seq = 1; seq <= 4000; seq++) {
    const dice = random.next();
    // They come and go in waves.
    const comes = Math.sin(seq / 100) > 0 ? 0.2 : 0.1;
    if (dice < comes) {
      const patterns = Array.from(
        { length: randomBelow(random, 4) },
        () => oneOf(random, PATTERNS),
      );
      const known = random.next() < 0.2 ? [...heard.keys()] : [];
      const reader = known.length > 0 ? oneOf(random, known) : new Listener();
      readers.set(reader, patterns);
      heard.set(reader, patterns);
    } else if (dice < 0.3 && heard.size > 0) {
      const reader = oneOf(random, [...heard.keys()]);
      readers.delete(reader);
      heard.delete(reader);
    }
    assert.equal(readers.size, heard.size);
    assert.deepEqual(new Set(readers), new Set(heard.keys()));
    const subject = oneOf(random, SUBJECTS);
    const { number } = subjects.take(subject);
    const isPurge = random.next() < 0.5;
    readers.stored(seq, number);
    assert.equal(readers.needs(seq, number), false);
    assert.equal(readers.isDone(seq, number), false);
    readers.removing(seq, number, isPurge);
    const isCrowd = readers.size > 8;
    if (isCrowd) crowds++;
    for (const [reader, patterns] of heard) {
      const isMeant = patterns.length === 0 ||
        patterns.some((one) => subjectMatches(one, subject));
      if (isMeant || reader.told.length > 0) {
        assert.deepEqual(reader.told, [
          `stored ${seq}`,
          `needs ${seq}`,
          `is done ${seq}`,
          `removing ${seq} ${isPurge}`,
        ]);
      }
      // One of a crowd does not hear what is not meant for it.
      if (isCrowd) assert.equal(reader.told.length > 0, isMeant);
      reader.told = [];
    }
  }
  assert.ok(crowds > 500 && crowds < 3500, `${crowds} crowds`);
});

for (const size of [3, 20]) {
  test(`one of ${size} readers that goes while a message is told of hears nothing of it`, () => {
    const subjects = new SubjectTable();
    const readers = new Readers(subjects);
    const all = Array.from({ length: size }, () => new Listener());
    for (const one of all) readers.set(one, ["a.*"]);
    const [first, ...others] = all;
    first!.heard = () => others.forEach((one) => readers.delete(one));
    const { number } = subjects.take("a.b");
    readers.stored(1, number);
    assert.deepEqual(first!.told, ["stored 1"]);
    for (const one of others) assert.deepEqual(one.told, []);
  });
}

test("readers of a crowd are told of subjects that no pattern matches, as a few are", () => {
  const subjects = new SubjectTable();
  const readers = new Readers(subjects);
  const all = Array.from({ length: 20 }, () => new Listener());
  for (const one of all) readers.set(one, []);
  ["x.", ".x", "x..y"].forEach((subject, seq) => {
    const { number } = subjects.take(subject);
    readers.stored(seq, number);
    for (const one of all) assert.equal(one.told.pop(), `stored ${seq}`);
  });
});

/** A request of which only its place matters. */
function pull(random: Random): Pull {
  return {
    to: undefined as unknown as Destination,
    left: 1 + randomBelow(random, 5),
    bytesLeft: Infinity,
    limitsBytes: false,
    noWait: random.next() < 0.3,
    hasSome: false,
    endsUs: Infinity,
    heartbeatMs: 0,
    rank: randomBelow(random, 3) * 4,
    claim: {
      group: "",
      min_pending: 0,
      min_ack_pending: 0,
      id: "",
      priority: 0,
    },
    timers: [],
  };
}

test("requests have their turns by rank, and the oldest first", (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const pulls = new WaitingPulls();
  let list: Pull[] = [];
  const enter = (one: Pull): void => {
    const at = list.findIndex(({ rank }) => rank > one.rank);
    list.splice(at < 0 ? list.length : at, 0, one);
  };
  for (let step = 0; step < 5000; step++) {
    const dice = random.next();
    if (dice < 0.4) {
      const one = pull(random);
      pulls.add(one);
      enter(one);
    } else if (dice < 0.6 && list.length > 0) {
      const one = random.next() < 0.5 ? list[0]! : oneOf(random, list);
      pulls.turned(one);
      list = list.filter((other) => other !== one);
      enter(one);
    } else if (list.length > 0) {
      const one = oneOf(random, list);
      assert.equal(pulls.remove(one), true);
      assert.equal(pulls.remove(one), false);
      list = list.filter((other) => other !== one);
    }
    if (dice > 0.999) {
      assert.deepEqual(pulls.takeAll(), list);
      list = [];
    }
    assert.deepEqual([...pulls], list);
    assert.equal(pulls.first, list[0]);
    assert.equal(pulls.size, list.length);
    assert.equal(pulls.wanted, list.reduce((sum, { left }) => sum + left, 0));
    assert.equal(pulls.hasNoWaits, list.some(({ noWait }) => noWait));
  }
});

test("a request that waits no more holds none of those that came behind it", () => {
  const random = seededRandom(1);
  const pulls = new WaitingPulls();
  const all = Array.from({ length: 9 }, () => pull(random));
  for (const one of all) pulls.add(one);
  for (const one of all) pulls.remove(one);
  for (const { before, after } of all) {
    assert.deepEqual([before, after], [undefined, undefined]);
  }
});

test("sequences that are due come in their order, each once, however many go", (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const queue = new SeqQueue();
  const set = new Set<number>();
  for (let step = 0; step < 30_000; step++) {
    const seq = 1 + randomBelow(random, 4000);
    if (random.next() < (step % 9000 < 5000 ? 0.7 : 0.2)) {
      queue.add(seq);
      set.add(seq);
    } else {
      const [first] = set;
      const one = random.next() < 0.5 ? first ?? seq : seq;
      queue.delete(one);
      set.delete(one);
    }
    assert.equal(queue.size, set.size);
    const [first] = set;
    assert.equal(queue.first, first);
  }
});

test("messages up to a place that are not acknowledged are those that a look at all finds", (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  for (let round = 0; round < 20; round++) {
    const progress = new Progress(0);
    for (let step = 0; step < 500; step++) {
      const dice = random.next();
      const known = 1 + randomBelow(random, progress.seq + 1);
      if (dice < 0.5) progress.delivered(progress.seq + 1, step, step);
      else if (dice < 0.6) progress.abandon(known);
      else if (dice < 0.65) progress.delivered(known, step, step);
      else if (dice < 0.9) progress.settle(known);
      else if (dice < 0.93) {
        progress.openUpTo(known).forEach((one) => progress.settle(one));
      }
      const upTo = randomBelow(random, progress.seq + 2);
      const open = [...progress.pending.keys(), ...progress.deliveries.keys()];
      assert.deepEqual(
        [...progress.openUpTo(upTo)].sort((a, b) => a - b),
        [...new Set(open)].filter((one) => one <= upTo).sort((a, b) => a - b),
      );
    }
  }
});

test("one of a crowd that reads everything gets what comes", async (t) => {
  const { port } = await startMidge(t, {
    jetstream: defaultJetStreamOptions(),
  });
  const asking = await asker(t, port);
  await asking.api("STREAM.CREATE.S", {
    name: "S",
    subjects: ["s.>"],
    storage: "memory",
  });
  const make = (name: string, filter: object): Promise<unknown> =>
    asking.api(`CONSUMER.CREATE.S.${name}`, {
      stream_name: "S",
      config: { name, durable_name: name, ack_policy: "explicit", ...filter },
    });
  for (let i = 0; i < 20; i++) {
    await make(`c${i}`, { filter_subject: `s.${i}` });
  }
  await make("all", {});
  await asking.publish("s.3", "hi");
  await asking.publish("s.x", "hi");
  const pending = async (name: string): Promise<unknown> =>
    (await asking.api(`CONSUMER.INFO.S.${name}`))["num_pending"];
  assert.deepEqual(
    [await pending("all"), await pending("c3"), await pending("c4")],
    [2, 1, 0],
  );
});

test("what a consumer of a crowd has delivered goes, though it means other messages by then", async (t) => {
  const { port } = await startMidge(t, {
    jetstream: defaultJetStreamOptions(),
  });
  const asking = await asker(t, port);
  await asking.api("STREAM.CREATE.S", {
    name: "S",
    subjects: ["s.>"],
    storage: "memory",
  });
  const make = (name: string, filter_subject: string): Promise<unknown> =>
    asking.api(`CONSUMER.CREATE.S.${name}`, {
      stream_name: "S",
      config: {
        name,
        durable_name: name,
        ack_policy: "explicit",
        filter_subject,
      },
    });
  for (let i = 0; i < 20; i++) await make(`other${i}`, `s.${i}`);
  await make("C", "s.a");
  await asking.publish("s.a", "hi");
  await asking.publish("s.b", "hi");
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.handshake({ headers: true });
  peer.send("SUB n 1\r\nPUB $JS.API.CONSUMER.MSG.NEXT.S.C n 0\r\n\r\n");
  await peer.expect("MSG s.a 1 ");
  await make("C", "s.b");
  const state = async (): Promise<unknown[]> => {
    const info = await asking.api("CONSUMER.INFO.S.C");
    return [info["num_pending"], info["num_ack_pending"]];
  };
  assert.deepEqual(await state(), [1, 1]);
  await asking.api("STREAM.MSG.DELETE.S", { seq: 1 });
  assert.deepEqual(await state(), [1, 0]);
});
