/** Services and those who look for them, over Midge and over nats-server. */
import assert from "node:assert/strict";
import {
  connect,
  type ConnectOptions,
  DrainTimeoutError,
  type Msg,
  type NatsConnection,
} from "../../client.ts";
import { deferred } from "../../src/core/deferred.ts";
import type { Service } from "../../src/services/service.ts";
import type { ServiceMsg } from "../../src/services/service_msg.ts";
import { systemClock, systemRandom } from "../../src/runtime/process/system.ts";
import { ServiceError, Services } from "../../src/services/services.ts";
import { startMidge } from "../support/midge.ts";
import { natsServerMissing, startNatsServer } from "../support/nats_server.ts";
import { test, type TestContext } from "../support/test.ts";

const platform = { clock: systemClock, random: systemRandom };

/** A broker that ends with the test; gives its port. */
type StartBroker = (t: TestContext) => Promise<number>;

const BROKERS: readonly [string, string | false, StartBroker][] = [
  ["Midge", false, async (t) => (await startMidge(t)).port],
  ["nats-server", natsServerMissing, async (t) => {
    const server = await startNatsServer();
    t.after(() => server.stop());
    return server.port;
  }],
];

async function twoSides(
  t: TestContext,
  start: StartBroker = BROKERS[0]![2],
  options: ConnectOptions = {},
): Promise<{ servant: NatsConnection; user: NatsConnection }> {
  const port = await start(t);
  const servers = `127.0.0.1:${port}`;
  const servant = await connect({ servers, ...options });
  const user = await connect({ servers });
  t.after(() => Promise.all([servant.close(), user.close()]));
  return { servant, user };
}

async function gather<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const CONFIG = {
  name: "minmax",
  version: "0.0.1",
  description: "finds the largest and the smallest number",
  metadata: { team: "numbers" },
} as const;

for (const [broker, skip, start] of BROKERS) {
  test(
    `over ${broker} a service answers requests, and tools find its instances`,
    { skip },
    async (t) => {
      const { servant, user } = await twoSides(t, start);
      const services = new Services(servant, platform);
      const first = await services.add(CONFIG);
      const second = await services.add(CONFIG);
      for (const service of [first, second]) {
        service.addGroup("minmax").addEndpoint("max", {
          metadata: { schema: "numbers" },
          handler: (_, request) => {
            request.respond(
              JSON.stringify(Math.max(...request.json<number[]>())),
            );
          },
        });
      }
      await servant.flush();
      assert.equal((await user.request("minmax.max", "[1,7,3]")).string(), "7");

      const client = new Services(user, platform).client();
      const pings = await gather(await client.ping());
      assert.deepEqual(
        pings.map(({ id }) => id).sort(),
        [first.ping().id, second.ping().id].sort(),
      );
      const [info] = await gather(await client.info("minmax", first.ping().id));
      assert.deepEqual(info, {
        type: "io.nats.micro.v1.info_response",
        name: "minmax",
        id: first.ping().id,
        version: "0.0.1",
        metadata: { team: "numbers" },
        description: CONFIG.description,
        endpoints: [{
          name: "max",
          subject: "minmax.max",
          queue_group: "q",
          metadata: { schema: "numbers" },
        }],
      });
      const stats = await gather(await client.stats("minmax"));
      const counts = stats.map(({ endpoints }) => endpoints[0]!.num_requests);
      assert.deepEqual(counts.sort(), [0, 1]);
      assert.deepEqual(await gather(await client.ping("nobody")), []);
    },
  );

  test(
    `over ${broker} a handler that fails answers with its error, and is counted`,
    { skip },
    async (t) => {
      const { servant, user } = await twoSides(t, start);
      const service = await new Services(servant, platform).add(CONFIG);
      service.addEndpoint("fail", () => {
        throw new Error("out of\nnumbers");
      });
      service.addEndpoint("refuse", (_, request) => {
        request.respondError(422, "not a number", "see the manual");
      });
      await servant.flush();
      const failed = await user.request("fail");
      assert.equal(ServiceError.of(failed)?.status, 500);
      assert.equal(ServiceError.of(failed)?.message, "out of numbers");
      const refused = await user.request("refuse");
      assert.equal(ServiceError.of(refused)?.status, 422);
      assert.equal(refused.string(), "see the manual");
      const [one, two] = service.stats().endpoints;
      assert.equal(one?.num_errors, 1);
      assert.equal(one?.last_error, "500:out of numbers");
      assert.equal(two?.last_error, "422:not a number");
      service.reset();
      assert.equal(service.stats().endpoints[0]?.num_requests, 0);
    },
  );

  test(
    `over ${broker} an endpoint without a handler is iterated, and stops with its service`,
    { skip },
    async (t) => {
      const { servant, user } = await twoSides(t, start);
      const service = await new Services(servant, platform).add({
        ...CONFIG,
        queue: "workers",
        statsHandler: () => ({ depth: 3 }),
      });
      const endpoint = service.addEndpoint("echo");
      await servant.flush();
      const serving = (async () => {
        for await (const request of endpoint) request.respond(request.data);
      })();
      assert.equal((await user.request("echo", "hi")).string(), "hi");
      const [stats] = service.stats().endpoints;
      assert.equal(stats?.queue_group, "workers");
      assert.deepEqual(stats?.data, { depth: 3 });
      assert.equal(await service.stop(), null);
      await serving;
      assert.equal(await service.stopped, null);
      assert.throws(() => service.addEndpoint("more"), {
        code: "INVALID_OPERATION",
      });
      await assert.rejects(user.request("echo", "hi"), { code: "REQUEST" });
    },
  );
}

/** A service whose endpoint handles requests in one of the two ways. */
const ENDPOINTS: Readonly<
  Record<string, (service: Service, handle: Handle) => void>
> = {
  "a handler": (service, handle) =>
    void service.addEndpoint("slow", (_, request) => handle(request)),
  "a loop": (service, handle) => {
    const endpoint = service.addEndpoint("slow");
    void (async () => {
      for await (const request of endpoint) await handle(request);
    })();
  },
};

type Handle = (request: ServiceMsg) => Promise<unknown>;

for (const [way, addTo] of Object.entries(ENDPOINTS)) {
  test(`a service that stops, or drains, waits for ${way}`, async (t) => {
    const { servant, user } = await twoSides(t);
    const service = await new Services(servant, platform).add(CONFIG);
    const [begun, goOn] = [deferred<void>(), deferred<void>()];
    addTo(service, async (request) => {
      begun.resolve();
      await goOn.promise;
      request.respond("done");
    });
    await servant.flush();
    const answers = ["1", "2"].map((text) =>
      user.request("slow", text, { timeout: 60_000 })
    );
    await begun.promise;
    await user.flush();
    const stopped = service.stop();
    const drained = servant.drain();
    const early = await Promise.race([stopped, drained, user.rtt()]);
    assert.equal(typeof early, "number");
    goOn.resolve();
    const texts = (await Promise.all(answers)).map((m) => m.string());
    assert.deepEqual(texts, ["done", "done"]);
    assert.equal(await stopped, null);
    await drained;
  });

  test(`${way} may stop its own service, and wait for that`, async (t) => {
    const { servant, user } = await twoSides(t);
    const service = await new Services(servant, platform).add(CONFIG);
    addTo(service, async (request) => {
      await servant.flush();
      assert.equal(await service.stop(), null);
      request.respond("stopped");
    });
    await servant.flush();
    const ask = (): Promise<Msg> => user.request("slow", "", { timeout: 9e4 });
    const answers = await Promise.all([ask(), ask()]);
    assert.deepEqual(answers.map((m) => m.string()), ["stopped", "stopped"]);
  });

  test(`a service says what ${way} left`, async (t) => {
    const { servant, user } = await twoSides(t, undefined, {
      drainTimeout: 10,
    });
    const service = await new Services(servant, platform).add(CONFIG);
    addTo(service, () => new Promise(() => {}));
    await servant.flush();
    user.publish("slow");
    await user.flush();
    await servant.flush();
    const error = await service.stop();
    assert.ok(error instanceof DrainTimeoutError);
    const [left] = error.left;
    assert.deepEqual(left, { subject: "slow", underWay: 1, pending: 0 });
    assert.equal(await service.stopped, error);
  });
}

test("the failure of a handler that nobody gets as an answer is told", async (t) => {
  const errors: [string, string | undefined][] = [];
  const told = [deferred<void>(), deferred<void>()];
  const { servant, user } = await twoSides(t, undefined, {
    onStatus: (status) => {
      if (status.type !== "error") return;
      errors.push([status.error.message, status.subject]);
      told.shift()?.resolve();
    },
  });
  const service = await new Services(servant, platform).add(CONFIG);
  const begun = deferred<void>();
  service.addEndpoint("fails", () => Promise.reject(new Error("unasked")));
  service.addEndpoint("slow", async () => {
    begun.resolve();
    await servant.closed();
    throw new Error("too late");
  });
  await servant.flush();
  const [first, second] = told;
  user.publish("fails");
  await first!.promise;
  user.request("slow").catch(() => {});
  await begun.promise;
  await servant.close();
  await second!.promise;
  assert.deepEqual(errors, [["unasked", "fails"], ["too late", "slow"]]);
});

test("a service ends with its connection", async (t) => {
  const { servant } = await twoSides(t);
  const service = await new Services(servant, platform).add(CONFIG);
  await servant.close();
  assert.equal(await service.stopped, null);
});

test("names, versions and subjects that tools cannot show are refused", async (t) => {
  const { servant } = await twoSides(t);
  const services = new Services(servant, platform);
  for (const name of ["", "a b", "a.b", "a*", "ä"]) {
    await assert.rejects(services.add({ ...CONFIG, name }), {
      code: "INVALID_ARGUMENT",
    });
  }
  for (const version of ["", "1", "1.0", "v1.0.0", "1.0.0 "]) {
    await assert.rejects(services.add({ ...CONFIG, version }), {
      code: "INVALID_ARGUMENT",
    });
  }
  const service = await services.add(CONFIG);
  for (const subject of ["", "a b", "a..b", ".a", "a.>.b"]) {
    assert.throws(() => service.addEndpoint("x", { subject }), {
      code: "INVALID_ARGUMENT",
    });
  }
  service.addEndpoint("wild", { subject: "wild.*.>" });
});
