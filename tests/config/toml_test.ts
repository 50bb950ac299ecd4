/** TOML documents: the same options as in the dialect, and errors as precise. */
import assert from "node:assert/strict";
import { ConfigError, Source } from "../../src/config/dialect/diagnostic.ts";
import type { ServerOptions } from "../../src/options/options.ts";
import { readConfig, readServerOptions } from "../../src/config/load.ts";
import { TomlPositions } from "../../src/config/dialect/toml_positions.ts";
import { test } from "../support/test.ts";
import { bare, optionsOf, worldOf } from "./reading.ts";

async function tomlOptions(text: string): Promise<ServerOptions> {
  const world = worldOf({ "t.toml": text });
  return (await readServerOptions("t.toml", world)).options;
}

async function tomlErrors(text: string): Promise<string[]> {
  try {
    await tomlOptions(text);
  } catch (error) {
    assert(error instanceof ConfigError, String(error));
    return error.diagnostics.map(({ file, line, column, message }) => {
      assert.equal(file, "t.toml");
      return `${line}:${column}: ${message}`;
    });
  }
  return [];
}

const DIALECT = `
listen: "127.0.0.1:5222"
http: 8222
debug: true, logtime: false
max_payload: 64kb, max_connections: -1
ping_interval: "1m30s"
server_tags: [a, b]
no_auth_user: alice
authorization {
  timeout: 0.5
  users: [{user: alice, password: x}, {user: bob, pass: y}]
}
cluster {
  name: C1, listen: "127.0.0.1:6222"
  authorization { token: t }
  routes: ["nats-route://h1:1", "nats-route://u:p@h2:2"]
}`;

const TOML = `
listen = "127.0.0.1:5222"
http = 8222
debug = true
logtime = false
max_payload = 65_536
max_connections = -1
ping_interval = "1m30s"
server_tags = ["a", "b"]
no_auth_user = "alice"

[authorization]
timeout = 0.5
[[authorization.users]]
user = "alice"
password = "x"
[[authorization.users]]
user = "bob"
pass = 'y'

[cluster]
name = "C1" # comment
listen = "127.0.0.1:6222"
authorization.token = "t"
routes = [
  "nats-route://h1:1", # comment
  'nats-route://u:p@h2:2',
]`;

test("a TOML document gives the options of its twin in the dialect", async () => {
  const { configFile, ...options } = await tomlOptions(TOML);
  const { configFile: _, ...expected } = optionsOf(DIALECT);
  assert.deepEqual(options, expected);
  assert.equal(configFile, "t.toml");
});

test("a TOML document may be written inline", async () => {
  const inline = `
    authorization = { users = [{ user = "a" }, { user = "b" }] }
    cluster = { port = 6222, authorization = { token = """t""" } }`;
  const options = await tomlOptions(inline);
  assert.deepEqual(options.authorization?.users, [
    { user: "a", password: "" },
    { user: "b", password: "" },
  ]);
  assert.equal(options.cluster?.authorization?.token, "t");
});

test("the name's end, in any case, makes a file TOML", async () => {
  const world = worldOf({ "T.TOML": "[cluster]", "t.cfg": "cluster {}" });
  const [toml, dialect] = await Promise.all(
    ["T.TOML", "t.cfg"].map((file) => readConfig(file, world)),
  );
  assert(toml && dialect);
  assert.deepEqual(bare(toml.root), { cluster: {} });
  assert.deepEqual(bare(dialect.root), { cluster: {} });
});

const WRONG: readonly (readonly [text: string, ...errors: string[]])[] = [
  ["port = 1\nfoo = 2", '2:1: unknown field "foo"'],
  ["port = 'x'", "1:1: port must be an integer, got a string"],
  ["port = 1.0", "1:1: port must be an integer, got a float"],
  ["debug = 2016-05-04T18:53:41Z", "1:1: debug must be a boolean, got a date"],
  [
    "port = 9007199254740993",
    "1:1: integer '9007199254740993' is out of the range",
  ],
  ["[cluster]\n  name = 5", "2:3: name must be a string, got an integer"],
  ["[ cluster ]\n[cluster.authorization]\nfoo = 1", '3:1: unknown field "foo"'],
  ["[nope]\nx = 1", '1:2: unknown field "nope"'],
  ["[[nope]]\nx = 1", '1:3: unknown field "nope"'],
  ["cluster.authorization.foo = 1", '1:23: unknown field "foo"'],
  ['"po\\u0072t" = "x"', "1:1: port must be an integer, got a string"],
  ["'port' = 'x'", "1:1: port must be an integer, got a string"],
  ["cluster = { name = 'a', foo = 1 }", '1:25: unknown field "foo"'],
  ["cluster = {\n name = 'a',\n foo = 1 }", '3:2: unknown field "foo"'],
  [
    "[cluster]\nroutes = [\n  'nats://a:1', # ]\n  'nats://a:x',\n]",
    '4:3: error parsing route url ["nats://a:[REDACTED]"]: invalid port after host',
  ],
  [
    "[authorization]\nusers = [{ user = 'a' },\n { pass = 'p' }]",
    "3:2: User entry requires a user",
  ],
  [
    "[[authorization.users]]\nuser = 'a'\n[[authorization.users]]\npass = 'x'",
    "3:3: User entry requires a user",
  ],
  [
    "[[authorization.users]]\nuser = 'a'\n[[authorization.users]]\nuser = 'a'",
    '4:1: Duplicate user "a" detected',
  ],
  [
    "server_name = '''\na\n'''\nfoo = 1",
    "1:1: server name cannot contain spaces",
    '4:1: unknown field "foo"',
  ],
  ['pid_file = """\\"""\nport = 5\n""""\nfoo = 1', '4:1: unknown field "foo"'],
  [
    "max_payload = 2_000_000\nmax_pending = 1_000_000",
    "1:1: max_payload (2000000) cannot be higher than max_pending (1000000)",
  ],
  [
    'cluster.permissions.import = "a..b"',
    '1:21: subject "a..b" is not a valid subject',
  ],
];

for (const [text, ...errors] of WRONG) {
  test(`the TOML document ${JSON.stringify(text)} is refused`, async () => {
    assert.deepEqual(await tomlErrors(text), errors);
  });
}

test("text that is no TOML is refused where it stops being it", async () => {
  assert.deepEqual((await tomlErrors("port = 1\nlisten == 2")).map(place), [
    "2:9",
  ]);
  assert.deepEqual((await tomlErrors("port = 1\nport = 2")).map(place), [
    "2:1",
  ]);
});

function place(error: string): string {
  return error.replace(/: .*/, "");
}

test("errors in a TOML document do not show its secrets", async () => {
  const texts = [
    "[authorization]\npassword = 'hunter2'\nuser == 1",
    'token = """\nhunter2"""\nx = 1',
    "authorization = { pass = 'hunter2', x = 1 }",
    "password = hunter2",
  ];
  for (const text of texts) {
    const world = worldOf({ "t.toml": text });
    await assert.rejects(readServerOptions("t.toml", world), (error: Error) => {
      assert(!error.message.includes("hunter2"), error.message);
      return error instanceof ConfigError;
    });
  }
});

test("the keys of a document are found where they stand", () => {
  const text =
    "a.b = 1\n[x]\n'y z' = [1, [2]]\n[[x.t]]\nk = 1\n[[x.t]]\n[x.t.n]\nk = 2";
  const positions = new TomlPositions(new Source("t.toml", text));
  const at = (...path: (string | number)[]): string => {
    const found = positions.at(path);
    return `${found?.line}:${found?.column}`;
  };
  assert.equal(at("a"), "1:1");
  assert.equal(at("a", "b"), "1:3");
  assert.equal(at("x"), "2:2");
  assert.equal(at("x", "y z"), "3:1");
  assert.equal(at("x", "y z", 0), "3:10");
  assert.equal(at("x", "y z", 1, 0), "3:14");
  assert.equal(at("x", "t"), "4:5");
  assert.equal(at("x", "t", 0), "4:3");
  assert.equal(at("x", "t", 0, "k"), "5:1");
  assert.equal(at("x", "t", 1), "6:3");
  assert.equal(at("x", "t", 1, "n"), "7:6");
  assert.equal(at("x", "t", 1, "n", "k"), "8:1");
  assert.equal(at("nowhere"), "undefined:undefined");
});

test("a file that is not there is an error without a place", async () => {
  for (const file of ["no.toml", "no.conf"]) {
    await assert.rejects(readConfig(file, worldOf()), {
      name: "ConfigError",
      code: "CONFIG",
      message: `open ${file}: no such file or directory`,
      diagnostics: [],
    });
  }
});
