/** The `registry` block and its flags: open to this machine only unless told otherwise. */
import assert from "node:assert/strict";
import { optionsOf as programOptionsOf } from "../../src/app/config.ts";
import {
  applyFlags,
  parseServerArguments,
  serverUsage,
} from "../../src/config/argv.ts";
import { FlagError } from "../../src/config/flags/flags.ts";
import type {
  RegistryOptions,
  ServerOptions,
} from "../../src/options/options.ts";
import { test } from "../support/test.ts";
import { errorsOf, optionsOf, worldOf } from "./reading.ts";

const DEFAULTS: RegistryOptions = {
  tls: undefined,
  host: "127.0.0.1",
  port: 4280,
  token: undefined,
  stateFile: "",
};

function registryIn(text: string): RegistryOptions | undefined {
  return optionsOf(text).registry;
}

/** The options of a file with the text `config`, changed by the flags `args`. */
function run(args: readonly string[], config: string = ""): ServerOptions {
  const command = parseServerArguments(args);
  assert(command.do === "run", JSON.stringify(command));
  const options = optionsOf(config);
  applyFlags(options, command.flags);
  return options;
}

test("without a block there is no registry, and an empty one has the defaults", () => {
  assert.equal(registryIn("port 1"), undefined);
  assert.deepEqual(registryIn("registry {}"), DEFAULTS);
});

test("a host has to be named for a registry that others reach", () => {
  const rows: [text: string, host: string, port: number][] = [
    ['listen: "10.0.0.1:5280"', "10.0.0.1", 5280],
    ['listen: "0.0.0.0:5280"', "0.0.0.0", 5280],
    ['listen: "[::1]:5280"', "::1", 5280],
    ['listen: ":5280"', "127.0.0.1", 5280],
    ["listen: 5280", "127.0.0.1", 5280],
    ["listen: -1", "127.0.0.1", 0],
    ["listen: 0", "127.0.0.1", 4280],
    ["port: 5280", "127.0.0.1", 5280],
    ["port: -1", "127.0.0.1", 0],
    ['host: "::"', "::", 4280],
    ['host: ""', "127.0.0.1", 4280],
    ['net: "10.0.0.1", port: 1', "10.0.0.1", 1],
  ];
  for (const [text, host, port] of rows) {
    const expected = { ...DEFAULTS, host, port };
    assert.deepEqual(registryIn(`registry { ${text} }`), expected, text);
    // The broker's own host, and that it is open everywhere, change nothing.
    const beside = `host: "0.0.0.0"\nregistry { ${text} }`;
    assert.deepEqual(registryIn(beside), expected, text);
  }
});

test("a token and a file for the nodes", () => {
  const text = 'registry { token: $TOKEN, state_file: "/var/lib/nodes.json" }';
  const { registry } = optionsOf(text, worldOf({}, { TOKEN: "s3cret" }));
  assert.deepEqual(registry, {
    ...DEFAULTS,
    token: "s3cret",
    stateFile: "/var/lib/nodes.json",
  });
});

test("what is wrong with a block is said, with its place", () => {
  const rows: [text: string, ...errors: string[]][] = [
    ["registry: true", "1:1: Expected map to define registry, got bool"],
    ["registry: 4280", "1:1: Expected map to define registry, got int64"],
    ["registry {\n  zork: 1\n}", '2:3: unknown field "zork"'],
    [
      "registry {\n  port: 70000\n}",
      "2:3: port 70000 is out of range, 0 to 65535 or -1",
    ],
    [
      'registry {\n  listen: "a:b:c"\n}',
      '2:3: could not parse address string "a:b:c"',
    ],
    ['registry {\n  token: ""\n}', "2:3: registry token must not be empty"],
    [
      'registry {\n  token: "two words"\n}',
      "2:3: registry token must be of ASCII letters, digits and signs, " +
      "without spaces",
    ],
    [
      "registry {\n  token: 7\n}",
      "2:3: token must be a string, got an integer",
    ],
    [
      "registry {\n  state_file: 7\n}",
      "2:3: state_file must be a string, got an integer",
    ],
  ];
  for (const [text, ...errors] of rows) {
    assert.deepEqual(errorsOf(() => optionsOf(text)), errors, text);
  }
});

test("the flag -registry takes a port alone, or a host with it", () => {
  const rows: [value: string, host: string, port: number][] = [
    ["5280", "127.0.0.1", 5280],
    [":5280", "127.0.0.1", 5280],
    ["-1", "127.0.0.1", 0],
    ["0", "127.0.0.1", 4280],
    ["0.0.0.0:5280", "0.0.0.0", 5280],
    ["[::]:5280", "::", 5280],
    ["localhost:-1", "localhost", 0],
  ];
  for (const [value, host, port] of rows) {
    const { registry, registryOnly } = run([`-registry=${value}`]);
    assert.deepEqual(registry, { ...DEFAULTS, host, port }, value);
    assert.equal(registryOnly, false);
  }
  for (const value of ["zork", "host", "host:", "a:b:c", "70000", "h:-2"]) {
    assert.throws(() => run(["-registry", value]), (error: unknown) => {
      assert.ok(error instanceof FlagError);
      assert.match(error.message, /flag -registry: expected host:port$/);
      return true;
    });
  }
});

test("flags change what a file says of the registry", () => {
  const config = 'registry { listen: "10.0.0.1:1", token: old, state_file: f }';
  const { registry } = run(
    ["-registry", "5280", "-registry_token", "new"],
    config,
  );
  assert.deepEqual(registry, {
    tls: undefined,
    host: "127.0.0.1",
    port: 5280,
    token: "new",
    stateFile: "f",
  });
  assert.equal(run(["-registry="], config).registry, undefined);
});

test("-registry_only is a registry with its defaults, or the one that there is", () => {
  const only = run(["-registry_only"]);
  assert.deepEqual([only.registryOnly, only.registry], [true, DEFAULTS]);
  const both = run(["-registry_only", "-registry", "1", "-registry_token=t"]);
  assert.deepEqual(both.registry, { ...DEFAULTS, port: 1, token: "t" });
  const file = run(["-registry_only"], "registry { port: 2 }");
  assert.deepEqual(file.registry, { ...DEFAULTS, port: 2 });
});

test("a token that protects nothing, or cannot be sent, is refused", () => {
  const refused = (args: readonly string[]): string => {
    try {
      run(args);
    } catch (error) {
      if (error instanceof FlagError) return error.message;
    }
    return "";
  };
  assert.match(refused(["-registry_token", "t"]), /requires a registry/);
  assert.match(refused(["-registry_only", "-registry_token="]), /empty/);
  const secret = refused(["-registry_only", "-registry_token=s3cret \n"]);
  assert.match(secret, /without spaces/);
  assert.doesNotMatch(secret, /s3cret/);
});

test("help names the flags", () => {
  const usage = serverUsage();
  for (const flag of ["-registry ", "-registry_only", "-registry_token"]) {
    assert.ok(usage.includes(flag), flag);
  }
});

test("a program's options have the same block", () => {
  const { registry } = programOptionsOf({
    registry: { port: 0, token: "t", state_file: "f" },
  });
  assert.deepEqual(registry, {
    tls: undefined,
    host: "127.0.0.1",
    port: 0,
    token: "t",
    stateFile: "f",
  });
});
