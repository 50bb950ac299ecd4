/** Whose hash is compared next, whose never, and what becomes of too many. */
import assert from "node:assert/strict";
import { HashQueue, type HashVerdict } from "../../src/auth/hash_queue.ts";
import { test } from "../support/test.ts";

/** A queue whose comparisons the test answers, one after the other. */
class Scene {
  /** The secrets that were compared, in their order. */
  readonly compared: string[] = [];
  /** Logins that ended, as `secret: verdict`, in their order. */
  readonly ended: string[] = [];
  readonly begun: string[] = [];
  readonly queue: HashQueue;
  #answer: PromiseWithResolvers<boolean> | undefined;

  constructor(waitingMax?: number) {
    this.queue = new HashQueue((secret) => {
      this.compared.push(secret);
      this.#answer = Promise.withResolvers<boolean>();
      return this.#answer.promise;
    }, waitingMax);
  }

  add(secret: string, host: string, user = "ann"): Peer {
    const peer = new Peer(() => this.begun.push(secret));
    const login = { secret, hash: "h", user, host, waiting: peer };
    const end = (verdict: HashVerdict | Error): void =>
      void this.ended.push(`${secret}: ${verdict}`);
    this.queue.compare(login).then(end, end);
    return peer;
  }

  /** Ends the comparison under way, and lets the next one begin. */
  async answer(verdict: boolean | Error = false): Promise<void> {
    if (verdict instanceof Error) this.#answer?.reject(verdict);
    else this.#answer?.resolve(verdict);
    await settled();
  }

  /** Answers until nothing is compared any more. */
  async answerAll(): Promise<string[]> {
    let count = -1;
    while (count !== this.compared.length) {
      count = this.compared.length;
      await this.answer();
    }
    return this.compared;
  }
}

class Peer {
  isOver = false;
  hasLeft = false;
  readonly begins: () => void;

  constructor(begins: () => void) {
    this.begins = begins;
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

test("what nobody waits for is not compared", async () => {
  const scene = new Scene();
  scene.add("first", "1.1.1.1");
  const peers = Array.from(
    { length: 200 },
    (_, at) => scene.add(`bad${at}`, "1.1.1.1"),
  );
  scene.add("good", "1.1.1.1");
  for (const peer of peers) peer.isOver = true;
  await scene.answer();
  assert.deepEqual(scene.compared, ["first", "good"]);
  assert.equal(scene.ended.filter((end) => end.endsWith(": over")).length, 200);
  await scene.answer(true);
  assert.equal(scene.ended.at(-1), "good: same");
});

test("addresses take turns, and users of one address do", async () => {
  const scene = new Scene();
  for (let at = 0; at < 4; at++) scene.add(`a${at}`, "1.1.1.1", "ann");
  for (let at = 0; at < 2; at++) scene.add(`b${at}`, "1.1.1.1", "bob");
  for (let at = 0; at < 2; at++) scene.add(`c${at}`, "2.2.2.2", "ann");
  assert.deepEqual(await scene.answerAll(), [
    ...["a0", "c0", "b0", "c1", "a1", "b1", "a2", "a3"],
  ]);
});

test("an address that comes again and again waits for the others", async () => {
  const scene = new Scene();
  scene.add("x0", "1.1.1.1");
  for (let at = 0; at < 4; at++) scene.add(`y${at}`, "2.2.2.2");
  for (let at = 1; at <= 4; at++) {
    scene.add(`x${at}`, "1.1.1.1");
    await scene.answer();
    await scene.answer();
  }
  const order = await scene.answerAll();
  assert.deepEqual(order, [
    ...["x0", "y0", "x1", "y1", "x2", "y2", "x3", "y3", "x4"],
  ]);
});

test("a network of IPv6 is one address, as are the two forms of IPv4", async () => {
  const scene = new Scene();
  scene.add("a0", "2001:db8::1");
  scene.add("a1", "2001:db8::2");
  scene.add("b0", "2001:db8:0:1::1");
  scene.add("c0", "fe80::1%eth0");
  scene.add("c1", "fe80::2%eth1");
  assert.deepEqual(await scene.answerAll(), ["a0", "b0", "c0", "a1", "c1"]);
});

test("peers that have left come last, but come", async () => {
  const scene = new Scene();
  scene.add("first", "1.1.1.1");
  scene.add("left", "2.2.2.2").hasLeft = true;
  scene.add("there", "1.1.1.1");
  assert.deepEqual(await scene.answerAll(), ["first", "there", "left"]);
});

test("the same secret for the same hash is compared once", async () => {
  const scene = new Scene();
  for (let at = 0; at < 3; at++) scene.add("same", `1.1.1.${at}`);
  scene.add("other", "1.1.1.1");
  await scene.answer(true);
  scene.add("other", "3.3.3.3");
  await scene.answer();
  assert.deepEqual(scene.compared, ["same", "other"]);
  assert.deepEqual(scene.ended, [
    ...["same: same", "same: same", "same: same"],
    ...["other: different", "other: different"],
  ]);
});

test("a peer hears when its comparison begins", async () => {
  const scene = new Scene();
  scene.add("a", "1.1.1.1");
  scene.add("b", "1.1.1.1");
  assert.deepEqual(scene.begun, ["a"]);
  await scene.answer();
  assert.deepEqual(scene.begun, ["a", "b"]);
});

test("a comparison that fails fails its logins, and the next one is made", async () => {
  const scene = new Scene();
  scene.add("a", "1.1.1.1");
  scene.add("a", "2.2.2.2");
  scene.add("b", "1.1.1.1");
  await scene.answer(new Error("no thread"));
  await scene.answer(true);
  assert.deepEqual(scene.ended, [
    "a: Error: no thread",
    "a: Error: no thread",
    "b: same",
  ]);
  scene.add("c", "1.1.1.1");
  await scene.answer(true);
  assert.equal(scene.ended.at(-1), "c: same");
});

test("in a full queue the address with the most logins loses its last one", async () => {
  const scene = new Scene(4);
  for (let at = 0; at < 4; at++) scene.add(`bad${at}`, "1.1.1.1");
  scene.add("bad4", "1.1.1.1");
  await settled();
  assert.deepEqual(scene.ended, ["bad4: full"]);
  scene.add("good", "2.2.2.2");
  await settled();
  assert.deepEqual(scene.ended, ["bad4: full", "bad3: full"]);
  assert.deepEqual(await scene.answerAll(), ["bad0", "good", "bad1", "bad2"]);
});

test("a queue that is full of the gone has room", async () => {
  const scene = new Scene(3);
  scene.add("first", "1.1.1.1");
  for (let at = 0; at < 2; at++) scene.add(`${at}`, "1.1.1.1").isOver = true;
  scene.add("good", "1.1.1.1");
  await settled();
  assert.deepEqual(scene.ended, ["0: over", "1: over"]);
  assert.deepEqual(await scene.answerAll(), ["first", "good"]);
});
