/**
 * Headers: names and values beside the payload, as in HTTP.
 *
 *   deno run -A examples/headers.ts     (or: bun ..., node ...)
 *
 * It prints:
 *
 *   Trace-Id: a1, b2
 *   payload: hello
 */
import { connect, headers, startServer } from "midge";

await using server = await startServer({ port: 0 });
await using connection = await connect({ servers: server.url });

const messages = connection.subscribe("traced", { max: 1 });
const given = headers();
given.append("Trace-Id", "a1");
given.append("Trace-Id", "b2");
connection.publish("traced", "hello", { headers: given });

for await (const message of messages) {
  console.log(`Trace-Id: ${message.headers?.values("Trace-Id").join(", ")}`);
  console.log(`payload: ${message.string()}`);
}
