/**
 * A program that is bundled with the package. By itself it starts nothing, and
 * neither may the package; the word `talk` makes it use broker and client.
 */
import { connect, startServer } from "midge";
import process from "node:process";

console.log("the program runs");
if (process.argv[2] === "talk") await talk();

async function talk(): Promise<void> {
  await using server = await startServer({ host: "127.0.0.1", port: 0 });
  await using client = await connect({ servers: server.url });
  client.subscribe("ask", {
    callback: (_error, message) => message.respond(`${message.string()}?`),
  });
  console.log((await client.request("ask", "how")).string());
}
