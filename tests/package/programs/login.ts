/**
 * A broker whose token is a hash, a client that knows the token and one that
 * does not. Tells also whether the hash was compared on a thread of its own.
 */
import { AuthorizationError, connect, startServer } from "midge";
import process from "node:process";

process.on("worker", () => console.log("a thread was started"));

/** Of "s3cret". */
const TOKEN = "$2a$04$vj67B.jH6sr0c.rYO/F/9ethbu7YgzqUUOapD3nX2kzc64fnfpP/K";

await using server = await startServer({
  host: "127.0.0.1",
  port: 0,
  authorization: { token: TOKEN },
});

await using client = await connect({ servers: server.url, token: "s3cret" });
await client.flush();
console.log("the right token is let in");

try {
  await connect({ servers: server.url, token: "secret" });
} catch (error) {
  console.log(`another is not: ${error instanceof AuthorizationError}`);
}
