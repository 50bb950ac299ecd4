/** Variables inside of texts, and the dollars that are none. */
import assert from "node:assert/strict";
import { parseSource } from "../../src/config/dialect/parser.ts";
import { Source } from "../../src/config/dialect/diagnostic.ts";
import { toPlain } from "../../src/config/dialect/tree.ts";
import { test } from "../support/test.ts";
import {
  errorsOf,
  optionsOf,
  parse,
  valuesOf,
  warningsOf,
  worldOf,
} from "./reading.ts";

const ENV = {
  USER: "ann",
  PASS: "p@ss",
  HOST: "h.example",
  POD_NAME: "pod-0",
  NUMBER: "0042",
  SYS: "wrong",
  JS: "wrong",
  KV: "wrong",
  A: "wrong",
  EMPTY: " ",
  LOOP: "$LOOP",
  AB: "ab",
  host: "small",
};

const world = worldOf({}, ENV);

const TEXTS: readonly (readonly [written: string, value: string])[] = [
  ['"$POD_NAME.svc"', "pod-0.svc"],
  ["nats://$USER:$PASS@$HOST", "nats://ann:p@ss@h.example"],
  ['"nats://$USER:$PASS@$HOST:4222"', "nats://ann:p@ss@h.example:4222"],
  ["$POD_NAME.$HOST", "pod-0.h.example"],
  ["x-$POD_NAME", "x-pod-0"],
  ['"${POD_NAME}_x ${host}"', "pod-0_x small"],
  ['"n$NUMBER"', "n0042"],
  ['"$USER"', "ann"],
  ['"$AB$AB"', "abab"],
  // No text of a variable is read for variables again.
  ['"x$LOOP"', "x$LOOP"],

  // What is no variable.
  ["'$POD_NAME.svc'", "$POD_NAME.svc"],
  ['"$1.$2"', "$1.$2"],
  ['"$SYS.>"', "$SYS.>"],
  ['"$JS.API.>"', "$JS.API.>"],
  ['"a.$KV.b"', "a.$KV.b"],
  ['"$A"', "$A"],
  ['"$host"', "$host"],
  ['"$POD_NAMEx"', "$POD_NAMEx"],
  ['"$"', "$"],
  ['"a$"', "a$"],
  ['"$$"', "$$"],
  ['"${}"', "${}"],
  ["$2a$11$AB.rest", "$2a$11$AB.rest"],
  ['"$2b$11$AB"', "$2b$11$AB"],
  ["(\n$USER\n)", "\n$USER\n"],
];

for (const [written, value] of TEXTS) {
  test(`the text ${written} is ${JSON.stringify(value)}`, () => {
    assert.deepEqual(valuesOf(`x: ${written}\n`, world), { x: value });
    assert.deepEqual(valuesOf(`x: [${written}\n]\n`, world), { x: [value] });
    assert.deepEqual(
      valuesOf(`b { x: ${written}\n}`, world),
      { b: { x: value } },
    );
  });
}

test("a key in the blocks around a text goes before the environment", () => {
  assert.deepEqual(
    valuesOf('HOST: a\nb { HOST: b, x: "$HOST.$PORT" }\nPORT: 1', world),
    { HOST: "a", b: { HOST: "b", x: "b.$PORT" }, PORT: 1 },
  );
  assert.deepEqual(
    valuesOf('PORT: 4333, ON: yes\nx: "$HOST:$PORT/$ON"', world),
    { PORT: 4333, ON: true, x: "h.example:4333/true" },
  );
});

test("a list or a map is no part of a text", () => {
  const text = 'LIST: [a], MAP: {}\nx: "$LIST$MAP"';
  assert.deepEqual(valuesOf(text), { LIST: ["a"], MAP: {}, x: "$LIST$MAP" });
});

test("a key that is used in a text need be no option", () => {
  const { clientAdvertise } = optionsOf(
    'NODE: n1\nclient_advertise: "$NODE.svc:4222"',
  );
  assert.equal(clientAdvertise, "n1.svc:4222");
});

test("routes take their parts from the environment", () => {
  const { cluster } = optionsOf(
    "cluster { routes: [nats://$USER:$PASS@$HOST:6222\n] }",
    world,
  );
  assert.deepEqual(cluster?.routes, [{
    host: "h.example",
    port: 6222,
    user: "ann",
    password: "p@ss",
  }]);
});

test("a secret is the text that is written", () => {
  const secret = (written: string) =>
    optionsOf(`authorization { user: a, password: ${written} }`, world)
      .authorization?.password;
  assert.equal(secret('"pa$HOST"'), "pa$HOST");
  assert.equal(secret('"$HOST"'), "$HOST");
  assert.equal(secret("pa$HOST"), "pa$HOST");
  assert.equal(secret("$HOST"), "h.example");
});

const NO_SUCH =
  "there is no such variable; the $ and the name behind it stay in the text";

test("what has no value is told, and nothing of a secret", () => {
  assert.deepEqual(warningsOf('server_name: "a$NOPE"', world), [
    `1:15: ${NO_SUCH}`,
  ]);
  assert.deepEqual(warningsOf('server_name: "a$EMPTY"', world), [
    `1:15: ${NO_SUCH}`,
  ]);
  assert.deepEqual(
    warningsOf('authorization { user: a, password: "a$NOPE" }', world),
    [],
  );
  assert.deepEqual(
    warningsOf('authorization { user: a, password: "a$HOST" }', world),
    [
      "1:37: a secret is the text itself, not a variable that is in it; " +
      "$NAME alone, without quotes, is the variable",
    ],
  );
});

test("a text that begins with a dollar and has no quotes is all variable, or an error", () => {
  assert.deepEqual(errorsOf(() => parse("x: $NOPE.svc", world)), [
    "1:4: variable reference for 'NOPE.svc' on line 1 can not be found",
  ]);
  assert.deepEqual(errorsOf(() => parse("x: [$SYS.>\n]", world)), [
    "1:5: variable reference for 'SYS.>' on line 1 can not be found",
  ]);
});

test("a text with a secret in it is not printed", () => {
  const source = new Source(
    "t.conf",
    'SEED: s3cret\na: "x$SEED", b: "y${PASS}", c: "z$HOST", d { e: "$SEED.f" }',
  );
  const { root } = parseSource(source, world);
  const shown = JSON.stringify(toPlain(root));
  assert.doesNotMatch(shown, /s3cret|p@ss/);
  assert.match(shown, /zh\.example/);
});
