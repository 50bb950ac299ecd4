/** URLs of nodes and servers: their pieces, what is refused, and that no error quotes a secret. */
import assert from "node:assert/strict";
import {
  type NodeUrl,
  parseNodeUrl,
  parseUserInfo,
  splitNodeUrl,
  splitUrl,
  UrlError,
  type UrlParts,
} from "../../src/net/url.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

type Pieces = readonly [
  scheme: string | undefined,
  userInfo: string | undefined,
  address: string,
  rest: string,
];

/** The same for both kinds of URL. */
const PLAIN: Readonly<Record<string, Pieces>> = {
  "nats://u:p@h:1": ["nats", "u:p", "h:1", ""],
  "NATS-Route://t@h": ["nats-route", "t", "h", ""],
  "h:1": [undefined, undefined, "h:1", ""],
  "u:p@h": [undefined, "u:p", "h", ""],
  "nats://[::1]:1/": ["nats", undefined, "[::1]:1", "/"],
  "nats://a@b@h": ["nats", "a@b", "h", ""],
  "http://h/x?y#z": ["http", undefined, "h", "/x?y#z"],
  "http://h?x": ["http", undefined, "h", "?x"],
  "http://@h": ["http", "", "h", ""],
  "http://": ["http", undefined, "", ""],
  "nats:h": [undefined, undefined, "nats:h", ""],
  "//h": [undefined, undefined, "", "//h"],
  "1x://h": [undefined, undefined, "1x:", "//h"],
  "": [undefined, undefined, "", ""],
};

/** An @ behind the first slash: in a node's URL it ends the password, elsewhere it is in the path. */
const ODD: Readonly<Record<string, readonly [node: Pieces, other: Pieces]>> = {
  "nats://u:a/b@h:1": [
    ["nats", "u:a/b", "h:1", ""],
    ["nats", undefined, "u:a", "/b@h:1"],
  ],
  "nats://u:a?b#c@d@h/x": [
    ["nats", "u:a?b#c@d", "h", "/x"],
    ["nats", undefined, "u:a", "?b#c@d@h/x"],
  ],
  "http://u@h/me@x": [
    ["http", "u@h/me", "x", ""],
    ["http", "u", "h", "/me@x"],
  ],
};

for (const [url, pieces] of Object.entries(PLAIN)) {
  test(`${JSON.stringify(url)} has four pieces`, () => {
    assert.deepEqual(splitNodeUrl(url), partsOf(pieces));
    assert.deepEqual(splitUrl(url), partsOf(pieces));
  });
}

for (const [url, [node, other]] of Object.entries(ODD)) {
  test(`${JSON.stringify(url)} is another URL for a node than in general`, () => {
    assert.deepEqual(splitNodeUrl(url), partsOf(node));
    assert.deepEqual(splitUrl(url), partsOf(other));
  });
}

function partsOf([scheme, userInfo, address, rest]: Pieces): UrlParts {
  return { scheme, userInfo, address, rest };
}

const GOOD: Readonly<Record<string, NodeUrl>> = {
  "nats://h:1": { scheme: "nats", user: undefined, host: "h", port: 1 },
  " TLS://[::1]:0\n": { scheme: "tls", user: undefined, host: "::1", port: 0 },
  "nats://t@h:65535/": {
    scheme: "nats",
    user: { name: "t" },
    host: "h",
    port: 65535,
  },
  "nats://u:@h:1": {
    scheme: "nats",
    user: { name: "u", password: "" },
    host: "h",
    port: 1,
  },
  "nats://%40:p%2f:q@h:1": {
    scheme: "nats",
    user: { name: "@", password: "p/:q" },
    host: "h",
    port: 1,
  },
  "nats://u:p/a?s#s@w@h:1": {
    scheme: "nats",
    user: { name: "u", password: "p/a?s#s@w" },
    host: "h",
    port: 1,
  },
};

for (const [url, parts] of Object.entries(GOOD)) {
  test(`${JSON.stringify(url)} is a node's URL`, () => {
    assert.deepEqual(parseNodeUrl(url), parts);
  });
}

/** Whatever is called hunter2 is a secret. */
const BAD: Readonly<Record<string, string>> = {
  "": "first path segment in URL cannot contain colon",
  "h:1": "first path segment in URL cannot contain colon",
  "u:hunter2@h:1": "first path segment in URL cannot contain colon",
  "nats://": 'expected host:port, got ""',
  "nats://h": 'expected host:port, got "h"',
  "nats://:1": 'expected host:port, got ":1"',
  "nats://::1": "expected host:port",
  "nats://[::1": "expected host:port",
  "nats://u:hunter2:1": "expected host:port",
  "nats://u:hunter2": "invalid port after host",
  "nats://u:hunter2@": 'expected host:port, got ""',
  "nats://u:hunter2/hunter2@h": 'expected host:port, got "h"',
  "nats://u:hunter2#hunter2@h:x": 'invalid port "x" after host',
  "nats://u:hunter2?hunter2@h:": 'invalid port "" after host',
  "nats://h:-1": "invalid port after host",
  "nats://h:65536": 'invalid port "65536" after host',
  "nats://h:1\u202e": "invalid port after host",
  "nats://u:p@h:1\u202e": 'invalid port "1\\u202e" after host',
  "nats://u:hunter2%zz@h:1": "invalid URL escape in the user information",
  "nats://u:hunter2%ff@h:1": "invalid URL escape in the user information",
};

for (const [url, message] of Object.entries(BAD)) {
  test(`${JSON.stringify(url)} is no node's URL`, () => {
    assert.throws(() => parseNodeUrl(url), (error) => {
      assert.ok(error instanceof UrlError);
      assert.equal(error.message, message);
      return true;
    });
  });
}

test("user information is decoded part by part, at the first colon", () => {
  assert.deepEqual(parseUserInfo("a%3Ab:c:d"), {
    name: "a:b",
    password: "c:d",
  });
  assert.deepEqual(parseUserInfo(""), { name: "" });
  assert.equal(parseUserInfo("a%"), undefined);
  assert.equal(parseUserInfo("a:%"), undefined);
});

test("no password gets into an error, and every escaped one comes back", () => {
  const seed = freshSeed();
  const random = seededRandom(seed);
  const odd = [..."/?#@:[]%&=,; \\\"'$(){}<>|^~\n\u202e"];
  for (let i = 0; i < 2000; i++) {
    const password = Array.from(
      { length: 1 + Math.floor(random.next() * 6) },
      () => `s3${odd[Math.floor(random.next() * odd.length)]}`,
    ).join("");
    const shown = `seed ${seed}: ${JSON.stringify(password)}`;
    const escaped = `nats://u:${encodeURIComponent(password)}@h:1`;
    assert.equal(parseNodeUrl(escaped).user?.password, password, shown);
    for (const address of ["h:1", "h", "h:x", ""]) {
      try {
        const { user } = parseNodeUrl(`nats://u:${password}@${address}`);
        assert.equal(user?.name, "u", shown);
      } catch (error) {
        assert.ok(error instanceof UrlError, shown);
        assert.ok(!error.message.includes("s3"), shown);
      }
    }
  }
});

test("long texts are taken apart in bounded time", { limitMs: 10_000 }, () => {
  for (const part of ["a", "@", "/", ":", "://", "a://", "%", "#@", "?"]) {
    const text = part.repeat(100_000);
    for (const url of [text, `nats://${text}`, `nats://${text}@h:1`]) {
      splitUrl(url);
      splitNodeUrl(url);
      parseUserInfo(url);
    }
  }
});
