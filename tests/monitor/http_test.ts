/** The pages over real HTTP: paths, methods, headers, and the page for people. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { startMidge, type TestOptions } from "../support/midge.ts";
import { connectPeer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";

const HTTP = { host: "127.0.0.1", port: 0 };

const JSON_PAGES = [
  "varz",
  "connz",
  "routez",
  "subsz",
  "subscriptionsz",
  "accountz",
  "accstatz",
  "leafz",
  "gatewayz",
  "jsz",
  "discoveryz",
];

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

type Ask = (path: string, init?: RequestInit) => Promise<Answer>;

/** Starts a server, and returns a function that sends requests to its monitoring port. */
async function startServed(
  t: TestContext,
  options: TestOptions = {},
): Promise<Ask> {
  const { httpPort } = await startMidge(t, { http: HTTP, ...options });
  return async (path, init) => {
    const answer = await fetch(`http://127.0.0.1:${httpPort}${path}`, init);
    const { status, headers } = answer;
    return { status, headers, body: await answer.text() };
  };
}

test("every page is indented JSON that any site may read", async (t) => {
  const ask = await startServed(t);
  for (const page of JSON_PAGES) {
    const { status, headers, body } = await ask(`/${page}`);
    assert.equal(status, 200, page);
    assert.equal(headers.get("content-type"), "application/json", page);
    assert.equal(headers.get("access-control-allow-origin"), "*", page);
    assert.equal(body, JSON.stringify(JSON.parse(body), undefined, 2), page);
  }
});

test("any method gets the same answer, HEAD without its body", async (t) => {
  const ask = await startServed(t);
  for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    const { status, body } = await ask("/healthz", { method });
    assert.deepEqual([status, body], [200, '{"status":"ok"}'], method);
  }
  const { status, headers, body } = await ask("/healthz", { method: "HEAD" });
  assert.deepEqual([status, body], [200, ""]);
  assert.equal(headers.get("content-type"), "application/json");
});

test("the parameter callback is ignored: there is no JSONP", async (t) => {
  const ask = await startServed(t);
  const { headers, body } = await ask("/healthz?callback=run");
  assert.equal(headers.get("content-type"), "application/json");
  assert.equal(body, '{"status":"ok"}');
});

test("an unknown path is not found", async (t) => {
  const ask = await startServed(t);
  const paths = ["/zork", "/varz/", "/VARZ", "/nats/varz", "/constructor"];
  for (const path of paths) {
    const { status, headers, body } = await ask(path);
    assert.deepEqual([status, body], [404, "404 page not found\n"], path);
    assert.equal(headers.get("content-type"), "text/plain; charset=utf-8");
    assert.equal(headers.get("x-content-type-options"), "nosniff");
  }
});

/** As nats-server 2.15.3 answers. */
const REDIRECTS: readonly (readonly [path: string, location: string])[] = [
  ["//varz", "/varz"],
  ["///varz", "/varz"],
  ["/./varz", "/varz"],
  ["/x/../varz", "/varz"],
  ["/varz//", "/varz/"],
  ["//varz/", "/varz/"],
  ["//varz?x=1", "/varz?x=1"],
  ["//connz?subs=1&sort=cid&x=%20y", "/connz?subs=1&sort=cid&x=%20y"],
  ["//healthz?js-enabled-only", "/healthz?js-enabled-only"],
  ["//", "/"],
  ["/.", "/"],
  ["/varz/..", "/"],
  ["/../varz", "/varz"],
  ["/..//varz", "/varz"],
  ["//nope", "/nope"],
  ["/x//y", "/x/y"],
  ["//evil.example//varz", "/evil.example/varz"],
];

test("a path that is not clean is sent on to the clean one", async (t) => {
  const { httpPort } = await startMidge(t, { http: HTTP });
  // fetch would clean the paths itself.
  for (const [path, location] of REDIRECTS) {
    const answer = await rawAnswer(httpPort!, "GET", path);
    assert.match(answer, /^HTTP\/1\.1 307 Temporary Redirect\r\n/, path);
    const [, told] = /\r\nlocation: (.*)\r\n/i.exec(answer) ?? [];
    assert.equal(told, location);
    const link = location.replaceAll("&", "&amp;");
    assert(
      answer.endsWith(`\r\n\r\n<a href="${link}">Temporary Redirect</a>.\n\n`),
      answer,
    );
  }
  const post = await rawAnswer(httpPort!, "POST", "//varz");
  assert.match(post, /^HTTP\/1\.1 307 .*location: \/varz\r\n.*\r\n\r\n$/is);
});

test("escapes in a path are read, but that of a slash", async (t) => {
  const { httpPort } = await startMidge(t, { http: HTTP });
  const rows = [
    ["/%76arz", 200],
    ["/%56arz", 404],
    ["/%2fvarz", 404],
    ["/%2e/varz", 404],
    ["/varz%20", 404],
    ["/%ff", 404],
    ["/%varz", 404],
    ["http://h/varz", 200],
    ["http://h//varz", 307],
    ["http://h", 200],
  ] as const;
  for (const [path, status] of rows) {
    const answer = await rawAnswer(httpPort!, "GET", path);
    assert.equal(answer.split(" ")[1], `${status}`, path);
  }
});

/** The whole answer to a request whose path is sent as it is. */
async function rawAnswer(
  port: number,
  method: string,
  path: string,
): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.end(
    `${method} ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n` +
      "Content-Length: 0\r\n\r\n",
  );
  let answer = "";
  for await (const chunk of socket) answer += chunk;
  return answer;
}

test("a bad parameter is refused with a plain text", async (t) => {
  const ask = await startServed(t);
  const rows: [path: string, body: string][] = [
    [
      "/connz?auth=x",
      `Error decoding boolean for 'auth': strconv.ParseBool: parsing "x": ` +
      "invalid syntax",
    ],
    [
      "/connz?limit=NaN",
      `Error decoding int for 'limit': strconv.Atoi: parsing "NaN": ` +
      "invalid syntax",
    ],
    [
      "/connz?cid=-1",
      `Error decoding uint64 for 'cid': strconv.ParseUint: parsing "-1": ` +
      "invalid syntax",
    ],
    ["/connz?state=%3Cb%3E", "Error decoding state for <b>"],
    [
      "/healthz?js-enabled-only=x",
      "Error decoding boolean for 'js-enabled-only': strconv.ParseBool: " +
      `parsing "x": invalid syntax`,
    ],
    ["/accountz?acc=zz", "Account zz does not exist"],
  ];
  for (const [path, text] of rows) {
    const { status, headers, body } = await ask(path);
    assert.deepEqual([status, body], [400, text], path);
    assert.equal(headers.get("content-type"), "text/plain; charset=utf-8");
    assert.equal(headers.get("x-content-type-options"), "nosniff");
  }
});

test("all pages are below the base path", async (t) => {
  const ask = await startServed(t, { httpBasePath: "/deep/nats" });
  for (const page of [...JSON_PAGES, "healthz"]) {
    assert.equal((await ask(`/deep/nats/${page}`)).status, 200, page);
    assert.equal((await ask(`/${page}`)).status, 404, page);
  }
  for (const path of ["/", "/deep", "/deep/nats/", "/deep/natsvarz"]) {
    assert.equal((await ask(path)).status, 404, path);
  }
  const { status, body } = await ask("/deep/nats");
  assert.equal(status, 200);
  assert.match(body, /href="nats\/varz"/);
});

test("the root page links to every page", async (t) => {
  for (const httpBasePath of ["", "/deep/nats"]) {
    const ask = await startServed(t, { httpBasePath });
    const root = httpBasePath === "" ? "/" : httpBasePath;
    const { status, headers, body } = await ask(root);
    assert.equal(status, 200);
    assert.equal(headers.get("content-type"), "text/html; charset=utf-8");
    const links = [...body.matchAll(/href="([^"]*)"/g)].map(([, link]) => link);
    for (const link of links) {
      const { pathname, search } = new URL(link!, `http://midge${root}`);
      assert.equal((await ask(pathname + search)).status, 200, link);
    }
    for (
      const page of [
        "varz",
        "connz",
        "routez",
        "subsz",
        "discoveryz",
        "healthz",
      ]
    ) {
      assert.ok(links.some((link) => link?.endsWith(page)), page);
    }
  }
});

test("the root page loads nothing and escapes the name of the server", async (t) => {
  const ask = await startServed(t, { serverName: `<img src=x>"&'` });
  const { headers, body } = await ask("/");
  assert.match(body, /<title>Midge /);
  assert.match(body, /name="viewport"/);
  assert.match(body, /color-scheme: light dark/);
  assert.doesNotMatch(body, /<script|<img|https?:|url\(|@import/);
  assert.ok(body.includes("&#60;img src=x&#62;&#34;&amp;&#39;"));
  assert.match(headers.get("content-security-policy") ?? "", /^default-src 'n/);
});

test("requests are counted by page, refused ones are not", async (t) => {
  const ask = await startServed(t, { httpBasePath: "/nats" });
  const paths = ["", "/varz", "/connz", "/connz?sort=cid", "/subscriptionsz"];
  for (
    const path of [
      ...paths,
      "/healthz",
      "/discoveryz",
      "/connz?limit=x",
      "/zork",
    ]
  ) {
    await ask(`/nats${path}`);
  }
  const { http_req_stats } = JSON.parse((await ask("/nats/varz")).body);
  assert.deepEqual(Object.entries(http_req_stats), [
    ["/", 1],
    ["/connz", 2],
    ["/discoveryz", 1],
    ["/healthz", 1],
    ["/subsz", 1],
    ["/varz", 2],
  ]);
});

test("/varz shows the port that was opened for port 0", async (t) => {
  const { httpPort } = await startMidge(t, { http: HTTP });
  const answer = await fetch(`http://127.0.0.1:${httpPort}/varz`);
  const { http_port, http_host } = await answer.json();
  assert.deepEqual([http_host, http_port], ["127.0.0.1", httpPort]);
});

test("several clients get a long page at the same time, each complete", async (t) => {
  const { port, httpPort } = await startMidge(t, { http: HTTP });
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.handshake();
  for (let sid = 0; sid < 3000; sid++) {
    peer.send(`SUB subject.${sid} ${sid}\r\n`);
  }
  peer.send("PING\r\n");
  await peer.expect("PONG\r\n");
  const url = `http://127.0.0.1:${httpPort}/subsz?subs=1&limit=5000`;
  const pages = await Promise.all(
    Array.from({ length: 8 }, async () => (await fetch(url)).json()),
  );
  for (const { subscriptions_list } of pages) {
    assert.equal(subscriptions_list.length, 3000);
    assert.equal(subscriptions_list.at(-1).subject, "subject.999");
  }
});
