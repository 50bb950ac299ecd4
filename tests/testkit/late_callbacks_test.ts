/**
 * Mistakes in callbacks fail the test that they belong to, whenever they happen
 * and on whatever connection; and a body that nobody waits for is noticed.
 */
import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { InvalidSubjectError } from "../../src/client/api/errors.ts";
import type { NatsConnection } from "../../src/client/connection.ts";
import { deferred } from "../../src/core/deferred.ts";
import {
  type ServerScene,
  type ServerSetup,
  withCluster,
  withServer,
} from "../../src/faces/cluster.ts";
import { watchBody } from "../../src/testkit/abandonment.ts";
import { rejection } from "../support/rejection.ts";
import { test } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

const SETUPS: Readonly<Record<string, ServerSetup>> = {
  "on sockets": {},
  "in memory": { network: "memory" },
  "on a virtual clock": { network: "memory", clock: "virtual" },
};

const MINE = new TypeError("mine");

/** When a callback fails. */
const MOMENTS: Readonly<
  Record<string, (client: NatsConnection, scene: ServerScene) => unknown>
> = {
  "at once": () => {
    throw MINE;
  },
  "later than the body": async (_client, { clock }) => {
    await new Promise<void>((resolve) => void clock.after(100, resolve));
    throw MINE;
  },
  "when the server stops": async (client) => {
    await client.closed();
    throw MINE;
  },
};

for (const [where, setup] of Object.entries(SETUPS)) {
  for (const [when, fail] of Object.entries(MOMENTS)) {
    test(`a callback that fails ${when} fails its test, ${where}`, async () => {
      const run = withServer(setup, async (_server, scene) => {
        const client = await scene.connect();
        const other = await scene.connect();
        client.subscribe("a", { callback: () => fail(client, scene) });
        await client.flush();
        // It is under way when the body ends.
        other.publish("a");
      });
      assert.equal(await rejection(run()), MINE);
    });
  }

  test(`a callback that only loses its connection at the end fails no test, ${where}`, async () => {
    await withServer(setup, async (_server, { connect }) => {
      const client = await connect();
      client.subscribe("a", {
        callback: async (_error, message) => {
          await client.closed();
          message.respond("too late");
        },
      });
      client.publish("a", "", { reply: "b" });
    })();
  });
}

test("the library's own errors are mistakes, too, when a callback throws them", async () => {
  const run = withServer(async (_server, { connect }) => {
    const client = await connect();
    client.subscribe("a", { callback: () => client.publish("not a subject") });
    client.publish("a");
    await client.flush();
  });
  assert.ok(await rejection(run()) instanceof InvalidSubjectError);
});

test("a callback of a connection that the kit does not own fails the test, too", async () => {
  for (const way of ["connect", "server.connect"]) {
    const run = withServer(async (server) => {
      const client = way === "connect"
        ? await connect({ servers: server.url })
        : await server.connect();
      const failed = deferred<void>();
      client.subscribe("a", {
        callback: async () => {
          await client.rtt();
          failed.resolve();
          throw MINE;
        },
      });
      client.publish("a");
      await failed.promise;
      await client.close();
    });
    assert.equal(await rejection(run()), MINE, way);
  }
});

test("an error that the test has handled itself fails nothing", async () => {
  const heard: Error[] = [];
  await withCluster({ size: 1 }, async (cluster) => {
    const client = await connect({
      servers: cluster.urls,
      onStatus: (status) => {
        if (status.type === "error") heard.push(status.error);
      },
    });
    client.subscribe("a", { callback: () => Promise.reject(MINE) });
    client.publish("a");
    await client.flush();
    await client.close();
  })();
  assert.deepEqual(heard, [MINE]);
});

const NOTHING = { context: undefined, given: undefined };

test("mocha says that a test has taken too long by way of its function's this", async () => {
  const clock = new VirtualClock();
  const noted = { timedOut: false };
  const context = { runnable: () => noted };
  const reasons: string[] = [];
  const stop = watchBody(
    { context, given: undefined },
    { activeAtMs: 0, isVirtual: false },
    clock,
    (reason) => void reasons.push(reason.message),
  );
  await clock.advance(600_000);
  assert.deepEqual(reasons, []);
  noted.timedOut = true;
  await clock.advance(1000);
  assert.equal(reasons[0], "The test has taken too long");
  stop();
  assert.equal(clock.pendingTimers, 0);
});

test("where the runner says nothing, a body in which nothing happens for a minute hangs", async () => {
  const clock = new VirtualClock();
  const cluster = { activeAtMs: 0, isVirtual: false };
  const reasons: string[] = [];
  const stop = watchBody(
    NOTHING,
    cluster,
    clock,
    (reason) => void reasons.push(reason.message),
  );
  for (let i = 0; i < 10; i++) {
    await clock.advance(50_000);
    cluster.activeAtMs = clock.monotonic();
  }
  assert.deepEqual(reasons, []);
  await clock.advance(120_000);
  assert.match(reasons[0]!, /^The test hangs: nothing has happened for \d+ s$/);
  stop();
});
