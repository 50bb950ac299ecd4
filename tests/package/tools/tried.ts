/**
 * What each tool of `rows.ts` is tried with: the client alone, and all of Midge,
 * a server in the same process included. Each says in one line what happened, so
 * that a tool which breaks anything shows what. No `await using`: TypeScript 5.2
 * and jest take the file as it is.
 */
import {
  AuthorizationError,
  connect,
  ConnectionError,
  loadConfig,
  type NatsConnection,
  NetworkError,
  nkeyAuthenticator,
  type Server,
  startCluster,
  startServer,
  TimeoutError,
  toPlain,
} from "midge";
import * as client from "midge/client";

/** Of "s3cret". */
const TOKEN_HASH =
  "$2a$04$vj67B.jH6sr0c.rYO/F/9ethbu7YgzqUUOapD3nX2kzc64fnfpP/K";
const token = "s3cret";
const SEED = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";

/** What `tryClient` says. */
export const CLIENT_SAID = "how?, nobody, closed: true";

/** What `tryAll` says. */
export const ALL_SAID: string = "served how?, near near?, stranger refused, " +
  "port EADDRINUSE, file no such file or directory, " +
  'gone connection refused, nkey U, across the cluster, toml {"max_payload":65536}';

/** What `tryFaked` and `tryFakedInside` say. */
export const FAKED_SAID = "yes in time, yes in time, yes in time";

/** `midge/client`, at a server that stands somewhere else. */
export async function tryClient(url: string): Promise<string> {
  const connection = await client.connect({ servers: url });
  connection.subscribe("ask", {
    callback: (_error, message) => void message.respond(message.string() + "?"),
  });
  const answer = await connection.request("ask", "how");
  let nobody = "somebody";
  try {
    await connection.request("nothing", "");
  } catch (error) {
    const isKnown = error instanceof client.RequestError;
    if (isKnown && error.isNoResponders()) nobody = "nobody";
  }
  await connection.drain();
  return `${answer.string()}, ${nobody}, closed: ${connection.isClosed()}`;
}

/** `midge`, with a server and a cluster in this process. `toml` is a configuration file. */
export async function tryAll(toml: string): Promise<string> {
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    authorization: { token: TOKEN_HASH },
  });
  const said = [
    await serve(server),
    await refuse(server.url),
    await fail(server.address!.port),
  ];
  await server.stop();
  said.push(await dialNobody(server.url), sign(), await across());
  const { root } = await loadConfig(toml);
  return [...said, `toml ${JSON.stringify(toPlain(root))}`].join(", ");
}

/**
 * Brokers and clients from before and after the timers of a test were faked:
 * by sockets, and without any.
 */
export async function tryFaked(fake: () => unknown): Promise<string> {
  const early = await startServer({ host: "127.0.0.1", port: 0 });
  const first = await connect({ servers: early.url });
  fake();
  const late = await startServer({ host: "127.0.0.1", port: 0 });
  const second = await connect({ servers: late.url });
  const said = await talk([first, second, await early.connect()]);
  await late.stop();
  await early.stop();
  return said;
}

/** The same without sockets, which Node's own `nextTick` keeps going. */
export async function tryFakedInside(fake: () => unknown): Promise<string> {
  const early = await startServer({ host: "127.0.0.1", port: 0 });
  const first = await early.connect();
  fake();
  const late = await startServer({ dont_listen: true });
  const said = await talk([first, await early.connect(), await late.connect()]);
  await late.stop();
  await early.stop();
  return said;
}

/** Each asks, and asks in vain until its time is over. */
async function talk(askers: readonly NatsConnection[]): Promise<string> {
  const said: string[] = [];
  for (const asker of askers) {
    asker.subscribe("ask", {
      callback: (_error, message) => void message.respond("yes"),
      max: 1,
    });
    asker.subscribe("silent");
    const answer = (await asker.request("ask")).string();
    const silence = await asker.request("silent", "", { timeout: 50 })
      .catch((error: unknown) => error);
    const isTimely = silence instanceof TimeoutError;
    said.push(`${answer} ${isTimely ? "in time" : silence}`);
    await asker.drain();
  }
  return said.join(", ");
}

async function serve(server: Server): Promise<string> {
  const connection = await connect({ servers: server.url, token });
  connection.subscribe("ask", {
    callback: (_error, message) => void message.respond(message.string() + "?"),
  });
  const far = await connection.request("ask", "how");
  const inside = await server.connect({ token });
  const near = await inside.request("ask", "near");
  await inside.close();
  await connection.close();
  return `served ${far.string()}, near ${near.string()}`;
}

async function refuse(servers: string): Promise<string> {
  const login = connect({ servers, token: "no", reconnect: false });
  const isRefused = await login.then(() => false, isAuthorization);
  return `stranger ${isRefused ? "refused" : "let in"}`;
}

function isAuthorization(error: unknown): boolean {
  return error instanceof AuthorizationError;
}

async function fail(port: number): Promise<string> {
  const taken = await startServer({ host: "127.0.0.1", port })
    .catch((error: unknown) => error);
  const code = taken instanceof NetworkError ? taken.code : String(taken);
  const absent = await startServer({ include: "/nowhere/midge.conf" })
    .catch((error: unknown) => error);
  return `port ${code}, file ${lastWords(absent)}`;
}

async function dialNobody(servers: string): Promise<string> {
  const error = await connect({ servers, reconnect: false })
    .catch((error: unknown) => error);
  return `gone ${error instanceof ConnectionError ? lastWords(error) : error}`;
}

/** What stands behind the last colon of an error. */
function lastWords(error: unknown): string {
  return String(error).replace(/^.*: /s, "");
}

function sign(): string {
  const login = nkeyAuthenticator(new TextEncoder().encode(SEED))("a nonce");
  return `nkey ${/"nkey":"(.)/.exec(JSON.stringify(login))?.[1]}`;
}

async function across(): Promise<string> {
  const cluster = await startCluster({
    size: 2,
    network: "memory",
    clock: "virtual",
    seed: 7,
  });
  const one = await cluster.connect({ node: 0 });
  const other = await cluster.connect({ node: 1 });
  one.subscribe("ask", {
    callback: (_error, message) => void message.respond("across the cluster"),
  });
  await cluster.settled();
  const answer = (await other.request("ask")).string();
  await cluster.stop();
  return answer;
}
