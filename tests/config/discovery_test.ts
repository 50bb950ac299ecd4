/** The `discovery` block and its flags: URLs for what they are good for, and nobody sees their secrets. */
import assert from "node:assert/strict";
import { applyFlags, parseServerArguments } from "../../src/config/argv.ts";
import { ConfigError } from "../../src/config/dialect/diagnostic.ts";
import type {
  DiscoveryOptions,
  ServerOptions,
} from "../../src/options/options.ts";
import { maskSecrets } from "../../src/core/mask.ts";
import { redactUrl } from "../../src/core/redact.ts";
import { toPlain } from "../../src/config/dialect/tree.ts";
import { test } from "../support/test.ts";
import { errorsOf, optionsOf, parse, warningsOf } from "./reading.ts";

const CLUSTER = "cluster { port 6222 }\n";

function discoveryIn(text: string): DiscoveryOptions {
  const { discovery } = optionsOf(CLUSTER + text);
  assert(discovery !== undefined);
  return discovery;
}

function namesIn(targets: DiscoveryOptions["find"]): string[] {
  return targets.map(({ name }) => name);
}

/** The options of a file with the text `config`, changed by the flags `args`. */
function run(args: readonly string[], config: string = ""): ServerOptions {
  const command = parseServerArguments(args);
  assert(command.do === "run", JSON.stringify(command));
  const options = optionsOf(config);
  applyFlags(options, command.flags);
  return options;
}

test("without a block there is no discovery", () => {
  assert.equal(optionsOf("port 1").discovery, undefined);
});

test("an empty block has the defaults", () => {
  assert.deepEqual(discoveryIn("discovery {}"), {
    announce: [],
    find: [],
    ttlMs: 15_000,
    trustCredentials: false,
    tls: undefined,
  });
});

test("URLs come as one text, as several with commas, or as a list", () => {
  const [one, two] = ["registry://a:4280", "etcd://b:2379/midge"];
  for (
    const [value, expected] of [
      [`"${one}"`, [one]],
      [`"${one}, ${two}"`, [one, two]],
      [`["${one}", "${two}"]`, [one, two]],
      [`["${one},${two}", "${one}"]`, [one, two]],
      [`""`, []],
      [`[]`, []],
    ] as const
  ) {
    const { find, announce } = discoveryIn(
      `discovery { find: ${value}, announce: ${value} }`,
    );
    assert.deepEqual(namesIn(find), expected);
    assert.deepEqual(namesIn(announce), expected);
  }
});

test("the parts of a URL are read, secrets and parameters too", () => {
  const { find: [etcd, srv], ttlMs } = discoveryIn(
    "discovery { ttl: 3s, find: " +
      "[etcd://u:p%40@h:1/x, 'srv://_nats._tcp.a.example?resolver=[::1]:53'] }",
  );
  assert.equal(etcd?.user, "u");
  assert.equal(etcd?.secret, "p@");
  assert.equal(etcd?.pathname, "/x");
  assert.equal(srv?.host, "_nats._tcp.a.example");
  assert.equal(srv?.params.get("resolver"), "[::1]:53");
  assert.equal(ttlMs, 3000);
});

const WRONG: readonly (readonly [text: string, ...errors: RegExp[]])[] = [
  ["discovery: 5", /^1:1: Expected map to define discovery, got int64$/],
  ["discovery { fnd: x }", /^1:13: unknown field "fnd"$/],
  ["discovery { ttl: 5 }", /^1:13: ttl must be a string, got an integer$/],
  ["discovery { ttl: '5ms' }", /ttl of 5ms, it goes from 1s to 1h0m0s$/],
  ["discovery { ttl: '2h' }", /ttl of 2h0m0s, it goes from 1s to 1h0m0s$/],
  ["discovery { ttl: x }", /^1:13: error parsing ttl: time: invalid duration/],
  ["discovery { announce: 7 }", /^1:23: Expected a URL .* got int64$/],
  ["discovery { trust_credentials: 1 }", /must be a boolean/],
  // Each bad URL is told, where it stands.
  [
    "discovery {\n announce [\n  'foo://a'\n  registry://a\n  'etcd://:1/x' ] }",
    /^3:4: Cannot use "foo:\/\/a" for discovery: it begins with none of /,
    /^5:4: Cannot use "etcd:\/\/:1\/x" for discovery: /,
  ],
  // What can only be asked.
  ...[
    "dns://a:1",
    "srv://a",
    "http://a/x",
    "https://a/x",
    "monitor://a",
    "cache:///x",
    "nats://a",
    "tls://a",
    "nats-route://a",
  ].map((url): [string, RegExp] => [
    `discovery { announce: '${url}' }`,
    /^1:24: Cannot announce at ".*": it can only be asked; announcing works at registry:\/\/, etcd:\/\/, consul:\/\/, file:\/\/$/,
  ]),
  [
    "discovery { announce: 'file:///nodes.json' }",
    /a node announces itself in a folder, whose path ends with a slash$/,
  ],
  [
    "cluster {}, discovery { find: ['nats://a', 'tls://a'] }",
    /^1:33: Cannot find nodes at "nats:\/\/a": it is a door for clients/,
    /^1:45: Cannot find nodes at "tls:\/\/a"/,
  ],
  [
    `cluster {}, discovery { find: [${
      Array.from({ length: 33 }, (_, at) => `dns://a${at}:1`)
    }] }`,
    /^1:25: find takes at most 32 URLs$/,
  ],
  // What else it takes.
  [
    "port 1\ndiscovery { ttl 5s, find: 'dns://a:1' }",
    /^2:21: finding nodes requires cluster capabilities, e.g. a cluster block or --cluster$/,
  ],
  [
    "cluster { authorization { user a, password b } }\n" +
    "discovery { find: 'dns://a:1' }",
    /^2:13: finding nodes with cluster authorization sends its password in clear to every address that is found; trust_credentials allows that$/,
  ],
  [
    "discovery { find: 'nats-route://a, dns://a:1' }\n" +
    "cluster { authorization { token a } }",
    /^1:13: finding nodes with cluster authorization/,
  ],
];

for (const [text, ...expected] of WRONG) {
  test(`${JSON.stringify(text.slice(0, 70))} is refused with its place`, () => {
    const errors = errorsOf(() => optionsOf(text));
    assert.equal(errors.length, expected.length, errors.join("\n"));
    for (const [index, pattern] of expected.entries()) {
      assert.match(errors[index] ?? "", pattern);
    }
  });
}

test("announcing takes no cluster, and an empty find neither", () => {
  const { discovery } = optionsOf(
    "discovery { announce: 'registry://a', find: [] }",
  );
  assert.deepEqual(namesIn(discovery?.announce ?? []), ["registry://a"]);
});

test("a cluster with authorization finds nodes if it may tell its password, or if they are named", () => {
  for (
    const discovery of [
      "find: 'dns://a:1', trust_credentials: true",
      "find: 'nats-route://u:p@a:1'",
      "announce: 'registry://a'",
    ]
  ) {
    const text = `cluster { authorization { user a, password b } }
      discovery { ${discovery} }`;
    assert.ok(optionsOf(text).discovery);
  }
  // Without anything to check, there is nothing to tell.
  const open = "cluster { authorization { timeout 1 } }";
  assert.ok(optionsOf(`${open}\ndiscovery { find: 'dns://a:1' }`).discovery);
});

test("flags replace the URLs of the file, and leave the rest", () => {
  const file = `${CLUSTER}discovery {
    announce: "registry://a", find: ["dns://a:1", "srv://a"], ttl: 5s }`;
  const { discovery } = run(
    ["-announce", "consul://b/x,etcd://c/y", "--discover=monitor://d"],
    file,
  );
  assert(discovery !== undefined);
  assert.deepEqual(namesIn(discovery.announce), [
    "consul://b/x",
    "etcd://c/y",
  ]);
  assert.deepEqual(namesIn(discovery.find), ["monitor://d"]);
  assert.equal(discovery.ttlMs, 5000);
  const none = run(["-announce=", "-discover="], file).discovery;
  assert.deepEqual([none?.announce, none?.find], [[], []]);
});

test("a file's find may be meant for the command line's cluster only if that may be told", () => {
  assert.throws(() => run(["-discover", "dns://a:1"]), {
    name: "FlagError",
    message: "finding nodes requires cluster capabilities, " +
      "e.g. a cluster block or --cluster",
  });
  const open = ["-cluster", "nats://h:6222", "-discover", "dns://a:1"];
  assert.ok(run(open).discovery);
  const guarded = ["-cluster", "nats://u:hunter2@h:6222"];
  const file = `${CLUSTER}discovery { find: "dns://a:1" }`;
  assert.throws(() => run(guarded, file), {
    name: "FlagError",
    message: /trust_credentials allows that$/,
  });
  const trusting = run([...guarded, "-trust_credentials"], file);
  assert.equal(trusting.discovery?.trustCredentials, true);
});

test("a bad URL of a flag is refused with the words of the file", () => {
  const { message } = errorIn(() => run(["-announce", "dns://a:1"]));
  assert.match(message, /^Cannot announce at "dns:\/\/a:1": it can only be/);
});

test("no complaint about discovery shows its secrets", () => {
  const block = (inside: string): string => `${CLUSTER}discovery { ${inside} }`;
  const texts = [
    block("find: 'etcd://u:hunter2@h:x/y', ttl 1"),
    block("find: ['consul://hunter2@h']"),
    block("announce: 'srv://u:hunter2@h'"),
    block("find: 'http:// /list?token=hunter2', ttl: 1"),
    block("find: 'http://h/list?api_key=hunter2&x=1', ttl: 1"),
    block("find: 'registry://hunter2@a,etcd://u:hunter2@b:1/x', ttl: 1"),
    "discovery { find: 'registry://hunter2@h' }",
  ];
  for (const text of texts) {
    const error = errorIn(() => optionsOf(text));
    assert(error instanceof ConfigError, text);
    assert(!error.message.includes("hunter2"), error.message);
    assert(!JSON.stringify(error.diagnostics).includes("hunter2"), text);
  }
  for (const flag of ["-announce", "-discover"]) {
    for (
      const url of ["foo://u:hunter2@h", "nats://hunter2@h", "dns://u:hunter2@"]
    ) {
      const { message } = errorIn(() => run([flag, url]));
      assert(!message.includes("hunter2"), message);
    }
  }
});

test("a printed configuration shows no secrets of discovery", () => {
  const text = `discovery {
    announce: ["etcd://u:hunter2@h:1/x", "consul://hunter2@h/y"]
    find: "registry://hunter2@a,http://b/l?access_token=hunter2&n=1" }`;
  const printed = JSON.stringify(toPlain(parse(text)));
  assert(!printed.includes("hunter2"), printed);
  assert.match(printed, /\[REDACTED\]@h:1\/x/);
  assert.deepEqual(warningsOf(`${CLUSTER}${text}`), []);
});

test("parameters of a URL that are secrets are masked, others are not", () => {
  assert.equal(
    redactUrl("http://h/l?n=1&token=abc&x=2"),
    "http://h/l?n=1&token=[REDACTED]&x=2",
  );
  assert.equal(
    maskSecrets("find: 'http://h/l?apikey=abc&n=1'"),
    "find: 'http://h/l?apikey=***&n=1'",
  );
});

function errorIn(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    assert(error instanceof Error);
    return error;
  }
  return assert.fail("nothing was refused");
}
