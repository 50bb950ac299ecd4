/** Deno's own sockets, and how they share the time of the process. */
import assert from "node:assert/strict";
import type { CloseReason } from "../../src/platform/socket.ts";
import { FairSocket } from "../../src/runtime/net/deno_fair_socket.ts";
import { Fairness } from "../../src/runtime/net/deno_fairness.ts";
import {
  denoNetwork,
  denoNodeNetwork,
} from "../../src/runtime/net/deno_net.ts";
import { networkOnDeno } from "../../src/runtime/net/network.ts";
import { DenoNews } from "../../src/runtime/net/deno_news.ts";
import { runSoonBehind } from "../../src/runtime/net/deno_turns.ts";
import { StillSocket } from "../broker/still_sockets.ts";
import { test } from "../support/test.ts";
import { FakeDenoSockets } from "./fake_deno_sockets.ts";
import { describeMachineNetwork } from "./machine_suite.ts";
import { until } from "../support/until.ts";

const MIB = 1024 * 1024;

if ("Deno" in globalThis) {
  const traits = { hasUnixSockets: true };
  describeMachineNetwork("Deno.listen", denoNetwork, traits);
  // Its unix sockets are those of the other.
  describeMachineNetwork("node:net, fair", denoNodeNetwork, {
    hasUnixSockets: false,
  });
}

test("MIDGE_SOCKETS=node asks for sockets of node:net on Deno", () => {
  assert.equal(networkOnDeno("node"), denoNodeNetwork);
  for (const other of [undefined, "", "deno"]) {
    assert.equal(networkOnDeno(other), denoNetwork);
  }
});

test("all readers wait for the system once they have read much together", async () => {
  const sockets = new FakeDenoSockets();
  const fairness = new Fairness(new DenoNews(() => sockets));
  assert.equal(fairness.spend(1000), undefined);
  const turn = fairness.spend(MIB);
  assert.ok(turn !== undefined);
  assert.equal(fairness.spend(1), turn);
  let isOver = false;
  turn.then(() => isOver = true);
  await immediate();
  assert.equal(sockets.underWay, 1);
  assert.equal(isOver, false);
  sockets.arrive();
  await turn;
  assert.equal(fairness.spend(1000), undefined);
  const next = fairness.spend(MIB);
  await immediate();
  sockets.arrive();
  await next;
  assert.equal(sockets.connections, 2);
});

test("a socket of node:net that brought much waits, and its owner's pause counts", async () => {
  const sockets = new FakeDenoSockets();
  const news = new DenoNews(() => sockets);
  const inner = new StillSocket();
  const socket = new FairSocket(inner, news, new Fairness(news));
  let heard = 0;
  const ends: CloseReason[] = [];
  socket.open({
    onData: (chunk) => heard += chunk.length,
    onDrain: () => {},
    onClose: (reason) => ends.push(reason),
  });
  const turnComes = async (): Promise<void> => {
    await immediate();
    sockets.arrive();
    await immediate();
  };
  inner.says("little");
  assert.equal(inner.isPaused, false);
  inner.says("x".repeat(MIB));
  assert.equal(inner.isPaused, true);
  // What was under way comes all the same.
  inner.says("x");
  await turnComes();
  assert.equal(inner.isPaused, false);
  inner.says("x".repeat(MIB));
  socket.pause();
  await turnComes();
  assert.equal(inner.isPaused, true, "its owner has paused it");
  socket.resume();
  assert.equal(inner.isPaused, false);
  inner.says("x".repeat(MIB));
  socket.pause();
  socket.resume();
  assert.equal(inner.isPaused, true, "it is not its turn");
  await turnComes();
  assert.equal(inner.isPaused, false);
  assert.equal(heard, 3 * MIB + 7);
  inner.closes();
  assert.deepEqual(ends, [{ kind: "ended" }]);
  await immediate();
  assert.equal(sockets.closed, 2, "news were of nothing else");
});

test("a socket that goes over to TLS waits for nothing", async () => {
  const news = new DenoNews(() => new FakeDenoSockets());
  const inner = new StillSocket();
  const socket = new FairSocket(inner, news, new Fairness(news));
  socket.open({ onData: () => {}, onDrain: () => {}, onClose: () => {} });
  inner.says("x".repeat(MIB));
  assert.equal(inner.isPaused, true);
  const upgrade = { role: "client", verify: false, timeoutMs: 1000 } as const;
  await assert.rejects(socket.secure(upgrade));
  assert.equal(inner.isPaused, false);
});

test("news are asked for once, however many wait for them", async () => {
  const sockets = new FakeDenoSockets();
  const news = new DenoNews(() => sockets);
  const waits = [news.next(), news.next()];
  await immediate();
  assert.equal(sockets.underWay, 1);
  sockets.arrive();
  await Promise.all(waits);
});

test("behind the last socket nothing is left open, and the next one asks again", async () => {
  const sockets = new FakeDenoSockets();
  const news = new DenoNews(() => sockets);
  for (const round of [1, 2]) {
    news.opened();
    news.opened();
    const heard = news.next();
    await immediate();
    sockets.arrive();
    await heard;
    news.closed();
    await immediate();
    assert.equal(sockets.closed, 2 * (round - 1));
    news.closed();
    await immediate();
    assert.equal(sockets.connections, 2 * round);
    assert.equal(sockets.closed, 2 * round);
  }
});

test("where no sockets may be opened, reading goes on", async () => {
  const fairness = new Fairness(new DenoNews(() => new FakeDenoSockets(true)));
  for (let n = 0; n < 3; n++) await fairness.spend(MIB);
  assert.equal(fairness.spend(1000), undefined);
});

test("the next link waits for news of open sockets, and those behind it keep their order", async () => {
  const sockets = new FakeDenoSockets();
  const news = new DenoNews(() => sockets);
  const runSoon = runSoonBehind(news);
  news.opened();
  const runs: number[] = [];
  for (const n of [1, 2, 3]) runSoon(() => runs.push(n));
  for (let turn = 0; turn < 3; turn++) await immediate();
  assert.deepEqual(runs, []);
  sockets.arrive();
  await until("all three have run", () => runs.length === 3);
  assert.deepEqual(runs, [1, 2, 3]);
  news.closed();
});

test("without an open socket the next link waits for nothing", async () => {
  const sockets = new FakeDenoSockets();
  const runSoon = runSoonBehind(new DenoNews(() => sockets));
  await new Promise<void>(runSoon);
  assert.equal(sockets.connections, 0);
});

function immediate(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
