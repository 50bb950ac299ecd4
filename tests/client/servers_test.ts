/** Server URLs and the order of the pool. */
import assert from "node:assert/strict";
import { InvalidArgumentError } from "../../src/core/errors.ts";
import { clientOptions } from "../../src/client/options.ts";
import { ServerPool } from "../../src/client/servers/pool.ts";
import {
  foundServer,
  parseServer,
} from "../../src/client/servers/server_url.ts";
import { seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

const URLS: readonly [string, string, object | undefined][] = [
  ["localhost", "localhost:4222", undefined],
  ["localhost:5222", "localhost:5222", undefined],
  ["127.0.0.1:1", "127.0.0.1:1", undefined],
  ["nats://h", "h:4222", undefined],
  ["nats://h:80", "h:80", undefined],
  ["nats://h:80/", "h:80", undefined],
  ["nats://[::1]:5222", "[::1]:5222", undefined],
  ["[::1]", "[::1]:4222", undefined],
  ["h:", "h:4222", undefined],
  ["NATS://H", "h:4222", undefined],
  ["tcp://h", "h:4222", undefined],
  ["TCP://ann:x@h:80/", "h:80", { user: "ann", pass: "x" }],
  ["nats://ann:x@h", "h:4222", { user: "ann", pass: "x" }],
  ["ann:x@h:1", "h:1", { user: "ann", pass: "x" }],
  ["nats://a%40b:p%2Fq@h", "h:4222", { user: "a@b", pass: "p/q" }],
  ["nats://ann:x:y@h", "h:4222", { user: "ann", pass: "x:y" }],
  ["nats://a@b:x@h", "h:4222", { user: "a@b", pass: "x" }],
  ["nats://t0ken@h", "h:4222", { token: "t0ken" }],
  ["nats://100%:x@h", "h:4222", { user: "100%", pass: "x" }],
  ["unix:///run/midge.sock", "unix:///run/midge.sock", undefined],
  [" UNIX:///a%20b%2Cc%C3%BC", "unix:///a b,cü", undefined],
  ["unix:///100%.sock", "unix:///100%.sock", undefined],
  ["unix:///run/a@b:c?d", "unix:///run/a@b:c?d", undefined],
  ["unix://ann:p%2Fq@/run/a", "unix:///run/a", { user: "ann", pass: "p/q" }],
  ["unix://t0ken@/run/a", "unix:///run/a", { token: "t0ken" }],
];

for (const [text, listen, credentials] of URLS) {
  test(`server ${text} is read`, () => {
    const server = parseServer(text);
    assert.equal(server.listen, listen);
    assert.deepEqual(server.credentials, credentials);
    assert.equal(server.gossiped, false);
  });
}

const NO_SERVERS = [
  "",
  "http://h",
  "1x://h",
  "nats://",
  "h:99999",
  "h:0",
  "h:x",
  "h h",
  "ws://",
  "wss:///path",
  "ws://h/a b",
  "ws://h/a\r\nX: y",
  "ws://h/ä",
  "fe80::1",
  "unix:",
  "unix:/run/a",
  "unix://",
  "unix:///",
  "unix://run/a",
  "unix:///run/",
  "unix:///a%00b",
  `unix:///${"x".repeat(107)}`,
];

for (const text of NO_SERVERS) {
  test(`server "${text}" is refused`, () => {
    assert.throws(() => parseServer(text), InvalidArgumentError);
  });
}

test("only tls:// and wss:// ask for TLS, in whatever letters", () => {
  const isTls = (text: string): boolean => parseServer(text).tls;
  const secure = ["tls://h", "TLS://h", "wss://h", "WSS://h"];
  assert.deepEqual(secure.filter(isTls), secure);
  const plain = [
    "h",
    "ws://h",
    "nats://h",
    "tcp://h",
    "tcp://tls:x@h",
    "tls:x@h",
  ];
  assert.deepEqual(plain.filter(isTls), []);
  const jitters = { reconnectJitter: 1, reconnectJitterTLS: 2 };
  const jitter = (servers: string): number =>
    clientOptions({ servers, ...jitters }).reconnectJitterMs;
  const lists = ["tcp://h", "h,TLS://h", "ws://h,h", "ws://h,wss://h"];
  assert.deepEqual(lists.map(jitter), [1, 2, 1, 2]);
});

const WEB_URLS: readonly [string, string, string, string][] = [
  ["ws://h", "h:80", "/", "ws://h:80"],
  ["wss://h", "h:443", "/", "wss://h:443"],
  ["WSS://H:/", "h:443", "/", "wss://h:443"],
  ["ws://[::1]:8080/nats", "[::1]:8080", "/nats", "ws://[::1]:8080/nats"],
  ["wss://h/a/b?key=x#there", "h:443", "/a/b?key=x", "wss://h:443/a/b"],
  ["wss://h:444?key=x", "h:444", "/?key=x", "wss://h:444"],
  ["ws://ann:x@h:81/p", "h:81", "/p", "ws://h:81/p"],
];

for (const [text, listen, path, url] of WEB_URLS) {
  test(`server ${text} is reached by WebSocket`, () => {
    const server = parseServer(text);
    assert.equal(server.listen, listen);
    assert.equal(server.webPath, path);
    assert.equal(server.url, url);
    assert.equal(server.tls, /^wss/i.test(text));
    const credentials = text.includes("@")
      ? { user: "ann", pass: "x" }
      : undefined;
    assert.deepEqual(server.credentials, credentials);
  });
}

test("only a WebSocket has a path", () => {
  assert.equal(parseServer("nats://h/path").webPath, undefined);
  assert.equal(parseServer("tls://h:4222/").webPath, undefined);
});

test("WebSockets at one port are told apart by their paths", () => {
  const urls = ["wss://h/a", "wss://h/b", "wss://h/a", "wss://h/a?b", "h:443"];
  const pool = new ServerPool(urls.map(parseServer), undefined);
  assert.deepEqual(
    pool.servers.map(({ url }) => url),
    ["wss://h:443/a", "wss://h:443/b", "wss://h:443/a", "nats://h:443"],
  );
});

test("a unix socket that cannot be is refused with its reason", () => {
  const problems: [text: string, problem: string][] = [
    [
      "unix://run/a",
      'a unix socket needs an absolute path, as in "unix:///run/midge.sock"',
    ],
    [
      `unix:///${"ü".repeat(54)}`,
      "the path of a unix socket has at most 107 bytes, and this one 109",
    ],
  ];
  for (const [text, problem] of problems) {
    const message = `Server "${text}" cannot be used: ${problem}`;
    assert.throws(() => parseServer(text), { message });
  }
});

test("a unix socket has no host and no port", () => {
  const { host, port, path, url, tls } = parseServer("unix:///run/a.sock");
  assert.deepEqual(
    { host, port, path, url, tls },
    {
      host: "",
      port: 0,
      path: "/run/a.sock",
      url: "unix:///run/a.sock",
      tls: false,
    },
  );
});

test("others name no unix socket", () => {
  assert.equal(foundServer("unix:///run/a.sock", "gossip", {}), undefined);
});

test("no message shows a password", () => {
  for (
    const text of [
      "http://ann:secret@h",
      "ann:secret@h:x",
      "ws://ann:secret@h:x/",
      "unix://ann:secret@run/a",
    ]
  ) {
    assert.throws(
      () => parseServer(text),
      (error: Error) =>
        !error.message.includes("secret") && error.cause === undefined,
    );
  }
});

test("servers may be a list with commas", () => {
  const servers = (given: string | string[] | undefined): readonly string[] =>
    clientOptions(given === undefined ? {} : { servers: given }).servers;
  assert.deepEqual(servers("a, b:1,"), ["a", "b:1"]);
  assert.deepEqual(servers(["a,b", "c"]), ["a", "b", "c"]);
  assert.deepEqual(servers(undefined), ["127.0.0.1:4222"]);
  assert.deepEqual(servers([]), ["127.0.0.1:4222"]);
});

const BAD_OPTIONS = [
  { user: "ann", token: "x" },
  { pass: "x" },
  { inboxPrefix: "a.*" },
  { inboxPrefix: "a b" },
  { timeout: 0 },
  { pingInterval: Number.NaN },
  { maxReconnectAttempts: -2 },
];

for (const options of BAD_OPTIONS) {
  test(`options ${JSON.stringify(options)} are refused`, () => {
    assert.throws(() => clientOptions(options), InvalidArgumentError);
  });
}

test("the pool gives each server its turn", () => {
  const pool = new ServerPool(["a", "b", "c", "a"].map(parseServer), undefined);
  const turns = Array.from({ length: 5 }, () => pool.next()?.host);
  assert.deepEqual(turns, ["a", "b", "c", "a", "b"]);
  pool.drop(pool.current!);
  assert.deepEqual([pool.next()?.host, pool.next()?.host], ["c", "a"]);
  assert.equal(pool.size, 2);
});

test("a pool with randomness is shuffled", () => {
  const names = Array.from({ length: 20 }, (_, i) => `s${i}`);
  const order = (seed: number): (string | undefined)[] => {
    const pool = new ServerPool(names.map(parseServer), seededRandom(seed));
    return names.map(() => pool.next()?.host);
  };
  assert.notDeepEqual(order(1), names);
  assert.notDeepEqual(order(1), order(2));
  assert.deepEqual(order(1).toSorted(), names.toSorted());
});

test("nonsense in gossip is skipped", () => {
  const pool = new ServerPool([parseServer("a")], undefined);
  const change = pool.update(["http://x", "", "b:1", "b:1"]);
  assert.deepEqual(change, { added: ["b:1"], deleted: [] });
});
