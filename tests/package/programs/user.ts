/**
 * What a user of the package writes first: every face is imported by its name
 * and used. It is compiled in a project in which the package is installed, and
 * run there; each line that it prints is asserted.
 */
import * as everything from "midge";
import { ConfigError, parseConfig, toPlain } from "midge/cfgparse";
import {
  connect,
  headers,
  type NatsConnection,
  RequestError,
} from "midge/client";
import { type RunningCluster, startCluster } from "midge/cluster";
import { type Server, type ServerConfig, startServer } from "midge/server";

await talk({ host: "127.0.0.1", port: 0 });
await talkAcross();
readConfigurations();
console.log(`one package: ${everything.startServer === startServer}`);

async function talk(config: ServerConfig): Promise<void> {
  await using server: Server = await startServer(config);
  await using client = await connect({ servers: server.url });
  const greetings = client.subscribe("greet.*", { max: 1 });
  const head = headers();
  head.set("Tone", "warm");
  client.publish("greet.joe", "hello", { headers: head });
  for await (const message of greetings) {
    const tone = message.headers?.get("Tone");
    console.log(`heard: ${message.subject} ${message.string()}, ${tone}`);
  }
  client.subscribe("ask", {
    callback: (_error, message) => message.respond(`${message.string()}?`),
  });
  console.log(`answered: ${(await client.request("ask", "how")).string()}`);
}

/** The first message goes as soon as the other node knows of the subscription. */
async function talkAcross(): Promise<void> {
  await using cluster: RunningCluster = await startCluster({ size: 3 });
  const [here = "", , there = ""] = cluster.urls;
  await using one = await connect({ servers: here });
  await using other = await connect({ servers: there });
  one.subscribe("far", {
    callback: (_error, message) => message.respond(`${message.string()} back`),
  });
  console.log(`across: ${await askUntilHeard(other, "there and")}`);
}

async function askUntilHeard(
  client: NatsConnection,
  text: string,
): Promise<string> {
  while (true) {
    try {
      return (await client.request("far", text)).string();
    } catch (error) {
      const isUnheard = error instanceof RequestError && error.isNoResponders();
      if (!isUnheard) throw error;
    }
  }
}

function readConfigurations(): void {
  const { root } = parseConfig("port: 4222, cluster { name: east }");
  console.log(`parsed: ${JSON.stringify(toPlain(root))}`);
  try {
    parseConfig("debug: yes\nport: [");
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.log(`refused: line ${error.diagnostics.map(({ line }) => line)}`);
  }
}
