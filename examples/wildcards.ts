/**
 * Wildcards: `*` stands for one token of a subject, `>` for all that follow.
 *
 *   deno run -A examples/wildcards.ts     (or: bun ..., node ...)
 *
 * It prints:
 *
 *   weather.*.wind: weather.berlin.wind
 *   weather.>: weather.berlin.wind weather.rome.sun.noon
 */
import { connect, startServer } from "midge";

await using server = await startServer({ port: 0 });
await using connection = await connect({ servers: server.url });

const heard = new Map<string, string[]>();
for (const pattern of ["weather.*.wind", "weather.>"]) {
  const subjects: string[] = [];
  heard.set(pattern, subjects);
  connection.subscribe(pattern, {
    callback: (_error, message) => void subjects.push(message.subject),
  });
}

connection.publish("weather.berlin.wind", "3 Bft");
connection.publish("weather.rome.sun.noon", "yes");
await connection.drain(); // handles what has arrived, then closes
for (const [pattern, subjects] of heard) {
  console.log(`${pattern}: ${subjects.join(" ")}`);
}
