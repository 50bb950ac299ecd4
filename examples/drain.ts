/**
 * A graceful end: `drain` takes no more messages, lets the callbacks finish what
 * has arrived, sends what they publish, and closes.
 *
 *   deno run -A examples/drain.ts     (or: bun ..., node ...)
 *
 * It prints:
 *
 *   handled 1
 *   handled 2
 *   handled 3
 *   closed
 */
import { connect, startServer } from "midge";

await using server = await startServer({ port: 0 });
await using publisher = await connect({ servers: server.url });
await using worker = await connect({ servers: server.url });

worker.subscribe("jobs", {
  callback: (_error, message) => console.log(`handled ${message.string()}`),
});
await worker.flush();

for (const job of [1, 2, 3]) publisher.publish("jobs", String(job));
await publisher.flush(); // the server has them, the worker perhaps not yet

await worker.drain();
publisher.publish("jobs", "too late");
await publisher.flush();
console.log("closed");
