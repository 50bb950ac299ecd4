/**
 * What requests with many answers, and the smaller helpers of the client
 * library, must do with a real broker; part of `suite.ts`.
 */
import assert from "node:assert/strict";
import {
  createInbox,
  Empty,
  InvalidArgumentError,
  type NatsConnection,
  NoRespondersError,
  type RequestManyOptions,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "../../client.ts";
import { type Declare, readAll } from "./stage.ts";
import { rejection } from "../support/rejection.ts";

const ENOUGH_MS = 60_000;

export function requestsSuite(declare: Declare): void {
  for (const noMux of [false, true]) {
    const way = noMux ? "with a subscription of its own" : "on the shared one";

    declare(`many answers, ${way}: as many as wanted`, async (stage) => {
      const client = await stage.client();
      answering(client, ["1", "2", "3"]);
      const ask = (options: RequestManyOptions): Promise<string[]> =>
        answersOf(client, { noMux, maxWait: ENOUGH_MS, ...options });
      const two = { strategy: "count", maxMessages: 2 } as const;
      assert.deepEqual(await ask(two), ["1", "2"]);
      const stall = { strategy: "stall", stall: 200 } as const;
      assert.deepEqual(await ask(stall), ["1", "2", "3"]);
      const timer = { strategy: "timer", maxWait: 300 } as const;
      assert.deepEqual(await ask(timer), ["1", "2", "3"]);
    });

    declare(`many answers, ${way}: up to an empty one`, async (stage) => {
      const client = await stage.client();
      answering(client, ["1", "2", "", "4"]);
      const answers = await answersOf(client, {
        noMux,
        strategy: "sentinel",
        maxWait: ENOUGH_MS,
      });
      assert.deepEqual(answers, ["1", "2", ""]);
    });

    declare(`many answers, ${way}: of many services`, async (stage) => {
      const client = await stage.client();
      for (const name of ["ann", "joe", "sue"]) {
        const service = await stage.client();
        answering(service, [name]);
        await service.flush();
      }
      const answers = await answersOf(client, {
        noMux,
        strategy: "count",
        maxMessages: 3,
        maxWait: ENOUGH_MS,
      });
      assert.deepEqual(answers.sort(), ["ann", "joe", "sue"]);
    });

    declare(`many answers, ${way}: nobody listens`, async (stage) => {
      const client = await stage.client();
      const options = { noMux, maxWait: ENOUGH_MS };
      const error = await rejection(answersOf(client, options));
      assert.ok(error instanceof NoRespondersError);
      assert.equal(error.subject, "ask");
    });

    declare(`many answers, ${way}: leaving early is fine`, async (stage) => {
      const client = await stage.client();
      answering(client, ["1", "2", "3"]);
      const options = { noMux, maxWait: ENOUGH_MS };
      for await (
        const message of await client.requestMany("ask", "", options)
      ) {
        assert.equal(message.string(), "1");
        break;
      }
      await client.flush();
      assert.deepEqual(
        await answersOf(client, {
          ...options,
          strategy: "count",
          maxMessages: 1,
        }),
        ["1"],
      );
    });
  }

  declare("options of many answers are checked", async (stage) => {
    const client = await stage.client();
    const wrong: readonly RequestManyOptions[] = [
      { strategy: "psychic" as never },
      { maxWait: 0 },
      { stall: -1 },
      { strategy: "count", maxMessages: 0 },
    ];
    for (const options of wrong) {
      const error = await rejection(client.requestMany("ask", "", options));
      assert.ok(error instanceof InvalidArgumentError);
    }
  });

  declare("a message is passed on, and answered with itself", async (stage) => {
    const client = await stage.client();
    client.subscribe("echo", {
      callback: (_error, message) => void client.respondMessage(message),
    });
    const reply = createInbox();
    const copies = client.subscribe(reply, { max: 1 });
    client.publish("echo", "there and back", { reply });
    const [copy] = await readAll(copies);
    assert.equal(copy!.string(), "there and back");
    assert.equal(client.respondMessage(copy!), false);
    const passedOn = client.subscribe(reply, { max: 1 });
    client.publishMessage(copy!);
    assert.equal((await readAll(passedOn))[0]!.string(), "there and back");
  });

  declare(
    "an empty payload is empty, and JSON may be revived",
    async (stage) => {
      const client = await stage.client();
      const subscription = client.subscribe("a", { max: 2 });
      client.publish("a", Empty);
      client.publish("a", JSON.stringify({ at: "2026-11-23" }));
      const [empty, json] = await readAll(subscription);
      assert.equal(empty!.data.length, 0);
      const { at } = json!.json<{ at: Date }>((key, value) =>
        key === "at" ? new Date(String(value)) : value
      );
      assert.equal(at.getUTCFullYear(), 2026);
    },
  );

  declare("a server on this machine is found by its port", async (stage) => {
    const broker = await stage.broker();
    const client = await stage.connect({ port: broker.port });
    await client.flush();
    const version = client.getServerVersion();
    assert.ok(version !== undefined && version.major >= 2);
  });

  declare("a connection ends with its block, and sends all", async (stage) => {
    const other = await stage.client();
    const subscription = other.subscribe("a", { max: 1 });
    await other.flush();
    let left: NatsConnection;
    {
      await using client = await stage.client();
      client.publish("a", "last words");
      left = client;
    }
    assert.equal(left.isClosed(), true);
    assert.equal((await readAll(subscription))[0]!.string(), "last words");
  });

  declare("a subscription ends with its block", async (stage) => {
    const client = await stage.client();
    let seen = 0;
    {
      await using _subscription = client.subscribe("a", {
        callback: () => void seen++,
      });
      client.publish("a");
    }
    client.publish("a");
    await client.flush();
    assert.equal(seen, 1);
  });

  declare("authenticators open doors", async (stage) => {
    const ann = { authorization: { user: "ann", password: "x" } };
    const token = { authorization: { token: "t0p" } };
    const named = await stage.broker({ config: ann });
    const shared = await stage.broker({ config: token });
    await stage.connect({
      port: named.port,
      authenticator: usernamePasswordAuthenticator("ann", () => "x"),
    });
    await stage.connect({
      port: shared.port,
      authenticator: tokenAuthenticator(() => "t0p"),
    });
  });
}

/** A service at "ask" that gives all of these answers. */
function answering(client: NatsConnection, answers: readonly string[]): void {
  client.subscribe("ask", {
    callback: (_error, message) => {
      for (const text of answers) message.respond(text);
    },
  });
}

async function answersOf(
  client: NatsConnection,
  options: RequestManyOptions,
): Promise<string[]> {
  const answers = await client.requestMany("ask", "", options);
  return (await readAll(answers)).map((message) => message.string());
}
