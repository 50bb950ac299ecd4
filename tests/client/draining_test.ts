/**
 * A drain waits for what the program has under way: promises of callbacks and
 * bodies of loops, in whatever form, but not for what waits for the drain.
 */
import assert from "node:assert/strict";
import {
  ClosedConnectionError,
  ConnectionError,
  DrainingConnectionError,
  DrainTimeoutError,
  TimeoutError,
} from "../../src/client/api/errors.ts";
import type { Msg } from "../../src/client/api/message.ts";
import type { ConnectionOptions } from "../../src/client/api/options.ts";
import type { Status } from "../../src/client/api/status.ts";
import type { Subscription } from "../../src/client/api/subscription.ts";
import type { NatsConnection } from "../../src/client/connection.ts";
import { rejection } from "../support/rejection.ts";
import type { Cleanup } from "../support/temp.ts";
import { test } from "../support/test.ts";
import type { FakeServer } from "./fake_server.ts";
import { Scene } from "./scene.ts";

/** Handles one message; its subject is `work`, its reply `r1` and so on. */
type Handler = (message: Msg, subscription: Subscription) => unknown;

/** A connection with one subscription, whose messages go to a handler. */
class Act {
  readonly scene: Scene;
  readonly server: FakeServer;
  readonly client: NatsConnection;
  readonly told: Status[];
  #count = 0;

  static async start(
    t: Cleanup,
    options: ConnectionOptions = {},
  ): Promise<Act> {
    const scene = new Scene(t);
    const server = await scene.server();
    const told: Status[] = [];
    const client = await scene.connect([server], {
      ...options,
      onStatus: (status) => void told.push(status),
    });
    return new Act(scene, server, client, told);
  }

  constructor(
    scene: Scene,
    server: FakeServer,
    client: NatsConnection,
    told: Status[],
  ) {
    this.scene = scene;
    this.server = server;
    this.client = client;
    this.told = told;
  }

  /** The answers that the server has got. */
  get answers(): string[] {
    return this.server.connections.flatMap(({ ops }) => ops)
      .flatMap((op) => /^PUB (r\d+) /.exec(op)?.[1] ?? []);
  }

  get errors(): Error[] {
    return this.told.flatMap((status) =>
      status.type === "error" ? [status.error] : []
    );
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.scene.clock.after(ms, resolve));
  }

  /** Messages for the subscription `sid`, each with a reply of its own. */
  async deliver(count: number, sid: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.server.client.deliver("work", sid, "x", `r${++this.#count}`);
    }
    await this.scene.settled(this.client.flush());
  }

  drain(ending: Ending, subscription: Subscription): Promise<void> {
    return ending === "connection" ? this.client.drain() : subscription.drain();
  }

  /** Whether `ms` have passed since `start`, apart from what the network took. */
  assertPassed(ms: number, start: number): void {
    const passed = this.scene.clock.monotonic() - start;
    assert.ok(Math.abs(passed - ms) < SOON_MS, `${passed} ms`);
  }

  /** Whether a promise is settled when no more time passes. */
  async isSettled(promise: Promise<unknown>): Promise<boolean> {
    let isSettled = false;
    const done = (): void => void (isSettled = true);
    promise.then(done, done);
    await this.scene.clock.advance(SOON_MS);
    return isSettled;
  }
}

/** More than the network in memory takes for a few answers. */
const SOON_MS = 500;

type Ending = "connection" | "subscription";
const ENDINGS: readonly Ending[] = ["connection", "subscription"];

/** Every way in which a program may handle messages. */
const FORMS: Readonly<
  Record<string, (client: NatsConnection, handle: Handler) => Subscription>
> = {
  "a callback": (client, handle) => {
    const subscription = client.subscribe("work", {
      callback: (_error, message) => handle(message, subscription),
    });
    return subscription;
  },
  "a callback with a promise of its own kind": (client, handle) => {
    const subscription = client.subscribe("work", {
      callback: (_error, message) => {
        const done = Promise.resolve(handle(message, subscription));
        return { then: done.then.bind(done) };
      },
    });
    return subscription;
  },
  "a loop": (client, handle) => {
    const subscription = client.subscribe("work");
    void (async () => {
      for await (const message of subscription) {
        await handle(message, subscription);
      }
    })();
    return subscription;
  },
  "a loop over the iterator": (client, handle) => {
    const subscription = client.subscribe("work");
    void (async () => {
      const messages = subscription[Symbol.asyncIterator]();
      for (;;) {
        const next = await messages.next();
        if (next.done === true) return;
        await handle(next.value, subscription);
      }
    })();
    return subscription;
  },
};

for (const [form, subscribe] of Object.entries(FORMS)) {
  for (const ending of ENDINGS) {
    test(`draining a ${ending} waits for ${form}`, async (t) => {
      const act = await Act.start(t);
      const subscription = subscribe(act.client, async (message) => {
        await act.sleep(5000);
        message.respond("late");
      });
      await act.deliver(3, 1);
      const drained = act.drain(ending, subscription);
      assert.equal(await act.isSettled(drained), false);
      await act.scene.settled(drained);
      await act.scene.clock.advance(SOON_MS);
      assert.deepEqual(act.answers, ["r1", "r2", "r3"]);
      assert.deepEqual(act.errors, []);
      assert.equal(act.client.isClosed(), ending === "connection");
    });

    test(`${form} that waits for the drain of its ${ending} is not waited for`, async (t) => {
      const act = await Act.start(t);
      let ended = 0;
      const subscription = subscribe(act.client, async (message, its) => {
        if (message.reply === "r1") await act.sleep(5000);
        message.respond("first");
        await act.drain(ending, its);
        ended++;
      });
      await act.deliver(1, 1);
      const start = act.scene.clock.monotonic();
      await act.scene.until(() => ended === 1);
      act.assertPassed(5000, start);
      assert.deepEqual(act.answers, ["r1"]);
      assert.deepEqual(act.errors, []);
      assert.equal(subscription.isClosed(), true);
    });

    test(`${form} that begins the drain of its ${ending} and does not wait is waited for`, async (t) => {
      const act = await Act.start(t);
      let drained: Promise<void> | undefined;
      subscribe(act.client, async (message, its) => {
        drained ??= act.drain(ending, its);
        await act.sleep(5000);
        message.respond("late");
      });
      await act.deliver(2, 1);
      await act.scene.settled(drained!);
      await act.scene.clock.advance(SOON_MS);
      assert.deepEqual(act.answers, ["r1", "r2"]);
      assert.deepEqual(act.errors, []);
    });

    test(`a drain of a ${ending} says what ${form} left after the limit`, async (t) => {
      const act = await Act.start(t, { drainTimeout: 7000 });
      const never = new Promise<void>(() => {});
      const subscription = subscribe(act.client, () => never);
      await act.deliver(3, 1);
      const start = act.scene.clock.monotonic();
      const error = await act.scene.failure(act.drain(ending, subscription));
      act.assertPassed(7000, start);
      assert.ok(error instanceof DrainTimeoutError);
      const isLoop = form.includes("loop");
      assert.deepEqual(error.left, [
        isLoop
          ? { subject: "work", underWay: 1, pending: 2 }
          : { subject: "work", underWay: 3, pending: 0 },
      ]);
      assert.match(error.message, /7000 ms .*"work" with [13] under way/);
      assert.deepEqual(act.errors.map(String), [String(error)]);
      assert.equal(act.client.isClosed(), ending === "connection");
    });
  }

  test(`a connection that is closed while it drains waits for ${form} no longer`, async (t) => {
    const act = await Act.start(t);
    const subscription = subscribe(act.client, () => new Promise(() => {}));
    await act.deliver(1, 1);
    const drains = [subscription.drain(), act.client.drain()].map(rejection);
    assert.equal(await act.isSettled(Promise.race(drains)), false);
    const start = act.scene.clock.monotonic();
    await act.scene.settled(act.client.close());
    for (const error of await Promise.all(drains)) {
      assert.ok(error instanceof ClosedConnectionError, `${error}`);
    }
    act.assertPassed(0, start);
    assert.deepEqual(act.errors, []);
    await subscription.drain();
  });

  test(`what ${form} answers while the server is gone leaves with the next connection`, async (t) => {
    const act = await Act.start(t);
    subscribe(act.client, async (message) => {
      await act.sleep(5000);
      message.respond("late");
    });
    await act.deliver(1, 1);
    const drained = act.client.drain();
    await act.scene.clock.advance(100);
    act.server.client.drop();
    await act.scene.settled(drained);
    assert.equal(act.server.connections.length, 2);
    assert.deepEqual(act.answers, ["r1"]);
    assert.deepEqual(act.server.ops, ["PUB r1 4\r\nlate"]);
  });

  test(`a drain waits for ${form} when the subscription has ended by itself`, async (t) => {
    const act = await Act.start(t);
    const subscription = subscribe(act.client, async (message) => {
      await act.sleep(5000);
      message.respond("late");
    });
    subscription.unsubscribe(2);
    await act.deliver(2, 1);
    assert.equal(subscription.isClosed(), true);
    const ofOne = subscription.drain();
    assert.equal(await act.isSettled(ofOne), false);
    await act.scene.settled(act.client.drain());
    await ofOne;
    assert.deepEqual(act.answers, ["r1", "r2"]);
  });
}

test("a drain that loses its connection rejects, when the callbacks are done", async (t) => {
  const act = await Act.start(t, { reconnect: false });
  let isDone = false;
  act.client.subscribe("work", {
    callback: async () => {
      await act.sleep(5000);
      isDone = true;
    },
  });
  await act.deliver(1, 1);
  act.server.client.answersPings = false;
  const drained = rejection(act.client.drain());
  await act.scene.clock.advance(100);
  act.server.client.drop();
  assert.ok(await act.scene.settled(drained) instanceof ConnectionError);
  await act.scene.until(() => isDone);
});

for (
  const [ending, drainMs] of [
    ["connection", 7000],
    ["subscription", 7000],
    ["connection", 50_000],
  ] as const
) {
  test(`a drain of a ${ending} that may take ${drainMs} ms waits half a minute or longer for a silent server`, async (t) => {
    const act = await Act.start(t, { drainTimeout: drainMs });
    const subscription = act.client.subscribe("work", { callback: () => {} });
    await act.deliver(1, 1);
    act.server.client.answersPings = false;
    const start = act.scene.clock.monotonic();
    const failure = rejection(act.drain(ending, subscription));
    await act.scene.until(() => subscription.isClosed());
    act.assertPassed(Math.max(drainMs, 30_000), start);
    act.server.client.drop();
    assert.ok(await act.scene.settled(failure) instanceof TimeoutError);
    assert.deepEqual(act.errors, []);
  });
}

test("several callbacks may wait for the same drain", async (t) => {
  const act = await Act.start(t);
  let ended = 0;
  const subscription = act.client.subscribe("work", {
    callback: async (_error, message) => {
      await act.sleep(1000 * Number(message.reply!.slice(1)));
      await subscription.drain();
      message.respond();
      ended++;
    },
  });
  await act.deliver(3, 1);
  await act.scene.until(() => ended === 3);
  assert.equal(act.scene.clock.monotonic() < 20_000, true);
  await act.scene.settled(act.client.flush());
  assert.deepEqual(act.answers, ["r1", "r2", "r3"]);
});

test("a callback that is called once in a while with a drain returns it", async (t) => {
  const act = await Act.start(t);
  let count = 0;
  const subscription = act.client.subscribe("work", {
    callback: () => ++count === 3 ? subscription.drain() : count,
  });
  await act.deliver(3, 1);
  await act.scene.until(() => subscription.isClosed());
  assert.equal(await act.isSettled(subscription.drain()), true);
});

test("a program that reads one message by hand may drain at once", async (t) => {
  const act = await Act.start(t);
  const subscription = act.client.subscribe("work");
  await act.deliver(2, 1);
  const messages = subscription[Symbol.asyncIterator]();
  const { value } = await messages.next();
  assert.equal(value.reply, "r1");
  const start = act.scene.clock.monotonic();
  await act.scene.settled(subscription.drain());
  await act.scene.settled(act.client.drain());
  act.assertPassed(0, start);
  assert.equal((await messages.next()).value.reply, "r2");
});

test("messages that nobody reads hold no drain up, and can be read afterwards", async (t) => {
  const act = await Act.start(t);
  const subscription = act.client.subscribe("work");
  await act.deliver(2, 1);
  assert.equal(await act.isSettled(act.client.drain()), true);
  const replies: unknown[] = [];
  for await (const { reply } of subscription) replies.push(reply);
  assert.deepEqual(replies, ["r1", "r2"]);
  assert.deepEqual(act.errors, []);
});

test("a loop over what a drained subscription holds is waited for by the connection", async (t) => {
  const act = await Act.start(t);
  const subscription = act.client.subscribe("work");
  await act.deliver(2, 1);
  await act.scene.settled(subscription.drain());
  void (async () => {
    for await (const message of subscription) {
      await act.sleep(1000);
      message.respond();
    }
  })();
  await act.scene.settled(act.client.drain());
  assert.deepEqual(act.answers, ["r1", "r2"]);
});

test("a loop that was left is not under way", async (t) => {
  const act = await Act.start(t);
  const subscriptions = ["work", "work"].map((s) => act.client.subscribe(s));
  await act.deliver(2, 1);
  await act.deliver(2, 2);
  for await (const _ of subscriptions[0]!) break;
  const failed = rejection((async () => {
    for await (const _ of subscriptions[1]!) throw new Error("mine");
  })());
  assert.equal(String(await failed), "Error: mine");
  assert.equal(await act.isSettled(act.client.drain()), true);
});

test("several loops may share a subscription, and all are waited for", async (t) => {
  const act = await Act.start(t);
  const subscription = act.client.subscribe("work");
  const loop = async (ms: number): Promise<void> => {
    for await (const message of subscription) {
      await act.sleep(ms);
      message.respond();
    }
  };
  void loop(3000);
  void loop(1000);
  await act.deliver(3, 1);
  await act.scene.settled(act.client.drain());
  assert.deepEqual(act.answers.toSorted(), ["r1", "r2", "r3"]);
});

test("what is under way may ask others before it answers; nothing new may begin", async (t) => {
  const act = await Act.start(t);
  act.client.subscribe("work", {
    callback: async (_error, message) => {
      await act.sleep(1000);
      message.respond((await act.client.request("other")).data);
    },
  });
  await act.deliver(1, 1);
  const drained = act.client.drain();
  const refused = await rejection(act.client.request("other"));
  assert.ok(refused instanceof DrainingConnectionError);
  const asked = (): string[] =>
    act.server.ops.flatMap((op) => /^PUB other (\S+) /.exec(op)?.[1] ?? []);
  await act.scene.until(() => asked().length === 1);
  act.server.client.deliver(asked()[0]!, 2, "known");
  await act.scene.settled(drained);
  assert.ok(act.server.ops.includes("PUB r1 5\r\nknown"));
});

test("a second drain of a connection is refused, and its disposal waits for the first", async (t) => {
  const act = await Act.start(t);
  act.client.subscribe("work", {
    callback: async (_error, message) => {
      await act.sleep(1000);
      message.respond();
    },
  });
  await act.deliver(1, 1);
  const drained = act.client.drain();
  const refused = await rejection(act.client.drain());
  assert.ok(refused instanceof DrainingConnectionError);
  await act.scene.settled(act.client[Symbol.asyncDispose]());
  await drained;
  assert.deepEqual(act.answers, ["r1"]);
});

test("a drain without a limit waits as long as it takes", async (t) => {
  const act = await Act.start(t, { drainTimeout: Infinity });
  act.client.subscribe("work", {
    callback: async (_error, message) => {
      await act.sleep(400_000);
      message.respond();
    },
  });
  await act.deliver(1, 1);
  await act.scene.settled(act.client.drain());
  assert.deepEqual(act.answers, ["r1"]);
});

test("what a callback rejects with is told with its subject, also after the end", async (t) => {
  const act = await Act.start(t, { drainTimeout: 1000 });
  act.client.subscribe("work", {
    callback: async (_error, message) => {
      await act.sleep(message.reply === "r1" ? 10 : 5000);
      if (message.reply === "r1") throw new Error("mine");
      message.respond();
    },
  });
  await act.deliver(2, 1);
  await act.scene.failure(act.client.drain());
  await act.scene.until(() => act.errors.length === 3);
  const told = act.told.filter((status) => status.type === "error")
    .map(({ error, subject }) => [error.name, subject]);
  assert.deepEqual(told, [
    ["Error", "work"],
    ["DrainTimeoutError", undefined],
    ["ClosedConnectionError", "work"],
  ]);
});

test("an error of a callback that nobody listens for is printed", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server]);
  const printed = capturedErrors(t);
  client.subscribe("work", {
    callback: (_error, message) => {
      throw new Error(message.string());
    },
  });
  server.client.deliver("work", 1, "unheard");
  await scene.settled(client.flush());
  const reader = client.status();
  server.client.deliver("work", 1, "read");
  await scene.settled(client.flush());
  assert.equal((await reader.next()).value?.type, "error");
  assert.deepEqual(printed, [
    'The callback of "work" failed: Error: unheard',
  ]);
});

function capturedErrors(t: Cleanup): string[] {
  const printed: string[] = [];
  const { error } = console;
  console.error = (...given) => void printed.push(given.map(String).join(" "));
  t.after(() => void (console.error = error));
  return printed;
}
