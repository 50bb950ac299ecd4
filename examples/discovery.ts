/**
 * Discovery: nodes announce themselves at a registry. A client that knows only
 * a dead server asks there and finds a live one.
 *
 *   deno run -A examples/discovery.ts     (or: bun ..., node ...)
 *
 * It prints:
 *
 *   connected although the only known server is dead
 *   moved to the other node
 */
import { connect, startServer } from "midge";

const registry = await startServer({ port: 0, registry: { port: 0 } });
const { host, port } = registry.registryAddress!;
const url = `registry://${host}:${port}`;
const node = { host: "127.0.0.1", port: 0, discovery: { announce: url } };

const first = await startServer(node);
const client = await connect({
  servers: "nats://127.0.0.1:1", // no server there
  discovery: url,
});
console.log("connected although the only known server is dead");

const events = client.status();
const second = await startServer(node);
await first.stop();
for await (const { type } of events) if (type === "reconnect") break;
console.log("moved to the other node");

await client.close();
await Promise.all([second.stop(), registry.stop()]);
