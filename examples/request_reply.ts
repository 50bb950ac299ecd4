/**
 * Request and reply: one answer, the answers of several, and no responders.
 *
 *   deno run -A examples/request_reply.ts     (or: bun ..., node ...)
 *
 * It prints:
 *
 *   hello joe
 *   hello all
 *   hello all
 *   Nobody subscribes to "nobody.home"
 */
import { connect, startServer } from "midge";

await using server = await startServer({ port: 0 });
await using connection = await connect({ servers: server.url });
for (const _ of ["one greeter", "another greeter"]) {
  connection.subscribe("greet", {
    callback: (_error, message) => {
      message.respond(`hello ${message.string()}`);
    },
  });
}

const answer = await connection.request("greet", "joe", { timeout: 1000 });
console.log(answer.string());

const two = { strategy: "count", maxMessages: 2 } as const;
for await (const each of await connection.requestMany("greet", "all", two)) {
  console.log(each.string());
}

await connection.request("nobody.home").catch((error: Error) => {
  console.log(error.message);
});
