/**
 * A broker in the process of its client: the two are joined in memory, without
 * a socket, while other programs connect to its port.
 *
 *   deno run -A examples/embedded_broker.ts     (or: bun ..., node ...)
 *
 * It prints:
 *
 *   inside heard: from outside
 *   outside heard: from inside
 */
import { connect, startServer } from "midge";

await using server = await startServer({ port: 0, server_name: "embedded" });
await using inside = await server.connect(); // no port, no socket
await using outside = await connect({ servers: server.url });

const heardInside = inside.subscribe("to.inside", { max: 1 });
const heardOutside = outside.subscribe("to.outside", { max: 1 });
await Promise.all([inside.flush(), outside.flush()]);

outside.publish("to.inside", "from outside");
for await (const message of heardInside) {
  console.log(`inside heard: ${message.string()}`);
}
inside.publish("to.outside", "from inside");
for await (const message of heardOutside) {
  console.log(`outside heard: ${message.string()}`);
}
