/** Included files and `$variables`: what they bring in, and what they must not. */
import assert from "node:assert/strict";
import { pathBeside } from "../../src/config/dialect/path.ts";
import { test } from "../support/test.ts";
import { errorsOf, parse, valuesOf, warningsOf, worldOf } from "./reading.ts";

test("an included file's keys join the map around the include", () => {
  const world = worldOf({
    "a.conf": "x 1\ny 2",
    "b c.conf": "user u",
    "d.conf": "z 3",
  });
  const text = `INCLUDE a.conf
    y 4
    auth { include 'b c.conf'; pass p }
    include "d.conf"`;
  assert.deepEqual(valuesOf(text, world), {
    x: 1,
    y: 4,
    auth: { user: "u", pass: "p" },
    z: 3,
  });
});

test("a key named include is a key when a separator follows it", () => {
  assert.deepEqual(valuesOf("include: x"), { include: "x" });
  assert.deepEqual(valuesOf("a { include = x }"), { a: { include: "x" } });
  assert.deepEqual(valuesOf('"include" x'), { include: "x" });
});

test("an included file is looked for beside the file that includes it", () => {
  const world = worldOf({
    "sub/a.conf": "include 'b.conf'\ninclude '../c.conf'",
    "sub/b.conf": "b 1",
    "c.conf": "c 2",
    "/etc/d.conf": "d 3",
  });
  assert.deepEqual(
    valuesOf("include ./sub/a.conf\ninclude /etc/d.conf", world),
    { b: 1, c: 2, d: 3 },
  );
});

test("paths are joined as on Unix and as on Windows", () => {
  assert.equal(
    pathBeside("/etc/midge/n.conf", "x/../y.conf"),
    "/etc/midge/y.conf",
  );
  assert.equal(pathBeside("/etc/n.conf", "../../../y.conf"), "/../../y.conf");
  assert.equal(pathBeside("n.conf", "../y.conf"), "../y.conf");
  assert.equal(pathBeside("n.conf", "/y.conf"), "/y.conf");
  assert.equal(pathBeside("C:\\cfg\\n.conf", "y.conf"), "C:\\cfg\\y.conf");
  assert.equal(pathBeside("C:\\cfg\\n.conf", "D:\\y.conf"), "D:\\y.conf");
});

test("a file that cannot be included is reported where it is named", () => {
  assert.deepEqual(errorsOf(() => parse("a 1\n  include 'no.conf'")), [
    "2:12: error parsing include file 'no.conf', " +
    "open no.conf: no such file or directory",
  ]);
});

test("errors of included files name those files", () => {
  const world = worldOf({ "a.conf": "x 1\n y", "b.conf": "z $NONE" });
  const text = "include a.conf\ninclude b.conf\nq $NEITHER";
  assert.deepEqual(errorsOf(() => parse(text, world)), [
    'a.conf:2:2: Key "y" has no value, found the end of the file',
    "b.conf:1:3: variable reference for 'NONE' on line 1 can not be found",
    "3:3: variable reference for 'NEITHER' on line 3 can not be found",
  ]);
});

// CVE-2020-28466: what refers to itself, followed without end.
test("files that include each other are an error, not a loop", () => {
  const world = worldOf({
    "a.conf": "include b.conf",
    "b.conf": "\ninclude a.conf",
    "self.conf": "include ./x/../self.conf",
  });
  assert.deepEqual(errorsOf(() => parse("include a.conf", world)), [
    "b.conf:2:9: include file 'a.conf' includes itself",
  ]);
  assert.deepEqual(errorsOf(() => parse("include self.conf", world)), [
    "self.conf:1:9: include file './x/../self.conf' includes itself",
  ]);
});

test("a chain of includes without end stops somewhere", () => {
  const world = {
    ...worldOf(),
    readFile: (path: string) => `include x${path}`,
  };
  const [error, ...more] = errorsOf(() => parse("include a", world));
  assert.match(error ?? "", /is nested more than 32 deep$/);
  assert.deepEqual(more, []);
});

test("the same file may be included twice", () => {
  const world = worldOf({ "a.conf": "x 1" });
  const text = "m { include a.conf }\nn { include a.conf }";
  assert.deepEqual(valuesOf(text, world), { m: { x: 1 }, n: { x: 1 } });
});

test("a variable is the key in the innermost map that has it", () => {
  const text = `
    P 1
    Q [x, y]
    m {
      P 2
      a $P
      n { b $P, c $Q }
      list [$P, { P 3, d $P }]
    }
    e $P`;
  assert.deepEqual(valuesOf(text), {
    P: 1,
    Q: ["x", "y"],
    m: {
      P: 2,
      a: 2,
      n: { b: 2, c: ["x", "y"] },
      list: [2, { P: 3, d: 3 }],
    },
    e: 1,
  });
});

test("a variable is the key's value so far", () => {
  assert.deepEqual(valuesOf("P 1\na $P\nP 2\nb $P"), { P: 2, a: 1, b: 2 });
  const world = worldOf({}, { P: "from outside" });
  assert.deepEqual(valuesOf("P $HOME", worldOf({}, { HOME: "'h'" })), {
    P: "h",
  });
  assert.deepEqual(errorsOf(() => parse("a $a")), [
    "1:3: variable reference for 'a' on line 1 can not be found",
  ]);
  assert.equal(errorsOf(() => parse("a $P", world)).length, 1);
});

test("an included file defines variables, and sees its own only", () => {
  const world = worldOf({ "a.conf": "P 1", "b.conf": "x $P" });
  assert.deepEqual(valuesOf("include a.conf\nx $P", world), { P: 1, x: 1 });
  assert.deepEqual(errorsOf(() => parse("P 1\ninclude b.conf", world)), [
    "b.conf:1:3: variable reference for 'P' on line 1 can not be found",
  ]);
});

test("an environment variable holds a value of any type", () => {
  const world = worldOf({}, {
    SIZE: "5mb",
    ON: "true",
    LIST: "[a, 'b', 3]",
    MAP: "{ x 1, y $SIZE }",
    QUOTED: '"5mb"',
    BCRYPT: "$2a$11$abc",
    CHAIN: "$SIZE",
    COMMENT: "7 # days",
  });
  const text = "a $SIZE, b $ON, c $LIST, d $MAP, e $QUOTED, f $BCRYPT\n" +
    "g $CHAIN, h $COMMENT, i [$SIZE]";
  assert.deepEqual(valuesOf(text, world), {
    a: 5242880,
    b: true,
    c: ["a", "b", 3],
    d: { x: 1, y: 5242880 },
    e: "5mb",
    f: "$2a$11$abc",
    g: 5242880,
    h: 7,
    i: [5242880],
  });
});

test("an environment variable sees no keys and includes no files", () => {
  const world = worldOf({ "a.conf": "x 1" }, {
    KEY: "$port",
    FILE: "{ include a.conf }",
  });
  assert.deepEqual(errorsOf(() => parse("port 1\na $KEY\nb $FILE", world)), [
    "2:3: variable reference in 'KEY' on line 2 can not be found",
    "3:3: An environment variable cannot include a file",
  ]);
});

test("environment variables that refer to each other are an error", () => {
  const world = worldOf({}, { A: "[1, $B]", B: "$A", SELF: "$SELF" });
  assert.deepEqual(errorsOf(() => parse("a $A\nb $SELF", world)), [
    "1:3: variable reference cycle for 'A'",
    "2:3: variable reference cycle for 'SELF'",
  ]);
});

test("an environment variable that is no value is not quoted", () => {
  const world = worldOf({}, {
    OPEN: "[hunter2",
    TWO: "x\nhunter2 y",
    NAME: "$hunter2",
    EMPTY: " ",
  });
  const text = "a $OPEN\nb $TWO\nc $NAME\nd $EMPTY";
  const errors = errorsOf(() => parse(text, world));
  assert.deepEqual(errors, [
    "1:3: variable reference for 'OPEN' on line 1 could not be parsed: " +
    "the environment variable does not hold one value",
    "2:3: variable reference for 'TWO' on line 2 could not be parsed: " +
    "the environment variable does not hold one value",
    "3:3: variable reference in 'NAME' on line 3 can not be found",
    "4:3: variable reference for 'EMPTY' on line 4 can not be found",
  ]);
});

test("a key that is set twice in one file is a warning", () => {
  assert.deepEqual(warningsOf("port 1\ndebug yes\nport 2"), [
    '3:1: "port" is set again, which discards its value from line 1',
  ]);
  const world = worldOf({ "a.conf": "port 1" });
  assert.deepEqual(warningsOf("include a.conf\nport 2", world), []);
});
