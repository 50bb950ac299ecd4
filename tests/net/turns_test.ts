/** Turns of the event loop, by the machine of each runtime and by a clock. */
import assert from "node:assert/strict";
import { MemoryNetwork } from "../../src/net/memory.ts";
import type { Network, Socket } from "../../src/platform/socket.ts";
import { type RunSoon, runSoonOn } from "../../src/platform/turns.ts";
import { platform } from "../../src/runtime/mod.ts";
import { nodeNetwork } from "../../src/runtime/net/node_net.ts";
import { seededRandom } from "../support/random.ts";
import type { Cleanup } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

/** Longer than a turn of the event loop should take. */
const LINK_MS = 1.2;
const LINKS = 100;
/** Links between two arrivals; two are usual, as each arrival is answered. */
const GAP_MAX = 20;

test("what is to run soon runs once, in order, and not at once", async () => {
  const runs: number[] = [];
  for (const n of [1, 2]) platform.runSoon(() => runs.push(n));
  assert.deepEqual(runs, []);
  await new Promise<void>(platform.runSoon);
  assert.deepEqual(runs, [1, 2]);
});

for (
  const [name, network] of [
    ["the machine's", platform.network],
    ["node:net's", nodeNetwork],
  ] as const
) {
  test(`sockets are heard between the links of a chain: ${name}`, async (t) => {
    // Deno asks for news as long as one of its own sockets is open.
    const other = await platform.network.listen(ANY_PORT, {}, () => {});
    t.after(() => other.close());
    const [near, far] = await connected(network, t);
    const heardAt = [0];
    let links = 0;
    echo(near, () => {});
    echo(far, () => heardAt.push(links));
    near.write(new Uint8Array(1));
    await new Promise<void>((resolve) => {
      const link = (): void => {
        work(LINK_MS);
        if (++links === LINKS) resolve();
        else platform.runSoon(link);
      };
      platform.runSoon(link);
    });
    const gaps = [...heardAt.slice(1), LINKS].map((at, n) => at - heardAt[n]!);
    assert.ok(Math.max(...gaps) <= GAP_MAX, gaps.join());
  });
}

test("a clock makes turns in which no time passes", async () => {
  const clock = new VirtualClock();
  const order: string[] = [];
  const runSoon = runSoonOn(clock);
  clock.after(0, () => order.push("due before"));
  clock.after(1, () => order.push("a millisecond later"));
  runSoon(() => {
    order.push(`link at ${clock.monotonic()}`);
    runSoon(() => order.push(`link at ${clock.monotonic()}`));
  });
  assert.deepEqual(order, []);
  await clock.advance(1);
  assert.deepEqual(order, [
    "due before",
    "link at 0",
    "link at 0",
    "a millisecond later",
  ]);
});

test("in memory, what has arrived is heard before the link that is asked for then", async (t) => {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock, seededRandom(1), { delayMs: 0 });
  const [near, far] = await clock.run(connected(network, t));
  const order: string[] = [];
  far.open({
    onData: () => order.push("data"),
    onDrain: () => {},
    onClose: () => {},
  });
  const runSoon: RunSoon = runSoonOn(clock);
  await clock.advance(0);
  runSoon(() => {
    near.write(new Uint8Array(1));
    runSoon(() => order.push("link"));
  });
  await clock.advance(0);
  assert.deepEqual(order, ["data", "link"]);
});

const ANY_PORT = { host: "127.0.0.1", port: 0 };

async function connected(
  network: Network,
  t: Cleanup,
): Promise<[Socket, Socket]> {
  const accepted = Promise.withResolvers<Socket>();
  const listener = await network.listen(ANY_PORT, {}, accepted.resolve);
  const near = await network.dial(listener.address);
  const far = await accepted.promise;
  t.after(async () => {
    near.destroy();
    far.destroy();
    await listener.close();
  });
  return [near, far];
}

/** Sends a byte back for each arrival. */
function echo(socket: Socket, onArrival: () => void): void {
  socket.open({
    onData: () => {
      onArrival();
      socket.write(new Uint8Array(1));
    },
    onDrain: () => {},
    onClose: () => {},
  });
}

function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
