/** Monitoring as functions: without a port, and with one the same as over HTTP. */
import assert from "node:assert/strict";
import { connect, InvalidArgumentError } from "../../mod.ts";
import { type Server, type ServerConfig, startServer } from "../../server.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";

const LOCAL = { host: "127.0.0.1", port: 0 } as const;
const HTTP = { ...LOCAL, http_port: 0 } as const;

/** What changes from one moment to the next; nobody asks two questions at once. */
const PASSING: readonly string[] = [
  "now",
  "uptime",
  "idle",
  "last_activity",
  "rtt",
  "mem",
  "cpu",
  "http_req_stats",
];

/** The page as HTTP shows it. */
async function pageOf(server: Server, page: string): Promise<unknown> {
  const { host, port } = server.monitorAddress!;
  const answer = await fetch(`http://${host}:${port}/${page}`);
  return answer.headers.get("content-type") === "application/json"
    ? lasting(await answer.json())
    : await answer.text();
}

/** `value` without what passes, and with its fields in their order. */
function lasting(value: unknown): unknown {
  return JSON.stringify(
    value,
    (key, field) => PASSING.includes(key) ? undefined : field,
  );
}

/** Two servers with a route, clients that are there and one that is gone. */
async function busyServers(
  config: ServerConfig = {},
): Promise<{ readonly server: Server; readonly stop: () => Promise<void> }> {
  const cluster = { name: "c", host: "127.0.0.1", port: 0 };
  const authorization = { users: [{ user: "ann", password: "pw" }] };
  // The system account would count what it tells.
  const silent = { no_system_account: true };
  const other = await startServer({
    ...LOCAL,
    ...silent,
    authorization,
    cluster,
  });
  const server = await startServer({
    ...HTTP,
    ...silent,
    ...config,
    authorization,
    cluster: {
      ...cluster,
      routes: [`nats-route://127.0.0.1:${other.clusterAddress!.port}`],
    },
  });
  const login = { user: "ann", pass: "pw" };
  const far = await connect({ servers: other.url, ...login });
  far.subscribe("far.*", { queue: "group" });
  const near = await server.connect({ ...login, name: "near" });
  near.subscribe("near");
  near.publish("near", "hello");
  await near.flush();
  const gone = await connect({ servers: server.url, ...login, name: "gone" });
  gone.subscribe("gone");
  await gone.flush();
  await gone.close();
  await until(
    "the other server's interest is known",
    () =>
      server.routez({ subs: true }).routes[0]?.subscriptions_list
        ?.includes("far.*") === true,
  );
  await until(
    "a client is gone",
    () => server.connz({ state: "closed" }).total === 1,
  );
  const stop = async (): Promise<void> => {
    await far.close();
    await near.close();
    await Promise.all([server.stop(), other.stop()]);
  };
  return { server, stop };
}

test("each function tells what its page tells, with each of its options", async (t) => {
  const { server, stop } = await busyServers({
    http_base_path: "",
    debug: true,
  });
  t.after(stop);
  const rows: [page: string, told: () => unknown][] = [
    ["varz", () => server.varz()],
    ["connz", () => server.connz()],
    ["connz?auth=1&subs=1", () => server.connz({ auth: true, subs: true })],
    [
      "connz?subs=detail&state=all&sort=bytes_to",
      () => server.connz({ subs: "detail", state: "all", sort: "bytes_to" }),
    ],
    [
      "connz?state=closed&sort=stop&limit=5&offset=0",
      () =>
        server.connz({ state: "closed", sort: "stop", limit: 5, offset: 0 }),
    ],
    ["connz?cid=4711", () => server.connz({ cid: 4711 })],
    [
      "connz?user=ann&acc=$G",
      () => server.connz({ user: "ann", acc: "$G" }),
    ],
    ["routez", () => server.routez()],
    ["routez?subs=1", () => server.routez({ subs: true })],
    ["routez?subs=detail", () => server.routez({ subs: "detail" })],
    ["subsz", () => server.subsz()],
    [
      "subsz?subs=1&test=near&acc=$G&limit=1",
      () => server.subsz({ subs: true, test: "near", acc: "$G", limit: 1 }),
    ],
    ["subsz?subs=1&offset=1", () => server.subsz({ subs: true, offset: 1 })],
    ["accountz", () => server.accountz()],
    ["accountz?acc=$G", () => server.accountz({ acc: "$G" })],
    ["accstatz", () => server.accstatz()],
    ["accstatz?unused=1", () => server.accstatz({ unused: true })],
    ["jsz", () => server.jsz()],
    ["jsz?accounts=1", () => server.jsz({ accounts: true })],
    ["healthz", () => server.healthz()],
    ["healthz?details=1", () => server.healthz({ details: true })],
    ["discoveryz", () => server.discoveryz()],
  ];
  for (const [page, told] of rows) {
    assert.equal(await pageOf(server, page), lasting(told()), page);
  }
});

test("clients of an account that is not there are an empty list", async (t) => {
  const { server, stop } = await busyServers();
  t.after(stop);
  assert.deepEqual(server.connz({ acc: "zz" }).connections, []);
  assert.match(
    `${await pageOf(server, "connz?acc=zz")}`,
    /"connections": ?null/,
  );
});

test("what is asked by a function is no request", async (t) => {
  const { server, stop } = await busyServers();
  t.after(stop);
  server.varz();
  server.connz();
  assert.deepEqual(server.varz().http_req_stats, {});
  await pageOf(server, "connz");
  assert.deepEqual(server.varz().http_req_stats, { "/connz": 1 });
});

test("without a monitoring port there is none to be told", async () => {
  await using server = await startServer(LOCAL);
  const { http_host, http_port, https_port, host, port } = server.varz();
  assert.equal(server.monitorAddress, undefined);
  // NATS monitoring: without a port, the host is that of the clients.
  assert.deepEqual([http_host, http_port, https_port], ["127.0.0.1", 0, 0]);
  assert.deepEqual(`nats://${host}:${port}`, server.url);
  const [node] = server.discoveryz().nodes;
  assert.deepEqual(node?.urls, [server.url]);
  assert.equal(node?.monitor, undefined);
});

test("the counters are those of the server", async () => {
  await using server = await startServer({ ...LOCAL, server_name: "me" });
  await using client = await server.connect({ name: "it" });
  const messages = client.subscribe("a.*", { max: 3 });
  for (let i = 0; i < 3; i++) client.publish(`a.${i}`, "four");
  for await (const _ of messages);
  const { server_name, in_msgs, in_bytes, out_bytes, connections } = server
    .varz();
  assert.deepEqual(
    { server_name, in_msgs, in_bytes, out_bytes, connections },
    {
      server_name: "me",
      in_msgs: 3,
      in_bytes: 12,
      out_bytes: 12,
      connections: 1,
    },
  );
  const { connections: [row] } = server.connz();
  assert.deepEqual([row?.name, row?.ip, row?.out_msgs], ["it", "pipe", 3]);
});

test("the object is the caller's: no change of it changes the server", async () => {
  await using server = await startServer({ ...LOCAL, server_tags: ["east"] });
  await using client = await server.connect({ name: "it" });
  client.subscribe("a");
  await client.flush();
  const asked = [
    () => server.varz(),
    () => server.connz({ subs: true }),
    () => server.accountz(),
    () => server.discoveryz(),
  ];
  for (const ask of asked) {
    const before = lasting(ask());
    spoil(ask());
    assert.equal(lasting(ask()), before);
  }
});

/** Changes everything in an object that can be changed. */
function spoil(value: object): void {
  for (const [key, part] of Object.entries(value)) {
    if (typeof part === "object" && part !== null) spoil(part);
    Reflect.set(value, key, "spoilt");
  }
  if (Array.isArray(value)) value.length = 0;
}

test("plain data: what has no value is not there", async () => {
  await using server = await startServer(LOCAL);
  await using client = await server.connect();
  await client.flush();
  const [row] = server.connz().connections;
  assert.equal("reason" in row!, false);
  assert.equal("tags" in server.varz(), false);
  assert.equal(Object.getPrototypeOf(row), Object.prototype);
});

test("options that make no sense are refused in the words of the page", async () => {
  await using server = await startServer(HTTP);
  const rows: [page: string, ask: (options: object) => unknown, object][] = [
    ["connz?sort=zork", (o) => server.connz(o), { sort: "zork" }],
    ["connz?sort=stop", (o) => server.connz(o), { sort: "stop" }],
    ["connz?state=zork", (o) => server.connz(o), { state: "zork" }],
    ["connz?limit=NaN", (o) => server.connz(o), { limit: NaN }],
    ["connz?limit=1.5", (o) => server.connz(o), { limit: 1.5 }],
    ["connz?cid=-1", (o) => server.connz(o), { cid: -1 }],
    ["connz?auth=yes", (o) => server.connz(o), { auth: "yes" }],
    ["routez?subs=all", (o) => server.routez(o), { subs: "all" }],
    ["subsz?test=a.*", (o) => server.subsz(o), { test: "a.*" }],
    ["accountz?acc=zz", (o) => server.accountz(o), { acc: "zz" }],
    ["jsz?accounts=x", (o) => server.jsz(o), { accounts: "x" }],
    ["accstatz?unused=x", (o) => server.accstatz(o), { unused: "x" }],
  ];
  for (const [page, ask, options] of rows) {
    const words = await pageOf(server, page);
    assert.throws(() => ask(options), (error) => {
      assert.ok(error instanceof InvalidArgumentError);
      assert.equal(error.code, "INVALID_ARGUMENT");
      assert.equal(error.message, words, page);
      return true;
    });
  }
  const misspelt: object = { limits: 1 };
  assert.throws(() => server.connz(misspelt), {
    name: "InvalidArgumentError",
    message: 'connz has no option "limits"',
  });
  const inherited: object = { constructor: true };
  assert.throws(() => server.routez(inherited), { code: "INVALID_ARGUMENT" });
});

test("an option that is `undefined` is one that is not given", async () => {
  await using server = await startServer(LOCAL);
  const options: object = { limit: undefined, state: undefined };
  assert.equal(server.connz(options).limit, 1024);
});

test("a server that has stopped can still be asked", async () => {
  const server = await startServer(LOCAL);
  const client = await server.connect({ name: "it" });
  client.publish("a", "b");
  await client.flush();
  await server.stop();
  const { in_msgs, connections } = server.varz();
  assert.deepEqual([in_msgs, connections], [1, 0]);
  const { connections: [row] } = server.connz({ state: "closed" });
  assert.deepEqual([row?.name, row?.reason], ["it", "Server Shutdown"]);
  assert.deepEqual(server.healthz(), {
    status: "error",
    error: "failed to be ready for connections after 1ms: server",
  });
});
