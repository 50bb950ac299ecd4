/**
 * A service of the service protocol (NATS ADR-32): `nats micro` and other
 * tools that speak it find the service, its endpoints and its statistics.
 *
 *   deno run -A examples/service.ts     (or: bun ..., node ...)
 *
 * It prints:
 *
 *   max: 4
 *   refused: 400 no numbers
 *   minmax 1.0.0 answers at max
 */
import { connect, ServiceError, startServer, Svcm } from "midge";

await using server = await startServer({ port: 0 });
await using connection = await connect({ servers: server.url });
const services = new Svcm(connection);

const service = await services.add({ name: "minmax", version: "1.0.0" });
service.addEndpoint("max", (_error, request) => {
  const numbers = request.json<number[]>();
  if (numbers.length === 0) request.respondError(400, "no numbers");
  else request.respond(JSON.stringify(Math.max(...numbers)));
});

const good = await connection.request("max", "[3, 1, 4]");
console.log(`max: ${good.json<number>()}`);
const bad = ServiceError.of(await connection.request("max", "[]"));
console.log(`refused: ${bad?.status} ${bad?.message}`);

const client = services.client({ maxWait: 500, stall: 50 });
for await (const { name, version, endpoints } of await client.info("minmax")) {
  console.log(`${name} ${version} answers at ${endpoints[0]?.subject}`);
}
