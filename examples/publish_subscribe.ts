/**
 * Publish and subscribe: a subscriber of a subject gets what is published there
 * from then on.
 *
 *   deno run -A examples/publish_subscribe.ts     (or: bun ..., node ...)
 *
 * It prints:
 *
 *   hello
 *   world
 */
import { connect, startServer } from "midge";

await using server = await startServer({ port: 0 });
await using subscriber = await connect({ servers: server.url });
await using publisher = await connect({ servers: server.url });

// Without a callback, a subscription is an async iterator.
const messages = subscriber.subscribe("greetings", { max: 2 });
await subscriber.flush(); // the server knows of it now

publisher.publish("greetings", "hello");
publisher.publish("greetings", "world");
for await (const message of messages) console.log(message.string());
