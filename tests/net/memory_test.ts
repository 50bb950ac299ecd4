/** The in-memory network: the suite of all networks, and its own faults. */
import assert from "node:assert/strict";
import { MemoryNetwork } from "../../src/net/memory.ts";
import type { CloseReason, Socket } from "../../src/platform/socket.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { keepMoving, VirtualClock } from "../support/virtual_clock.ts";
import { describeNetwork } from "./suite.ts";

describeNetwork("memory", (t) => {
  const seed = freshSeed();
  console.log(`memory network seed ${seed}`);
  const clock = new VirtualClock();
  keepMoving(clock, t);
  const network = new MemoryNetwork(clock, seededRandom(seed));
  return {
    network,
    silentAddress(): Promise<{ host: string; port: number }> {
      network.partition("127.0.0.1", "10.0.0.9");
      return Promise.resolve({ host: "10.0.0.9", port: 4222 });
    },
    async dialAndReset(to): Promise<void> {
      network.reset(await network.dial(to));
    },
  };
});

interface Machines {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly near: Socket;
  readonly far: Socket;
  /** What `far` has read, and how it closed. */
  readonly heard: string[];
  readonly closes: CloseReason[];
}

async function twoMachines(seed: number = 1): Promise<Machines> {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock, seededRandom(seed), {
    names: { "b.example": ["10.0.0.2"] },
  });
  const sockets: Socket[] = [];
  const at = { host: "0.0.0.0", port: 4222 };
  await network.on("10.0.0.2").listen(at, {}, (socket) => sockets.push(socket));
  const dialled = network.on("10.0.0.1")
    .dial({ host: "b.example", port: 4222 });
  await clock.advance(10);
  const near = await dialled;
  const [far] = sockets;
  assert.ok(far !== undefined);
  const heard: string[] = [];
  const closes: CloseReason[] = [];
  far.open({
    onData: (chunk) => heard.push(new TextDecoder().decode(chunk)),
    onDrain: () => {},
    onClose: (reason) => closes.push(reason),
  });
  return { clock, network, near, far, heard, closes };
}

const WORDS = new TextEncoder().encode("some words");

test("machines have addresses, and loopback is one's own", async () => {
  const { clock, network, near, far } = await twoMachines();
  assert.equal(near.local.host, "10.0.0.1");
  assert.deepEqual(near.remote, { host: "10.0.0.2", port: 4222 });
  assert.deepEqual(far.remote, near.local);
  const own = network.on("10.0.0.1").dial({ host: "127.0.0.1", port: 4222 });
  const refused = assert.rejects(own, { code: "ECONNREFUSED" });
  await clock.advance(10);
  await refused;
});

test("nothing arrives in the turn in which it was sent", async () => {
  const { clock, near, heard } = await twoMachines();
  near.write(WORDS);
  assert.deepEqual(heard, []);
  await clock.advance(10);
  assert.equal(heard.join(""), "some words");
});

test("a partition holds everything back until it heals", async () => {
  const { clock, network, near, heard, closes } = await twoMachines();
  network.partition("10.0.0.2", "10.0.0.1");
  near.write(WORDS);
  near.end();
  await clock.advance(3_600_000);
  assert.deepEqual([heard, closes], [[], []]);
  network.heal("10.0.0.1", "10.0.0.2");
  await clock.advance(10);
  assert.equal(heard.join(""), "some words");
  assert.deepEqual(closes, [{ kind: "ended" }]);
});

test("a dial waits for the partition to heal", async () => {
  const { clock, network } = await twoMachines();
  network.partition("10.0.0.1", "10.0.0.2");
  let connected = false;
  network.on("10.0.0.1").dial({ host: "10.0.0.2", port: 4222 })
    .then(() => connected = true);
  await clock.advance(60_000);
  assert.equal(connected, false);
  network.heal("10.0.0.1", "10.0.0.2");
  await clock.advanceUntil(() => connected);
});

test("a reset between machines loses what is under way", async () => {
  const { clock, network, near, heard, closes } = await twoMachines();
  const nearCloses: CloseReason[] = [];
  near.open({
    onData: () => {},
    onDrain: () => {},
    onClose: (reason) => nearCloses.push(reason),
  });
  near.write(WORDS);
  network.resetBetween("10.0.0.3", "10.0.0.2");
  network.resetBetween("10.0.0.2", "10.0.0.1");
  await clock.advance(10);
  assert.deepEqual(heard, []);
  const reset = { kind: "reset", code: "ECONNRESET" };
  assert.deepEqual([closes, nearCloses], [[reset], [reset]]);
  assert.equal(clock.pendingTimers, 0);
});

test("a chunk that was kept is spoilt", async () => {
  const { clock, near, far } = await twoMachines();
  const kept: Uint8Array[] = [];
  near.open({
    onData: (chunk) => kept.push(chunk),
    onDrain: () => {},
    onClose: () => {},
  });
  far.write(WORDS);
  await clock.advance(10);
  assert.ok(kept.every((chunk) => chunk.every((byte) => byte === 0xdd)));
  assert.ok(kept.length > 0);
});

test("one seed gives one history", async () => {
  const histories: string[] = [];
  for (const seed of [5, 5, 6]) {
    const { clock, near, heard } = await twoMachines(seed);
    for (let count = 0; count < 50; count++) near.write(WORDS);
    await clock.advance(100);
    assert.equal(heard.join(""), "some words".repeat(50));
    histories.push(heard.join("|"));
  }
  assert.equal(histories[0], histories[1]);
  assert.notEqual(histories[0], histories[2]);
});

test("the path of a unix socket is a machine's own, and taken once", async () => {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock, seededRandom(1));
  const at = { host: "", port: 0, path: "/run/a.sock" };
  const here = network.on("10.0.0.1");
  const accepted: Socket[] = [];
  const listener = await here.listen(at, {}, (socket) => {
    accepted.push(socket);
  });
  await assert.rejects(here.listen(at, {}, () => {}), {
    message: "listen unix /run/a.sock: bind: address already in use",
  });
  const elsewhere = network.on("10.0.0.2").dial(at);
  const refused = assert.rejects(elsewhere, {
    message: "dial unix /run/a.sock: connect: connection refused",
  });
  const dialled = here.dial(at);
  await clock.advance(10);
  await refused;
  assert.deepEqual((await dialled).remote, at);
  assert.deepEqual(accepted[0]?.remote, at);
  await listener.close();
  await (await here.listen(at, {}, () => {})).close();
});
