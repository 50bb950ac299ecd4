/** Text with asterisks in the place of its secrets: what is masked, what stays, and that the time is linear. */
import assert from "node:assert/strict";
import { maskSecrets } from "../../src/core/mask.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

const MASKED: readonly (readonly [line: string, shown: string])[] = [
  ["password: hunter2", "password: *******"],
  ["pass=hunter2 # c", "pass=******* # c"],
  ["  Token  hunter2", "  Token  *******"],
  ['"password" : "a \\" b", x 1', '"password" : "* *" *", x 1'],
  ["{user: a, pass: 'b c', x: 1}", "{user: a, pass: '* *', x: 1}"],
  ["#token: $2a$11$abc", "#token: **********"],
  ["pasword: hunter2", "pasword: *******"],
  ["admin-password: hunter2", "admin-password: *******"],
  ["hash $2a$11$abcdefghij", "hash *****************"],
  ["routes [nats://u:p@h:1, x]", "routes [nats://***@h:1, x]"],
  ["password: (\n a\n)\nx 1", "password: *\n *\n*\nx 1"],
  ["password\n  hunter2\nx 1", "password\n  *******\nx 1"],
  ["PW = abc\npassword: $PW", "PW = ***\npassword: ***"],
  ["passwords.log", "passwords.log"],
  ["routes [u:p@h:1]", "routes [***@h:1]"],
  ["authorization: hunter2", "authorization: *******"],
  ["authorization { x 1 }", "authorization { x 1 }"],
  ["tokens { x 1 }", "tokens { x 1 }"],
  ["port: 4222", "port: 4222"],
  ["password = { x 1 }", "password = { x 1 }"],
  ["x-authorization: hunter2", "x-authorization: *******"],
  ["A-PW 1, PW = abc, pass $PW", "A-PW *, PW = ***, pass ***"],
  ["PASS $pw\npW abc", "PASS ***\npW ***"],
  ['password """hunter2', 'password """*******'],
  ["password (\nhunter2 x\ny", "password *\n******* *\n*"],
  ["# token (optional) x", "# token ********** x"],
  ["password (hunter2 x\ny\n) z", "password ******** *\n*\n* z"],
  ['pass: "hunter2\nx', 'pass: "*******\n*'],
  ["routes [nats://u:p/w@h:1]", "routes [nats://*****@h:1]"],
  ["routes [nats://u:p?w#x@y@h:1]", "routes [nats://*********@h:1]"],
  ["routes[nats://u:pa[ss@h:1]", "routes[nats://*******@h:1]"],
  ["routes [u:pa/s://s@h:1]", "routes [**********@h:1]"],
  ['x: "nats://u:p w@h", y: "a@b c"', 'x: "nats://*** *@h", y: "*@b c"'],
  ["http://h/?api%6bey=abc&n=1", "http://h/?api%6bey=***&n=1"],
  ["http://h/?x_file=/x&sig=a", "http://h/?x_file=/x&sig=*"],
  ["", ""],
];

for (const [line, shown] of MASKED) {
  test(`${JSON.stringify(line)} is shown as ${JSON.stringify(shown)}`, () => {
    assert.equal(maskSecrets(line), shown);
  });
}

/** Each tempts a search to begin anew at every character. */
const ENDLESS: readonly string[] = [
  "a",
  "password",
  "pass-",
  "-",
  "password (",
  "password (a",
  'password """',
  "password '''",
  'pass "\\',
  "token ",
  "token\n",
  "token = ",
  "@",
  "a@",
  "nats://",
  "[nats://a",
  "[",
  "{",
  "'a",
  '"nats://',
  "?",
  "?key",
  "&token",
  "#a=",
  "$2a$",
  "pass $a ",
  "%",
];

for (const part of ENDLESS) {
  test(
    `a line of 100,000 characters made of ${JSON.stringify(part)} is masked`,
    { limitMs: 10_000 },
    () => {
      const line = part.repeat(Math.ceil(100_000 / part.length));
      assert.equal(maskSecrets(line).length, line.length);
    },
  );
}

test("masking moves nothing: lengths and blanks stay as they were", () => {
  const seed = freshSeed();
  const random = seededRandom(seed);
  const parts = [
    ..."ab: =\n\t\"'[]{}(),;#$@/?&\\",
    ..."password token PW $PW nats:// u:p@h ''' ?key= 😀".split(" "),
    '"""',
    "\n)",
  ];
  for (let i = 0; i < 3000; i++) {
    const text = Array.from(
      { length: 1 + Math.floor(random.next() * 30) },
      () => parts[Math.floor(random.next() * parts.length)],
    ).join("");
    const masked = maskSecrets(text);
    const shown = `seed ${seed}: ${JSON.stringify(text)}`;
    assert.equal(masked.length, text.length, shown);
    assert.deepEqual(blanksOf(masked), blanksOf(text), shown);
  }
});

function blanksOf(text: string): number[] {
  return [...text.matchAll(/\s/g)].map(({ index }) => index);
}
