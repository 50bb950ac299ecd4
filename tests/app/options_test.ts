/** What `startServer` takes: typed keys, ports, a file below, and warnings. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { startServer } from "../../server.ts";
import type {
  AccountConfig,
  PermissionsConfig,
  ServerConfig,
  UserConfig,
} from "../../server.ts";
import { connect } from "../../client.ts";
import { configuredBy, optionsOf } from "../../src/app/config.ts";
import { ConfigError } from "../../src/config/dialect/diagnostic.ts";
import type { ServerOptions } from "../../src/options/options.ts";
import { readTextFile } from "../../src/runtime/process/system.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { rejection } from "../support/rejection.ts";

test("what is no object is refused, with a word about files", async () => {
  for (const given of ["server.conf", 4222, null, []]) {
    const error = await rejection(startServer(given as object));
    assert.match(String(error), /options are an object; { include: /);
  }
});

test("a misspelt key is an error for the compiler and when it runs", async () => {
  // With an index signature, every text would be a key.
  const takesAnyKey: string extends keyof ServerConfig ? true : false = false;
  assert.equal(takesAnyKey, false);
  const misspelt: object = { port: 0, max_payloads: 5, cluster: { prot: 1 } };
  const error = await rejection(startServer(misspelt));
  assert.ok(error instanceof ConfigError);
  assert.deepEqual(
    error.diagnostics.map(({ line, column, message }) => [
      line,
      column,
      message,
    ]),
    [[3, 4, 'unknown field "max_payloads"'], [5, 6, 'unknown field "prot"']],
  );
});

test("what nats-server has and Midge has not is refused by name", async () => {
  const config: object = { mqtt: {}, tls: { ocsp_peer: true } };
  const error = await rejection(startServer(config));
  assert.doesNotMatch(String(error), /mqtt is/);
  assert.match(String(error), /ocsp_peer is a nats-server option that Midge/);
});

test("accounts, users and permissions are typed, and act", async (t) => {
  const config: ServerConfig = {
    port: 0,
    host: "127.0.0.1",
    accounts: {
      SHOP: {
        users: [{
          user: "ann",
          password: "a",
          permissions: { publish: "a.>" },
        }],
        exports: [{ stream: "a.>" }, { service: "q", response: "single" }],
        limits: { max_connections: 10 },
        mappings: { old: "a.new", many: [{ destination: "a.b", weight: 50 }] },
      },
      DESK: {
        users: [{ user: "bob", password: "b" }],
        default_permissions: { subscribe: { deny: ["secret.>"] } },
        imports: [
          { stream: { account: "SHOP", subject: "a.>" }, prefix: "shop" },
          { service: { account: "SHOP", subject: "q" }, to: "ask" },
        ],
      },
    },
    no_auth_user: "bob",
    system_account: "DESK",
  };
  const server = await startServer(config);
  t.after(() => server.stop());
  const [ann, bob, stranger] = await Promise.all([
    connect({ servers: server.url, user: "ann", pass: "a" }),
    connect({ servers: server.url, user: "bob", pass: "b" }),
    connect({ servers: server.url }),
  ]);
  t.after(() => Promise.all([ann, bob, stranger].map((each) => each.close())));
  const heard = bob.subscribe("shop.a.new", { max: 1 });
  await bob.flush();
  ann.publish("old", "hello");
  for await (const message of heard) assert.equal(message.string(), "hello");
});

test("the types of accounts know no other keys", () => {
  type Knows<T, Key extends string> = Key extends keyof T ? true : false;
  const known: [
    Knows<AccountConfig, "exports">,
    Knows<UserConfig, "permissions">,
    Knows<PermissionsConfig, "allow_responses">,
  ] = [true, true, true];
  const unknown: [
    Knows<AccountConfig, "export">,
    Knows<UserConfig, "pasword">,
    Knows<PermissionsConfig, "publsh">,
    string extends keyof AccountConfig ? true : false,
  ] = [false, false, false, false];
  assert.deepEqual([known.includes(true), unknown.includes(false)], [
    true,
    true,
  ]);
});

test("a port of 0 is any free one, wherever a port stands", () => {
  const rows: [config: ServerConfig, port: (o: ServerOptions) => unknown][] = [
    [{ port: 0 }, ({ port }) => port],
    [{ listen: 0 }, ({ port }) => port],
    [{ listen: "127.0.0.1:0" }, ({ port }) => port],
    [{ listen: "[::1]:0" }, ({ port }) => port],
    [{ http_port: 0 }, ({ http }) => http?.port],
    [{ http: 0 }, ({ http }) => http?.port],
    [{ http: "127.0.0.1:0" }, ({ http }) => http?.port],
    [{ cluster: { port: 0 } }, ({ cluster }) => cluster?.port],
    [{ cluster: { listen: "h:0" } }, ({ cluster }) => cluster?.port],
    [{ registry: { port: 0 } }, ({ registry }) => registry?.port],
    [{ registry: { listen: "h:0" } }, ({ registry }) => registry?.port],
  ];
  for (const [config, port] of rows) {
    assert.equal(port(optionsOf(config)), 0, JSON.stringify(config));
  }
  assert.equal(optionsOf({ listen: "h:4230" }).port, 4230);
  assert.equal(optionsOf({}).port, 4222);
  assert.equal(optionsOf({}).http, undefined);
});

test("a file is included, and what stands beside it replaces its keys", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "parts"));
  writeFileSync(
    join(folder, "a.conf"),
    "Port: 4230, listen: '0.0.0.0:4231'\nmax_payload: 1KB\n" +
      "server_name: $NAME\ncluster { name: c, port: 4250, no_advertise: yes }\n" +
      "include 'parts/b.conf'\n",
  );
  writeFileSync(join(folder, "parts", "b.conf"), "ping_max: 7\n");
  const include = join(folder, "a.conf");
  const world = {
    readFile: readTextFile,
    env: (name: string) => name === "NAME" ? "from-environment" : undefined,
  };
  const { options, warnings } = await configuredBy({
    port: 0,
    include,
    cluster: { name: "mine", port: 0 },
  }, world);
  assert.deepEqual(warnings, []);
  assert.equal(options.configFile, include);
  assert.equal(options.host, "0.0.0.0");
  assert.equal(options.port, 0);
  assert.equal(options.maxPayloadBytes, 1024);
  assert.equal(options.serverName, "from-environment");
  assert.equal(options.pingMax, 7);
  // A block is replaced as a whole.
  assert.deepEqual(
    [options.cluster?.name, options.cluster?.noAdvertise],
    ["mine", false],
  );
});

test("the included file may be TOML, and begins at the working folder", async (t) => {
  const file = join(temporaryFolder(t), "a.toml");
  writeFileSync(file, 'server_name = "t"\nping_max = 9\n');
  const include = relative(process.cwd(), file);
  const { options } = await configuredBy({ include, ping_max: 3 }, {
    readFile: readTextFile,
    env: () => undefined,
  });
  assert.deepEqual([options.serverName, options.pingMax], ["t", 3]);
});

test("what is wrong with the file is told with its place in the file", async (t) => {
  const file = join(temporaryFolder(t), "a.conf");
  writeFileSync(file, "port: 4222\nmonitoring: yes\n");
  const error = await rejection(startServer({ include: file, ping_max: -1 }));
  assert.ok(error instanceof ConfigError);
  assert.deepEqual(
    error.diagnostics.map(({ file, line }) => [file, line]),
    [[file, 2], ["options", 3]],
  );
  const missing = await rejection(startServer({ include: `${file}.not` }));
  assert.match(String(missing), /no such file or directory/);
  const wrong: object = { include: ["a", "b"] };
  const refused = await rejection(startServer(wrong));
  assert.match(String(refused), /options:2:4: include must be a string/);
  assert.throws(() => optionsOf({ include: file }), {
    name: "ConfigError",
    message: /options:2:4: include reads a file, which is not possible here/,
  });
});

test("what is odd about the options is logged, and what is for programs", async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "a.conf");
  writeFileSync(
    file,
    `log_file: '${join(folder, "log")}', pid_file: '${join(folder, "pid")}'\n` +
      "ocsp_cache: true\n",
  );
  const warnings: string[] = [];
  await using _ = await startServer(
    { include: file, host: "127.0.0.1", port: 0 },
    ({ level, text }) => {
      if (level === "warn") warnings.push(text);
    },
  );
  const program = "has no effect: it is for a server that is a program";
  assert.deepEqual(warnings, [
    `${file}:2:1: "ocsp_cache" has no effect: Midge has no OCSP`,
    `${file}:1:1: "log_file" ${program}`,
    `${file}:1:${`log_file: '${join(folder, "log")}', `.length + 1}: ` +
    `"pid_file" ${program}`,
  ]);
});

test("an option that is `undefined` is one that is not given", async () => {
  const config: object = { host: "127.0.0.1", port: 0, server_name: undefined };
  await using server = await startServer(config);
  assert.equal(server.varz().server_name, server.varz().server_id);
});
