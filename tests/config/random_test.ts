/** The dialect against random trees and random damage. Each test prints its seed. */
import assert from "node:assert/strict";
import { type Random, randomBelow } from "../../src/platform/clock.ts";
import { ConfigError, Source } from "../../src/config/dialect/diagnostic.ts";
import { digestedText } from "../../src/config/dialect/digest.ts";
import { parseInSteps, parseSource } from "../../src/config/dialect/parser.ts";
import type { ConfigValue } from "../../src/config/dialect/tree.ts";
import { finishSteps } from "../../src/core/steps.ts";
import { optionsFrom } from "../../src/config/keys/server_options.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { errorsOf, valuesOf, worldOf } from "./reading.ts";

type Tree = string | number | boolean | Tree[] | { [key: string]: Tree };

function pick<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[randomBelow(random, items.length)];
  assert(item !== undefined);
  return item;
}

const CHARACTERS = [..."abcXYZ019 .:/=#$'\"\\{}[](),;\t\n\r-_é€😀"];

function randomText(random: Random): string {
  const length = randomBelow(random, 12);
  return Array.from({ length }, () => pick(random, CHARACTERS)).join("");
}

function randomMap(random: Random, depth: number): { [key: string]: Tree } {
  const length = randomBelow(random, 5);
  const entries = Array.from({ length }, (_, index) => {
    const key = `${pick(random, ["a", "b.c", "ü", "include", "__proto__"])}`;
    return [`${key}${index || ""}`, randomTree(random, depth - 1)] as const;
  });
  return Object.fromEntries(entries);
}

function randomTree(random: Random, depth: number): Tree {
  switch (randomBelow(random, depth > 0 ? 6 : 4)) {
    case 0:
      return randomText(random);
    case 1:
      return randomBelow(random, 2 ** 31) - 2 ** 30;
    case 2:
      return (randomBelow(random, 2 ** 20) + 0.5) / 8;
    case 3:
      return random.next() < 0.5;
    case 4:
      return Array.from(
        { length: randomBelow(random, 4) },
        () => randomTree(random, depth - 1),
      );
    default:
      return randomMap(random, depth);
  }
}

/** Prints values in the dialect, each time in another of the ways that it allows. */
function printValue(random: Random, value: Tree): string {
  if (typeof value === "string") return printText(random, value);
  if (typeof value === "boolean") {
    return pick(random, value ? ["true", "YES", "on"] : ["False", "no", "off"]);
  }
  if (typeof value === "number") return String(value);
  if (!Array.isArray(value)) return `{${printEntries(random, value)}}`;
  const separator = pick(random, [",", "\n", " , // c\n\t", " # c,\n"]);
  return `[${value.map((item) => printValue(random, item)).join(separator)}\n]`;
}

function printText(random: Random, text: string): string {
  const isBare = /^[a-zX-Z][\wa-zX-Z.:/=#$-]*$/.test(text) &&
    !/^(true|false|yes|no|on|off)$/i.test(text);
  if (isBare && random.next() < 0.5) return text;
  if (!text.includes("'") && random.next() < 0.5) return `'${text}'`;
  const escaped = text.replace(/["\\]/g, "\\$&").replace(
    /[\t\n\r]/g,
    (space) => ({ "\t": "\\t", "\n": "\\n", "\r": "\\x0d" })[space] ?? "",
  );
  return `"${escaped}"`;
}

function printEntries(random: Random, map: { [key: string]: Tree }): string {
  return Object.entries(map).map(([key, value]) => {
    const name = pick(
      random,
      key.startsWith("include") ? ['"', "'"] : ["", '"'],
    );
    const separator = pick(random, ["=", ": ", " = ", " ", "\n", "\t:"]);
    const end = pick(random, ["\n", ",", ";\n", " # c\n", " // c\r\n", "\n\n"]);
    return `${name}${key}${name}${separator}${printValue(random, value)}${end}`;
  }).join("");
}

test("a printed tree is read back as it was", () => {
  const seed = freshSeed();
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  for (let round = 0; round < 500; round++) {
    const tree = randomMap(random, 4);
    const entries = printEntries(random, tree);
    const text = random.next() < 0.3 ? `{ ${entries} }` : entries;
    assert.deepEqual(valuesOf(text), tree, `seed ${seed}: ${text}`);
  }
});

const VALID = `
listen: localhost:5222 # comment
http: 8222
authorization { // comment
  PW = $HOME
  user: "a\\x41", password: $PW
  timeout: 0.5
}
cluster {
  listen: localhost:5248
  authorization { token: $2a$11$EriHSUV8WO7PWUXT; timeout: 500ms }
  routes = [ nats-route://127.0.0.1:4248
    'nats://u:p@h:1' ]
  include "more.conf"
}
max_payload: 64kb, ping_interval: "2m"
server_tags: [a, 2016-05-04T18:53:41Z, {x: -1.5}]
log_file: (
  text
)
`;

/** Short maps of all kinds: with variables, secrets, escapes, and keys that are set twice. */
const SHORT = `
NAME: short
accounts {
  A { users: [{user: a1, password: p}, {user: "$NAME.a2", pass: "$NAME"}]
      exports: [{stream: a.>}, {service: "b.*"}] }
  B { imports: [{stream: {account: A, subject: a.b}}], users [{user: b1, password: q}] }
  C { users: [{user: c1, password: $2a$11$EriHSUV8WO7PWUXT, permissions:
      {publish: [x, y.>]}}, {nkey: U, user: "\\x41"}, {user: a1, pass: p}], user: 1 }
  D {}, E: { X: $HOME, y: $X, y: 5 }
}
cluster { permissions { import: x }, include "more.conf" }
`;

const DAMAGE = [..."{}[]()=:,;#'\"$\\\n\r\t -.09kbix@/é\u{1F600}\u0000"];

function damage(random: Random, text: string): string {
  const characters = [...text];
  for (let count = 1 + randomBelow(random, 8); count > 0; count--) {
    const at = randomBelow(random, characters.length + 1);
    const removed = randomBelow(random, 3);
    const added = random.next() < 0.7 ? [pick(random, DAMAGE)] : [];
    characters.splice(at, removed, ...added);
  }
  const isCut = random.next() < 0.2;
  const length = isCut ? randomBelow(random, characters.length) : undefined;
  return characters.slice(0, length).join("");
}

test("damaged text is read or refused with positions inside it", () => {
  const seed = freshSeed();
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  const more = "name: $NAME\nport: 6222";
  const variables = { HOME: "x", NAME: "[1]" };
  let refused = 0;
  for (let round = 0; round < 3000; round++) {
    const text = damage(random, VALID);
    const world = worldOf({ "more.conf": damage(random, more) }, variables);
    const lines = text.split("\n");
    try {
      optionsFrom(parseSource(new Source("t.conf", text), world).root);
    } catch (error) {
      const context = `seed ${seed}, round ${round}: ${text}`;
      assert(error instanceof ConfigError, `${context}\n${error}`);
      assert(error.diagnostics.length > 0, context);
      for (const { file, line, column } of error.diagnostics) {
        if (file !== "t.conf") continue;
        const length = lines[line - 1]?.length ?? -1;
        assert(column >= 1 && column <= length + 1, context);
      }
      refused++;
    }
  }
  assert(refused > 1000, `seed ${seed}: only ${refused} texts were refused`);
});

test("random characters never break the reader", () => {
  const seed = freshSeed();
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  let refused = 0;
  for (let round = 0; round < 3000; round++) {
    const length = randomBelow(random, 40);
    const text = Array.from({ length }, () => pick(random, DAMAGE)).join("");
    refused += errorsOf(() => valuesOf(text)).length;
  }
  assert(refused > 1000, `seed ${seed}: only ${refused} texts were refused`);
});

test("a tree whose short maps are read again says what one says that is kept", () => {
  const seed = freshSeed();
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  let read = 0;
  for (let round = 0; round < 1000; round++) {
    const isWhole = round % 3 === 0;
    const text = isWhole ? SHORT : damage(random, SHORT);
    const more = isWhole
      ? "port: 6222"
      : damage(random, "port: $NAME\nz { y }");
    const world = worldOf({ "more.conf": more }, { HOME: "x" });
    const [kept, again] = (["lasting", "transient"] as const).map((tree) =>
      told(() => {
        const work = parseInSteps(new Source("t.conf", text), world, tree);
        const { root, warnings } = finishSteps(work);
        const digest = finishSteps(digestedText(root));
        const options = told(() => optionsFrom(root));
        return { tree: placed(root), warnings, digest, options };
      })
    );
    assert.deepEqual(again, kept, `seed ${seed}, round ${round}: ${text}`);
    if (!Array.isArray(kept)) read++;
  }
  assert(read > 333, `seed ${seed}: only ${read} texts were read`);
});

/** What `read` gives, or all that it complains of. */
function told<Result>(read: () => Result): Result | readonly unknown[] {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) return error.diagnostics;
    throw error;
  }
}

/** A value with all that is known of it and of where it stands. */
function placed(value: ConfigValue): unknown {
  const { kind, at: { source: { file }, line, column } } = value;
  const at = { kind, file, line, column };
  if (value.kind === "array") return { ...at, items: value.items.map(placed) };
  if (value.kind !== "map") return { ...at, value: value.value };
  const entries = [...value.entries.values()].map((entry) => ({
    ...entry,
    at: [entry.at.source.file, entry.at.line, entry.at.column],
    value: placed(entry.value),
  }));
  return { ...at, entries };
}

test("of a file with an error of syntax nothing else is told", () => {
  const text = "port: 1\nport: $NOTHING\ninclude gone.conf\na: [";
  const report = told(() => parseSource(new Source("t.conf", text), worldOf()));
  assert(Array.isArray(report));
  assert.deepEqual(report.map(({ line }) => line), [4]);
});
