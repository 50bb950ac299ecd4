/** No password and no token is ever shown. */
import assert from "node:assert/strict";
import {
  ConfigError,
  formatDiagnostic,
  Source,
} from "../../src/config/dialect/diagnostic.ts";
import { toPlain } from "../../src/config/dialect/tree.ts";
import { test } from "../support/test.ts";
import { errorsOf, optionsOf, parse, worldOf } from "./reading.ts";

test("no complaint about a configuration shows its secrets", () => {
  const texts = [
    "password: hunter2\nport x",
    "authorization { user a, pass: hunter2, token: hunter2, foo: 1 }",
    "authorization { users [{pass hunter2}, {user a, pasword hunter2}] }",
    "authorization { users: hunter2 }",
    "authorization: hunter2",
    'authorization { password: "hun\nhunter2" x }',
    "authorization { token: 'hunter2",
    "authorization { token: hunter2 x }",
    "PW hunter2\nauthorization { user a\n pass $PW, x 1 }\nPW { x 1 }",
    "cluster { routes [nats://u:hunter2@h:x, hunter2@h:1, tls://hunter2@h:1] }",
    'cluster { routes ["nats://u:%hunter2@h:1"] }',
    'cluster { routes ["nats://u:hunter2/hunter2?hunter2#hunter2@h"] }',
    'cluster { routes ["nats://u:hunter2 hunter2@h"] }',
    "cluster { routes [nats://u:hunter2] }",
    "cluster { routes [nats://u:hunter2:1, nats://u:hunter2/h:1] }",
    "cluster { routes nats://u:hunter2@h:1 }",
    "cluster { routes [nats://hunter2@h:1, nats://hunter2@h:1], foo 1 }",
    "authorization { token $SECRET }",
  ];
  const world = worldOf({}, { SECRET: "hunter2 x" });
  for (const text of texts) {
    assert.throws(() => optionsOf(text, world), (error) => {
      assert(error instanceof ConfigError);
      assert(!error.message.includes("hunter2"), error.message);
      assert(!JSON.stringify(error.diagnostics).includes("hunter2"), text);
      return true;
    }, text);
  }
});

test("a configuration is printed without its secrets", () => {
  const text = `
    authorization { user a, password b, token "c" }
    PW x
    cluster { authorization { pass $PW }, routes [nats://u:p@h:1] }
    __proto__ 1`;
  assert.equal(
    JSON.stringify(toPlain(parse(text))),
    JSON.stringify({
      authorization: {
        user: "a",
        password: "[REDACTED]",
        token: "[REDACTED]",
      },
      PW: "[REDACTED]",
      cluster: {
        authorization: { pass: "[REDACTED]" },
        routes: ["nats://[REDACTED]@h:1"],
      },
      ["__proto__"]: 1,
    }),
  );
});

test("a message shows the line, and a caret below the place", () => {
  const source = new Source("x.conf", "a 1\n\tnet:      se 😀 cret\n");
  const sourceLine = source.shownLine(2);
  const place = { file: "x.conf", line: 2, column: 20, sourceLine };
  assert.equal(
    formatDiagnostic({ ...place, message: "What" }),
    "x.conf:2:20: What\n  \tnet:      se 😀 cret\n  \t                 ^",
  );
});

test("of a long line, the part around the place is shown", () => {
  const sourceLine = `${"a".repeat(500)}X${"b".repeat(500)}`;
  const place = { file: "x", line: 1, column: 501, sourceLine };
  const [, shown = "", caret = ""] = formatDiagnostic({
    ...place,
    message: "What",
  }).split("\n");
  assert.equal(shown.length, 2 + 3 + 60 + 60 + 3);
  assert.equal(shown.charAt(caret.indexOf("^")), "X");
});

test("a message lists every error of a run", () => {
  const text = "foo 1\nport x\nbar 2";
  assert.deepEqual(errorsOf(() => optionsOf(text)), [
    '1:1: unknown field "foo"',
    "2:1: port must be an integer, got a string",
    '3:1: unknown field "bar"',
  ]);
  assert.throws(() => optionsOf(text), {
    name: "ConfigError",
    code: "CONFIG",
    message: 't.conf:1:1: unknown field "foo"\n  foo 1\n  ^\n' +
      "t.conf:2:1: port must be an integer, got a string\n  port x\n  ^\n" +
      't.conf:3:1: unknown field "bar"\n  bar 2\n  ^',
  });
});
