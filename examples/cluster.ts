/**
 * A cluster of three nodes in one process. The client is told of the first node
 * only, hears of the others, and lives on when the first is gone.
 *
 *   deno run -A examples/cluster.ts     (or: bun ..., node ...)
 *
 * It prints:
 *
 *   before: hello joe
 *   the client has moved
 *   after: hello ann
 */
import { connect, startCluster } from "midge";

await using cluster = await startCluster({ size: 3 });
const [first, second] = cluster.servers;
await using client = await connect({ servers: first!.url });
await using service = await connect({ servers: second!.url });

service.subscribe("greet", {
  callback: (_error, message) => {
    message.respond(`hello ${message.string()}`);
  },
});
await service.flush();

const events = client.status();
console.log(`before: ${(await client.request("greet", "joe")).string()}`);
await first!.stop();
for await (const { type } of events) if (type === "reconnect") break;
console.log("the client has moved");
console.log(`after: ${(await client.request("greet", "ann")).string()}`);
