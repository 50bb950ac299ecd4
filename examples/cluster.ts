/**
 * A cluster of three nodes in one process. The client is told of the first node
 * only, hears of the others, and lives on when the first is gone.
 *
 *   deno run -A examples/cluster.ts     (or: bun ..., node ...)
 *
 * It prints:
 *
 *   before: hello joe
 *   now at a living node
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
await cluster.kill(0);
await cluster.settled(); // the client is connected again
console.log(
  `now at ${cluster.urls[0] === url() ? "the dead" : "a living"} node`,
);
console.log(`after: ${(await client.request("greet", "ann")).string()}`);

function url(): string {
  return `nats://${client.getServer()}`;
}
