/** Objects as configurations: the tree is that of their JSON, and errors point into it. */
import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import {
  ConfigError,
  formatDiagnostic,
} from "../../src/config/dialect/diagnostic.ts";
import { parseObject } from "../../src/config/dialect/object.ts";
import { optionsFrom } from "../../src/config/keys/server_options.ts";
import type { ConfigMap, ConfigValue } from "../../src/config/dialect/tree.ts";
import { test } from "../support/test.ts";
import { bare, errorsOf, parse } from "./reading.ts";

const read = (config: object): ConfigMap => parseObject(config, "t.conf").root;

/** Every place in a tree, in order, as `line:column`. */
function* places(value: ConfigValue): Iterable<string> {
  yield `${value.at.line}:${value.at.column}`;
  if (value.kind === "array") {
    for (const item of value.items) yield* places(item);
  } else if (value.kind === "map") {
    for (const entry of value.entries.values()) {
      yield `${entry.key} ${entry.at.line}:${entry.at.column}`;
      yield* places(entry.value);
    }
  }
}

test("an object gives the tree that its JSON gives, with the same places", () => {
  const config = {
    port: 4222,
    debug: true,
    server_tags: ["a", "b c"],
    authorization: { users: [{ user: "u", password: "p" }], timeout: 1.5 },
    cluster: { routes: [], name: "" },
    registry: {},
  };
  const text = JSON.stringify(config, undefined, 2);
  assert.deepEqual(bare(read(config)), config);
  // The lexer places the root of a file and the values of keys less exactly.
  const keysOf = (map: ConfigMap): string[] =>
    [...places(map)].filter((place) => place.includes(" "));
  assert.deepEqual(keysOf(read(config)), keysOf(parse(text)));
  assert.equal(read(config).at.source.text, text);
});

test("any text survives, also what the dialect has no word for", () => {
  const texts = ["\u0000\b\f\u2028", "$HOME", '"\\', "é€😀", "include x", "4k"];
  for (const text of texts) {
    assert.deepEqual(bare(read({ server_name: text })), { server_name: text });
  }
});

test("a number is whole or not", () => {
  const kinds = (config: object): string[] =>
    [...read(config).entries.values()].map(({ value }) => value.kind);
  assert.deepEqual(
    kinds({ a: 1, b: -0, c: 1.5, d: NaN, e: Infinity, f: 2 ** 60 }),
    ["integer", "integer", "float", "float", "float", "float"],
  );
});

test("a key without a value is no key", () => {
  assert.deepEqual(bare(read({ port: undefined, host: "h" })), { host: "h" });
  assert.deepEqual(bare(read({})), {});
});

test("what no configuration has is refused, all of it, at its place", () => {
  const loop: { cluster?: object } = {};
  loop.cluster = loop;
  const rows: [config: object, errors: string[]][] = [
    [
      { debug: () => true, cluster: { name: null, routes: ["a", undefined] } },
      [
        "2:4: the value is a function, which is no value of an option",
        "4:6: the value is null, which is no value of an option",
        "7:7: the value is undefined, which is no value of an option",
      ],
    ],
    [
      { port: 4222n, trace: Symbol("x"), tags: new Map(), at: new Date(0) },
      [
        "2:4: the value is a bigint, which is no value of an option",
        "3:4: the value is a symbol, which is no value of an option",
        "4:4: the value is a Map, which is no value of an option",
        "5:4: the value is a Date, which is no value of an option",
      ],
    ],
  ];
  for (const [config, errors] of rows) {
    assert.deepEqual(errorsOf(() => read(config)), errors);
  }
  const [error] = errorsOf(() => read(loop));
  assert.match(error ?? "", /: the value is nested too deep$/);
});

test("an object of another realm is an object", () => {
  const config = runInNewContext("({ cluster: { routes: ['a'] } })");
  assert.deepEqual(bare(read(config)), { cluster: { routes: ["a"] } });
});

test("an error shows the line, without the secrets that are on it", () => {
  const config = {
    authorization: { user: "ann", password: "s3cret", passwort: "s3cret" },
  };
  try {
    optionsFrom(read(config));
    assert.fail("It should have been refused");
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    const [diagnostic, ...others] = error.diagnostics;
    assert.deepEqual(others, []);
    assert.equal(
      formatDiagnostic(diagnostic!),
      't.conf:5:6: unknown field "passwort"\n' +
        '      "passwort": "******"\n' +
        "       ^",
    );
  }
  const masked = { authorization: { user: "ann", password: ["s3cret"] } };
  assert.throws(() => optionsFrom(read(masked)), (error) => {
    assert.doesNotMatch(String(error), /s3cret/);
    return true;
  });
});
