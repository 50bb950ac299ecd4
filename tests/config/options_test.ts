/** From keys to options: each key of the table, and each way to get one wrong. */
import assert from "node:assert/strict";
import {
  defaultAuthorizationOptions,
  defaultClusterOptions,
  defaultServerOptions,
  type ServerOptions,
} from "../../src/options/options.ts";
import { test } from "../support/test.ts";
import { errorsOf, optionsOf, warningsOf } from "./reading.ts";

test("a configuration without keys gives the defaults", () => {
  assert.deepEqual(optionsOf(""), defaultServerOptions());
  assert.deepEqual(optionsOf("{}"), defaultServerOptions());
});

const http = (host: string, port: number): Partial<ServerOptions> => ({
  http: { host, port },
});

const SET:
  readonly (readonly [text: string, options: Partial<ServerOptions>])[] = [
    ["listen: 5222", { port: 5222 }],
    ["listen: 127.0.0.1:5222", { host: "127.0.0.1", port: 5222 }],
    ['listen: ":5222"', { host: "0.0.0.0", port: 5222 }],
    ["listen: :5222", { host: "0.0.0.0", port: 5222 }],
    ['listen: "[]:5222"', { host: "0.0.0.0", port: 5222 }],
    ['host: "", port: 5222', { host: "0.0.0.0", port: 5222 }],
    ['net: "", port: 5222', { host: "0.0.0.0", port: 5222 }],
    ['listen: a:1, http: ":8222"', {
      host: "a",
      port: 1,
      http: { host: "a", port: 8222 },
    }],
    ['listen: "[::1]:5222"', { host: "::1", port: 5222 }],
    ["listen: localhost:-1", { host: "localhost", port: 0 }],
    ["listen: localhost:0", { host: "localhost", port: 4222 }],
    ["port: -1", { port: 0 }],
    ["listen: unix:///run/a", { unixSockets: ["/run/a"], dontListen: true }],
    ['listen: ["unix:///a", "unix:///b", "unix:///a"]', {
      unixSockets: ["/a", "/b"],
      dontListen: true,
    }],
    ['listen: ["h:1", "unix:///run/a%20b"]', {
      host: "h",
      port: 1,
      unixSockets: ["/run/a b"],
    }],
    ["listen: [5222, unix:///a]", { port: 5222, unixSockets: ["/a"] }],
    ["port: -1, listen: unix:///a", { port: 0, unixSockets: ["/a"] }],
    ["listen: unix:///a, host: h", { host: "h", unixSockets: ["/a"] }],
    ["listen: [unix:///a, h:1], dont_listen: true", {
      host: "h",
      port: 1,
      unixSockets: ["/a"],
      dontListen: true,
    }],
    ['unix_socket_mode: "0660"', { unixSocketMode: 0o660 }],
    ['unix_socket_mode: "777"', { unixSocketMode: 0o777 }],
    ["http: unix:///m", { httpSockets: ["/m"] }],
    ['http: ["a:1", "unix:///m"]', {
      ...http("a", 1),
      httpSockets: ["/m"],
    }],
    ["http: unix:///m, http_port: 8222", {
      ...http("0.0.0.0", 8222),
      httpSockets: ["/m"],
    }],
    ["port: 0", { port: 4222 }],
    ["PORT: 5222", { port: 5222 }],
    ["host: a.example", { host: "a.example" }],
    ["net: a.example", { host: "a.example" }],
    ["server_name: S1", { serverName: "S1" }],
    ["client_advertise: pub:4222", { clientAdvertise: "pub:4222" }],
    ["debug: true", { debug: true }],
    ["Debug: on", { debug: true }],
    ["trace: yes", { trace: true }],
    ["trace_verbose: true", { trace: true, traceVerbose: true }],
    ["trace_verbose: true, trace: false", { trace: true, traceVerbose: true }],
    ["trace: true, trace_verbose: false", { trace: true }],
    ["logtime: false", { logtime: false }],
    ["logtime_utc: true", { logtimeUtc: true }],
    ["log_file: a.log", { logFile: "a.log" }],
    ["logfile: a.log", { logFile: "a.log" }],
    ["log_size_limit: 1mb", { logSizeLimit: 1_048_576 }],
    ["logfile_size_limit: 1m", { logSizeLimit: 1_000_000 }],
    ["log_max_num: 3", { logMaxNum: 3 }],
    ["logfile_max_num: 3", { logMaxNum: 3 }],
    ["max_traced_msg_len: 10", { maxTracedMsgLen: 10 }],
    ["max_traced_msg_len: -1", { maxTracedMsgLen: 0 }],
    ["pid_file: a.pid", { pidFile: "a.pid" }],
    ["pidfile: a.pid", { pidFile: "a.pid" }],
    ["ports_file_dir: /tmp", { portsFileDir: "/tmp" }],
    ["http: 8222", http("0.0.0.0", 8222)],
    ["http: localhost:8222", http("localhost", 8222)],
    ["http_port: 8222", http("0.0.0.0", 8222)],
    ["monitor_port: 8222", http("0.0.0.0", 8222)],
    ["http_port: -1", http("0.0.0.0", 0)],
    ["http_port: 0", { http: undefined }],
    ["http: localhost:0", { http: undefined }],
    ["http: localhost:1\nhttp_port: 2", http("localhost", 2)],
    ["http_port: 1\nhost: h", { host: "h", ...http("h", 1) }],
    ["http_base_path: /", { httpBasePath: "" }],
    ["http_base_path: a//b/", { httpBasePath: "/a/b" }],
    ["max_connections: 10", { maxConnections: 10 }],
    ["max_conn: 10", { maxConnections: 10 }],
    ["max_connections: 0", { maxConnections: 65_536 }],
    ["max_connections: -1", { maxConnections: Infinity }],
    ["max_subscriptions: 10", { maxSubscriptions: 10 }],
    ["max_subs: -1", { maxSubscriptions: 0 }],
    ["max_subscription_tokens: 8", { maxSubscriptionTokens: 8 }],
    ["max_sub_tokens: 255", { maxSubscriptionTokens: 255 }],
    ["max_control_line: 2k", { maxControlLineBytes: 2000 }],
    ["max_payload: 2kb", { maxPayloadBytes: 2048 }],
    ["max_payload: 0", { maxPayloadBytes: 1_048_576 }],
    ["max_pending: 2mb", { maxPendingBytes: 2_097_152 }],
    ["max_pending_total: 1gb", { maxPendingTotalBytes: 1_073_741_824 }],
    ["max_closed_clients: 5", { maxClosedClients: 5 }],
    ['ping_interval: "1m30s"', { pingIntervalMs: 90_000 }],
    ["ping_interval: 20s", { pingIntervalMs: 20_000 }],
    ["ping_interval: 20", { pingIntervalMs: 20_000 }],
    ["ping_max: 3", { pingMax: 3 }],
    ["write_deadline: 1500ms", { writeDeadlineMs: 1500 }],
    ["write_deadline: 1.5", { writeDeadlineMs: 1500 }],
    ["write_timeout: close", {}],
    ['lame_duck_duration: "1h"', { lameDuckDurationMs: 3_600_000 }],
    ["lame_duck_grace_period: 5s", { lameDuckGraceMs: 5000 }],
    ["no_header_support: true", { noHeaderSupport: true }],
    ["proxy_protocol: true", { proxyProtocol: true }],
    ["no_fast_producer_stall: true", { noFastProducerStall: true }],
    ["disable_sublist_cache: true", { disableSublistCache: true }],
    ["no_sublist_cache: true", { disableSublistCache: true }],
    ["connect_error_reports: 7", { connectErrorReports: 7 }],
    ["reconnect_error_reports: 7", { reconnectErrorReports: 7 }],
    ["server_tags: a", { serverTags: ["a"] }],
    ["server_tags: [a, b]", { serverTags: ["a", "b"] }],
    ["x 5222\nport $x", { port: 5222 }],
  ];

for (const [text, options] of SET) {
  test(`the configuration ${JSON.stringify(text)} sets its option`, () => {
    assert.deepEqual(optionsOf(text), {
      ...defaultServerOptions(),
      ...options,
    });
  });
}

test("authorization is one user, a token, or users", () => {
  const none = defaultAuthorizationOptions();
  const read = (block: string) =>
    optionsOf(`authorization { ${block} }`).authorization;
  assert.deepEqual(read("user a, password b"), {
    ...none,
    user: "a",
    password: "b",
  });
  assert.deepEqual(read("username a; pass b\ntimeout 0.5"), {
    ...none,
    user: "a",
    password: "b",
    timeoutMs: 500,
  });
  assert.deepEqual(read('token $2a$11$x, timeout "3s"'), {
    ...none,
    token: "$2a$11$x",
    timeoutMs: 3000,
  });
  assert.deepEqual(read("users [{user a, password b}\n{username c, pass d}]"), {
    ...none,
    users: [{ user: "a", password: "b" }, { user: "c", password: "d" }],
  });
  assert.deepEqual(read("users [{user a}], timeout 0"), {
    ...none,
    users: [{ user: "a", password: "" }],
  });
});

test("authorization that names nobody lets everybody in", () => {
  for (const block of ["", "timeout 1", "users []"]) {
    const { authorization } = optionsOf(`authorization { ${block} }`);
    assert.deepEqual([authorization?.user, authorization?.token], [
      undefined,
      undefined,
    ]);
    assert.deepEqual(authorization?.users, []);
  }
});

test("a user for those without credentials is one of the users", () => {
  const text = "authorization { users [{user a}, {user b}] }\nno_auth_user b";
  assert.equal(optionsOf(text).noAuthUser, "b");
});

test("a cluster listens, dials and knows who may connect", () => {
  const { cluster } = optionsOf(`cluster {
    name C1, listen: 127.0.0.1:6222
    authorization { user r, password s, timeout 2 }
    routes [
      nats-route://h1:1
      "nats://u:p%40%3A@h2:2"
      "nats-route://tok%2Fen@[::1]:3/"
    ]
    advertise pub:6222, no_advertise true
    connect_retries 5, connect_backoff true
    ping_interval 20s, ping_max 4
  }`);
  assert.deepEqual(cluster, {
    name: "C1",
    host: "127.0.0.1",
    port: 6222,
    authorization: {
      ...defaultAuthorizationOptions(),
      user: "r",
      password: "s",
      timeoutMs: 2000,
    },
    routes: [
      { host: "h1", port: 1 },
      { host: "h2", port: 2, user: "u", password: "p@:" },
      { host: "::1", port: 3, token: "tok/en" },
    ],
    advertise: "pub:6222",
    noAdvertise: true,
    connectRetries: 5,
    connectBackoff: true,
    tls: undefined,
    pingIntervalMs: 20_000,
    pingMax: 4,
    permissions: undefined,
  });
});

test("a cluster listens only where it is told to", () => {
  const read = (block: string) => optionsOf(`cluster { ${block} }`).cluster;
  const none = defaultClusterOptions();
  assert.deepEqual(read(""), none);
  assert.deepEqual(read("port 0"), none);
  assert.deepEqual(read("listen 6222"), { ...none, port: 6222 });
  assert.deepEqual(read("host h, port -1"), { ...none, host: "h", port: 0 });
  assert.deepEqual(read("net h"), { ...none, host: "h" });
  assert.equal(read("cluster_advertise x:1")?.advertise, "x:1");
  assert.deepEqual(read("routes [nats://h:1]"), {
    ...none,
    routes: [{ host: "h", port: 1 }],
  });
});

test("nodes of a cluster may share a token", () => {
  const { cluster } = optionsOf("cluster { authorization { token t } }");
  assert.equal(cluster?.authorization?.token, "t");
});

const WRONG: readonly (readonly [text: string, ...errors: string[]])[] = [
  // Unknown keys and wrong types.
  ["monitor: 1", '1:1: unknown field "monitor"'],
  ['\n  "a\tb" 1', "2:4: unknown field"],
  ["authorization { foo 1 }", '1:17: unknown field "foo"'],
  ["authorization { users [{user a, foo 1}] }", '1:33: unknown field "foo"'],
  ["cluster {\n\tpeers [] }", '2:2: unknown field "peers"'],
  ["cluster { authorization { foo 1 } }", '1:27: unknown field "foo"'],
  ["port: 4222x", "1:1: port must be an integer, got a string"],
  ["port: 1.5", "1:1: port must be an integer, got a float"],
  ["debug: 1", "1:1: debug must be a boolean, got an integer"],
  ['debug: "true"', "1:1: debug must be a boolean, got a string"],
  ["server_name: 5", "1:1: server_name must be a string, got an integer"],
  ["pid_file: [a]", "1:1: pid_file must be a string, got an array"],
  ["max_payload: 1e5", "1:1: max_payload must be an integer, got a string"],
  [
    "log_file: 2016-05-04T18:53:41Z",
    "1:1: log_file must be a string, got a date",
  ],
  ["authorization: x", "1:1: authorization must be a map, got a string"],
  [
    "server_tags: [a, 1]",
    "1:1: error parsing server_tags: unsupported type int64",
  ],
  [
    "server_tags: {}",
    "1:1: error parsing server_tags: " +
    "unsupported type map[string]interface {}",
  ],
  ["cluster: 5", "1:1: Expected map to define cluster, got int64"],
  ["cluster { routes: x }", "1:11: routes must be an array, got a string"],

  // Addresses.
  ["listen: x", '1:1: could not parse address string "x"'],
  ["listen: a:b:1", '1:1: could not parse address string "a:b:1"'],
  ["listen: h:x", '1:1: could not parse port "x"'],
  ['listen: "h:"', '1:1: could not parse port ""'],
  ["listen: true", "1:1: expected port or host:port, got bool"],
  ["listen: 1.5", "1:1: expected port or host:port, got float64"],
  [
    "listen: {}",
    "1:1: expected port or host:port, got map[string]interface {}",
  ],
  [
    "listen: unix://run/a",
    '1:1: cannot listen at "unix://run/a": a unix socket needs an absolute path, as in "unix:///run/midge.sock"',
  ],
  [
    `listen: unix:///${"x".repeat(107)}`,
    `1:1: cannot listen at "unix:///${
      "x".repeat(107)
    }": the path of a unix socket has at most 107 bytes, and this one 108`,
  ],
  [
    'http: "unix:///m/"',
    '1:1: cannot listen at "unix:///m/": the path of a unix socket ends in a file, as in "unix:///run/midge.sock"',
  ],
  [
    'listen: ["h:1", "unix:///a", ":2"]',
    "1:1: listen takes one host:port, besides unix sockets",
  ],
  ["listen: [true]", "1:1: expected port or host:port, got bool"],
  [
    "listen: unix:///a, http: unix:///a",
    '1:20: "/a" is for clients or for monitoring',
  ],
  [
    "cluster { listen: unix:///a }",
    "1:11: listen cannot be a unix socket: only `listen` of the top level and `http` may be",
  ],
  ...["0660", "0o660", "true", '"rw"', '"0888"', '"1777"', '""']
    .map((value): [string, string] => [
      `unix_socket_mode: ${value}`,
      '1:1: unix_socket_mode takes octal digits in quotes, such as "0660", not ' +
      ({ "0660": "int64", "0o660": '"0o660"', "true": "bool" }[value] ?? value),
    ]),
  ["listen: []", "1:1: expected port or host:port, got []interface {}"],
  ["listen: h:65536", "1:1: port 65536 is out of range, 0 to 65535 or -1"],
  ["port: -2", "1:1: port -2 is out of range, 0 to 65535 or -1"],
  ["http: h:x", '1:1: could not parse port "x"'],
  ["cluster { listen: h:x }", '1:11: could not parse port "x"'],
  [
    "cluster { port: 70000 }",
    "1:11: port 70000 is out of range, 0 to 65535 or -1",
  ],

  // Numbers.
  ["max_payload: 3g", "1:1: max_payload value is too big"],
  ["max_control_line: 2147483648", "1:1: max_control_line value is too big"],
  ["max_payload: -1", "1:1: max_payload value can not be negative"],
  ["max_sub_tokens: 256", "1:1: max_sub_tokens value is too big"],
  ["max_sub_tokens: 0", "1:1: max_sub_tokens value can not be negative"],
  ["Max_Sub_Tokens: -1", "1:1: Max_Sub_Tokens value can not be negative"],
  ["ping_max: -1", "1:1: ping_max value can not be negative"],
  [
    "cluster { connect_retries -1 }",
    "1:11: connect_retries value can not be negative",
  ],

  // Durations.
  [
    "ping_interval: abc",
    '1:1: error parsing ping_interval: time: invalid duration "abc"',
  ],
  [
    'ping_interval: "5"',
    '1:1: error parsing ping_interval: time: missing unit in duration "5"',
  ],
  [
    "write_deadline: 5x",
    '1:1: error parsing write_deadline: time: unknown unit "x" in duration "5x"',
  ],
  [
    "write_deadline: true",
    "1:1: write_deadline must be a string, got a boolean",
  ],
  ["write_deadline: '-5s'", "1:1: write_deadline value can not be negative"],
  [
    "lame_duck_duration: abc",
    "1:1: error parsing lame_duck_duration: " +
    'time: invalid duration "abc"',
  ],
  [
    "lame_duck_duration: 5s",
    "1:1: invalid lame_duck_duration of 5s, minimum is 30 seconds",
  ],
  [
    "lame_duck_duration: 60",
    "1:1: lame_duck_duration must be a string, got an integer",
  ],
  [
    "lame_duck_grace_period: abc",
    "1:1: error parsing lame_duck_grace_period: " +
    'time: invalid duration "abc"',
  ],
  [
    "lame_duck_grace_period: '-5s'",
    "1:1: invalid lame_duck_grace_period, needs to be positive",
  ],
  [
    "write_timeout: x",
    "1:1: write_timeout must be 'default', 'close' or 'retry'",
  ],

  // Names.
  ["server_name: 'a b'", "1:1: server name cannot contain spaces"],
  ["cluster { name: 'a b' }", "1:11: cluster name cannot contain spaces"],

  // Authorization.
  [
    "authorization { user a, token t }",
    "1:25: Cannot have a user/pass and token",
  ],
  [
    "authorization { token t, pass p }",
    "1:17: Cannot have a user/pass and token",
  ],
  ["authorization { pass p }", "1:17: A password requires a user"],
  [
    "authorization { user a, users [] }",
    "1:25: Can not have a single user/pass and a users array",
  ],
  [
    "authorization { users [], token t }",
    "1:17: Can not have a token and a users array",
  ],
  [
    "authorization { users false }",
    "1:17: Expected users field to be an array, got false",
  ],
  [
    "authorization { users {} }",
    "1:17: Expected users field to be an array, " +
    "got map[string]interface {}",
  ],
  [
    "authorization { users [{user a}, 5] }",
    "1:34: Expected user entry to be a map/struct, got 5",
  ],
  ["authorization { users [{pass p}] }", "1:24: User entry requires a user"],
  [
    "authorization { users [{}\n {user a}] }",
    "1:24: User entry requires a user",
  ],
  [
    "authorization { users [{user a}\n {user b}\n {username a}] }",
    '3:3: Duplicate user "a" detected',
  ],
  [
    "authorization { timeout true }",
    "1:17: error parsing authorization config, 'timeout' wrong type",
  ],
  [
    "authorization { timeout abc }",
    "1:17: error parsing authorization config, " +
    `'timeout' time: invalid duration "abc"`,
  ],
  ["authorization { timeout -1 }", "1:17: timeout value can not be negative"],
  [
    "cluster { authorization { user a, password b, users [{user c}] } }",
    "1:47: Can not have a single user/pass and a users array",
  ],
  [
    "no_auth_user a",
    '1:1: no_auth_user: "a" present, but users/nkeys are not defined',
  ],
  [
    "authorization { users [{user b}] }\nno_auth_user a",
    '2:1: no_auth_user: "a" ' +
    "not present as user or nkey in authorization block or account configuration",
  ],

  // Routes.
  [
    "cluster { routes [nats://a:x] }",
    '1:19: error parsing route url ["nats://a:[REDACTED]"]: invalid port after host',
  ],
  [
    "cluster { routes [nats://a:70000] }",
    '1:19: error parsing route url ["nats://a:70000"]: invalid port "70000" after host',
  ],
  [
    "cluster { routes [nats://a:0] }",
    '1:19: error parsing route url ["nats://a:0"]: invalid port "0" after host',
  ],
  [
    "cluster {\n routes [\n  '0.0.0.0:port'\n ]}",
    "3:4: error parsing route url " +
    '["0.0.0.0:[REDACTED]"]: first path segment in URL cannot contain colon',
  ],
  [
    "cluster { routes [nats://a] }",
    '1:19: error parsing route url ["nats://a"]: ' +
    'expected host:port, got "a"',
  ],
  [
    "cluster { routes [nats://u:p@h] }",
    "1:19: error parsing route url " +
    '["nats://[REDACTED]@h"]: expected host:port, got "h"',
  ],
  [
    "cluster { routes ['nats://u:p/q?r#s@h'] }",
    "1:20: error parsing route url " +
    '["nats://[REDACTED]@h"]: expected host:port, got "h"',
  ],
  [
    "cluster { routes ['nats://u:p/q?r#s@h:x'] }",
    "1:20: error parsing route url " +
    '["nats://[REDACTED]@h:x"]: invalid port "x" after host',
  ],
  [
    "cluster { routes [nats://%zz@h:1] }",
    "1:19: error parsing route url " +
    '["nats://[REDACTED]@h:1"]: invalid URL escape in the user information',
  ],
  [
    "cluster { routes [tls://h:1] }",
    "1:1: a tls:// route needs certificates: the cluster has no tls block",
  ],
  ["cluster { routes [5] }", "1:19: A route must be a URL, got int64"],

  // Options that do not fit together.
  [
    "max_payload: 2mb, max_pending: 1mb",
    "1:1: max_payload (2097152) cannot be higher than max_pending (1048576)",
  ],
  [
    "debug: no\nmax_pending: 1k",
    "2:1: max_payload (1048576) cannot be higher than max_pending (1000)",
  ],
  [
    "lame_duck_grace_period: 2m0s",
    "1:1: lame duck grace period (2m0s) should be " +
    "strictly lower than lame duck duration (2m0s)",
  ],

  // Compression.
  ["cluster { compression: zip }", '1:11: unsupported compression mode "zip"'],
  [
    "cluster { compression: 5 }",
    '1:11: field "compression" should be a boolean or a structure, got int64',
  ],

  // Several at once, in reading order.
  [
    "max_pending 1k\nfoo 1\nport x\nauthorization { bar 1, user a, token t }",
    "1:1: max_payload (1048576) cannot be higher than max_pending (1000)",
    '2:1: unknown field "foo"',
    "3:1: port must be an integer, got a string",
    '4:17: unknown field "bar"',
    "4:32: Cannot have a user/pass and token",
  ],
];

for (const [text, ...errors] of WRONG) {
  test(`the configuration ${JSON.stringify(text)} is refused`, () => {
    assert.deepEqual(errorsOf(() => optionsOf(text)), errors);
  });
}

const ODD: readonly (readonly [text: string, ...warnings: string[]])[] = [
  [
    "ping_interval 20",
    '1:1: invalid use of field "ping_interval": ' +
    "ping_interval should be converted to a duration",
  ],
  [
    "write_deadline 2",
    '1:1: invalid use of field "write_deadline": ' +
    "write_deadline should be converted to a duration",
  ],
  [
    "write_deadline 1m",
    '1:1: invalid use of field "write_deadline": ' +
    "write_deadline should be converted to a duration",
  ],
  [
    "authorization { timeout 1m }",
    "1:17: timeout of 277h46m40s is high, consider " +
    'less than 60 seconds; a duration in minutes needs quotes, as in "1m"',
  ],
  [
    "port 1\nPort 2",
    '2:1: "Port" is the same option as "port", and replaces it',
  ],
  [
    "max_conn 1\nmax_connections 2",
    '2:1: "max_connections" is the same option as "max_conn", and replaces it',
  ],
  [
    "cluster { routes [nats://u:p@h:1, nats://h:2, nats://u:p@h:1] }",
    '1:47: invalid use of field "nats://[REDACTED]@h:1": Duplicate route entry detected',
  ],
  [
    "cluster { ping_interval 1m0s }",
    "1:11: Cluster 'ping_interval' will reset to " +
    "30s which is the max for routes",
  ],
  [
    "cluster { pool_size 3 }",
    '1:11: "pool_size" has no effect: ' +
    "Midge has one route to each node",
  ],
  [
    "cluster { compression accept }",
    '1:11: "compression" has no effect: ' +
    "Midge's routes are not compressed",
  ],
  [
    "cluster { compression off }",
    '1:11: "compression" has no effect: ' +
    "Midge's routes are not compressed",
  ],
  [
    "prof_port 6060",
    '1:1: "prof_port" has no effect: Midge has no Go profiler',
  ],
  ["debug on\nlisten 4222"],
];

for (const [text, ...warnings] of ODD) {
  test(`the configuration ${JSON.stringify(text)} has ${warnings.length} warnings`, () => {
    assert.deepEqual(warningsOf(text), warnings);
  });
}

test("a key that only serves as a variable need not be an option", () => {
  const text = `
    limit 10
    max_connections $limit
    authorization { name a, user $name }
    cluster { where 6222, port $where }`;
  const options = optionsOf(text);
  assert.equal(options.maxConnections, 10);
  assert.equal(options.authorization?.user, "a");
  assert.equal(options.cluster?.port, 6222);
});

/** The options are those of the text without its variables. */
const VARIABLES: readonly (readonly [text: string, plain: string])[] = [
  [
    "authorization { USER: u, PASS: p, user: $USER, password: $PASS }",
    "authorization { user: u, password: p }",
  ],
  [
    "authorization { PASS: p, users: [{ user: a, password: $PASS }] }",
    "authorization { users: [{ user: a, password: p }] }",
  ],
  [
    "authorization { USER: u, users: [{ user: $USER, password: p }] }",
    "authorization { users: [{ user: u, password: p }] }",
  ],
  [
    "authorization { TOKEN: p, user: a, password: $TOKEN }",
    "authorization { user: a, password: p }",
  ],
  [
    "authorization { PASSWORD: t, token: $PASSWORD }",
    "authorization { token: t }",
  ],
  [
    "authorization { USERS: t, TIMEOUT: 1, token: $USERS, timeout: $TIMEOUT }",
    "authorization { token: t, timeout: 1 }",
  ],
  [
    "authorization { users: [{ PASS: p, USER: u, user: $USER, pass: $PASS }] }",
    "authorization { users: [{ user: u, pass: p }] }",
  ],
  [
    "authorization { users: [{ PERMISSIONS: p, user: u, pass: $PERMISSIONS }] }",
    "authorization { users: [{ user: u, pass: p }] }",
  ],
  ["cluster { PORT: 6333, listen: $PORT }", "cluster { listen: 6333 }"],
  [
    "cluster { NAME: a, ROUTES: u, name: $NAME, authorization { user: $ROUTES } }",
    "cluster { name: a, authorization { user: u } }",
  ],
  [
    "PORT: 6333, TLS: c1, LISTEN: a\ncluster { port: $PORT, name: $TLS }\n" +
    "server_name: $LISTEN",
    "cluster { port: 6333, name: c1 }\nserver_name: a",
  ],
  [
    "registry { TOKEN: t, PORT: 4000, listen: $PORT, token: $TOKEN }",
    "registry { listen: 4000, token: t }",
  ],
  [
    'CLUSTER: c1, ANNOUNCE: "registry://127.0.0.1:1"\n' +
    "discovery { FIND: $ANNOUNCE, announce: [$FIND] }\ncluster { name: $CLUSTER }",
    'discovery { announce: ["registry://127.0.0.1:1"] }\ncluster { name: c1 }',
  ],
  [
    "authorization { TOKEN: a, user: $TOKEN, TOKEN: b, password: p }",
    "authorization { user: a, password: p }",
  ],
];

for (const [text, plain] of VARIABLES) {
  test(`the variables of ${JSON.stringify(text)} are no options`, () => {
    assert.deepEqual(optionsOf(text), optionsOf(plain));
    assert.deepEqual(
      warningsOf(text).filter((warning) => !warning.includes("is set again")),
      [],
    );
  });
}

test("a key that is spelt as an option is one, though it is a variable too", () => {
  const { port, http, serverName, cluster } = optionsOf(
    "port: 4333, http: $port\n" +
      "server_name: n1, cluster { name: $server_name, port: 6222 }",
  );
  assert.deepEqual(
    [port, http?.port, serverName, cluster?.name],
    [4333, 4333, "n1", "n1"],
  );
});

test("a variable is one only where it is referred to", () => {
  const rows = [
    ["FOO: a\ncluster { FOO: b, name: $FOO }", '1:1: unknown field "FOO"'],
    [
      "cluster { FOO: b, name: $FOO }\nregistry { FOO: c }",
      '2:12: unknown field "FOO"',
    ],
    [
      "PORT: x\ncluster { PORT: b, name: $PORT }",
      "1:1: PORT must be an integer, got a string",
    ],
    ["FOO: a", '1:1: unknown field "FOO"'],
  ] as const;
  for (const [text, error] of rows) {
    assert.deepEqual(errorsOf(() => optionsOf(text)), [error]);
  }
});

/** Each is off, on nats-server 2.15.3 too. */
const OFF: readonly string[] = [
  ...["gateway {}", "gateway { port 0 }", "leafnodes {}"],
  ...["leafnodes { port 0, remotes [] }"],
  ...["mqtt { port 0 }"],
  ...["resolver MEM", "resolver_preload {}"],
  ...["syslog no", 'remote_syslog ""', "ocsp off"],
  ...["trace_headers false", "server_metadata {}"],
  ...["prof_port 0", "prof_block_rate 0"],
  ...["ocsp_cache off"],
  ...["cluster { pool_size -1 }"],
  ...["cluster { accounts [] }"],
];

for (const text of OFF) {
  test(`the configuration ${JSON.stringify(text)} turns off what is off`, () => {
    const warnings = warningsOf(text);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /" has no effect: /);
  });
}

test("of a key that is set twice, the later one counts", () => {
  assert.equal(optionsOf("max_conn 1\nmax_connections 2").maxConnections, 2);
  assert.deepEqual(
    optionsOf("cluster { routes [nats://h:1, nats://h:1] }").cluster?.routes,
    [{ host: "h", port: 1 }],
  );
});

test("permissions in a cluster's authorization are the cluster's, unless it has its own", () => {
  const inner = "permissions { import: a, export: { deny: b } }";
  const warning =
    'setting "permissions" within cluster authorization block is deprecated';
  for (
    const [users, isAsked] of [
      ["user: u, password: p", true],
      ["users: [{ user: u, password: p }]", true],
      ["", false],
    ] as const
  ) {
    const text = `cluster { authorization { ${users}\n${inner} } }`;
    const { permissions, authorization } = optionsOf(text).cluster!;
    assert.deepEqual(permissions?.publish?.allow, ["a"]);
    assert.deepEqual(permissions?.subscribe?.deny, ["b"]);
    assert.equal(authorization !== undefined, isAsked);
    assert.equal(authorization?.defaultPermissions, undefined);
    assert.deepEqual(
      authorization?.users.map((user) => user.permissions) ?? [],
      users.startsWith("users") ? [undefined] : [],
    );
    assert.deepEqual(warningsOf(text), [`2:1: ${warning}`]);
  }
  const own =
    `cluster { permissions { import: c }, authorization { user: u, password: p, ${inner} } }`;
  assert.deepEqual(optionsOf(own).cluster!.permissions?.publish?.allow, ["c"]);
  assert.equal(optionsOf(own).cluster!.permissions?.subscribe, undefined);
});
