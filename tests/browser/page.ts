/**
 * What runs in the page: the same conversations by Midge's client and by the
 * official one. `stage.ts` bundles it for Chromium; `face_test.ts` and
 * `tests/client/web_sockets_test.ts` run it where the tests run.
 */
import * as core from "@nats-io/nats-core";
import * as midge from "../../src/faces/browser.ts";

/** The clients under test. */
export type ClientName =
  | "midge/browser"
  | "@nats-io/nats-core"
  | "midge/client";

/** As much of a connection as both have in common. */
type Connection = Awaited<ReturnType<typeof midge.connect>>;

interface Client {
  connect(options: object): Promise<Connection>;
  headers(): midge.MsgHdrs;
}

const clients = new Map<ClientName, unknown>([
  ["midge/browser", midge],
  ["@nats-io/nats-core", { connect: core.wsconnect, headers: core.headers }],
]);

/** One more, which no page can load. */
export function join(name: ClientName, client: unknown): void {
  clients.set(name, client);
}

const MANY = 2000;
const LARGE_BYTES = 900_000;

function clientOf(name: ClientName): Client {
  return clients.get(name) as Client;
}

/** Publishes, subscribes and requests; gives what came of it. */
export async function talk(
  name: ClientName,
  options: object,
): Promise<readonly string[]> {
  const client = clientOf(name);
  const connection = await client.connect({ reconnect: false, ...options });
  const said = [
    await asked(client, connection),
    await counted(connection),
    await carried(connection),
    await unanswered(connection),
  ];
  await connection.drain();
  return [...said, `closed: ${connection.isClosed()}`];
}

/** What `talk` gives when all is well. */
export const TALK: readonly string[] = [
  "how? with yes",
  `${MANY} in order`,
  `${LARGE_BYTES} bytes as sent`,
  "nobody",
  "closed: true",
];

async function asked(client: Client, connection: Connection): Promise<string> {
  connection.subscribe("ask.*", {
    callback: (_error, message) => {
      const { headers } = message;
      message.respond(`${message.string()}?`, headers && { headers });
    },
  });
  const headers = client.headers();
  headers.set("Asked-In", "yes");
  const answer = await connection.request("ask.me", "how", {
    headers,
    timeout: 10_000,
  });
  return `${answer.string()} with ${answer.headers?.get("Asked-In")}`;
}

async function counted(connection: Connection): Promise<string> {
  const many = connection.subscribe("many", { max: MANY });
  for (let n = 0; n < MANY; n++) connection.publish("many", `${n}`);
  let next = 0;
  for await (const message of many) {
    if (message.string() !== `${next}`) return `${message.string()} at ${next}`;
    next++;
  }
  return `${next} in order`;
}

async function carried(connection: Connection): Promise<string> {
  // What deflates well and what does not.
  const sent = new Uint8Array(LARGE_BYTES).fill(120);
  crypto.getRandomValues(sent.subarray(1000, 60_000));
  const large = connection.subscribe("large", { max: 1 });
  connection.publish("large", sent);
  for await (const { data } of large) {
    const isSame = data.length === sent.length &&
      data.every((byte, at) => byte === sent[at]);
    return `${data.length} bytes ${isSame ? "as sent" : "that are spoilt"}`;
  }
  return "nothing";
}

async function unanswered(connection: Connection): Promise<string> {
  try {
    await connection.request("nobody", "", { timeout: 10_000 });
    return "somebody";
  } catch (error) {
    const { isNoResponders } = error as Partial<midge.RequestError>;
    return isNoResponders?.call(error) === true ? "nobody" : String(error);
  }
}

/** Why a client is not let in; undefined if it is. */
export async function refusal(
  name: ClientName,
  options: object,
): Promise<string | undefined> {
  try {
    const connection = await clientOf(name).connect({
      reconnect: false,
      ...options,
    });
    await connection.close();
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** Others in the page have their own. */
function newsOf(name: ClientName): string {
  return `news.${name}`;
}

interface Held {
  readonly connection: Connection;
  readonly heard: string[];
  /** Resolves when it is connected again. */
  readonly returned: Promise<void>;
}

const held = new Map<ClientName, Held>();

/** Connects for longer; `comeBack` tells what becomes of it. */
export async function stay(name: ClientName, options: object): Promise<string> {
  const connection = await clientOf(name).connect({
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
    reconnectJitter: 0,
    ...options,
  });
  const heard: string[] = [];
  connection.subscribe(newsOf(name), {
    callback: (_error, message) => void heard.push(message.string()),
  });
  await connection.flush();
  held.set(name, { connection, heard, returned: untilBack(connection) });
  return connection.getServer();
}

async function untilBack(connection: Connection): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type === "reconnect") return;
  }
  throw new Error("The connection was closed");
}

/** Waits until the connection is back, and says something to itself. */
export async function comeBack(name: ClientName): Promise<readonly string[]> {
  const { connection, heard, returned } = held.get(name)!;
  await returned;
  connection.publish(newsOf(name), "again");
  await connection.flush();
  await connection.flush();
  await connection.close();
  held.delete(name);
  return heard;
}
