/**
 * A broker inside a test: it starts in milliseconds on a free port, and ends
 * with the test. The same file runs under all three test runners.
 *
 *   deno test -A examples/broker_test.ts
 *   bun test examples/broker_test.ts
 *   node --test examples/broker_test.ts
 *
 * It prints what the test runner prints.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, startServer } from "midge";

test("the greeter says hello", async () => {
  await using server = await startServer({ port: 0 });
  await using greeter = await connect({ servers: server.url });
  greeter.subscribe("greet.*", {
    callback: (_error, message) => {
      message.respond(`hello ${message.string()}`);
    },
  });
  await greeter.flush();

  await using client = await connect({ servers: server.url });
  const answer = await client.request("greet.en", "joe");
  assert.equal(answer.string(), "hello joe");
});
