/** The line that is shown under an error: keys and structure, and no secret of a block. */
import assert from "node:assert/strict";
import {
  ConfigError,
  formatDiagnostic,
  Source,
} from "../../src/config/dialect/diagnostic.ts";
import { maskBlocks } from "../../src/config/dialect/mask_blocks.ts";
import { parseObject } from "../../src/config/dialect/object.ts";
import { parseSource } from "../../src/config/dialect/parser.ts";
import { parseToml } from "../../src/config/dialect/toml.ts";
import { optionsFrom } from "../../src/config/keys/server_options.ts";
import { SERVER_BLOCK } from "../../src/config/keys/server_keys.ts";
import { isSecretKey } from "../../src/core/redact.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { optionsOf, worldOf } from "./reading.ts";

const SHOWN: readonly (readonly [text: string, shown: string])[] = [
  ['authorization { toten: "a b" }', 'authorization { toten: "* *" }'],
  ["authorization { toten: abc }", "authorization { toten: *** }"],
  ["autorisation { usr: a, pwt: b }", "autorisation { usr: *, pwt: * }"],
  ["a { b { c { toten abc } } }", "a { b { c { toten *** } } }"],
  ["a { users [ abc, 'd e', {x: f} ] }", "a { users [ ***, '* *', {x: *} ] }"],
  ["a { x: 12345, timeout: 2s }", "a { x: *****, timeout: 2s }"],
  ["a { port: 4222, x: $Y, y: on }", "a { port: 4222, x: $Y, y: on }"],
  ["a {\n  toten: abc def\n  b: 1 }", "a {\n  toten: *** ***\n  b: * }"],
  ['a { toten: "b"c"d" }', 'a { toten: "*"*"*" }'],
  ['a { toten: "bc\n  user: de }', 'a { toten: "**\n  ***** ** *'],
  ["a { toten:\n  bc\n}", "a { toten:\n  **\n}"],
  ["a { bc\n}", "a { **\n}"],
  ["a { x: b # old: c\n}", "a { x: * # **** *\n}"],
  ["a { x: b // c\n}", "a { x: * // *\n}"],
  ["a { x: (\n b c\n )\n y: d }", "a { x: *\n * *\n *\n y: * }"],
  ["# the token was abc", "# *** ***** *** ***"],
  ["port: x # or abc", "port: x # ** ***"],
  ["toten: abc", "toten: ***"],
  ["tokne abc", "tokne ***"],
  ["Passwort = 'abc'", "Passwort = '***'"],
  ["authorization.toten = 'abc'", "authorization.toten = '***'"],
  ["[authorization]\ntoten = 'abc'", "[authorization]\ntoten = '***'"],
  ["[[a.users]]\nx = 'abc'\n[b]\ny = 1", "[[a.users]]\nx = '***'\n[b]\ny = *"],
  ["a = { toten = 'abc', b = [ 'c' ] }", "a = { toten = '***', b = [ '*' ] }"],
  [
    "net = '''\nb\n'''\n[c]\nd = '''\ne\n'''",
    "net = '''\nb\n'''\n[c]\nd = '''\n*\n'''",
  ],
  [
    '{ "a": { "toten": "abc" }, "port": "x" }',
    '{ "a": { "toten": "***" }, "port": "x" }',
  ],
  ["server_tags [a, b]", "server_tags [a, b]"],
  ["a { b: c }d e: f", "a { b: * }d ** *"],
  ["a { b} c: d }", "a { *} c: * *"],
  ["a { [b: 'c' }", "a { *** '*' }"],
  ["foo 1, bar: -2.5, x: on", "foo 1, bar: -2.5, x: **"],
  ["max_payload: 64kbi", "max_payload: 64kbi"],
  ["listen: 'a b'", "listen: 'a b'"],
  ["", ""],
];

for (const [text, shown] of SHOWN) {
  test(`of ${JSON.stringify(text)} an excerpt shows ${JSON.stringify(shown)}`, () => {
    assert.equal(maskBlocks(text, false), shown);
  });
}

test("the values of options at the top level are shown, if they are no secrets", () => {
  for (
    const { names, block, inner = block, state, sets } of SERVER_BLOCK.keys
  ) {
    // JWTs are nobody's business.
    if (sets?.includes("trust")) continue;
    if (inner !== undefined || ["missing", "refused"].includes(state)) continue;
    for (const name of names.filter((name) => !isSecretKey(name))) {
      assert.equal(maskBlocks(`${name}: abc`, false), `${name}: abc`);
    }
  }
});

test("the values of what is no option, and of blocks, are not shown", () => {
  const blocks = SERVER_BLOCK.keys.filter(({ block, inner = block, sets }) =>
    inner !== undefined || sets?.includes("trust")
  );
  for (const name of [...blocks.flatMap(({ names }) => names), "tls", "x"]) {
    assert.equal(maskBlocks(`${name}: abc`, false), `${name}: ***`);
  }
});

test("a file that is included by a block is all secret", () => {
  const world = worldOf({
    "a.conf": "toten: hunter2\ninclude b.conf",
    "b.conf": "x: hunter2\nusers [hunter2, x]",
  });
  assertSilent(() => optionsOf("authorization { include a.conf }", world));
  assertSilent(() =>
    optionsOf("cluster { authorization { include b.conf } }", world)
  );
});

test("a program's options are shown without the texts of their blocks", () => {
  const config = {
    authorization: { toten: "hunter2", users: ["hunter2", { x: "hunter2" }] },
    cluster: { authorisation: { user: "hunter2" }, routes: "hunter2" },
    toten: "hunter2",
  };
  const text = assertSilent(() =>
    optionsFrom(parseObject(config, "options").root)
  );
  assert.match(text, /"toten": "\*{7}"/);
});

test("TOML that does not parse is shown without its texts", async () => {
  const texts = [
    "[authorization]\ntoten = hunter2",
    "[authorization]\ntoten = 'hunter2",
    "[authorization\ntoten = 'hunter2'",
    "[[authorization.users]]\nuser = 'a'\npassword 'hunter2'",
    "authorization = { toten = 'hunter2', }x",
    "[authorization]\ntoten = 'hunter2'",
    "authorization.toten = 'hunter2'",
  ];
  for (const text of texts) {
    let failure: unknown;
    try {
      optionsFrom((await parseToml(new Source("t.toml", text))).root);
    } catch (error) {
      failure = error;
    }
    assertSilent(() => {
      throw failure;
    });
  }
});

const BASE = `port: 4222
authorization {
  timeout: 1
  users = [
    { user: ann, password: "hunter2 hunter2" }
    { user: 'bob', pass: hunter2 } # hunter2
  ]
}
cluster {
  listen: "127.0.0.1:6222"
  authorization { user: "r", password: 'hunter2' }
  routes: [ "nats://r:hunter2@h:1", nats://r:hunter2@h:2 ]
}
registry { listen: 4000, token: hunter2 }
`;
const DAMAGE = [..."\"'{}[](),:=# \n", "x", "-"];

test("whatever character is broken, no secret is shown", () => {
  const seed = freshSeed();
  const random = seededRandom(seed);
  const pick = (count: number): number => Math.floor(random.next() * count);
  let failures = 0;
  for (let round = 0; round < 3000; round++) {
    const at = pick(BASE.length);
    const removed = pick(2);
    const inserted = pick(4) === 0 ? "" : DAMAGE[pick(DAMAGE.length)]!;
    // A secret that is cut in two is no secret of this test.
    const isCut = /hunter2/.test(BASE.slice(Math.max(0, at - 6), at + 7));
    if (isCut) continue;
    const text = BASE.slice(0, at) + inserted + BASE.slice(at + removed);
    try {
      optionsOf(text);
    } catch (error) {
      assert(error instanceof ConfigError);
      failures++;
      for (const diagnostic of error.diagnostics) {
        const shown = formatDiagnostic(diagnostic);
        assert(!shown.includes("hunter"), `${seed}: ${text}\n${shown}`);
      }
    }
  }
  assert(failures > 500, `${failures} of the texts are wrong`);
});

const ENDLESS = [
  '"',
  '\\"',
  "'",
  "a",
  "a:",
  "{",
  "[",
  "(\n",
  '"""',
  "# ",
  "a b",
  "a.b:",
  "x '",
  '"\\',
];

test("the time is linear in the length of the text", () => {
  // A search that began anew at each character would take hours.
  for (const piece of ENDLESS) {
    const text = piece.repeat(200_000);
    assert.equal(maskBlocks(text, false).length, text.length, piece);
    assert.equal(maskBlocks(`a {${text}`, false).length, text.length + 3);
  }
});

/** What is thrown, as it is shown; it must not hold the secret. */
function assertSilent(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    assert(error instanceof ConfigError, String(error));
    assert(!error.message.includes("hunter2"), error.message);
    assert(!JSON.stringify(error.diagnostics).includes("hunter2"));
    return error.message;
  }
  assert.fail("nothing is wrong with it");
}

test("a broken file keeps its secrets where its text is read, too", () => {
  for (const text of ["authorization { toten: hunter2 x", "a { b: 'hunter2"]) {
    assertSilent(() => parseSource(new Source("t.conf", text), worldOf()));
  }
});
