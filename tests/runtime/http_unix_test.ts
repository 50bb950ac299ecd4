/** The HTTP server at a unix socket: what a client can do to it, as on a port. */
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { unixAddress } from "../../src/net/address.ts";
import type { HttpHandler, HttpLimits } from "../../src/platform/http.ts";
import { serveHttp } from "../../src/runtime/net/http.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { connectUnixPeer, type UnixPeer } from "../support/unix_peer.ts";
import { until } from "../support/until.ts";

const skip = process.platform === "win32" && "Windows has no such sockets here";

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const LAST = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

const text = (body: string) => ({ status: 200, headers: {}, body });

interface Served {
  connect(): Promise<UnixPeer>;
  close(): Promise<void>;
}

async function serve(
  t: Cleanup,
  handle: HttpHandler,
  limits?: HttpLimits,
): Promise<Served> {
  const path = join(temporaryFolder(t), "http.sock");
  const listener = await serveHttp(unixAddress(path), handle, limits);
  t.after(() => listener.close());
  return {
    connect: () => connectUnixPeer(t, path),
    close: () => listener.close(),
  };
}

test(
  "requests at a unix socket are answered, their bodies are read",
  { skip },
  async (t) => {
    const { connect } = await serve(t, async (request) => {
      const body = await request.readBody(100_000);
      const { method, path, search, remote } = request;
      return text(
        JSON.stringify({ method, path, search, remote, size: body?.length }),
      );
    });
    const peer = await connect();
    peer.say(GET);
    await until("the first answer is there", () => peer.heard.includes("}"));
    const length = "Content-Length: 70000\r\nConnection: close";
    peer.say(`POST /a?b HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n`);
    peer.say("x".repeat(70_000));
    const [first, second] = (await peer.ended).match(/\{.*\}/g)!.map((found) =>
      JSON.parse(found)
    );
    const remote = { host: "", port: 0 };
    assert.deepEqual(first, {
      method: "GET",
      path: "/",
      search: "",
      remote,
      size: 0,
    });
    assert.deepEqual(second, {
      method: "POST",
      path: "/a",
      search: "?b",
      remote,
      size: 70_000,
    });
  },
);

test(
  "an answer longer than what a unix socket takes arrives whole",
  { skip },
  async (t) => {
    const body = "0123456789".repeat(500_000);
    const { connect } = await serve(t, () => text(body));
    const peer = await connect();
    peer.socket.pause();
    peer.say(LAST);
    peer.socket.resume();
    const heard = await peer.ended;
    assert.equal(heard.slice(heard.indexOf("\r\n\r\n") + 4), body);
  },
);

test(
  "silence, half a request and half a body at a unix socket are ended in time",
  { skip },
  async (t) => {
    const { connect } = await serve(
      t,
      async (request) => text(String(await request.readBody(10))),
      { headersTimeoutMs: 100, requestTimeoutMs: 200 },
    );
    const body = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc";
    for (const words of ["", "GET / HTTP/1.1\r\nHo", body]) {
      const peer = await connect();
      peer.say(words);
      assert.doesNotMatch(await peer.ended, /200/);
    }
  },
);

test(
  "who does not read at a unix socket is cut off, and its stream ends",
  { skip },
  async (t) => {
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
    const { connect } = await serve(
      t,
      () => ({ status: 200, headers: {}, stream: flood() }),
      { stallTimeoutMs: 200 },
    );
    const peer = await connect();
    peer.say(GET);
    await until("it has begun", () => peer.heard.length > 0);
    peer.socket.pause();
    await ended.promise;
    assert.ok(made < 100, `${made} parts were made`);
  },
);

test(
  "connections to a unix socket beyond the limit are closed",
  { skip },
  async (t) => {
    const held: (() => void)[] = [];
    const { connect } = await serve(
      t,
      () => new Promise((resolve) => held.push(() => resolve(text("held")))),
      { connectionsMax: 2 },
    );
    const two = [await connect(), await connect()];
    for (const peer of two) peer.say(LAST);
    await until("both are there", () => held.length === 2);
    const third = await connect();
    assert.equal(await third.ended, "");
    for (const release of held) release();
    for (const peer of two) assert.match(await peer.ended, /held$/);
    const next = await connect();
    next.say(LAST);
    await until("there is room again", () => held.length === 3);
    held[2]!();
    assert.match(await next.ended, /held$/);
  },
);

test(
  "a request at a unix socket is aborted when its client is gone and when the server closes",
  { skip },
  async (t) => {
    const signals: AbortSignal[] = [];
    const { connect, close } = await serve(t, ({ signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    });
    const leaving = await connect();
    leaving.say(GET);
    await until("it is asked", () => signals.length === 1);
    leaving.socket.destroy();
    await until("it is aborted", () => signals[0]!.aborted);
    const staying = await connect();
    staying.say(GET);
    const silent = await connect();
    await until("it is asked as well", () => signals.length === 2);
    await close();
    await Promise.all([staying.ended, silent.ended]);
    await until("that is aborted too", () => signals[1]!.aborted);
  },
);
