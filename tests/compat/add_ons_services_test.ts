/** `@nats-io/services`: services, and what they tell of themselves. */
import assert from "node:assert/strict";
import {
  type Service,
  ServiceError,
  ServiceErrorCodeHeader,
  ServiceErrorHeader,
  Svcm,
} from "@nats-io/services";
import * as midge from "../../client.ts";
import { rejection } from "../support/rejection.ts";
import { until } from "../support/until.ts";
import { all, check } from "./add_ons_stage.ts";

async function calculator(connection: midge.NatsConnection): Promise<Service> {
  const service = await new Svcm(connection).add({
    name: "calculator",
    version: "1.2.3",
    description: "calculates",
    metadata: { place: "here" },
    statsHandler: () => Promise.resolve({ extra: 1 }),
  });
  const math = service.addGroup("math", "crew");
  math.addEndpoint("sum", {
    metadata: { kind: "sum" },
    handler: (_error, message) => {
      const numbers = message.json<number[]>();
      message.respond(String(numbers.reduce((sum, one) => sum + one, 0)));
    },
  });
  math.addGroup("deep").addEndpoint("fail", (_error, message) => {
    if (message.string() === "throw") throw new ServiceError(417, "no tea");
    message.respondError(400, "not now", "details");
  });
  await connection.flush();
  return service;
}

check("endpoints in groups answer, and fail", async ({ client }) => {
  await calculator(await client());
  const asking = await client();
  const sum = await asking.request("math.sum", "[1,2,3]");
  assert.equal(sum.string(), "6");
  const failed = await asking.request("math.deep.fail");
  assert.equal(failed.headers?.get(ServiceErrorCodeHeader), "400");
  assert.equal(failed.headers?.get(ServiceErrorHeader), "not now");
  assert.equal(failed.string(), "details");
  const thrown = await asking.request("math.deep.fail", "throw");
  assert.equal(thrown.headers?.get(ServiceErrorCodeHeader), "417");
});

check(
  "a service tells of itself, to every kind of client",
  async ({ server, client }) => {
    const service = await calculator(await client());
    const asking = await client();
    for (let i = 0; i < 3; i++) await asking.request("math.sum", "[1]");
    await asking.request("math.deep.fail", "throw");
    const ours = await midge.connect({ servers: server });
    const theirs = new Svcm(asking).client();
    // Midge's client of services asks the same; only names of types differ.
    const own = new midge.Svcm(ours).client() as unknown as typeof theirs;
    for (const one of [theirs, own]) {
      const [ping] = await all(await one.ping("calculator"));
      assert.deepEqual([ping!.id, ping!.version], [service.ping().id, "1.2.3"]);
      const [info] = await all(await one.info("calculator", ping!.id));
      assert.equal(info!.description, "calculates");
      assert.deepEqual(info!.metadata, { place: "here" });
      assert.deepEqual(
        info!.endpoints.map(({ name, subject, queue_group }) =>
          `${name} ${subject} ${queue_group}`
        ),
        ["sum math.sum crew", "fail math.deep.fail crew"],
      );
      const [stats] = await all(await one.stats());
      const [sum, fail] = stats!.endpoints!;
      assert.deepEqual([sum!.num_requests, sum!.num_errors], [3, 0]);
      assert.deepEqual([fail!.num_requests, fail!.num_errors], [1, 1]);
      assert.deepEqual(sum!.data, { extra: 1 });
    }
    await ours.close();
    service.reset();
    assert.equal((await service.stats()).endpoints![0]!.num_requests, 0);
  },
);

check("an endpoint without a handler is read", async ({ client }) => {
  const connection = await client();
  const service = await new Svcm(connection).add({
    name: "s",
    version: "1.0.0",
  });
  const requests = service.addEndpoint("echo");
  const serve = async (): Promise<void> => {
    for await (const request of requests) {
      request.respond(request.data);
      if (request.string() === "2") break;
    }
  };
  const served = serve();
  const asking = await client();
  await connection.flush();
  for (const text of ["1", "2"]) {
    assert.equal((await asking.request("echo", text)).string(), text);
  }
  await served;
  await service.stopped;
});

check(
  "instances share the requests, and answer for themselves",
  async ({ client }) => {
    const services = [
      await calculator(await client()),
      await calculator(await client()),
    ];
    const asking = await client();
    for (let i = 0; i < 20; i++) await asking.request("math.sum", "[1]");
    const counts = await Promise.all(
      services.map(async (one) =>
        (await one.stats()).endpoints![0]!.num_requests
      ),
    );
    assert.equal(counts[0]! + counts[1]!, 20);
    const pings = await all(await new Svcm(asking).client().ping());
    assert.equal(new Set(pings.map(({ id }) => id)).size, 2);
  },
);

check(
  "a service ends by itself, and with its connection",
  async ({ client }) => {
    const asking = await client();
    const one = await calculator(await client());
    assert.equal(await one.stop(), null);
    const error = await rejection(asking.request("math.sum", "[1]"));
    assert.match(String(error), /no ?responders|subscribes/i);
    const connection = await client();
    const other = await calculator(connection);
    await connection.close();
    await other.stopped;
    await until("nobody is left", async () => {
      const answers = await new Svcm(asking).client().ping();
      return (await all(answers).catch(() => [])).length === 0;
    });
  },
);
