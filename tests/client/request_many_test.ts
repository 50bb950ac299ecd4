/** Requests with many answers, where they end otherwise than planned. */
import assert from "node:assert/strict";
import type { Msg, NatsConnection, RequestManyOptions } from "../../client.ts";
import {
  ClosedConnectionError,
  MaxPayloadError,
  PermissionViolationError,
} from "../../src/client/api/errors.ts";
import { test } from "../support/test.ts";
import type { FakeServer } from "./fake_server.ts";
import { Scene } from "./scene.ts";
import { rejection } from "../support/rejection.ts";

/** Asks, and gives the answers and the subject for them. */
async function ask(
  scene: Scene,
  server: FakeServer,
  client: NatsConnection,
  options: RequestManyOptions = {},
): Promise<{ answers: AsyncIterable<Msg>; reply: string; sid: number }> {
  const answers = await client.requestMany("ask", "", options);
  await scene.until(() => server.ops.some((op) => op.startsWith("PUB ask")));
  const [, reply = ""] = /PUB ask (\S+)/.exec(server.ops.join("\n")) ?? [];
  const subscribed = server.ops.findLast((op) => op.startsWith("SUB ")) ?? "";
  return { answers, reply, sid: Number(subscribed.split(" ").at(-1)) };
}

async function textsOf(messages: AsyncIterable<Msg>): Promise<string[]> {
  const texts: string[] = [];
  for await (const message of messages) texts.push(message.string());
  return texts;
}

for (const noMux of [false, true]) {
  const way = noMux ? "a subscription of its own" : "the shared one";

  test(`answers come until maxWait, and none after it, on ${way}`, async (t) => {
    const scene = new Scene(t);
    const server = await scene.server();
    const client = await scene.connect([server]);
    const start = scene.clock.monotonic();
    const options = { noMux, maxWait: 5000 };
    const { answers, reply, sid } = await ask(scene, server, client, options);
    server.client.deliver(reply, sid, "in time");
    const texts = await scene.settled(textsOf(answers));
    assert.deepEqual(texts, ["in time"]);
    assert.ok(scene.clock.monotonic() - start >= 5000);
    server.client.deliver(reply, sid, "late");
    await scene.settled(client.flush());
    assert.deepEqual(await textsOf(answers), []);
    const withdrawn = server.ops.filter((op) => op.startsWith("UNSUB "));
    assert.deepEqual(withdrawn, noMux ? [`UNSUB ${sid}`] : []);
  });

  test(`a stall ends the answers, but not before the first, on ${way}`, async (t) => {
    const scene = new Scene(t);
    const server = await scene.server();
    const client = await scene.connect([server]);
    const { answers, reply, sid } = await ask(scene, server, client, {
      noMux,
      strategy: "stall",
      stall: 100,
      maxWait: 60_000,
    });
    await scene.clock.advance(1000);
    for (const text of ["1", "2", "3"]) {
      server.client.deliver(reply, sid, text);
      await scene.clock.advance(90);
    }
    const before = scene.clock.monotonic();
    assert.deepEqual(await scene.settled(textsOf(answers)), ["1", "2", "3"]);
    assert.ok(scene.clock.monotonic() - before < 100);
  });

  test(`a closed connection ends the answers, on ${way}`, async (t) => {
    const scene = new Scene(t);
    const server = await scene.server();
    const client = await scene.connect([server]);
    const { answers, reply, sid } = await ask(scene, server, client, { noMux });
    server.client.deliver(reply, sid, "only one");
    await scene.settled(client.flush());
    const seen: string[] = [];
    const failure = rejection((async () => {
      for await (const message of answers) seen.push(message.string());
    })());
    await scene.settled(client.close());
    const error = await failure;
    assert.ok(error instanceof ClosedConnectionError);
    assert.deepEqual(seen, ["only one"]);
  });

  test(`a refused question has no answers, on ${way}`, async (t) => {
    const scene = new Scene(t);
    const server = await scene.server();
    const client = await scene.connect([server]);
    const { answers } = await ask(scene, server, client, { noMux });
    server.client.send(
      "-ERR 'Permissions Violation for Publish to \"ask\"'\r\n",
    );
    const error = await scene.failure(textsOf(answers));
    assert.ok(error instanceof PermissionViolationError);
    assert.equal(error.subject, "ask");
  });

  test(`a refused inbox has no answers, on ${way}`, async (t) => {
    const scene = new Scene(t);
    const server = await scene.server();
    const client = await scene.connect([server]);
    const { answers, reply } = await ask(scene, server, client, { noMux });
    const inbox = noMux ? reply : reply.replace(/[^.]+$/, "*");
    server.client.send(
      `-ERR 'Permissions Violation for Subscription to "${inbox}"'\r\n`,
    );
    const error = await scene.failure(textsOf(answers));
    assert.ok(error instanceof PermissionViolationError);
    assert.equal(error.subject, inbox);
  });
}

test("a question that cannot be asked leaves nothing behind", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ info: { max_payload: 10 } });
  const client = await scene.connect([server]);
  for (const noMux of [false, true]) {
    const error = await rejection(
      client.requestMany("ask", "x".repeat(11), { noMux }),
    );
    assert.ok(error instanceof MaxPayloadError);
  }
  await scene.settled(client.flush());
  assert.deepEqual(
    server.ops.map((op) => op.split(" ")[0]),
    ["SUB", "SUB", "UNSUB"],
  );
});
