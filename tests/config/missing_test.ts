/** What nats-server has and Midge has not: a file that asks for it starts, is refused, or is told its mistakes. */
import assert from "node:assert/strict";
import { SERVER_BLOCK } from "../../src/config/keys/server_keys.ts";
import { test } from "../support/test.ts";
import { errorsOf, optionsOf, warningsOf, worldOf } from "./reading.ts";

const lacking = (key: string, feature: string): string =>
  `"${key}" has no effect: Midge has no ${feature} yet`;

/** A server without them lets in no more than the file says. */
const MISSING: readonly (readonly [text: string, ...warnings: string[]])[] = [
  [
    "leafnodes { port 7422, authorization { user a, password b, account A\n" +
    "users [{ user c }] }, remotes [{ url: nats://h, account: A, hub: true\n" +
    "tls { ca_file: f }, deny_imports: [x] }], no_advertise: true }",
    `1:1: ${lacking("leafnodes", "leaf nodes")}`,
  ],
  ["leaf { listen: h:7422 }", `1:1: ${lacking("leaf", "leaf nodes")}`],
  [
    "gateway { name x, port: 7222, authorization { user a, pass b, timeout: 0.5 }\n" +
    "gateways [{ name: y, urls: [nats://h:1] }, { name: z, url: nats://h:2 }]\n" +
    "reject_unknown_cluster: true }",
    `1:1: ${lacking("gateway", "gateways")}`,
  ],
  [
    "mqtt { port 1883, ack_wait: 1m, max_ack_pending: 100, no_auth_user: a }",
    `1:1: ${lacking("mqtt", "MQTT")}`,
  ],
  ["syslog: true", `1:1: ${lacking("syslog", "syslog")}`],
  [
    "remote_syslog: 'udp://h:1'\nsyslog: on",
    `1:1: ${lacking("remote_syslog", "syslog")}`,
    `2:1: ${lacking("syslog", "syslog")}`,
  ],
  [
    "trace_headers: true",
    `1:1: ${lacking("trace_headers", "trace of headers alone")}`,
  ],
  ["ocsp { mode: always }", `1:1: ${lacking("ocsp", "OCSP")}`],
  [
    "server_metadata { a: b }",
    `1:1: ${lacking("server_metadata", "metadata of servers")}`,
  ],
  [
    "cluster { accounts [A] }",
    `1:11: ${lacking("accounts", "routes for single accounts")}`,
  ],
  ...["s2_fast", "true", "{ mode: s2_auto }"].map((mode) =>
    [
      `cluster { compression: ${mode} }`,
      `1:11: ${lacking("compression", "compressed routes")}`,
    ] as const
  ),
  [
    "write_timeout: retry",
    "1:1: write_timeout 'retry' has no effect: Midge closes",
  ],
];

for (const [text, ...warnings] of MISSING) {
  test(`${JSON.stringify(text.slice(0, 60))} starts with a warning`, () => {
    assert.deepEqual(warningsOf(text), warnings);
  });

  test(`${JSON.stringify(text.slice(0, 60))} is refused by a strict server`, () => {
    const strict = `${text}\nstrict: true`;
    assert.deepEqual(errorsOf(() => optionsOf(strict)), warnings);
  });
}

test("a strict server takes what turns something off", () => {
  const text = "strict: true\ngateway {}, mqtt: off\nprof_port: 1";
  assert.equal(optionsOf(text).strict, true);
});

const NOT_YET = "is a nats-server option that Midge does not support yet";

/** A server without them would let in, or tell, more than the file says. */
const REFUSED: readonly (readonly [text: string, ...errors: string[]])[] = [
  ["tls { ocsp_peer: true }", `1:7: ocsp_peer ${NOT_YET}`],
];

for (const [text, ...errors] of REFUSED) {
  test(`${JSON.stringify(text)} is refused`, () => {
    assert.deepEqual(errorsOf(() => optionsOf(text)), errors);
  });
}

/** nats-server 2.15.3 finds each of them, too. */
const WRONG: readonly (readonly [text: string, ...errors: string[]])[] = [
  [
    "mqtt { port: 1, tls { cert_fiel: x } }",
    '1:23: unknown field "cert_fiel"',
  ],
  [
    "leafnodes { remotes: { url: x } }",
    "1:13: remotes must be an array, got a map",
  ],
  [
    "leafnodes { remotes: [x, { ulr: y }] }",
    '1:23: Expected an entry of "remotes" to be a map/struct, got string',
    '1:28: unknown field "ulr"',
  ],
  ["gateway { gateways: [{ nam: y }] }", '1:24: unknown field "nam"'],
];

for (const [text, ...errors] of WRONG) {
  test(`${JSON.stringify(text)} is told its mistakes`, () => {
    assert.deepEqual(errorsOf(() => optionsOf(text)), errors);
  });
}

test("no secret of a block that does nothing is shown", () => {
  const text =
    "leafnodes { foo: 1, remotes [{ url: 'nats://u:s3cret@h' }] }\n" +
    "mqtt { authorization { token: s3cret, prot: 1 } }";
  for (const strict of ["", "\nstrict: true"]) {
    try {
      optionsOf(text + strict);
      assert.fail("It was taken");
    } catch (error) {
      assert.match(String(error), /unknown field "foo"/);
      assert.doesNotMatch(String(error), /s3cret/);
    }
  }
});

test("a reading that nobody wants the warnings of gives none, and all errors", () => {
  const world = { ...worldOf(), isUnwarned: true };
  const odd = "mqtt { port 1883 }\nsyslog: true";
  assert.ok(warningsOf(odd).length > 1);
  assert.deepEqual(warningsOf(odd, world), []);
  const strict = `${odd}\nstrict: true`;
  const errors = errorsOf(() => optionsOf(strict));
  assert.ok(errors.length > 1);
  assert.deepEqual(errorsOf(() => optionsOf(strict, world)), errors);
});

test("what is missing and what is refused gives its reason", () => {
  for (const { state, text } of SERVER_BLOCK.keys) {
    if (state === "missing") assert.match(text, /^Midge has no .*\.$/);
    if (state === "refused") assert.match(text, /^.* .*\.$/);
  }
});
