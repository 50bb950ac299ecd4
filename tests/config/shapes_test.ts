/**
 * Shapes of configurations that people have in public repositories, with names
 * and secrets of our own: each starts, and warns of what Midge does without and
 * of nothing else.
 */
import assert from "node:assert/strict";
import { optionsFrom } from "../../src/config/keys/server_options.ts";
import { verifySignature } from "../../src/runtime/process/signatures.ts";
import { JWTS, KEYS } from "../auth/jwt/example.ts";
import { test } from "../support/test.ts";
import { parse, worldOf } from "./reading.ts";

const ACCOUNT = KEYS.account.key;
const USER = KEYS.user.key;

const FILES = { "op.jwt": JWTS.op };
const ENV = {
  HOSTNAME: "pod-0",
  TOKEN: "s3cret",
  OPERATOR: JWTS.op,
  ROUTES: "nats://b:6222, nats://c:6222",
  DATA: "/data",
};

/** Each with the keys that a warning is about. */
const SHAPES: readonly (readonly [text: string, ...warned: string[]])[] = [
  // Limits and monitoring.
  ["max_payload = 3145728"],
  ["port: 4222\nhttp_port: 8222\nmax_payload: 16777216"],
  ["listen: 0.0.0.0:4222\nhttp: 8222"],
  ["host = ::\nport = 4222\nmonitor_port = 8222\nserver_name = $HOSTNAME"],
  [
    'server_name: "n"\nlogtime: true\nlog_file: "/dev/stdout"\ndebug: false\n' +
    "max_connections: 1000\nmax_control_line: 4096\nmax_pending: 67108864\n" +
    'max_subscriptions: 0\nping_interval: "2m"\nping_max: 2\nwrite_deadline: "10s"',
  ],
  [
    "logfile: /var/log/n.log\nlogfile_size_limit: 100MB\nprof_port: 0",
    "prof_port",
  ],

  // JetStream.
  ["jetstream: enabled"],
  ["jetstream: true\nmax_payload: 8MB"],
  ["jetstream {}"],
  ["jetstream: {}\nport: 4222"],
  ["jetstream {\n  store_dir: /data\n}\nhttp: 8222"],
  ["jetstream {\n store_dir: /data\n max_mem: 256MB\n max_file: 1GB\n}"],
  [
    'jetstream {\n store_dir="./store"\n domain=hub\n max_memory_store: 1G\n' +
    " max_file_store: 10G\n max_outstanding_catchup: 256MB\n sync_interval: 30s\n}",
    "max_outstanding_catchup",
    "sync_interval",
  ],
  ["jetstream {\n store_dir: $DATA\n unique_tag: az\n}", "unique_tag"],

  // Listeners that Midge has not.
  ["websocket {\n  port: 8080\n  no_tls: true\n}"],
  ['ws {\n listen: "127.0.0.1:9443"\n no_tls: true\n headers { "X-Node": $HOSTNAME }\n}'],
  [
    "websocket\n{\n  listen: 0.0.0.0:9222\n  no_tls: true\n  compression: true\n}\njetstream {}",
  ],
  [
    'websocket {\n listen: "0.0.0.0:9222"\n authorization { token: "t" }\n no_tls: true\n' +
    ' same_origin: false\n allowed_origins ["http://a.example"]\n}',
  ],
  [
    'mqtt {\n listen: 0.0.0.0:1883\n no_auth_user: m\n ack_wait: "30s"\n max_ack_pending: 100\n}\n' +
    'authorization { users = [ { user: m, password: "p" } ] }',
    "mqtt",
  ],
  ["leafnodes {\n  port: 7422\n}", "leafnodes"],
  [
    'leafnodes {\n remotes = [\n  {\n   url: "tls://connect.example"\n   credentials: "/u.creds"\n  },\n ]\n}',
    "leafnodes",
  ],
  [
    "leafnodes {\n remotes = [ { urls: [nats-leaf://h:7422], account: A } ]\n}\naccounts { A {} }",
    "leafnodes",
  ],
  [
    "gateway {\n name: east\n port: 7222\n gateways: [ { name: west, url: nats://w:7222 } ]\n}",
    "gateway",
  ],

  // Who may come in.
  ["authorization {\n  token: $TOKEN\n}"],
  ["authorization { user: a, password: b, timeout: 2 }"],
  [
    'authorization {\n ADMIN = {\n  publish = ">"\n  subscribe = ">"\n }\n' +
    ' users = [\n  {user: "a", password : p, permissions: $ADMIN}\n ]\n}',
  ],
  [
    `authorization: {\n users: [\n  { nkey:${USER},\n   permissions = {\n` +
    '    publish = ["*"]  # what\n    subscribe = ["*"]\n   }\n  }\n ]\n}',
  ],
  [
    'authorization {\n default_permissions = {\n  publish = ">"\n  subscribe = ">"\n }\n users = [\n' +
    '  {\n   user: admin\n   password: "p"\n   allowed_connection_types: ["STANDARD", "MQTT"]\n  }\n ]\n}',
  ],
  [
    "authorization {\n users: [\n" +
    '  { user: a, password: b, permissions: { publish: { allow: ["a.>"], deny: "a.b" }\n' +
    '    subscribe: { allow: ["_INBOX.>", "q.* workers"] }, allow_responses: true } }\n ]\n}',
  ],

  // Accounts.
  [
    'port: 4222\njetstream: {}\nsystem_account: "SYS"\naccounts: {\n GLOBAL: {\n  users: [\n   {user: anyone}\n' +
    "  ],\n  jetstream: true\n },\n SYS: {\n  users: [\n   {user: adm, password: adm}\n  ]\n },\n}\nno_auth_user: anyone",
  ],
  [
    `accounts: {\n U: {\n  users: [\n   {nkey: ${USER}}\n  ]\n }\n SYS: {\n  users: [\n` +
    "   {user: admin, password: c}\n  ]\n },\n}\nsystem_account: SYS",
  ],
  [
    "no_auth_user: t\naccounts: { SYS: { users: [ {user: admin, password: p} ] } }\nsystem_account: SYS\n" +
    "authorization: { users: [ {user: t, password: p} ] }",
  ],
  [
    "accounts {\n $SYS { users = [ { user: admin, pass: p } ] }\n}",
  ],
  [
    "system_account: SYS\naccounts {\n SYS { users = [ { user: sys, pass: c } ] }\n" +
    " C {\n  jetstream: enabled\n  users = [ { user: c, pass: c } ]\n" +
    '  exports = [ { stream: "c.entities.>" }\n { stream: "c.events.>" } ]\n }\n' +
    ' D { imports = [ { stream: { account: C, subject: "c.events.>" } } ] }\n}\n' +
    'authorization { default_permissions { publish = ["c.>"], subscribe = ["c.>"] } }',
  ],
  [
    "accounts: {\n A: {\n  exports: [ {service: price, accounts: [B]} ]\n  users: [ {user: a, password: a} ]\n }\n" +
    " B: {\n  imports: [ {service: {account: A, subject: price}, to: my.price} ]\n  users: [ {user: b, password: b} ]\n }\n}",
  ],
  [
    'mappings = {\n "in.>" : "events.org.in.>"\n' +
    ' "orders.*": [ { destination: "o.v1.$1", weight: 90% }, { destination: "o.v2.$1", weight: 10% } ]\n}',
  ],
  [
    'accounts {\n AUTH { users: [ { user: "auth", password: "auth" } ], jetstream: enabled }\n' +
    '  SYS { users: [ { user: "admin", password: "admin" } ], }\n  Apps: { jetstream: enabled }\n}\n' +
    `system_account: SYS\nauthorization { auth_callout {\n issuer: ${ACCOUNT}\n auth_users: [ auth ]\n account: AUTH\n} }`,
  ],

  // Operators.
  [
    `operator: op.jwt\nsystem_account: ${ACCOUNT}\nresolver {\n type: full\n dir: '/nats/jwt'\n` +
    ' allow_delete: false\n interval: "2m"\n timeout: "1.9s"\n}',
  ],
  [
    `operator: $OPERATOR\nresolver: MEMORY\nresolver_preload: {\n ${ACCOUNT}: ${JWTS.acc}\n}`,
  ],
  ["operator: op.jwt\nresolver: URL(http://h:9090/jwt/v1/accounts/)"],
  [
    `system: ${ACCOUNT}\n` +
    'operator: op.jwt\nresolver: { type: cache, dir: "/jwt", ttl: "1h", limit: 1000 }',
  ],

  // Clusters.
  [
    "cluster {\n name: c\n port: 6222\n authorization {\n  user: r\n  password: p\n  timeout: 0.75\n }\n routes = []\n}",
  ],
  [
    "cluster {\n listen: 0.0.0.0:6222\n routes = [\n  nats://a:6222\n  nats-route://b:6222\n ]\n compression: s2_auto\n pool_size: 3\n}",
    "compression",
    "pool_size",
  ],
  [
    "cluster: {\n name: c, port: 6222, authorization { token: t }, no_advertise: true\n}\nlame_duck_duration: 30s\n" +
    "lame_duck_grace_period: 10s\npid_file: /var/run/n.pid",
  ],
  ["include 'op.conf'"],
];

test("the shapes are as many as were looked at", () => {
  assert.ok(SHAPES.length >= 45, String(SHAPES.length));
});

for (const [text, ...warned] of SHAPES) {
  test(`${JSON.stringify(text.slice(0, 70))} starts`, () => {
    const world = {
      ...worldOf({ ...FILES, "op.conf": "port: 4222" }, ENV),
      verifySignature,
    };
    const { warnings } = optionsFrom(parse(text, world), world);
    const keys = warnings.map(({ message }) => /^"(\w+)" /.exec(message)?.[1]);
    assert.deepEqual(keys, warned);
  });
}
