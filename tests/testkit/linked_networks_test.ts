/**
 * Networks with faults: the suite of all networks, on sockets, over a link that
 * is open and over one that is slow; and in memory, what links do besides.
 */
import assert from "node:assert/strict";
import type { Clock } from "../../src/platform/clock.ts";
import { OUTSIDE } from "../../src/testkit/faults/exchange.ts";
import { LinkedNetworks } from "../../src/testkit/faults/linked_networks.ts";
import { MemoryNetwork } from "../../src/net/memory.ts";
import type {
  Address,
  CloseReason,
  Network,
  Socket,
} from "../../src/platform/socket.ts";
import { platform } from "../../src/runtime/mod.ts";
import { keepProcessAlive } from "../../src/runtime/process/system.ts";
import { seededRandom } from "../support/random.ts";
import type { Cleanup } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { describeNetwork, type NetworkUnderTest } from "../net/suite.ts";

const ANY_PORT: Address = { host: "127.0.0.1", port: 0 };

/** One place dials, another listens. */
function underTest(
  clock: Clock,
  beneath: Network,
  delayMs: number,
): NetworkUnderTest {
  const networks = new LinkedNetworks(clock);
  const [here, there, silent] = ["here", "there", "silent"]
    .map((place) => networks.at(place, beneath));
  networks.link("here", "there").delayMs = delayMs;
  networks.link("here", "silent").cut();
  return {
    network: {
      listen: (at, options, onSocket) => there!.listen(at, options, onSocket),
      dial: (to, options) => here!.dial(to, options),
      lookup: (host) => here!.lookup(host),
    },
    async silentAddress(): Promise<Address> {
      return (await silent!.listen(ANY_PORT, {}, () => {})).address;
    },
    async dialAndReset(to): Promise<void> {
      await here!.dial(to);
      networks.reset("here", "there");
    },
  };
}

const SLOW_MS = 3;

for (const [title, delayMs] of [["open", 0], ["slow", SLOW_MS]] as const) {
  describeNetwork(`a link of sockets that is ${title}`, (t) => {
    const listeners = listenersOf(platform.network, t);
    // The clock's timers do not, and a call on its way has nothing else.
    t.after(keepProcessAlive());
    return underTest(platform.clock, listeners, delayMs);
  });
}

/** The network, whose listeners end with the test. */
function listenersOf(network: Network, t: Cleanup): Network {
  return {
    dial: network.dial,
    lookup: network.lookup,
    async listen(at, options, onSocket) {
      const listener = await network.listen(at, options, onSocket);
      t.after(() => listener.close());
      return listener;
    },
  };
}

/** What a socket tells. */
class Listening {
  text = "";
  drains = 0;
  onClosed: () => void = () => {};
  close: CloseReason | undefined;
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.open({
      onData: (chunk) => this.text += new TextDecoder().decode(chunk),
      onDrain: () => this.drains++,
      onClose: (reason) => {
        this.close = reason;
        this.onClosed();
      },
    });
  }

  say(text: string): boolean {
    return this.socket.write(new TextEncoder().encode(text));
  }
}

/** How a connection closed; undefined while it is open. */
function kindOf({ close }: Listening): string | undefined {
  return close?.kind;
}

/** Two places, a connection from `a` to `b`, and a clock that stands still. */
class Scene {
  readonly clock: VirtualClock = new VirtualClock();
  readonly memory: MemoryNetwork = new MemoryNetwork(
    this.clock,
    seededRandom(1),
    { delayMs: 0 },
  );
  readonly networks: LinkedNetworks = new LinkedNetworks(this.clock);
  readonly a: ReturnType<LinkedNetworks["at"]> = this.networks
    .at("a", this.memory.on("10.0.0.1"), "10.0.0.1");
  readonly b: ReturnType<LinkedNetworks["at"]> = this.networks
    .at("b", this.memory.on("10.0.0.2"), "10.0.0.2");
  readonly accepted: Listening[] = [];
  readonly address: Address = { host: "10.0.0.2", port: 4222 };

  static async open(): Promise<Scene> {
    const scene = new Scene();
    await scene.b.listen(
      { host: "0.0.0.0", port: 4222 },
      {},
      (socket) => scene.accepted.push(new Listening(socket)),
    );
    return scene;
  }

  async pair(network: Network = this.a): Promise<[Listening, Listening]> {
    const dialled = network.dial(this.address);
    await this.clock.advance(50);
    const near = new Listening(await dialled);
    return [near, this.accepted.at(-1)!];
  }
}

test("a cut link holds back both directions, ends included, until it heals", async () => {
  const scene = await Scene.open();
  const { clock, networks } = scene;
  const [near, far] = await scene.pair();
  const link = networks.link("b", "a");
  link.cut();
  near.say("question");
  far.say("answer");
  far.socket.end();
  await clock.advance(3_600_000);
  assert.deepEqual([near.text, far.text, near.close], ["", "", undefined]);
  // Its own owner hears of the end, as of a socket whose bytes the system has.
  assert.equal(kindOf(far), "closed");
  link.heal();
  await clock.advance(10);
  assert.equal(near.text, "answer");
  assert.deepEqual(near.close, { kind: "ended" });
  assert.ok(networks.isIdle);
  assert.equal(clock.pendingTimers, 0);
});

test("who lets go while the link is cut is told so at once, the other one later", async () => {
  const scene = await Scene.open();
  const { clock, networks } = scene;
  for (const letGo of ["end", "destroy"] as const) {
    const [near, far] = await scene.pair();
    networks.link("a", "b").cut();
    near.say("last words");
    near.socket[letGo]();
    await clock.advance(60_000);
    assert.deepEqual(near.close, { kind: "closed" });
    assert.equal(kindOf(far), undefined);
    networks.heal();
    await clock.advance(10);
    assert.deepEqual(far.close, { kind: "ended" });
    assert.equal(far.text, letGo === "end" ? "last words" : "");
  }
});

test("each way takes the delay of the link", async () => {
  const scene = await Scene.open();
  const { clock, networks } = scene;
  const [near, far] = await scene.pair();
  networks.link("a", "b").delayMs = 50;
  near.say("ping");
  await clock.advance(49);
  assert.equal(far.text, "");
  await clock.advance(2);
  assert.equal(far.text, "ping");
  far.say("pong");
  await clock.advance(49);
  assert.equal(near.text, "");
  networks.link("a", "b").delayMs = 0;
  far.say(" and more");
  await clock.advance(2);
  assert.equal(near.text, "pong and more");
});

test("a call takes the delay twice, and none gets through a cut link", async () => {
  const scene = await Scene.open();
  const { clock, networks } = scene;
  const link = networks.link("a", "b");
  link.delayMs = 30;
  let answeredAt = 0;
  void scene.a.dial(scene.address).then(() => answeredAt = clock.monotonic());
  await clock.advance(100);
  assert.equal(answeredAt, 60);
  link.cut();
  const late = assert.rejects(
    scene.a.dial(scene.address, { timeoutMs: 1000 }),
    { code: "ETIMEDOUT" },
  );
  await clock.advance(1000);
  await late;
  assert.equal(scene.accepted.length, 1);
  const patient = scene.a.dial(scene.address);
  await clock.advance(60_000);
  link.heal();
  await clock.advance(60);
  (await patient).destroy();
});

test("a writer has to wait when a cut link holds much, and not when it holds little", async () => {
  const scene = await Scene.open();
  const { clock, networks } = scene;
  const [near, far] = await scene.pair();
  networks.link("a", "b").cut();
  assert.equal(near.say("little"), true);
  assert.equal(near.socket.pendingBytes, 0);
  assert.equal(near.say("x".repeat(200_000)), false);
  assert.ok(near.socket.pendingBytes > 100_000);
  await clock.advance(1000);
  assert.equal(near.drains, 0);
  networks.heal();
  await clock.advance(1000);
  assert.equal(near.drains, 1);
  assert.equal(far.text.length, 200_006);
});

test("what was written is the reader's, however late: its memory may be used again", async () => {
  const scene = await Scene.open();
  const { clock, networks } = scene;
  const [near, far] = await scene.pair();
  networks.link("a", "b").cut();
  const bytes = new TextEncoder().encode("mine");
  near.socket.write(bytes);
  bytes.fill(0);
  networks.heal();
  await clock.advance(10);
  assert.equal(far.text, "mine");
});

test("a reset breaks the connections that are meant, at both ends, and no others", async () => {
  const scene = await Scene.open();
  const { clock, networks, memory } = scene;
  const c = networks.at("c", memory.on("10.0.0.3"), "10.0.0.3");
  const ends = [...await scene.pair(), ...await scene.pair(c)];
  const reset = { kind: "reset", code: "ECONNRESET" } as const;
  const closes = (): unknown[] => ends.map(({ close }) => close);
  networks.reset("c", "a");
  await clock.advance(10);
  assert.deepEqual(closes(), [undefined, undefined, undefined, undefined]);
  networks.reset("b", "a");
  await clock.advance(10);
  assert.deepEqual(closes(), [reset, reset, undefined, undefined]);
  networks.reset("b");
  await clock.advance(10);
  assert.deepEqual(closes(), [reset, reset, reset, reset]);
});

test("an unplugged place falls silent at once, and the others hear of it as the link lets them", async () => {
  const scene = await Scene.open();
  const { clock, networks } = scene;
  const [near, far] = await scene.pair();
  const [held, heldFar] = await scene.pair();
  near.say("never mind");
  networks.link("a", "b").cut();
  scene.a.unplug();
  assert.deepEqual(near.close, { kind: "closed" });
  assert.deepEqual(held.close, { kind: "closed" });
  await clock.advance(60_000);
  assert.equal(kindOf(far), undefined);
  networks.heal();
  await clock.advance(10);
  assert.equal(kindOf(far), "ended");
  assert.equal(kindOf(heldFar), "ended");
  await assert.rejects(scene.a.dial(scene.address), { code: "ENETUNREACH" });
  const at = { host: "0.0.0.0", port: 1 };
  await assert.rejects(scene.a.listen(at, {}, () => {}), {
    code: "ENETUNREACH",
  });
});

test("who hears of one end of an unplugged place can tell nobody", async () => {
  const scene = await Scene.open();
  const [first] = await scene.pair();
  const [second, far] = await scene.pair();
  first.onClosed = () => void second.say("the first is gone");
  scene.a.unplug();
  await scene.clock.advance(10);
  assert.deepEqual([first.close?.kind, second.close?.kind], [
    "closed",
    "closed",
  ]);
  assert.equal(far.text, "");
});

test("a call to a port that is closed goes along the link, too", async () => {
  const scene = await Scene.open();
  const { clock, networks } = scene;
  networks.link("a", "b").cut();
  scene.b.unplug();
  const call = scene.a.dial(scene.address, { timeoutMs: 5000 });
  const refused = assert.rejects(call, { code: "ECONNREFUSED" });
  await clock.advance(4000);
  networks.heal();
  await clock.advance(10);
  await refused;
  assert.equal(clock.monotonic(), 4010);
});

test("a place that nobody dials for is outside, with a link of its own", async () => {
  const scene = await Scene.open();
  const { clock, networks } = scene;
  // Its network is not one of the linked ones.
  const [near, far] = await scene.pair(scene.memory.on("10.0.0.9"));
  const link = networks.link("b", OUTSIDE);
  link.cut();
  near.say("question");
  far.say("answer");
  await clock.advance(60_000);
  assert.deepEqual([near.text, far.text], ["", ""]);
  link.heal();
  await clock.advance(10);
  assert.deepEqual([near.text, far.text], ["answer", "question"]);
  networks.reset("b", OUTSIDE);
  await clock.advance(10);
  assert.equal(kindOf(far), "reset");
  assert.equal(kindOf(near), "ended");
});

test("what a place accepts from another place does not feel the link to the outside", async () => {
  const scene = await Scene.open();
  scene.networks.link("b", OUTSIDE).cut();
  const dialled = scene.a.dial(scene.address);
  await scene.clock.advance(10);
  // It speaks first, before anybody knows who has called.
  scene.accepted[0]!.say("welcome");
  const near = new Listening(await dialled);
  await scene.clock.advance(10);
  assert.equal(near.text, "welcome");
});
