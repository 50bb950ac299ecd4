/**
 * JSON: a payload is bytes or text; `json()` reads it.
 *
 *   deno run -A examples/json.ts     (or: bun ..., node ...)
 *
 * It prints:
 *
 *   { sum: 42, of: 2 }
 */
import { connect, startServer } from "midge";

await using server = await startServer({ port: 0 });
await using connection = await connect({ servers: server.url });

connection.subscribe("sum", {
  callback: (_error, message) => {
    const numbers = message.json<number[]>();
    const sum = numbers.reduce((total, number) => total + number, 0);
    message.respond(JSON.stringify({ sum, of: numbers.length }));
  },
});

const answer = await connection.request("sum", JSON.stringify([20, 22]));
const { sum, of } = answer.json<{ sum: number; of: number }>();
console.log(`{ sum: ${sum}, of: ${of} }`);
