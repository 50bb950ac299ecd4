/** The HTTP server, with requests that the test writes byte for byte. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import type {
  HttpAnswer,
  HttpHandler,
  HttpLimits,
  HttpRequest,
} from "../../src/platform/http.ts";
import type { Listener } from "../../src/platform/socket.ts";
import { serveHttp } from "../../src/runtime/net/http.ts";
import type { Cleanup } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";

const ANY_PORT = { host: "127.0.0.1", port: 0 };

interface Served {
  readonly listener: Listener;
  readonly requests: HttpRequest[];
}

async function serve(t: Cleanup): Promise<Served> {
  const requests: HttpRequest[] = [];
  const listener = await serveHttp(ANY_PORT, (request) => {
    requests.push(request);
    if (request.path === "/broken") throw new Error("on purpose");
    return {
      status: request.path === "/missing" ? 404 : 200,
      headers: { "Content-Type": "text/plain" },
      body: "höre\n",
    };
  });
  t.after(() => listener.close());
  return { listener, requests };
}

/** Sends raw bytes, and resolves to all that comes until the server closes the connection. */
function exchange(listener: Listener, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { host, port } = listener.address;
    const socket = connect(port, host, () => socket.write(text));
    let answer = "";
    socket.setEncoding("utf8").on("data", (part: string) => answer += part);
    socket.on("error", reject);
    socket.on("close", () => resolve(answer));
  });
}

function request(line: string, body: string = ""): string {
  const length = `Content-Length: ${body.length}`;
  return `${line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${length}\r\n\r\n${body}`;
}

test("a request's method, path and query reach the handler", async (t) => {
  const { listener, requests } = await serve(t);
  const answer = await exchange(
    listener,
    request("GET /connz?subs=1&name=a%20b"),
  );
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(answer, /\r\nContent-Type: text\/plain\r\n/);
  assert.match(answer, /\r\nContent-Length: 6\r\n/);
  assert.match(answer, /\r\n\r\nhöre\n$/);
  const [{ method, path, query } = assert.fail()] = requests;
  assert.deepEqual([method, path], ["GET", "/connz"]);
  assert.deepEqual([...query], [["subs", "1"], ["name", "a b"]]);
});

test("HEAD is answered without a body, and with its length", async (t) => {
  const { listener } = await serve(t);
  const answer = await exchange(listener, request("HEAD /varz"));
  assert.match(answer, /\r\nContent-Length: 6\r\n/);
  assert.match(answer, /\r\n\r\n$/);
});

test("any method is handled, and an unread body is skipped", async (t) => {
  const { listener, requests } = await serve(t);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const answer = await exchange(listener, request(`${method} /varz`, "body"));
    assert.match(answer, /^HTTP\/1\.1 200 /, method);
  }
  assert.equal(requests.length, 4);
});

test("the answer has the status of the handler", async (t) => {
  const { listener } = await serve(t);
  const answer = await exchange(listener, request("GET /missing"));
  assert.match(answer, /^HTTP\/1\.1 404 /);
});

test("a handler that throws answers 500, and other requests go on", async (t) => {
  const { listener } = await serve(t);
  const broken = await exchange(listener, request("GET /broken"));
  assert.match(broken, /^HTTP\/1\.1 500 /);
  assert.doesNotMatch(broken, /on purpose/);
  assert.match(await exchange(listener, request("GET /")), /^HTTP\/1\.1 200 /);
});

test("bytes that are not HTTP are refused, and the server goes on", async (t) => {
  const { listener } = await serve(t);
  const answer = await exchange(listener, "PUB foo 5\r\nhello\r\n\r\n");
  assert.doesNotMatch(answer, /^HTTP\/1\.1 200 /);
  assert.match(await exchange(listener, request("GET /")), /^HTTP\/1\.1 200 /);
});

test("a client that does not finish its headers is cut off", async () => {
  const listener = await serveHttp(ANY_PORT, () => assert.fail(), {
    headersTimeoutMs: 100,
  });
  await exchange(listener, "GET / HTTP/1.1\r\nHo");
  await listener.close();
});

test("a port in use rejects in nats-server's words", async (t) => {
  const { listener } = await serve(t);
  const { address } = listener;
  await assert.rejects(serveHttp(address, () => assert.fail()), {
    code: "EADDRINUSE",
    message:
      `listen tcp 127.0.0.1:${address.port}: bind: address already in use`,
  });
});

test("closing ends idle connections and frees the port", async (t) => {
  const { listener } = await serve(t);
  const idle = exchange(listener, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await exchange(listener, request("GET /"));
  await listener.close();
  await idle;
  const again = await serveHttp(listener.address, () => assert.fail());
  await again.close();
});

/** Serves `handle`; the listener is closed with the test. */
async function serveWith(
  t: Cleanup,
  handle: HttpHandler,
  limits?: HttpLimits,
): Promise<Listener> {
  const listener = await serveHttp(ANY_PORT, handle, limits);
  t.after(() => listener.close());
  return listener;
}

function text(body: string): HttpAnswer {
  return { status: 200, headers: {}, body };
}

test("headers have lower-case names, and the address of the client is known", async (t) => {
  const { listener, requests } = await serve(t);
  await exchange(
    listener,
    "GET / HTTP/1.1\r\nHost: x\r\nX-Two: a\r\nx-two: b\r\n" +
      "__proto__: c\r\nConnection: close\r\n\r\n",
  );
  const [{ headers, remote } = assert.fail()] = requests;
  assert.equal(headers.get("x-two"), "a, b");
  assert.equal(headers.get("host"), "x");
  assert.equal(headers.get("constructor"), undefined);
  assert.equal(remote.host, "127.0.0.1");
  assert.ok(remote.port > 0);
});

test("a body is read up to a limit", async (t) => {
  const listener = await serveWith(t, async (request) => {
    const body = await request.readBody(10);
    return text(body === undefined ? "too long" : `<${body.join()}>`);
  });
  const rows: [body: string, answer: string][] = [
    ["", "<>"],
    ["abc", "<97,98,99>"],
    ["0123456789", "<48,49,50,51,52,53,54,55,56,57>"],
    ["0123456789a", "too long"],
    ["a".repeat(1_000_000), "too long"],
  ];
  for (const [body, expected] of rows) {
    const answer = await exchange(listener, request("PUT /", body));
    assert.equal(answer.split("\r\n\r\n")[1], expected);
  }
});

test("a client that does not finish its body is cut off, and reading the body rejects", async (t) => {
  const failed = Promise.withResolvers<unknown>();
  const listener = await serveWith(t, async (request) => {
    await request.readBody(10).catch(failed.resolve);
    return text("");
  }, { headersTimeoutMs: 100, requestTimeoutMs: 200 });
  await exchange(
    listener,
    "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
  );
  assert.ok(await failed.promise instanceof Error);
});

test("an answer may come later, and a handler may fail later", async (t) => {
  const asked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const listener = await serveWith(t, async ({ path }) => {
    asked.resolve();
    await release.promise;
    if (path === "/broken") throw new Error("on purpose");
    return text("late");
  });
  const answers = ["GET /", "GET /broken"].map((line) =>
    exchange(listener, request(line))
  );
  await asked.promise;
  release.resolve();
  const [late, broken] = await Promise.all(answers);
  assert.match(late!, /\r\n\r\nlate$/);
  assert.match(broken!, /^HTTP\/1\.1 500 /);
});

test("a request is aborted when its client disconnects and when the server closes", async (t) => {
  const signals: AbortSignal[] = [];
  const asked: (() => void)[] = [];
  const listener = await serveWith(t, ({ signal }) => {
    signals.push(signal);
    asked.shift()?.();
    return new Promise((resolve) =>
      signal.addEventListener("abort", () => resolve(text("")))
    );
  });
  const socket = connect(listener.address.port, listener.address.host);
  await new Promise<void>((resolve) => {
    asked.push(resolve);
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  });
  assert.equal(signals[0]!.aborted, false);
  socket.destroy();
  await until("the signal aborts", () => signals[0]!.aborted);

  const stayed = new Promise<void>((resolve) => asked.push(resolve));
  const rest = exchange(listener, request("GET /"));
  await stayed;
  await listener.close();
  await rest;
  await until("the signal aborts", () => signals[1]!.aborted);
});

test("a stream is sent part by part, and ends when its client disconnects", async (t) => {
  const more = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  async function* parts(signal: AbortSignal): AsyncIterable<string> {
    yield "one ";
    await more.promise;
    yield "two ";
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    ended.resolve();
  }
  const listener = await serveWith(t, ({ signal }) => ({
    status: 200,
    headers: { "Content-Type": "text/event-stream" },
    stream: parts(signal),
  }));
  const { host, port } = listener.address;
  const socket = connect(port, host, () => {
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  });
  let answer = "";
  socket.setEncoding("utf8").on("data", (part: string) => answer += part);
  await until("the first part comes", () => answer.includes("one "));
  assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.doesNotMatch(answer, /two/);
  more.resolve();
  await until("the second part comes", () => answer.includes("two "));
  socket.destroy();
  await ended.promise;
  const head = await exchange(listener, request("HEAD /"));
  assert.match(head, /^HTTP\/1\.1 200 [^]*\r\n\r\n$/);
});

test("a stream waits for its reader, and a client that stops reading is cut off", async (t) => {
  let made = 0;
  const ended = Promise.withResolvers<void>();
  async function* flood(): AsyncIterable<string> {
    try {
      for (;;) {
        made++;
        yield "x".repeat(1_000_000);
        await Promise.resolve();
      }
    } finally {
      ended.resolve();
    }
  }
  const listener = await serveWith(
    t,
    () => ({ status: 200, headers: {}, stream: flood() }),
    { stallTimeoutMs: 200 },
  );
  const { host, port } = listener.address;
  const socket = connect(port, host, () => {
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  });
  t.after(() => void socket.destroy());
  socket.on("error", () => {});
  socket.pause();
  await ended.promise;
  assert.ok(made < 100, `${made} parts were made`);
});

test("connections beyond the limit are closed", async (t) => {
  const held: (() => void)[] = [];
  const listener = await serveWith(
    t,
    () => new Promise((resolve) => held.push(() => resolve(text("held")))),
    {
      connectionsMax: 2,
    },
  );
  const two = [1, 2].map(() => exchange(listener, request("GET /")));
  await until("both are there", () => held.length === 2);
  const third = await exchange(listener, request("GET /")).catch(() => "");
  assert.equal(third, "");
  for (const release of held) release();
  for (const answer of await Promise.all(two)) assert.match(answer, /held$/);
});

/** One connection that sends and reads only what the test asks it to. */
function unreadClient(t: Cleanup, listener: Listener): Socket {
  const { host, port } = listener.address;
  const socket = connect(port, host);
  t.after(() => void socket.destroy());
  return socket.on("error", () => {}).pause();
}

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

test("requests of one connection are handled one after the other", async (t) => {
  const held: (() => void)[] = [];
  const listener = await serveWith(
    t,
    ({ path }) =>
      new Promise((resolve) => held.push(() => resolve(text(`<${path}>`)))),
  );
  const paths = ["/a", "/b", "/c"];
  const lines = paths.map((path, at) =>
    at === 2 ? request(`GET ${path}`) : GET.replace("/", path)
  );
  const answers = exchange(listener, lines.join(""));
  for (let count = 1; count <= 3; count++) {
    await until("the next request", () => held.length === count);
    // A request on another connection is answered meanwhile.
    const other = exchange(listener, request("GET /other"));
    await until("the other request", () => held.length === count + 1);
    held.pop()!();
    assert.match(await other, /<\/other>$/);
    assert.equal(held.length, count);
    held[count - 1]!();
  }
  assert.deepEqual((await answers).match(/<.*?>/g), ["</a>", "</b>", "</c>"]);
});

test("a request is not handled while the answer before it is unread", async (t) => {
  let handled = 0;
  const gone = Promise.withResolvers<void>();
  const listener = await serveWith(t, ({ signal }) => {
    handled++;
    signal.addEventListener("abort", () => gone.resolve());
    return text("x".repeat(30_000_000));
  }, { stallTimeoutMs: 200 });
  unreadClient(t, listener).write(GET.repeat(10));
  // The first answer is never taken and ends by its time limit.
  await gone.promise;
  assert.equal(handled, 1);
});

test("a long answer reaches a client that reads at last, and so does the next one", async (t) => {
  const begun = Promise.withResolvers<void>();
  const listener = await serveWith(t, ({ path }) => {
    begun.resolve();
    return text(path === "/long" ? "x".repeat(8_000_000) : "short");
  });
  const client = unreadClient(t, listener);
  client.write(GET.replace("/", "/long") + request("GET /"));
  await begun.promise;
  let answer = "";
  client.setEncoding("utf8").on("data", (part: string) => answer += part);
  const closed = new Promise((resolve) => client.on("close", resolve));
  client.resume();
  await closed;
  assert.match(answer, /\r\nContent-Length: 8000000\r\n/);
  assert.ok(answer.length > 8_000_000);
  assert.match(answer, /x\r?\n?HTTP\/1\.1 200 OK\r\n[^]*short$/);
});

test("a body is read also when its request had to wait", async (t) => {
  const listener = await serveWith(t, async (request) => {
    const body = await request.readBody(100_000);
    return text(`<${body?.length}>`);
  });
  const long = "a".repeat(90_000);
  const first = request("PUT /", long).replace("Connection: close\r\n", "");
  const answers = await exchange(listener, first + request("PUT /", "abc"));
  assert.deepEqual(answers.match(/<\d+>/g), ["<90000>", "<3>"]);
});
