/**
 * Authorization: clients need a token. Users with passwords work the same way,
 * and either may be a bcrypt hash in the server's options.
 *
 *   deno run -A examples/token.ts     (or: bun ..., node ...)
 *
 * It prints:
 *
 *   without the token: Authorization Violation
 *   with the token: connected
 */
import { AuthorizationError, connect, startServer } from "midge";

await using server = await startServer({
  port: 0,
  authorization: { token: "s3cret" },
});

try {
  await connect({ servers: server.url });
} catch (error) {
  if (!(error instanceof AuthorizationError)) throw error;
  console.log(`without the token: ${error.message}`);
}

await using connection = await connect({
  servers: server.url,
  token: "s3cret",
});
await connection.flush();
console.log("with the token: connected");
