/** What a reload may change, what the log tells of it, and the words in which it refuses the rest. */
import assert from "node:assert/strict";
import {
  changesBetween,
  reloadedLines,
  reloadRefusal,
} from "../../src/config/keys/changes.ts";
import {
  defaultServerOptions,
  type TrustOptions,
} from "../../src/options/options.ts";
import { test } from "../support/test.ts";
import { optionsOf } from "./reading.ts";

/** Told in every reload. */
const WEB = "websocket { port: 8080, no_tls: true }";

const ALWAYS = ["Reloaded: authorization users", "Reloaded: accounts"];

function changes(before: string, after: string) {
  return changesBetween(optionsOf(before), optionsOf(after));
}

function lines(before: string, after: string): string[] {
  return reloadedLines(changes(before, after))
    .filter((line) => !ALWAYS.includes(line));
}

function refusal(before: string, after: string): string | undefined {
  const options = optionsOf(before);
  return changes(before, after).map((change) => reloadRefusal(change, options))
    .find((text) => text !== undefined);
}

test("two files that say the same differ in nothing, whatever the order of lists", () => {
  const rest = "server_tags: [%]\ncluster { port: 6222, routes: [%2] }";
  const one = rest.replace("%2", '"nats://a:1", "nats://b:2"')
    .replace("%", "a, b");
  const other = rest.replace("%2", '"nats://b:2", "nats://a:1"')
    .replace("%", "b, a");
  assert.deepEqual(reloadedLines(changes(one, other)), ALWAYS);
  assert.equal(refusal(one, other), undefined);
});

test("each option that holds at once has nats-server's line in the log", () => {
  const rows: readonly [string, string, readonly string[]][] = [
    ["", "client_advertise: x:1", ["Reload: client_advertise = x:1"]],
    ["", "trace: true", ["Reloaded: trace = true"]],
    ["debug: true", "", ["Reloaded: debug = false"]],
    ["", "trace_verbose: true", [
      "Reloaded: trace = true",
      "Reloaded: trace_verbose = true",
    ]],
    ["", "logtime: false", ["Reloaded: logtime = false"]],
    ["", "logtime_utc: true", ["Reloaded: logtime_utc = true"]],
    ["", "max_traced_msg_len: 9", ["Reloaded: max_traced_msg_len = 9"]],
    ["", "max_connections: 5", ["Reloaded: max_connections = 5"]],
    ["", "max_connections: -1", ["Reloaded: max_connections = -1"]],
    ["", 'ping_interval: "5s"', ["Reloaded: ping_interval = 5s"]],
    ["", "ping_max: 3", ["Reloaded: ping_max = 3"]],
    ["", 'write_deadline: "3s"', ["Reloaded: write_deadline = 3s"]],
    ["", "max_control_line: 500", ["Reloaded: max_control_line = 500"]],
    ["", "max_payload: 500", ["Reloaded: max_payload = 500"]],
    ["", "no_fast_producer_stall: true", [
      "Reloaded: fast producers will not be stalled",
    ]],
    ["no_fast_producer_stall: true", "", [
      "Reloaded: fast producers will be stalled",
    ]],
    ["", "authorization { token: s3cret, timeout: 3 }", [
      "Reloaded: authorization token",
      "Reloaded: authorization timeout = 3",
    ]],
    ["", "authorization { user: a, password: b }", [
      "Reloaded: authorization username",
      "Reloaded: authorization password",
    ]],
    ["", "pid_file: /x/p", ["Reloaded: pid_file = /x/p"]],
    ["", "ports_file_dir: /x", ["Reloaded: ports_file_dir = /x"]],
    ["", "log_file: /x/l", ["Reloaded: log_file = /x/l"]],
    ["", "connect_error_reports: 7", ["Reloaded: connect_error_reports = 7"]],
    ["", "reconnect_error_reports: 7", [
      "Reloaded: reconnect_error_reports = 7",
    ]],
    ["", "server_tags: [a]", ["Reloaded: tags"]],
    ["cluster { port: 1 }", "cluster { port: 1, no_advertise: true }", [
      "Reloaded: cluster",
    ]],
    [
      "cluster { port: 1 }",
      'cluster { port: 1, name: a, routes: ["nats://a:1"] }',
      ["Reloaded: cluster", "Reloaded: cluster routes"],
    ],
  ];
  for (const [before, after, expected] of rows) {
    assert.deepEqual(lines(before, after), expected, after);
    assert.equal(refusal(before, after), undefined, after);
  }
});

test("the lines stand in nats-server's order", () => {
  const after = "server_tags: [a]\nwrite_deadline: 3s\nmax_payload: 9\n" +
    "ping_max: 9\nmax_connections: 9\ndebug: true\nclient_advertise: x:1";
  assert.deepEqual(reloadedLines(changes("", after)), [
    "Reload: client_advertise = x:1",
    "Reloaded: debug = true",
    "Reloaded: max_connections = 9",
    ...ALWAYS,
    "Reloaded: ping_max = 9",
    "Reloaded: max_payload = 9",
    "Reloaded: write_deadline = 3s",
    "Reloaded: tags",
  ]);
});

test("what needs a restart is refused by nats-server's name for it", () => {
  const rows: readonly [string, string, string][] = [
    ["", "host: a", "Host: old=0.0.0.0, new=a"],
    ["port: 26000", "port: 26001", "Port: old=26000, new=26001"],
    ["", "server_name: n", "ServerName: old=, new=n"],
    ["", "max_pending: 10000000", "MaxPending: old=67108864, new=10000000"],
    ["", "max_subscriptions: 5", "MaxSubs: old=0, new=5"],
    ["", "max_sub_tokens: 5", "MaxSubTokens: old=0, new=5"],
    ["", 'lame_duck_duration: "1m"', "LameDuckDuration: old=2m0s, new=1m0s"],
    [
      "",
      'lame_duck_grace_period: "5s"',
      "LameDuckGracePeriod: old=10s, new=5s",
    ],
    ["", "http_port: 8222", "HTTPPort: old=0, new=8222"],
    ["http: 8222", "", "HTTPPort: old=8222, new=0"],
    ["", "http: 127.0.0.1:8222", "HTTPHost: old=0.0.0.0, new=127.0.0.1"],
    ["", "http_base_path: /a", "HTTPBasePath: old=, new=/a"],
    ["", "disable_sublist_cache: true", "NoSublistCache: old=false, new=true"],
    ["", "proxy_protocol: true", "ProxyProtocol: old=false, new=true"],
    ["", WEB, "Websocket: old={...}, new={...}"],
    [WEB, "", "Websocket: old={...}, new={...}"],
    [
      WEB,
      "websocket { port: 8080, no_tls: true, compression: true }",
      "Websocket: old={...}, new={...}",
    ],
    ["", "no_header_support: true", "NoHeaderSupport: old=false, new=true"],
    ["", "max_closed_clients: 5", "MaxClosedClients: old=10000, new=5"],
    ["", "logfile_size_limit: 5", "LogSizeLimit: old=0, new=5"],
    ["", "logfile_max_num: 5", "LogMaxFiles: old=0, new=5"],
    ["", "cluster { port: 5 }", "cluster host: old=, new=0.0.0.0"],
    ["cluster { port: 5 }", "", "cluster host: old=0.0.0.0, new="],
    [
      "cluster { port: 5 }",
      "cluster { port: 6 }",
      "cluster port: old=5, new=6",
    ],
    ["", "no_system_account: true", "NoSystemAccount: old=false, new=true"],
    [
      "registry { port: 5, token: s3cret }",
      "registry { port: 5, token: other }",
      "Registry.Token: old=[REDACTED], new=[REDACTED]",
    ],
  ];
  for (const [before, after, expected] of rows) {
    assert.equal(
      refusal(before, after),
      `config reload not supported for ${expected}`,
    );
  }
});

test("of several that need a restart, the first of nats-server's is named", () => {
  const after = "max_pending: 10000000\nport: 1\nserver_name: n";
  assert.match(refusal("", after)!, /for ServerName: /);
});

test("in operator mode accounts may be others, but not who vouches for them", () => {
  const trust: TrustOptions = {
    operators: ["a.b.c"],
    trustedKeys: [],
    resolver: { kind: "memory" },
    preload: new Map([["A", "x.y.z"]]),
    pinnedAccounts: undefined,
    defaultSentinel: "",
  };
  const before = { ...defaultServerOptions(), trust };
  const tried = (changed: Partial<TrustOptions>): string | undefined => {
    const after = { ...before, trust: { ...trust, ...changed } };
    return changesBetween(before, after)
      .map((change) => reloadRefusal(change, before))
      .find((text) => text !== undefined);
  };
  assert.equal(tried({ preload: new Map([["B", "x.y.z"]]) }), undefined);
  const refused = "config reload not supported for ";
  assert.equal(
    tried({ resolver: undefined }),
    `${refused}moving to or from an account resolver`,
  );
  assert.equal(
    tried({ operators: ["d.e.f"] }),
    `${refused}TrustedOperators: old=[...], new=[...]`,
  );
});

test("what streams may hold can grow, where it is given, and their limits can change", () => {
  const block = (text: string): string => `jetstream { ${text} }`;
  const dynamic =
    "config reload not supported for jetstream dynamic max memory and store";
  const decreasing =
    "config reload not supported for decreasing jetstream max memory and store";
  const rows: readonly [string, string, string | undefined][] = [
    ["max_mem: 1000", "max_mem: 2000", undefined],
    ["max_mem: 1000", "max_mem: 999", decreasing],
    ["max_file: 1000", "max_file: -1", decreasing],
    ["", "max_file: 1000", dynamic],
    [
      "domain: y",
      "domain: x",
      "config reload not supported for JetStreamDomain: old=y, new=x",
    ],
    [
      "store_dir: a",
      "store_dir: b",
      "config reload not supported for jetstream storage directory",
    ],
    [
      "",
      "strict: false",
      "config reload not supported for NoJetStreamStrict: old=false, new=true",
    ],
    ["", "limits { max_ack_pending: 3 }", undefined],
    ["limits { batch { max_msgs: 3 } }", "", undefined],
  ];
  for (const [before, after, text] of rows) {
    assert.equal(refusal(block(before), block(after)), text, after);
  }
  assert.deepEqual(
    lines(
      block("max_mem: 1000, max_file: 500"),
      block("max_mem: 20000, max_file: 600, limits { max_request_batch: 4 }"),
    ),
    [
      "Reloaded: JetStream max_mem_store = 19.53 KB",
      "Reloaded: JetStream max_file_store = 600 B",
      "Reloaded: JetStream limits",
    ],
  );
  const on = block("store_dir: a, domain: d, max_mem: 5");
  assert.deepEqual(lines("", on), ["Reloaded: JetStream"]);
  assert.deepEqual(lines(on, "jetstream: false"), ["Reloaded: JetStream"]);
});
