/** What is a secret and how it is shown instead: URLs, parameters, CONNECT, keys. */
import assert from "node:assert/strict";
import {
  isSecretKey,
  isSecretParameter,
  loggedUrl,
  redactConnect,
  redactUrl,
} from "../../src/core/redact.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

const URLS: readonly (readonly [url: string, shown: string])[] = [
  ["nats://h:1", "nats://h:1"],
  ["nats://u:p@h:1/x", "nats://[REDACTED]@h:1/x"],
  ["nats://t@h", "nats://[REDACTED]@h"],
  ["nats://@h", "nats://[REDACTED]@h"],
  ["NATS://u:p@h", "NATS://[REDACTED]@h"],
  ["nats://u:p@ss/w@h:x", "nats://[REDACTED]@h:x"],
  ["nats://u:pa/ss@h:1", "nats://[REDACTED]@h:1"],
  ["nats://u:pa?ss@h:1", "nats://[REDACTED]@h:1"],
  ["nats://u:pa#ss@h:1", "nats://[REDACTED]@h:1"],
  ["nats://u:a/b?c#d@e@h:1", "nats://[REDACTED]@h:1"],
  ["nats-route://u:12/34@h:1", "nats-route://[REDACTED]@h:1"],
  ["u:p@h:1", "[REDACTED]@h:1"],
  ["u:p/x://y@h:1", "[REDACTED]@h:1"],
  ["nats:/u:p@h:1", "[REDACTED]@h:1"],
  ["1nats://u:p@h", "[REDACTED]@h"],
  ["http://h?token=a&x=1", "http://h?token=[REDACTED]&x=1"],
  ["http://h?token=a,b;c d&x=1", "http://h?token=[REDACTED]&x=1"],
  ["http://h#sig=a", "http://h#sig=[REDACTED]"],
  ["http://h?Api_Key=a?b", "http://h?Api_Key=[REDACTED]"],
  ["http://h?%74oken=a", "http://h?%74oken=[REDACTED]"],
  ["http://h?%zztoken=a", "http://h?%zztoken=[REDACTED]"],
  ["http://h?token=", "http://h?token="],
  ["registry://h?token_env=NAME", "registry://h?token_env=NAME"],
  ["", ""],
];

for (const [url, shown] of URLS) {
  const [from, to] = [JSON.stringify(url), JSON.stringify(shown)];
  test(`the URL ${from} is shown as ${to}`, () => {
    assert.equal(redactUrl(url), shown);
  });
}

/** For the log, where an @ in the path of a web address ends no password. */
const LOGGED: readonly (readonly [url: string, shown: string])[] = [
  [" nats://u:p@h:1\n", "nats://[REDACTED]@h:1"],
  ["nats://u:p@ss@h", "nats://[REDACTED]@h"],
  ["nats://u:pa/ss@h", "nats://[REDACTED]@h"],
  ["nats://u:pa\nss@h", "nats://[REDACTED]@h"],
  ["nats://u:pass", "nats://u:[REDACTED]"],
  ["u:pass", "u:[REDACTED]"],
  ["u:p@h", "[REDACTED]@h"],
  ["nats://[::1]:4222", "nats://[::1]:4222"],
  ["http://h/me@x", "http://h/me@x"],
  ["http://[::1]:80/me@x", "http://[::1]:80/me@x"],
  ["http://u:pa/ss@h", "http://[REDACTED]@h"],
  ["http://h/me@x?token=a", "http://h/me@x?token=[REDACTED]"],
  [
    "https://h?a=1&sig=x#token=y",
    "https://h?a=1&sig=[REDACTED]#token=[REDACTED]",
  ],
  ["registry://h?token_env=NAME", "registry://h?token_env=NAME"],
  ["nats://h\r\n\t[ERR] x", "nats://h???[ERR] x"],
  ["nats://h\u202eab\u2028c", "nats://h?ab?c"],
];

for (const [url, shown] of LOGGED) {
  const [from, to] = [JSON.stringify(url), JSON.stringify(shown)];
  test(`the log shows the URL ${from} as ${to}`, () => {
    assert.equal(loggedUrl(url), shown);
  });
}

test("whatever a password holds, none of it is shown", () => {
  const seed = freshSeed();
  const random = seededRandom(seed);
  const odd = [..."/?#@:[]%&=,; \\\"'$(){}<>|^~\n\u202e"];
  for (let i = 0; i < 2000; i++) {
    const password = Array.from(
      { length: 1 + Math.floor(random.next() * 6) },
      () => `s3${odd[Math.floor(random.next() * odd.length)]}`,
    ).join("");
    for (const user of ["ann:", ""]) {
      const url = `nats-route://${user}${password}@h:6222`;
      const shown = `seed ${seed}: ${JSON.stringify(url)}`;
      assert.equal(redactUrl(url), "nats-route://[REDACTED]@h:6222", shown);
      assert.equal(loggedUrl(url), "nats-route://[REDACTED]@h:6222", shown);
    }
  }
});

test("long texts are redacted in bounded time", { limitMs: 10_000 }, () => {
  for (const part of ["a", "@", "?", "?key", "&a=", "://", "a:", "[", "%"]) {
    const text = part.repeat(100_000);
    redactUrl(text);
    assert.ok(loggedUrl(`http://${text}`).length <= 512);
    assert.ok(loggedUrl(text).length <= 512);
  }
});

test("keys and parameters tell by their names whether they are secret", () => {
  const keys = ["password", "PASS", "pasword", "auth_token", "nkey_seed"];
  assert.deepEqual(keys.filter((key) => !isSecretKey(key)), []);
  assert.deepEqual(["user", "port", "routes", ""].filter(isSecretKey), []);
  const parameters = ["apikey", "X-Auth", "sig", "pw", "pass%77ord"];
  assert.deepEqual(parameters.filter((one) => !isSecretParameter(one)), []);
  const open = ["dc", "tls", "token_file", "PASSWORD_ENV", "resolver"];
  assert.deepEqual(open.filter(isSecretParameter), []);
});

const CONNECTS: readonly (readonly [json: string, shown: string])[] = [
  ['{"user":"ann","pass":"p"}', '{"user":"ann","pass":"[REDACTED]"}'],
  ['{"User":"ann","PASS":"p"}', '{"User":"ann","PASS":"[REDACTED]"}'],
  ['{"auth_token":"t"}', '{"auth_token":"[REDACTED]"}'],
  // A route may show its token like this.
  ['{"user":"t"}', '{"user":"[REDACTED]"}'],
  ['{"user":"t","pass":""}', '{"user":"[REDACTED]","pass":""}'],
  ['{"user":"","pass":""}', '{"user":"","pass":""}'],
  ['{"jwt":"a","sig":"c"}', '{"jwt":"[REDACTED]","sig":"[REDACTED]"}'],
  ['{"nkey":"b","lang":"go"}', '{"nkey":"[REDACTED]","lang":"go"}'],
  ['{"x":{"pasword":["p"]}}', '{"x":{"pasword":"[REDACTED]"}}'],
  ['{"pass":"cut of', "[UNREADABLE]"],
  ["null", "[UNREADABLE]"],
];

for (const [json, shown] of CONNECTS) {
  test(`the log shows CONNECT ${json} as ${shown}`, () => {
    assert.equal(redactConnect(json), shown);
  });
}
