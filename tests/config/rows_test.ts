/** The rows of the configuration: each is complete, and all else follows from them. */
import assert from "node:assert/strict";
import { optionFiles } from "../../scripts/make_options.ts";
import { keyTable } from "../../scripts/make_reference.ts";
import { Report } from "../../src/config/dialect/diagnostic.ts";
import { parseObject } from "../../src/config/dialect/object.ts";
import { describeFlags } from "../../src/config/flags/flags.ts";
import { BLOCKS } from "../../src/config/keys/blocks.ts";
import { defaultsOf, optionsIn } from "../../src/config/keys/defaults.ts";
import { applyEntries } from "../../src/config/keys/entries.ts";
import { changed, integer } from "../../src/config/keys/readers.ts";
import { rowsOf } from "../../src/config/keys/rows.ts";
import type {
  Block,
  BlockFacts,
  ConfigKey,
  KeyFacts,
} from "../../src/config/keys/schema.ts";
import { SERVER_BLOCK } from "../../src/config/keys/server_keys.ts";
import { SERVER_FLAGS, serverFlagsOf } from "../../src/config/server_flags.ts";
import {
  defaultServerOptions,
  type ServerOptions,
} from "../../src/options/options.ts";
import { test } from "../support/test.ts";
import { parse } from "./reading.ts";

const blocks = Object.values(BLOCKS).flat();
const keys = blocks.flatMap((block) => block.keys);
const RELOADS = ["now", "new connections", "restart"];

test("a key has one row in its block, and names in lower case", () => {
  for (const block of blocks) {
    const names = block.keys.flatMap((row) => row.names);
    assert.equal(new Set(names).size, names.length, block.place);
    assert.deepEqual(names, names.map((name) => name.toLowerCase()));
  }
});

test("every row says what the key is for, what it takes, and what a reload does", () => {
  for (const { names: [name], text, kind, written, reload } of keys) {
    assert.match(text, /^\S.*\S$/, name);
    assert.match(kind, /\S/, name);
    assert.match(written, /\S/, name);
    assert.ok(RELOADS.includes(reload), name);
  }
  for (const { field, text, reload } of blocks.flatMap(optionsIn)) {
    assert.match(text, /^\S.*\.$/, field);
    assert.ok(RELOADS.includes(reload), field);
  }
});

test("every key that works sets a field, or is only checked", () => {
  const checked = keys.filter(({ state, field, sets, type }) =>
    state === "works" && field === undefined && sets === undefined &&
    type === "never"
  ).map(({ names }) => names[0]);
  assert.deepEqual(checked, ["write_timeout", "compression", "enabled"]);
  for (const block of blocks) {
    const fields = optionsIn(block).map(({ field }) => field);
    for (const { names, state, field, sets = [] } of block.keys) {
      if (state !== "works" || checked.includes(names[0])) continue;
      const set = field === undefined ? sets : [field];
      assert.ok(set.length > 0, names[0]);
      for (const name of set) assert.ok(fields.includes(name), names[0]);
    }
  }
});

test("a key whose value is a map names the block of its keys", () => {
  const maps = keys.filter(({ kind }) => kind === "map");
  for (const { names: [name], block, inner = block } of maps) {
    assert.ok(inner !== undefined && blocks.includes(inner), name);
  }
});

const KEY_A = "ABBPXN2EKGGS4A6OSO3CLIC7OSZABCRAWE2ZKF2BXCXEWYM5IL7VJUFJ";
const KEY_X = "XDVLTBF42EPHJMHI6POP4VJSFGRARHOPPFYYPZRQVLF522BWKFJG4ROL";
const KEY_O = "ODIEVMRSOQV3JKZ2CNUL2RQV4TTNAISKW4NAC25PQUQKGMWJO6DTOAP4";
const KEY_U = "UANKVADI7GUTCERRWYOO37GG65UKW2IIKS2GEQDWNJHHPL727VTBO5V7";

/** Values of the types that a program writes, of which each key takes one. */
const SAMPLES: Readonly<Record<string, readonly unknown[]>> = {
  string: [
    "0600",
    "word",
    "45s",
    "h:1",
    "registry://h",
    "MEMORY",
    "standard",
    "7%",
    KEY_A,
    KEY_U,
    KEY_O,
    KEY_X,
  ],
  number: [7],
  boolean: [true],
  "readonly string[]": [
    ["nats://h:1"],
    ["registry://h"],
    ["standard"],
    [KEY_A],
    [KEY_O],
    ["a".repeat(64)],
    ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
    ["X25519"],
    ["127.0.0.1:4222", "unix:///run/midge.sock"],
  ],
  "readonly TlsCertificateConfig[]": [[{ cert_file: "a", key_file: "b" }]],
  ResolverConfig: [{ type: "full", dir: "jwt" }],
  AuthCalloutConfig: [{ issuer: KEY_A, auth_users: ["a"] }],
  "readonly ProxyConfig[]": [[{ key: KEY_U }]],
  "readonly UserConfig[]": [[{ user: "a" }]],
  "readonly ExportConfig[]": [[{ stream: "a" }]],
  "readonly ImportConfig[]": [[{
    service: { account: "A", subject: "a" },
    to: "b",
  }]],
  RemoteConfig: [{ account: "A", subject: "a" }],
  LatencyConfig: [{ subject: "a" }],
};

function samplesOf(type: string): readonly unknown[] {
  if (/^(?:".*"|false)$/.test(type)) return [JSON.parse(type)];
  return SAMPLES[type] ?? [{}];
}

function takes(block: BlockFacts, key: KeyFacts, value: unknown): boolean {
  const { keys, ...facts } = block;
  const { root } = parseObject({ [key.names[0]]: value }, "options");
  const report = new Report();
  const rows = keys as readonly ConfigKey<object>[];
  applyEntries(
    { keys: rows },
    root,
    defaultsOf({ ...facts, keys: rows }),
    report,
  );
  return report.errors.length === 0;
}

test("a key takes a value of every type that a program may write", () => {
  for (const block of blocks) {
    for (const key of block.keys.filter(({ state }) => state === "works")) {
      for (const type of key.written.split(" | ")) {
        const taken = samplesOf(type).some((value) => takes(block, key, value));
        assert.ok(taken, `${block.place}: ${key.names[0]}: ${type}`);
      }
    }
  }
});

test("every flag of a row is a flag of the server, once", () => {
  const rows = keys.flatMap(({ flags }) => flags.map(({ names }) => names[0]));
  const flags = SERVER_FLAGS.map(({ names }) => names[0]);
  assert.equal(new Set(flags).size, flags.length);
  assert.deepEqual(rows.filter((name) => !flags.includes(name)), []);
});

// What adding a key takes: this row, and nothing else.
interface Added {
  maxColours: number;
}

const added: Block<Added> = {
  ...SERVER_BLOCK,
  keys: [
    rowsOf<Added>((options) => options as ServerOptions & Added).option({
      names: ["max_colours", "max_colors"],
      field: "maxColours",
      reader: changed(integer(0), (count) => count * 2),
      default: 7,
      text: "Most colours of one client; 0 for none.",
      flags: [{ section: "Server", names: ["colours"], value: "count" }],
      reload: "now",
    }),
  ],
  others: [],
};

test("a row that is added is read from a file, and has its default", () => {
  const options = defaultsOf(added);
  assert.deepEqual(options, { maxColours: 7 });
  const report = new Report();
  applyEntries(added, parse("MAX_COLORS: 4"), options, report);
  assert.deepEqual(options, { maxColours: 8 });
  applyEntries(added, parse("max_colours: -1"), options, report);
  assert.equal(
    report.errors[0]?.message,
    "max_colours value can not be negative",
  );
});

test("a row that is added is in the types of the options and of programs", () => {
  const text = optionFiles({ server: [added] }).get("server.ts") ?? "";
  const doc = "/** Most colours of one client; 0 for none. */";
  assert.ok(text.includes(`${doc}\n  maxColours: number;\n`), text);
  assert.ok(text.includes("    maxColours: 7,\n"), text);
  const longer = doc.replace(" */", " Default: `7`. */");
  assert.ok(text.includes(`${longer}\n  max_colours?: number;\n`), text);
});

test("a row that is added is a flag, and in the help", () => {
  const [flag, ...more] = serverFlagsOf(added);
  assert(flag !== undefined && more.length === 0);
  const options = { ...defaultServerOptions(), maxColours: 0 };
  flag.apply(options, 3);
  assert.equal(options.maxColours, 6);
  assert.throws(() => flag.apply(options, -1), {
    message: 'invalid value "-1" for flag -colours: value out of range',
  });
  assert.equal(
    describeFlags([flag]),
    "  -colours <count>                Most colours of one client; 0 for none (7)\n",
  );
});

test("a row that is added is in the reference", () => {
  const row = keyTable(added).split("\n")[2];
  assert.equal(
    row,
    "| `max_colours`, `max_colors` | integer | `7`     | " +
      "Most colours of one client; 0 for none. |",
  );
});

test("help breaks a long explanation between its words", () => {
  const doc = "one two three four five six seven eight nine ten eleven end";
  const column = " ".repeat(34);
  assert.equal(
    describeFlags([{ names: ["x"], type: "boolean", doc }]),
    "  -x                              one two three four five six seven eight" +
      ` nine\n${column}ten eleven end\n`,
  );
});
