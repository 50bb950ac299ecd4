/** A server that clients and monitoring reach by unix sockets, on real files. */
import assert from "node:assert/strict";
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { connect, type NatsConnection } from "../../client.ts";
import { type Server, startServer } from "../../server.ts";
import { runCommand } from "../commands/run.ts";
import { makeCertificates, opensslMissing } from "../support/certificates.ts";
import { rejection } from "../support/rejection.ts";
import { startMidge } from "../support/midge.ts";
import { spawnMidge } from "../support/process.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { connectUnixPeer } from "../support/unix_peer.ts";
import { until } from "../support/until.ts";

const skip = process.platform === "win32" && "Windows has no such sockets here";

interface Place {
  readonly path: string;
  readonly url: string;
}

function placeFor(t: TestContext, name: string = "midge.sock"): Place {
  const path = join(temporaryFolder(t), name);
  return { path, url: `unix://${path}` };
}

async function connected(
  t: TestContext,
  options: Parameters<typeof connect>[0],
): Promise<NatsConnection> {
  const connection = await connect(options);
  t.after(() => connection.close());
  return connection;
}

/** What the server at `path` says first. */
async function infoAt(
  t: TestContext,
  path: string,
): Promise<Record<string, unknown>> {
  const peer = await connectUnixPeer(t, path);
  await until("INFO is there", () => peer.heard.includes("\r\n"));
  peer.socket.destroy();
  return JSON.parse(peer.heard.replace(/^INFO /, ""));
}

/** A page of monitoring through a unix socket. */
async function pageAt(
  t: TestContext,
  socketPath: string,
  path: string,
): Promise<Record<string, unknown>> {
  const peer = await connectUnixPeer(t, socketPath);
  peer.say(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const [head, body] = (await peer.ended).split("\r\n\r\n");
  assert.match(head!, /^HTTP\/1\.1 200 /);
  return JSON.parse(body!);
}

test(
  "clients of a port and of a unix socket hear each other",
  { skip },
  async (t) => {
    const { path, url } = placeFor(t);
    const { server, log } = await startMidge(t, { unixSockets: [path] });
    const port = server.address!.port;
    assert.equal(server.url, `nats://127.0.0.1:${port}`);
    const near = await connected(t, { servers: url, name: "near" });
    const far = await connected(t, { servers: server.url, name: "far" });
    near.subscribe("echo", {
      callback: (_error, message) => void message.respond(message.data),
    });
    await near.flush();
    const body = "x".repeat(100_000);
    assert.equal((await far.request("echo", body)).string(), body);
    const rows = server.connz({ sort: "cid" }).connections;
    assert.deepEqual(
      rows.map(({ name, ip, port }) => ({ name, ip, isThere: port > 0 })),
      [
        { name: "near", ip: url, isThere: false },
        { name: "far", ip: "127.0.0.1", isThere: true },
      ],
    );
    assert.ok(
      log.lines.includes(`INF Listening for client connections on ${url}`),
    );
    const [first] = rows;
    assert.ok(
      log.lines.includes(
        `DBG ${url} - cid:${first?.cid} - Client connection created`,
      ),
    );
    await near.close();
    await until("it is gone", () => server.connz().num_connections === 1);
    const [gone] = server.connz({ state: "closed" }).connections;
    assert.deepEqual([gone?.ip, gone?.port, gone?.reason], [
      url,
      0,
      "Client Closed",
    ]);
  },
);

test(
  "INFO tells a client of a unix socket no address of its own",
  { skip },
  async (t) => {
    const { path } = placeFor(t);
    const { port } = await startMidge(t, { unixSockets: [path] });
    const info = await infoAt(t, path);
    assert.equal("client_ip" in info, false);
    assert.deepEqual([info["host"], info["port"]], ["127.0.0.1", port]);
    assert.equal(info["tls_required"], undefined);
  },
);

test("unix sockets alone are the only way in", { skip }, async (t) => {
  const { path, url } = placeFor(t);
  await using server = await startServer({ listen: url });
  assert.deepEqual(server.address, { host: "", port: 0, path });
  assert.equal(server.url, url);
  assert.equal(server.ready, true);
  const client = await connected(t, { servers: server.url });
  assert.equal(client.getServer(), url);
  assert.deepEqual(
    client.servers().map(({ url, hostname, port }) => ({
      url,
      hostname,
      port,
    })),
    [{ url, hostname: "", port: 0 }],
  );
  const info = await infoAt(t, path);
  assert.deepEqual([info["host"], info["port"]], ["", 0]);
  assert.equal("connect_urls" in info, false);
  const { host, port } = server.varz();
  assert.deepEqual({ host, port }, { host: "", port: 0 });
  assert.equal(server.discoveryz().nodes[0]?.urls, undefined);
  assert.deepEqual(server.healthz(), { status: "ok" });
});

test(
  "other nodes and their clients are not told of a unix socket",
  { skip },
  async (t) => {
    const { path, url } = placeFor(t);
    const at = { name: "c", host: "127.0.0.1", port: 0 };
    const local = { host: "127.0.0.1", port: 0 };
    await using open = await startServer({ ...local, cluster: at });
    const routes = [`nats-route://127.0.0.1:${open.clusterAddress!.port}`];
    await using both = await startServer({
      ...local,
      listen: url,
      cluster: { ...at, routes },
    });
    const outside = await connected(t, { servers: open.url });
    const inside = await connected(t, { servers: url });
    await until(
      "both are told",
      () => outside.servers().length === 2 && inside.servers().length === 3,
    );
    const ports = [open, both].map((server) =>
      `127.0.0.1:${server.address!.port}`
    );
    assert.deepEqual(
      outside.servers().map(({ listen }) => listen).sort(),
      [...ports].sort(),
    );
    assert.deepEqual(
      inside.servers().map(({ listen }) => listen).sort(),
      [...ports, url].sort(),
    );
    assert.equal(existsSync(path), true);
  },
);

test(
  "a client of a unix socket goes through the same door",
  { skip },
  async (t) => {
    const { path, url } = placeFor(t);
    const secured = url.replace("unix://", "unix://ann:s3cret@");
    await using server = await startServer({
      host: "127.0.0.1",
      port: 0,
      listen: url,
      max_connections: 2,
      authorization: {
        users: [{
          user: "ann",
          password: "s3cret",
          permissions: { publish: ["open.>"] },
        }],
      },
    });
    const refusal = { code: "AUTHORIZATION" };
    await assert.rejects(connect({ servers: url, reconnect: false }), refusal);
    await assert.rejects(
      connect({ servers: url, user: "ann", pass: "wrong", reconnect: false }),
      refusal,
    );
    const errors: string[] = [];
    const client = await connected(t, {
      servers: secured,
      onStatus: (status) => {
        if (status.type === "error") errors.push(status.error.message);
      },
    });
    client.publish("closed.a");
    await client.flush();
    await until("it is told", () => errors.length > 0);
    assert.match(
      errors[0]!,
      /Permissions Violation for Publish to "closed\.a"/,
    );
    await connected(t, { servers: server.url, user: "ann", pass: "s3cret" });
    const third = await rejection(
      connect({ servers: secured, reconnect: false }),
    );
    assert.match(String(third), /maximum connections exceeded/i);
    assert.equal(lstatSync(path).mode & 0o777, 0o600);
  },
);

test("TLS over a unix socket is refused by its name", { skip }, async (t) => {
  const { path, url } = placeFor(t);
  await startMidge(t, { unixSockets: [path] });
  for (const tls of [{}, { handshakeFirst: true }]) {
    await assert.rejects(
      connect({ servers: url, tls, reconnect: false }),
      {
        message:
          `Cannot connect to ${url}: ${url} was to speak TLS, which a unix socket does not`,
      },
    );
  }
});

test("TLS and the headers of proxies are the port's alone", {
  skip: skip || opensslMissing,
}, async (t) => {
  const { path, url } = placeFor(t);
  const { server: { certFile, keyFile } } = makeCertificates(t);
  await using server = await startServer({
    host: "127.0.0.1",
    port: 0,
    listen: url,
    tls: { cert_file: certFile, key_file: keyFile },
    proxy_protocol: true,
  });
  const info = await infoAt(t, path);
  assert.deepEqual(
    [info["tls_required"], info["tls_available"]],
    [undefined, undefined],
  );
  await connected(t, { servers: url });
  await assert.rejects(connect({ servers: server.url, reconnect: false }));
  // No header is read here: its words are the protocol's.
  const peer = await connectUnixPeer(t, path);
  peer.say("PROXY TCP4 10.1.2.3 10.0.0.1 5555 4222\r\n");
  const heard = await peer.ended;
  assert.match(heard, /Unknown Protocol Operation/);
});

test("a client comes back when its server does", { skip }, async (t) => {
  const { url } = placeFor(t);
  const start = (): Promise<Server> => startServer({ listen: url });
  const first = await start();
  t.after(() => first.stop());
  const client = await connected(t, { servers: url, reconnectTimeWait: 10 });
  await first.stop();
  await using second = await start();
  await until("it is back", () => second.connz().num_connections === 1);
  assert.equal(client.isClosed(), false);
});

test("lame duck and stop take the files away", { skip }, async (t) => {
  const clients = placeFor(t);
  const pages = placeFor(t, "pages.sock");
  const { server } = await startMidge(t, {
    unixSockets: [clients.path],
    httpSockets: [pages.path],
    lameDuckGraceMs: 0,
    lameDuckDurationMs: 1,
  });
  await connected(t, { servers: clients.url, reconnect: false });
  const gone = server.lameDuck();
  await until("nobody comes in", () => !existsSync(clients.path));
  assert.equal(server.address, undefined);
  await gone;
  assert.equal(existsSync(pages.path), false);
});

test(
  "a server that cannot have its unix socket leaves nothing open",
  { skip },
  async (t) => {
    const { path, url } = placeFor(t);
    await using first = await startServer({ listen: url });
    const pages = placeFor(t, "pages.sock");
    const message = `listen unix ${path}: bind: address already in use`;
    await assert.rejects(
      startServer({ host: "127.0.0.1", port: 0, listen: url, http: pages.url }),
      { name: "NetworkError", message },
    );
    assert.equal(existsSync(pages.path), false);
    const foreign = placeFor(t, "notes.txt");
    writeFileSync(foreign.path, "precious");
    await assert.rejects(startServer({ listen: foreign.url }), {
      message:
        `listen unix ${foreign.path}: bind: a file that is no socket stands there`,
    });
    await assert.rejects(
      startServer({
        listen: url.replace("midge.sock", "other.sock"),
        http: foreign.url,
      }),
      { code: "ENOTSOCK" },
    );
    assert.equal(readFileSync(foreign.path, "utf8"), "precious");
    assert.equal(first.ready, true);
    await connected(t, { servers: url });
  },
);

test(
  "monitoring is served on a port and on unix sockets",
  { skip },
  async (t) => {
    const place = placeFor(t, "monitor.sock");
    await using both = await startServer({
      host: "127.0.0.1",
      port: 0,
      http: ["127.0.0.1:0", place.url],
      unix_socket_mode: "0660",
    });
    const { port } = both.monitorAddress!;
    assert.ok(port > 0);
    assert.equal((await pageAt(t, place.path, "/varz"))["http_port"], port);
    const varz = await (await fetch(`http://127.0.0.1:${port}/varz`)).json();
    assert.equal(
      varz.server_id,
      (await pageAt(t, place.path, "/varz"))["server_id"],
    );
    assert.equal(lstatSync(place.path).mode & 0o777, 0o660);
    const alone = placeFor(t, "alone.sock");
    await using server = await startServer({
      host: "127.0.0.1",
      port: 0,
      http: alone.url,
    });
    assert.deepEqual(server.monitorAddress, {
      host: "",
      port: 0,
      path: alone.path,
    });
    assert.deepEqual(await pageAt(t, alone.path, "/healthz"), { status: "ok" });
    assert.equal(server.varz().http_port, 0);
    assert.equal(server.discoveryz().nodes[0]?.monitor, undefined);
  },
);

test(
  "where a server listens cannot change while it runs",
  { skip },
  async (t) => {
    const { url } = placeFor(t);
    await using server = await startServer({ listen: url });
    await assert.rejects(
      server.reload({ listen: [url, `${url}2`] }),
      /config reload not supported for UnixSockets/,
    );
    await assert.rejects(
      server.reload({ listen: url, unix_socket_mode: "0666" }),
      {
        message:
          "config reload not supported for UnixSocketMode: old=0600, new=0666",
      },
    );
    await server.reload({ listen: url, max_payload: 1024 });
    assert.equal(server.varz().max_payload, 1024);
  },
);

test("the program listens where -a says, and the commands connect there", {
  skip,
}, async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "a.sock");
  const url = `unix://${path}`;
  const args = ["-a", url, "--ports_file_dir", folder];
  const midge = spawnMidge(args);
  t.after(() => midge.stop());
  await midge.waitFor(`Listening for client connections on ${url}\n`);
  await midge.waitFor("Server is ready\n");
  assert.doesNotMatch(midge.stderr, /client connections on (?!unix)/);
  const portsFile = (): string | undefined =>
    readdirSync(folder).find((name) => /^midge_\d+\.ports$/.test(name));
  await until("it is told", () => portsFile() !== undefined);
  const ports = JSON.parse(readFileSync(join(folder, portsFile()!), "utf8"));
  assert.deepEqual(ports, { nats: [url] });
  const client = await connected(t, { servers: url });
  const heard = client.subscribe("greet", { max: 1 });
  await client.flush();
  const { code } = await runCommand(t, ["pub", "-s", url, "greet", "hello"]);
  assert.equal(code, 0);
  for await (const message of heard) assert.equal(message.string(), "hello");
  midge.kill("SIGTERM");
  await midge.exited;
  assert.equal(existsSync(path), false);
});

test("-p opens a port beside the unix socket of -a", { skip }, async (t) => {
  const { url } = placeFor(t);
  const flags = ["-a", `127.0.0.1,${url}`, "-p", "-1"];
  const midge = spawnMidge(flags);
  t.after(() => midge.stop());
  const [, port] = await midge.waitFor(
    /client connections on 127\.0\.0\.1:(\d+)\n/,
  );
  await midge.waitFor(`client connections on ${url}\n`);
  await connected(t, { servers: url });
  await connected(t, { servers: `127.0.0.1:${port}` });
});
