/**
 * A route that takes nothing, as that of a node which is stopped: it costs its
 * own messages and none of those of others, and no memory without end.
 */
import assert from "node:assert/strict";
import type { TestServer } from "../support/midge.ts";
import { freshSeed } from "../support/random.ts";
import { test, type TestContext } from "../support/test.ts";
import { connectText, infoText, internalErrors } from "./route_peer.ts";
import { CLIENT_PORT, Mute, Simulation } from "./simulation.ts";

const SEED = freshSeed();
console.log(`seed ${SEED}`);

const [ONE, TWO, THREE, FOUR] = [1, 2, 3, 4].map((at) => `10.0.0.${at}`) as [
  string,
  string,
  string,
  string,
];
const KIB = 1024;
const COUNT = 1000;
/** Longer than a route is given, shorter than the write deadline. */
const A_WHILE_MS = 4000;

class Scene {
  readonly world: Simulation;
  readonly midge: TestServer;
  readonly publisher: Mute;
  /** The routes' other ends, both interested in "foo". */
  readonly reader: Mute;
  readonly stopped: Mute;

  private constructor(
    world: Simulation,
    midge: TestServer,
    [publisher, reader, stopped]: readonly Mute[],
  ) {
    this.world = world;
    this.midge = midge;
    this.publisher = publisher!;
    this.reader = reader!;
    this.stopped = stopped!;
  }

  static async start(t: TestContext): Promise<Scene> {
    const world = new Simulation(t, SEED);
    const midge = await world.start(ONE, { maxPendingBytes: 64 * KIB });
    const dialling = world.network.on(FOUR)
      .dial({ host: ONE, port: CLIENT_PORT });
    await world.clock.advance(10);
    const publisher = new Mute(await dialling);
    publisher.say('CONNECT {"verbose":false}\r\n');
    const routes = [];
    for (
      const [machine, id] of [[TWO, "READER"], [THREE, "STOPPED"]] as const
    ) {
      const route = await world.knock(machine, ONE);
      route.say(connectText({ id }) + infoText({ id }) + "RS+ $G foo\r\n");
      routes.push(route);
    }
    await world.clock.advance(10);
    return new Scene(world, midge, [publisher, ...routes]);
  }

  /** Bytes that wait for the stopped node. */
  get pendingBytes(): number {
    const route = this.midge.server.cluster!.routes.get("STOPPED")!;
    return route.connection.output.outbox.pendingBytes;
  }

  get log(): string {
    return this.midge.log.lines.join("\n");
  }

  /** Publishes `COUNT` messages of a KiB, and waits. */
  async flood(word: string, ms: number): Promise<void> {
    const line = `PUB foo ${KIB}\r\n${word.padEnd(KIB)}\r\n`;
    this.publisher.say(line.repeat(COUNT));
    await this.world.clock.advance(ms);
  }
}

/** How many messages that begin with `word` came. */
function countOf({ received }: Mute, word: string): number {
  return received.split(`RMSG $G foo ${KIB}\r\n${word} `).length - 1;
}

test("a route that takes nothing loses its own messages, and nobody else's", async (t) => {
  const scene = await Scene.start(t);
  const { reader, stopped, world, midge } = scene;
  stopped.socket.pause();
  await scene.flood("one", A_WHILE_MS);
  assert.equal(countOf(reader, "one"), COUNT);
  assert.match(scene.log, /ERR 10\.0\.0\.3:\d+ - rid:\d+ - Takes nothing/);
  const { pendingBytes } = scene;
  await scene.flood("two", 100);
  await scene.flood("three", 100);
  assert.equal(countOf(reader, "two"), COUNT);
  assert.equal(countOf(reader, "three"), COUNT);
  assert.ok(scene.pendingBytes <= pendingBytes + KIB);

  stopped.socket.resume();
  await world.clock.advance(A_WHILE_MS);
  const lost = Number(/- (\d+) messages for it were lost/.exec(scene.log)?.[1]);
  const came = ["one", "two", "three"].map((word) => countOf(stopped, word));
  assert.equal(came[0]! + came[1]! + came[2]!, 3 * COUNT - lost);
  assert.ok(lost >= 2 * COUNT, `${lost} of ${3 * COUNT} were lost`);
  await scene.flood("four", A_WHILE_MS);
  assert.equal(countOf(stopped, "four"), COUNT);
  assert.equal(countOf(reader, "four"), COUNT);
  assert.equal(midge.server.cluster!.routes.size, 2);
  assert.deepEqual(internalErrors(midge), []);
});

test("a route that takes nothing ends by its write deadline", async (t) => {
  const scene = await Scene.start(t);
  const { reader, stopped, world, midge } = scene;
  stopped.socket.pause();
  await scene.flood("one", 30_000);
  assert.deepEqual([...midge.server.cluster!.routes.keys()], ["READER"]);
  await scene.flood("two", A_WHILE_MS);
  assert.equal(countOf(reader, "two"), COUNT);
  await world.clock.advance(A_WHILE_MS);
  assert.deepEqual(internalErrors(midge), []);
});

test("a route that takes nothing for a second loses nothing", async (t) => {
  const scene = await Scene.start(t);
  const { reader, stopped, world } = scene;
  stopped.socket.pause();
  await scene.flood("one", 1000);
  assert.equal(countOf(reader, "one"), COUNT, "others were held");
  await scene.flood("two", 500);
  stopped.socket.resume();
  await world.clock.advance(A_WHILE_MS);
  assert.equal(countOf(stopped, "one"), COUNT);
  assert.equal(countOf(stopped, "two"), COUNT);
  assert.ok(!scene.log.includes("Takes nothing"));
});

test("a route that takes a little now and then loses nothing", async (t) => {
  const scene = await Scene.start(t);
  const { reader, stopped, world } = scene;
  const { socket } = stopped;
  socket.pause();
  await scene.flood("one", 0);
  for (let round = 0; round < 100; round++) {
    await world.clock.advance(250);
    socket.resume();
    await world.clock.advance(1);
    socket.pause();
  }
  socket.resume();
  await world.clock.advance(A_WHILE_MS);
  assert.equal(countOf(stopped, "one"), COUNT);
  assert.equal(countOf(reader, "one"), COUNT);
  assert.ok(!scene.log.includes("Takes nothing"));
});
