/** The server's side of the handshake: answers, limits, and what it hands on. */
import assert from "node:assert/strict";
import type { WebSocketSettings } from "../../src/websocket/accept.ts";
import { test } from "../support/test.ts";
import { HandPort, openPort, requestText } from "./hand_socket.ts";
import { EXTRA_HEADERS, HANDSHAKE_CASES } from "./handshake_cases.ts";

const PORT: Partial<WebSocketSettings> = {
  compression: true,
  headers: EXTRA_HEADERS,
};
const DATE = "Thu, 01 Jan 1970 00:00:00 GMT";

/** What a port says to the pieces of a request. */
function answerTo(pieces: readonly string[]): HandPort & { said: string } {
  const port = new HandPort(PORT);
  for (const piece of pieces) port.below.hears(piece);
  const said = port.below.writtenText().replaceAll(DATE, "DATE");
  return Object.assign(port, { said });
}

for (const { title, request, answer, hangsUp, log } of HANDSHAKE_CASES) {
  test(`a request is answered as by nats-server: ${title}`, () => {
    const { said, below, refusals } = answerTo([request]);
    assert.equal(said, answer);
    assert.equal(below.state !== "open", hangsUp);
    assert.equal(refusals[0], log);
  });
}

test("a request may be cut anywhere", () => {
  for (const { request, answer } of HANDSHAKE_CASES) {
    // What comes behind an answer is no request any more.
    if (answer === "") continue;
    for (let at = 1; at < request.length; at++) {
      const pieces = [request.slice(0, at), request.slice(at)];
      assert.equal(answerTo(pieces).said, answer);
    }
    assert.equal(answerTo([...request]).said, answer);
  }
});

test("who takes no answers is given no more of them, until it does", async () => {
  const one = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const probe = new HandPort();
  probe.below.hears(one);
  const { length } = probe.below.written();
  const port = new HandPort();
  const { below } = port;
  below.takesBytes = length;
  below.hears(one.repeat(5));
  assert.equal(below.written().length, 2 * length);
  assert.equal(below.isPaused, true);
  below.takesBytes = length;
  below.take(length);
  assert.equal(below.written().length, 2 * length);
  assert.equal(below.isPaused, true);
  below.takesBytes = Infinity;
  below.take(length);
  assert.equal(below.written().length, length);
  assert.equal(below.isPaused, false);
  below.hears(requestText());
  assert.ok(port.socket !== undefined);
  // One that goes on taking nothing has the time for a request, as others.
  const other = new HandPort();
  other.below.takesBytes = 0;
  other.below.hears(one.repeat(5));
  assert.equal(other.below.written().length, length);
  await other.clock.advance(10_001);
  assert.equal(other.below.state, "destroyed");
});

test("the address that a proxy names is handed on if it is one", () => {
  const named = (header: string) =>
    openPort({ "X-Forwarded-For": header }).request?.forwardedFor;
  assert.equal(named("10.1.2.3"), "10.1.2.3");
  assert.equal(named("fd00::1"), "fd00::1");
  for (const other of ["", "10.1.2", "10.1.2.3, 10.1.2.4", "me", "1.2.3.4:5"]) {
    assert.equal(named(other), undefined);
  }
});

test("cookies are handed on", () => {
  const { request } = openPort({
    Cookie: 'a=1; b="two"; a=3; c ; d=x=y; e=\\',
  });
  assert.deepEqual([...request!.cookies], [
    ["a", "3"],
    ["b", "two"],
    ["c", ""],
    ["d", "x=y"],
  ]);
});

test("a path that ends in /leafnode is one of a leaf node", () => {
  for (const path of ["/leafnode", "/a/leafnode", "/leafnode?x=1"]) {
    const port = new HandPort();
    port.below.hears(requestText({}, `GET ${path} HTTP/1.1`));
    assert.equal(port.request?.kind, "leafnode");
  }
  assert.equal(openPort().request?.kind, "client");
});

const SAME = { origins: { isSame: true, allowed: [] } };
const LISTED = {
  origins: {
    isSame: false,
    allowed: [
      { scheme: "http", host: "a.example", port: "80" },
      { scheme: "https", host: "b.example", port: "8443" },
    ],
  },
};
const NOT_SAME = "origin not allowed: not same origin";
const NOT_LISTED = "origin not allowed: not in the allowed list";

/** Why a page of `origin` may not come in. */
function refusalOf(
  origin: string,
  settings: Partial<WebSocketSettings>,
  host: string = "midge.example:4222",
): string | undefined {
  const port = new HandPort(settings);
  port.below.hears(requestText({ Host: host, Origin: origin }));
  const isRefused = /^HTTP\/1\.1 403 Forbidden\r\n.*\r\n\r\nForbidden\n$/s
    .test(port.below.writtenText());
  assert.equal(isRefused, port.refusals.length > 0);
  return port.refusals[0];
}

test("the same origin has the scheme, the host and the port of the request", () => {
  for (
    const [origin, host, isSecure] of [
      ["http://midge.example:4222", "midge.example:4222", false],
      ["HTTP://MIDGE.example:4222", "midge.EXAMPLE:4222", false],
      ["http://midge.example", "midge.example:80", false],
      ["https://midge.example", "midge.example", true],
      ["https://midge.example:443", "midge.example", true],
      ["http://[::1]:4222", "[::1]:4222", false],
    ] as const
  ) {
    assert.equal(refusalOf(origin, { ...SAME, isSecure }, host), undefined);
  }
  for (
    const [origin, isSecure] of [
      ["http://midge.example", false],
      ["http://other.example:4222", false],
      ["https://midge.example:4222", false],
      ["http://midge.example:4222", true],
    ] as const
  ) {
    assert.equal(refusalOf(origin, { ...SAME, isSecure }), NOT_SAME);
  }
});

test("an origin in the list has the scheme, the host and the port of an entry", () => {
  for (
    const origin of [
      "http://a.example",
      "http://A.example:80",
      "https://b.example:8443",
    ]
  ) {
    assert.equal(refusalOf(origin, LISTED), undefined);
  }
  for (
    const origin of [
      "https://a.example",
      "http://a.example:81",
      "https://b.example",
      "http://c",
    ]
  ) {
    assert.equal(refusalOf(origin, LISTED), NOT_LISTED);
  }
});

test("an origin that is no URL is refused where origins count", () => {
  const why = 'origin not allowed: parse "null": invalid URI for request';
  assert.equal(refusalOf("null", SAME), why);
  assert.equal(refusalOf("null", LISTED), why);
  assert.equal(refusalOf("null", {}), undefined);
  assert.equal(refusalOf("", SAME), undefined);
});

test("an origin that browsers and servers could understand differently is refused", () => {
  for (
    const [origin, why] of [
      ["http://evil.test\\@a.example", "net/url: invalid userinfo"],
      ["http://evil.test#@a.example", "net/url: invalid userinfo"],
      ["http://a]b@a.example", "net/url: invalid userinfo"],
      ["http://u%zz@a.example", 'invalid URL escape "%zz"'],
      ["http://a.example/%zz", 'invalid URL escape "%zz"'],
      ["http://a%2eexample", 'invalid URL escape "%2e"'],
      ["http://a.example#", 'invalid character "#" in host name'],
      ["http://evil test", 'invalid character " " in host name'],
      ["http://a.example:80:90", 'invalid port ":80:90" after host'],
      ["http://[::1]x", 'invalid port "x" after host'],
      ["http://[::1", "missing ']' in host"],
      [
        "http://[a.example]",
        'invalid host: ParseAddr("a.example"): unable to parse IP',
      ],
    ] as const
  ) {
    const text = `origin not allowed: parse ${JSON.stringify(origin)}: ${why}`;
    assert.equal(refusalOf(origin, LISTED), text);
    assert.equal(refusalOf(origin, SAME, "a.example:80"), text);
  }
});

test("the older name of the header counts where the newer one is missing", () => {
  const port = new HandPort(SAME);
  port.below.hears(requestText({ "Sec-Websocket-Origin": "http://x" }));
  assert.deepEqual(port.refusals, [NOT_SAME]);
});

test("a request that does not come in time costs its connection", async () => {
  for (const begun of ["", "GET / HT", requestText().slice(0, -2)]) {
    const port = new HandPort({ handshakeTimeoutMs: 500 });
    port.below.hears(begun);
    await port.clock.advance(499);
    assert.equal(port.below.state, "open");
    await port.clock.advance(2);
    assert.equal(port.below.state, "destroyed");
    assert.deepEqual(port.refusals, []);
  }
});

test("without a limit of its own a request has ten seconds", async () => {
  const port = new HandPort();
  await port.clock.advance(9_999);
  assert.equal(port.below.state, "open");
  await port.clock.advance(2);
  assert.equal(port.below.state, "destroyed");
});

test("the time for a request begins again behind each answer", async () => {
  const port = new HandPort({ handshakeTimeoutMs: 500 });
  await port.clock.advance(400);
  port.below.hears(requestText({ Upgrade: "no" }));
  await port.clock.advance(400);
  port.below.hears(requestText());
  await port.clock.advance(1000);
  assert.equal(port.below.state, "open");
  assert.ok(port.socket !== undefined);
});

const TOO_LARGE = "HTTP/1.1 431 Request Header Fields Too Large\r\n" +
  "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n" +
  "431 Request Header Fields Too Large";

test("a request that is too large is refused, before it ends", () => {
  const usual = requestText().slice(0, -2);
  for (
    const text of [
      `${usual}Cookie: ${"a".repeat(65_536)}`,
      `${usual}${"a: b\r\n".repeat(300)}\r\n`,
      "x".repeat(65_537),
    ]
  ) {
    const port = new HandPort();
    for (let at = 0; at < text.length; at += 1000) {
      port.below.hears(text.slice(at, at + 1000));
    }
    assert.equal(port.below.writtenText(), TOO_LARGE);
    assert.equal(port.below.state, "ended");
  }
});

test("a request may have blanks for most of its bytes", () => {
  const value = `a${" ".repeat(64_000)}b`;
  // What takes the square of their number ends here after many minutes.
  for (let count = 0; count < 200; count++) {
    const { below, socket } = openPort({ "X-Other": value });
    assert.ok(socket !== undefined);
    below.closes({ kind: "ended" });
  }
});

test("a request may be large", () => {
  const port = openPort({ Cookie: `jwt=${"a".repeat(60_000)}` });
  assert.equal(port.request?.cookies.get("jwt")?.length, 60_000);
});

test("a body that is too long to pass over ends the connection", () => {
  for (const length of ["262145", "999999999999"]) {
    const port = new HandPort();
    port.below.hears(
      requestText({ "Content-Length": length }, "POST / HTTP/1.1"),
    );
    assert.match(port.below.writtenText(), /^HTTP\/1.1 405 /);
    assert.equal(port.below.state, "ended");
  }
});

test("a peer that is gone before its request is whole is forgotten", async () => {
  const port = new HandPort();
  port.below.hears("GET / HTTP/1.1\r\n");
  port.below.closes({ kind: "reset", code: "ECONNRESET" });
  await port.clock.advance(20_000);
  assert.equal(port.below.state, "open");
  assert.equal(port.socket, undefined);
});
