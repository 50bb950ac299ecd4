/**
 * A cluster of three nodes in one process. The client is given only the
 * first node, learns of the others, and moves on when the first is gone.
 *
 *   deno run -A examples/cluster.ts     (or: bun ..., node ...)
 *
 * It prints:
 *
 *   before: hello joe
 *   moved: true
 *   after: hello ann
 */
import { startCluster } from "midge/cluster";

await using cluster = await startCluster({ size: 3 });
const service = await cluster.connect({ node: 1 });
service.subscribe("greet", {
  callback: (_error, message) => {
    message.respond(`hello ${message.string()}`);
  },
});
const client = await cluster.connect({ node: 0 });
await cluster.settled(); // all nodes know of the service

console.log(`before: ${(await client.request("greet", "joe")).string()}`);
const home = client.getServer();
await cluster.kill(0);
await cluster.settled(); // the client is connected again
console.log(`moved: ${client.getServer() !== home}`);
console.log(`after: ${(await client.request("greet", "ann")).string()}`);
