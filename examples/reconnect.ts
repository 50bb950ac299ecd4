/**
 * What happens to a connection: it breaks, it comes back, and what was published
 * meanwhile is sent then.
 *
 *   deno run -A examples/reconnect.ts     (or: bun ..., node ...)
 *
 * It prints:
 *
 *   disconnect
 *   reconnect
 *   heard: published without a server
 */
import { connect, startServer } from "midge";

const first = await startServer({ port: 0 });
const { host, port } = first.address!;
const connection = await connect({
  servers: first.url,
  reconnectTimeWait: 50, // milliseconds
  maxReconnectAttempts: -1, // never give up
});
const messages = connection.subscribe("news", { max: 1 });
const events = connection.status();

await first.stop();
for await (const { type } of events) {
  if (type === "disconnect") break;
}
console.log("disconnect");
connection.publish("news", "published without a server");

const second = await startServer({ host, port });
for await (const message of messages) {
  console.log("reconnect");
  console.log(`heard: ${message.string()}`);
}
await connection.close();
await second.stop();
