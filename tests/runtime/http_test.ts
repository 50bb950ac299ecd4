/** The monitoring server's HTTP, spoken byte for byte by the test. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import type { HttpRequest } from "../../src/monitor/monitor.ts";
import type { Listener } from "../../src/net/socket.ts";
import { serveHttp } from "../../src/runtime/http.ts";
import type { Cleanup } from "../support/temp.ts";

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

/** Sends raw bytes, and resolves to all that comes until the server hangs up. */
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

test("any method is handled, and a body is passed over", async (t) => {
  const { listener, requests } = await serve(t);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const answer = await exchange(listener, request(`${method} /varz`, "body"));
    assert.match(answer, /^HTTP\/1\.1 200 /, method);
  }
  assert.equal(requests.length, 4);
});

test("the handler's status is the answer's", async (t) => {
  const { listener } = await serve(t);
  const answer = await exchange(listener, request("GET /missing"));
  assert.match(answer, /^HTTP\/1\.1 404 /);
});

test("a handler that throws costs one request its answer", async (t) => {
  const { listener } = await serve(t);
  const broken = await exchange(listener, request("GET /broken"));
  assert.match(broken, /^HTTP\/1\.1 500 /);
  assert.doesNotMatch(broken, /on purpose/);
  assert.match(await exchange(listener, request("GET /")), /^HTTP\/1\.1 200 /);
});

test("what is not HTTP is refused, and the server lives", async (t) => {
  const { listener } = await serve(t);
  const answer = await exchange(listener, "PUB foo 5\r\nhello\r\n\r\n");
  assert.doesNotMatch(answer, /^HTTP\/1\.1 200 /);
  assert.match(await exchange(listener, request("GET /")), /^HTTP\/1\.1 200 /);
});

test("a client that never ends its headers is cut off", async () => {
  const listener = await serveHttp(ANY_PORT, () => assert.fail(), 100);
  await exchange(listener, "GET / HTTP/1.1\r\nHo");
  await listener.close();
});

test("a taken port rejects in nats-server's words", async (t) => {
  const { listener } = await serve(t);
  const { address } = listener;
  await assert.rejects(serveHttp(address, () => assert.fail()), {
    code: "EADDRINUSE",
    message:
      `listen tcp 127.0.0.1:${address.port}: bind: address already in use`,
  });
});

test("closing ends idle connections too, and frees the port", async (t) => {
  const { listener } = await serve(t);
  const idle = exchange(listener, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await exchange(listener, request("GET /"));
  await listener.close();
  await idle;
  const again = await serveHttp(listener.address, () => assert.fail());
  await again.close();
});
