/** The server's command line: what it asks for, and what its flags do to a file's options. */
import assert from "node:assert/strict";
import {
  applyFlags,
  parseServerArguments,
  type ServerCommand,
  serverUsage,
} from "../../src/config/argv.ts";
import {
  defaultAuthorizationOptions,
  defaultClusterOptions,
  defaultDiscoveryOptions,
  defaultJetStreamOptions,
  defaultRegistryOptions,
  defaultServerOptions,
  type ServerOptions,
} from "../../src/options/options.ts";
import { parseDiscoveryUrls } from "../../src/discovery/url.ts";
import { SERVER_FLAGS } from "../../src/config/server_flags.ts";
import { test } from "../support/test.ts";
import { optionsOf } from "./reading.ts";

/** The options of a file with the text `config`, changed by the flags `args`. */
function run(args: readonly string[], config: string = ""): ServerOptions {
  const command = parseServerArguments(args);
  assert(command.do === "run", JSON.stringify(command));
  const options = optionsOf(config);
  applyFlags(options, command.flags);
  return options;
}

const cluster = defaultClusterOptions();
const discovery = defaultDiscoveryOptions();
const registry = defaultRegistryOptions();
const authorization = defaultAuthorizationOptions();

const SET: readonly (readonly [
  names: readonly string[],
  value: string,
  options: Partial<ServerOptions>,
])[] = [
  [["a", "addr", "net"], "h", { host: "h" }],
  [["a"], "", { host: "0.0.0.0" }],
  [["p", "port"], "5222", { port: 5222 }],
  [["p"], "-1", { port: 0 }],
  [["p"], "0", { port: 4222 }],
  [["n", "name", "server_name"], "S1", { serverName: "S1" }],
  [["client_advertise"], "x:1", { clientAdvertise: "x:1" }],
  [["m", "http_port"], "8222", { http: { host: "0.0.0.0", port: 8222 } }],
  [["ms", "https_port"], "8443", { https: { host: "0.0.0.0", port: 8443 } }],
  [["m"], "-1", { http: { host: "0.0.0.0", port: 0 } }],
  [["m"], "0", { http: undefined }],
  [["P", "pid"], "x.pid", { pidFile: "x.pid" }],
  [["ports_file_dir"], "d", { portsFileDir: "d" }],
  [["l", "log"], "x.log", { logFile: "x.log" }],
  [["T", "logtime"], "false", { logtime: false }],
  [["logtime_utc"], "true", { logtimeUtc: true }],
  [["log_size_limit"], "100", { logSizeLimit: 100 }],
  [["D", "debug"], "true", { debug: true }],
  [["V", "trace"], "true", { trace: true }],
  [["VV"], "true", { trace: true, traceVerbose: true }],
  [["DV"], "true", { debug: true, trace: true }],
  [["DVV"], "true", { debug: true, trace: true, traceVerbose: true }],
  [["max_traced_msg_len"], "10", { maxTracedMsgLen: 10 }],
  [["max_traced_msg_len"], "-1", { maxTracedMsgLen: 0 }],
  [["user"], "u", { authorization: { ...authorization, user: "u" } }],
  [["auth"], "t", { authorization: { ...authorization, token: "t" } }],
  [["cluster", "cluster_listen"], "nats://h:6222", {
    cluster: { ...cluster, host: "h", port: 6222 },
  }],
  [["cluster"], "nats://h:-1", { cluster: { ...cluster, host: "h", port: 0 } }],
  [["cluster"], "nats://h:0", { cluster: { ...cluster, host: "h" } }],
  [["cluster", "cluster_listen"], "nats://:6222", {
    cluster: { ...cluster, host: "0.0.0.0", port: 6222 },
  }],
  [["cluster"], "nats-route://:6222", {
    cluster: { ...cluster, host: "0.0.0.0", port: 6222 },
  }],
  [["cluster"], "nats://:-1", {
    cluster: { ...cluster, host: "0.0.0.0", port: 0 },
  }],
  [["cluster"], "nats://u:p@:6222", {
    cluster: {
      ...cluster,
      host: "0.0.0.0",
      port: 6222,
      authorization: { ...authorization, user: "u", password: "p" },
    },
  }],
  [["cluster"], "", { cluster: undefined }],
  [["routes"], "", { cluster: undefined }],
  [["cluster_name"], "C1", { cluster: { ...cluster, name: "C1" } }],
  [["no_advertise"], "true", { cluster: { ...cluster, noAdvertise: true } }],
  [["cluster_advertise"], "x:1", { cluster: { ...cluster, advertise: "x:1" } }],
  [["announce"], "registry://h, etcd://h/x", {
    discovery: {
      ...discovery,
      announce: parseDiscoveryUrls("registry://h,etcd://h/x"),
    },
  }],
  [["announce", "discover"], "", { discovery }],
  [["trust_credentials"], "true", {
    discovery: { ...discovery, trustCredentials: true },
  }],
  [["registry"], "h:1", { registry: { ...registry, host: "h", port: 1 } }],
  [["registry"], "", { registry: undefined }],
  [["js", "jetstream"], "true", { jetstream: defaultJetStreamOptions() }],
  [["js", "jetstream"], "false", {}],
  [["sd", "store_dir"], "/data", { storeDir: "/data" }],
  [["registry_only"], "true", { registry, registryOnly: true }],
  [["registry_only"], "false", {}],
  [["connect_retries"], "3", { cluster: { ...cluster, connectRetries: 3 } }],
];

for (const [names, value, changed] of SET) {
  test(`-${names.join(", -")} with ${JSON.stringify(value)} sets its option`, () => {
    const expected = { ...defaultServerOptions(), ...changed };
    for (const name of names) {
      assert.deepEqual(run([`-${name}=${value}`]), expected);
      assert.deepEqual(run([`--${name}=${value}`]), expected);
      const isToggle = value === "true" || value === "false";
      if (!isToggle) assert.deepEqual(run([`-${name}`, value]), expected);
      if (value === "true") assert.deepEqual(run([`-${name}`]), expected);
    }
  });
}

test("every flag of the table is set by a test or changes no option", () => {
  const tested = new Set(SET.flatMap(([names]) => names));
  const other = [
    "pass",
    "c",
    "config",
    "t",
    "test_reload",
    "sl",
    "signal",
    "h",
    "help",
  ];
  // A token needs a registry; tests/config/registry_test.ts sets it.
  other.push("v", "version", "help_tls", "registry_token");
  // They need files; tests/config/tls_test.ts has those.
  other.push("tls", "tlscert", "tlskey", "tlsverify", "tlscacert");
  for (const name of other) tested.add(name);
  const names = SERVER_FLAGS
    .filter(({ section }) => section !== "Not supported yet")
    .flatMap((flag) => flag.names);
  assert.deepEqual(names.filter((name) => !tested.has(name)), []);
  assert.equal(new Set(names).size, names.length);
});

// CVE-2021-32026: options of a file that flags threw away.
test("flags win over the file, and the later flag over the earlier", () => {
  const file = "port 1, debug on, logtime off, server_name a, max_payload 5";
  const options = run(["-p", "2", "-p=3", "-D=false", "-T", "-n", "b"], file);
  assert.deepEqual(options, {
    ...defaultServerOptions(),
    port: 3,
    serverName: "b",
    maxPayloadBytes: 5,
  });
});

test("the flags for both of debug and trace win over those for one", () => {
  const { debug, trace } = run(["-DV=false", "-D", "-V"]);
  assert.deepEqual([debug, trace], [false, false]);
  assert.equal(run(["-VV", "-V=false"]).traceVerbose, true);
});

test("monitoring follows the address for clients until it has its own", () => {
  const host = (args: string[], file: string) => run(args, file).http?.host;
  assert.equal(host(["-a", "b"], "host a, http_port 1"), "b");
  assert.equal(host(["-m", "1", "-a", "b"], ""), "b");
  assert.equal(host(["-a", "b", "-m", "2"], "http m:1"), "m");
});

test("a user of the command line joins or replaces the file's", () => {
  const file = "authorization { user a, pass b, timeout 3 }";
  const expected = { ...authorization, timeoutMs: 3000 };
  assert.deepEqual(run(["-user", "x"], file).authorization, {
    ...expected,
    user: "x",
    password: "b",
  });
  assert.deepEqual(run(["-user", "x", "-pass", "y"], file).authorization, {
    ...expected,
    user: "x",
    password: "y",
  });
  const users = "authorization { users [{user u, pass p}] }";
  assert.deepEqual(run(["-auth", "t"], users).authorization, {
    ...authorization,
    token: "t",
    users: [{ user: "u", password: "p" }],
  });
});

test("a password alone lets everybody in, as it does in a file", () => {
  const { authorization } = run(["-pass", "p"]);
  assert.deepEqual(authorization, {
    password: "p",
    timeoutMs: undefined,
    users: [],
  });
});

const CLUSTER = `cluster {
  listen: f:1, authorization { user a, pass b, timeout 3 }
  routes [nats://f:2]
}`;

test("an address for the cluster drops the file's user for it", () => {
  const options = run(["-cluster", "nats://h:2"], CLUSTER).cluster;
  assert.deepEqual(options, {
    ...cluster,
    host: "h",
    port: 2,
    authorization: undefined,
    routes: [{ host: "f", port: 2 }],
  });
  const withUser = run(["-cluster", "nats://u:p%3A@h:2"], CLUSTER).cluster;
  assert.deepEqual(withUser?.authorization, {
    ...authorization,
    user: "u",
    password: "p:",
    timeoutMs: 3000,
  });
});

test("a token for the cluster stays when its address changes", () => {
  const file = "cluster { authorization { token t } }";
  const options = run(["-cluster", "nats://h:2"], file).cluster;
  assert.equal(options?.authorization?.token, "t");
});

test("an empty address stops listening for routes and keeps the rest", () => {
  const options = run(["-cluster", ""], CLUSTER).cluster;
  assert.equal(options?.port, undefined);
  assert.deepEqual(options?.routes, [{ host: "f", port: 2 }]);
});

test("routes of the command line replace the file's", () => {
  const routes = (list: string) =>
    run(["-routes", list], CLUSTER).cluster?.routes;
  assert.deepEqual(routes("nats://a:1, nats-route://t@b:2"), [
    { host: "a", port: 1 },
    { host: "b", port: 2, token: "t" },
  ]);
  assert.deepEqual(routes(""), []);
  const order = ["-routes", "nats://a:1", "-cluster", "nats://h:1"];
  assert.deepEqual(run(order).cluster?.routes, [{ host: "a", port: 1 }]);
});

const SENSELESS: readonly (readonly [string[], string])[] = [
  [["-p", "65536"], 'invalid value "65536" for flag -p: value out of range'],
  [["-m", "-2"], 'invalid value "-2" for flag -m: value out of range'],
  [
    ["-connect_retries", "-1"],
    'invalid value "-1" for flag -connect_retries: value out of range',
  ],
  [
    ["-log_size_limit", "-1"],
    'invalid value "-1" for flag -log_size_limit: value out of range',
  ],
  [["-n", "a b"], "server name cannot contain spaces"],
  [["-cluster_name", "a b"], "cluster name cannot contain spaces"],
  [
    ["-cluster", "127.0.0.1:14240"],
    'parse "127.0.0.1:14240": first path segment in URL cannot contain colon',
  ],
  [["-cluster", "nats://h"], 'parse "nats://h": expected host:port, got "h"'],
  [
    ["-cluster", "nats://u:hunter2@h:x"],
    'parse "nats://[REDACTED]@h:x": invalid port "x" after host',
  ],
  [["-cluster", "nats://"], 'parse "nats://": expected host:port, got ""'],
  [["-cluster", "nats://:"], 'parse "nats://:": invalid port "" after host'],
  [
    ["-cluster", "nats://h:1", "-routes", "nats://:1"],
    'error parsing route url ["nats://:1"]: expected host:port, got ":1"',
  ],
  [["-cluster", "nats://u@h:1"], "expected cluster password to be set"],
  [
    ["-routes", "nats://a:1"],
    "solicited routes require cluster capabilities, e.g. --cluster",
  ],
  [
    ["-cluster_name", "C", "-routes", "nats://a:1"],
    "solicited routes require cluster capabilities, e.g. --cluster",
  ],
  [
    ["-cluster", "nats://h:1", "-routes", "nats://t:hunter2@a"],
    'error parsing route url ["nats://[REDACTED]@a"]: expected host:port, got "a"',
  ],
  [
    ["-cluster", "nats://u:hun/ter2?hunter2#hunter2@h"],
    'parse "nats://[REDACTED]@h": expected host:port, got "h"',
  ],
  [
    [
      "-cluster",
      "nats://h:1",
      "-routes",
      "nats://a:1,nats://u:hunter2/x?y#z@h",
    ],
    'error parsing route url ["nats://[REDACTED]@h"]: expected host:port, got "h"',
  ],
  [
    [
      "-cluster",
      "nats://h:1",
      "-routes",
      "nats://u:hunter2,x,y@h:1,nats://b:1",
    ],
    'error parsing route url ["nats://[REDACTED]@h:1"]: ' +
    "a comma in it is written as %2C",
  ],
];

for (const [args, message] of SENSELESS) {
  test(`the flags ${JSON.stringify(args)} make no sense`, () => {
    assert.throws(() => run(args), { name: "FlagError", message });
  });
}

const refusal = (message: string): ServerCommand => ({
  do: "refuse",
  message: `midge: ${message}`,
  showUsage: false,
  exitCode: 1,
});

const misuse = (message: string): ServerCommand => ({
  do: "refuse",
  message,
  showUsage: true,
  exitCode: 2,
});

const COMMANDS: readonly (readonly [string[], ServerCommand])[] = [
  [["-h"], { do: "help" }],
  [["--help"], { do: "help" }],
  [["help"], { do: "help" }],
  [["-p", "1", "HELP"], { do: "help" }],
  [["-v"], { do: "version" }],
  [["-version", "-h"], { do: "version" }],
  [["Version"], { do: "version" }],
  [["-help_tls"], { do: "helpTls" }],
  [["-h=false", "-v=false", "-sl", "quit"], {
    do: "signal",
    command: "quit",
    target: "",
  }],
  [
    ["-c", "x.conf", "--test_reload", "y.conf"],
    refusal("--test_reload can only be used together with -t"),
  ],
  [
    ["-t"],
    refusal(
      "must specify [-c, --config] option to check " +
        "configuration file syntax",
    ),
  ],
  [["zork"], refusal('unrecognized command: "zork"')],
  [["-D", "false"], refusal('unrecognized command: "false"')],
  [["-signal", "reload=123"], {
    do: "signal",
    command: "reload",
    target: "123",
  }],
  [["-sl=ldm=/run/x.pid"], {
    do: "signal",
    command: "ldm",
    target: "/run/x.pid",
  }],
  [["-sl", "zork"], refusal('unknown signal "zork"')],
  [["-sl", "stop=1=2"], refusal("invalid signal parameters: [2]")],
  [["-s"], refusal("-s is not supported by Midge yet")],
  [["-profile", "6060"], refusal("-profile is not supported by Midge yet")],
  [["-zork"], misuse("flag provided but not defined: -zork")],
  [["-p", "x"], misuse('invalid value "x" for flag -p: parse error')],
  [["-p"], misuse("flag needs an argument: -p")],
  [["-D=x"], misuse('invalid boolean value "x" for -D: parse error')],
];

for (const [args, command] of COMMANDS) {
  test(`the words ${JSON.stringify(args)} ask for "${command.do}"`, () => {
    assert.deepEqual(parseServerArguments(args), command);
  });
}

test("what is not supported may be turned off", () => {
  const args = [
    "-s=false",
    "-profile",
    "0",
    "-ms=0",
  ];
  assert.deepEqual(run(args), defaultServerOptions());
});

test("a command line may name a configuration file", () => {
  const command = parseServerArguments(["-c", "x.conf", "-D"]);
  assert(command.do === "run");
  assert.equal(command.configFile, "x.conf");
  const none = parseServerArguments([]);
  assert(none.do === "run");
  assert.equal(none.configFile, "");
});

test("the usage has every flag in its section, in lines of a terminal", () => {
  const usage = serverUsage();
  assert(usage.startsWith("\nUsage: midge [options]\n"));
  for (const { names } of SERVER_FLAGS) {
    for (const name of names) assert.match(usage, new RegExp(`-${name}\\b`));
  }
  const titles = [...usage.matchAll(/^(\w.*):$/gm)].map(([, title]) => title);
  assert.deepEqual(titles, [
    "Server options",
    "Logging options",
    "Authorization options",
    "TLS options",
    "Cluster options",
    "Discovery options",
    "Common options",
    "Not supported yet",
  ]);
  const tooLong = usage.split("\n").filter((line) => line.length > 80);
  assert.deepEqual(tooLong, []);
});

test("-t checks a file, and may try another one against it", () => {
  const rows: readonly [string[], string][] = [
    [["-c", "x.conf", "-t"], ""],
    [["--config=x.conf", "--t", "-p", "4"], ""],
    [["-t", "--test_reload", "y.conf", "-c", "x.conf"], "y.conf"],
  ];
  for (const [args, expected] of rows) {
    const command = parseServerArguments(args);
    assert.ok(command.do === "check");
    assert.equal(command.configFile, "x.conf");
    assert.equal(command.reloadFile, expected);
  }
});
