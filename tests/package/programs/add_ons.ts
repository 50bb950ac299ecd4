/**
 * A program that gives the official add-on packages a connection of the package;
 * the port of a nats-server with JetStream is its argument.
 */
import process from "node:process";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { Objm } from "@nats-io/obj";
import { Svcm } from "@nats-io/services";
import { connect, headers } from "midge/client";

await using connection = await connect({ port: Number(process.argv[2]) });

const manager = await jetstreamManager(connection);
await manager.streams.add({ name: "S", subjects: ["s.>"] });
const stream = jetstream(connection);
const colours = headers();
colours.set("colour", "red");
await stream.publish("s.a", "stored", { headers: colours });
const consumer = await stream.consumers.get("S", { filter_subjects: "s.>" });
for await (const message of await consumer.fetch({ max_messages: 1 })) {
  const colour = message.headers?.get("colour");
  console.log(`consumed: ${message.string()}, ${colour}`);
}

const values = await new Kvm(stream).create("values");
await values.put("a.b", "put");
console.log(`value: ${(await values.get("a.b"))?.string()}`);

const objects = await new Objm(connection).create("objects");
await objects.putBlob({ name: "o", headers: colours }, new Uint8Array(300_000));
console.log(`object: ${(await objects.getBlob("o"))?.length} bytes`);

const service = await new Svcm(connection).add({ name: "s", version: "1.0.0" });
service.addEndpoint("ask", (_error, message) => void message.respond("yes"));
console.log(`service: ${(await connection.request("ask")).string()}`);

const nobody = stream.publish("nowhere", "", { retries: 2 });
await nobody.catch(({ name }: Error) => console.log(`refused: ${name}`));
