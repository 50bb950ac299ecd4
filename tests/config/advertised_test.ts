/** Addresses that a server tells of itself: they are checked where they are read, in every way of configuring. */
import assert from "node:assert/strict";
import { optionsOf as programOptions } from "../../src/app/config.ts";
import { applyFlags, parseServerArguments } from "../../src/config/argv.ts";
import { ConfigError } from "../../src/config/dialect/diagnostic.ts";
import { readServerOptions } from "../../src/config/load.ts";
import type { ServerOptions } from "../../src/options/options.ts";
import { rejection } from "../support/rejection.ts";
import { test } from "../support/test.ts";
import { errorsOf, optionsOf, worldOf } from "./reading.ts";

const GOOD = [
  "",
  "a.example",
  "a.example:4222",
  "a_b-c.example:1",
  "a.example:0",
  "a.example:-1",
  "a.example:65535",
  "10.0.0.1:4222",
  "[::1]",
  "[::1]:4222",
  "[fe80::1%eth0]:4222",
  "[::ffff:10.0.0.1]:4222",
  "bücher.example:4222",
];

const NO_URL = "host or host:port, not a URL";
const BAD: readonly [text: string, problem: string][] = [
  ["nats://a.example:4222", NO_URL],
  ["nats://u:s3cret@a.example:4222", NO_URL],
  ["u:s3cret@a.example:4222", NO_URL],
  ["//a.example", 'host or host:port, but "//a.example" is no host'],
  ["a.example:4222 ", 'host:port without blanks, got "a.example:4222 "'],
  [" a.example:4222", 'host:port without blanks, got " a.example:4222"'],
  ["a b:4222", 'host:port without blanks, got "a b:4222"'],
  ["a.example :4222", 'host:port without blanks, got "a.example :4222"'],
  [" ", 'host:port without blanks, got " "'],
  [":4222", 'host or host:port, got ":4222"'],
  ["[]:4222", 'host or host:port, got "[]:4222"'],
  ["a.example:", 'host:port, but "" is no port'],
  ["a.example:99999", 'host:port, but "99999" is no port'],
  ["a.example:-2", 'host:port, but "-2" is no port'],
  ["a.example:+1", 'host:port, but "+1" is no port'],
  ["a.example:4e3", 'host:port, but "4e3" is no port'],
  ["a.example:nats", 'host:port, but "nats" is no port'],
  ["[::1]:nats", 'host:port, but "nats" is no port'],
  ["::1", 'host:port with an IPv6 address in brackets, got "::1"'],
  ["::1:4222", 'host:port with an IPv6 address in brackets, got "::1:4222"'],
  ["fe80::1%eth0", 'host or host:port, got "fe80::1%eth0"'],
  ["[::1", 'host or host:port, got "[::1"'],
  ["[::1]4222", 'host or host:port, got "[::1]4222"'],
  ["[a.example]:4222", 'host or host:port, but "a.example" is no host'],
  ["[10.0.0.1]:4222", 'host or host:port, but "10.0.0.1" is no host'],
  ["[:::1]:4222", 'host or host:port, but "[:::1]" is no host'],
  ["a:1:2", 'host or host:port, got "a:1:2"'],
  ["a/b:4222", 'host or host:port, but "a/b" is no host'],
  ["a,b:4222", 'host or host:port, but "a,b" is no host'],
];

/** One option, and how each way of configuring spells it. */
interface Spelling {
  readonly name: string;
  of(options: ServerOptions): string | undefined;
  conf(text: string): string;
  toml(text: string): string;
  flags(text: string): string[];
  program(text: string): object;
}

const SPELLINGS: readonly Spelling[] = [
  {
    name: "client_advertise",
    of: ({ clientAdvertise }) => clientAdvertise,
    conf: (text) => `client_advertise: ${text}`,
    toml: (text) => `client_advertise = ${text}`,
    flags: (text) => ["-client_advertise", text],
    program: (client_advertise) => ({ client_advertise }),
  },
  {
    name: "cluster_advertise",
    of: ({ cluster }) => cluster?.advertise,
    conf: (text) => `cluster { port: 6222, cluster_advertise: ${text} }`,
    toml: (text) => `[cluster]\nport = 6222\nadvertise = ${text}`,
    flags: (text) => [
      ...["-cluster", "nats://127.0.0.1:6222"],
      ...["-cluster_advertise", text],
    ],
    program: (advertise) => ({ cluster: { port: 6222, advertise } }),
  },
];

function flagged(args: readonly string[]): ServerOptions {
  const command = parseServerArguments(args);
  assert(command.do === "run", JSON.stringify(command));
  const options = optionsOf("");
  applyFlags(options, command.flags);
  return options;
}

function fromToml(text: string): Promise<ServerOptions> {
  return readServerOptions("t.toml", worldOf({ "t.toml": text }))
    .then(({ options }) => options);
}

for (const { name, of, conf, toml, flags, program } of SPELLINGS) {
  test(`${name} takes what can be dialled`, async () => {
    for (const text of GOOD) {
      const quoted = JSON.stringify(text);
      assert.equal(of(optionsOf(conf(quoted))), text);
      assert.equal(of(await fromToml(toml(quoted))), text);
      assert.equal(of(flagged(flags(text))), text);
      assert.equal(of(programOptions(program(text))), text);
    }
  });

  test(`${name} refuses anything else, and names the place`, async () => {
    for (const [text, problem] of BAD) {
      const quoted = JSON.stringify(text);
      const message = `${name} must be ${problem}`;
      const [error = ""] = errorsOf(() => optionsOf(conf(quoted)));
      const column = conf(quoted).indexOf(name) + 1;
      assert.equal(error, `1:${column}: ${message}`);
      const inToml = await rejection(fromToml(toml(quoted)));
      assert.ok(inToml instanceof ConfigError, text);
      const [found] = inToml.diagnostics;
      assert.equal(found?.message, message);
      assert.equal(found?.line, toml("").split("\n").length);
      assert.throws(() => flagged(flags(text)), { name: "FlagError", message });
      const [inProgram = ""] = errorsOf(() => programOptions(program(text)));
      assert.ok(inProgram.endsWith(message), `${inProgram} for ${text}`);
      for (const shown of [error, String(inToml), inProgram]) {
        assert.ok(!shown.includes("s3cret"), shown);
      }
    }
  });
}
