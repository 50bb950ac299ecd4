/**
 * The official clients for JavaScript at the doors of a server: the one for Node
 * over TCP and TLS, and `wsconnect` on the runtime's own WebSocket. Each case
 * prints "ok NAME" or "failed NAME: why".
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { type NatsConnection, wsconnect } from "@nats-io/nats-core";
import { connect, type NodeConnectionOptions } from "@nats-io/transport-node";

const { env } = process;
// The client lets go of a socket that is refused, and on Deno the alert comes
// when nobody listens any more. Each case tells for itself what became of it.
process.on("uncaughtException", (error) => console.error(error));
const ca = readFileSync(env["CA"]!, "utf8");
const stranger = readFileSync(env["STRANGER"]!, "utf8");
const cert = readFileSync(env["CERT"]!, "utf8");
const key = readFileSync(env["KEY"]!, "utf8");

/** Round trips of a short and a long message, and a request. */
async function use(connection: NatsConnection): Promise<void> {
  try {
    const subscription = connection.subscribe("door.a", { max: 2 });
    const bodies = ["short", "long ".repeat(40_000)];
    for (const body of bodies) connection.publish("door.a", body);
    for await (const message of subscription) {
      if (message.string() !== bodies.shift()) {
        throw new Error("another message came");
      }
    }
    connection.subscribe("door.echo", {
      callback: (_error, message) => void message.respond(message.data),
    });
    const answer = await connection.request("door.echo", "echo", {
      timeout: 10_000,
    });
    if (answer.string() !== "echo") throw new Error("another answer came");
  } finally {
    await connection.close();
  }
}

type Tls = NodeConnectionOptions["tls"];

async function connects(servers: string, tls?: Tls): Promise<void> {
  const options = { servers, reconnect: false, timeout: 10_000 };
  await use(await connect(tls === undefined ? options : { ...options, tls }));
}

async function fails(servers: string, tls?: Tls): Promise<void> {
  const isIn = await connects(servers, tls).then(() => true, () => false);
  if (isIn) throw new Error("it was let in");
}

const byWeb = async (servers: string): Promise<void> =>
  await use(await wsconnect({ servers, reconnect: false, timeout: 10_000 }));

const CASES: readonly (readonly [
  name: string,
  url: string,
  run: (url: string) => Promise<void>,
])[] = [
  ["TLS", "TLS", (url) => connects(url, { ca })],
  ["TLS, another authority", "TLS", (url) => fails(url, { ca: stranger })],
  ["certificates", "VERIFY", (url) => connects(url, { ca, cert, key })],
  ["certificates, none", "VERIFY", (url) => fails(url, { ca })],
  [
    "handshake first",
    "FIRST",
    (url) => connects(url, { ca, handshakeFirst: true }),
  ],
  [
    "handshake first or not",
    "AUTO",
    (url) => connects(url, { ca, handshakeFirst: true }),
  ],
  ["handshake first or not, not", "AUTO", (url) => connects(url, { ca })],
  ["ws", "WS", byWeb],
  ["ws, a path", "WS", (url) => byWeb(`${url}/some/path`)],
  ["wss", "WSS", byWeb],
];

for (const [name, place, run] of CASES) {
  const url = env[place];
  if (url === undefined || url === "") continue;
  try {
    await run(url);
    console.log(`ok ${name}`);
  } catch (error) {
    console.log(`failed ${name}: ${error}`);
  }
}
process.exit(0);
