/** Deno's own sockets, and how they share the process's time. */
import assert from "node:assert/strict";
import { Fairness } from "../../src/runtime/net/deno_fairness.ts";
import { denoNetwork } from "../../src/runtime/net/deno_net.ts";
import type {
  DenoConnection,
  DenoListener,
  DenoSockets,
} from "../../src/runtime/net/deno_sockets.ts";
import { test } from "../support/test.ts";
import { describeMachineNetwork } from "./machine_suite.ts";

const MIB = 1024 * 1024;

if ("Deno" in globalThis) describeMachineNetwork("Deno.listen", denoNetwork);

/** A pair of sockets on which a byte arrives when the test says so. */
class FakeSockets implements DenoSockets {
  connections = 0;
  closed = 0;
  /** Bytes that were sent and did not arrive. */
  underWay = 0;
  readonly #arrivals: (() => void)[] = [];
  readonly #fails: boolean;

  constructor(fails: boolean = false) {
    this.#fails = fails;
  }

  listen(): DenoListener {
    if (this.#fails) throw new Error("not allowed");
    return {
      addr: { hostname: "127.0.0.1", port: 1 },
      accept: () => this.connect(),
      close: () => {},
    };
  }

  connect(): Promise<DenoConnection> {
    this.connections++;
    const addr = { hostname: "127.0.0.1", port: 1 };
    return Promise.resolve({
      remoteAddr: addr,
      localAddr: addr,
      read: () =>
        new Promise<number>((resolve) => this.#arrivals.push(() => resolve(1))),
      write: (bytes: Uint8Array) => {
        this.underWay += bytes.length;
        return Promise.resolve(bytes.length);
      },
      closeWrite: () => Promise.resolve(),
      setNoDelay: () => {},
      close: () => void this.closed++,
    });
  }

  arrive(): void {
    this.underWay = 0;
    for (const arrive of this.#arrivals.splice(0)) arrive();
  }
}

test("who reads much waits for the system, and everybody with him", async () => {
  const sockets = new FakeSockets();
  const fairness = new Fairness(sockets);
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

test("when nobody is left, nothing is left open, and whoever comes finds it again", async () => {
  const sockets = new FakeSockets();
  const fairness = new Fairness(sockets);
  for (const round of [1, 2]) {
    const turn = fairness.spend(MIB);
    await immediate();
    sockets.arrive();
    await turn;
    await fairness.rest();
    await fairness.rest();
    assert.equal(sockets.connections, 2 * round);
    assert.equal(sockets.closed, 2 * round);
  }
});

test("where no sockets may be opened, reading goes on", async () => {
  const fairness = new Fairness(new FakeSockets(true));
  for (let n = 0; n < 3; n++) await fairness.spend(MIB);
  assert.equal(fairness.spend(1000), undefined);
  await fairness.rest();
});

function immediate(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
