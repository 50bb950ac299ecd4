/**
 * The socket of a page: on the runtime's own `WebSocket` against Midge's, and on
 * one that the test moves by hand.
 */
import assert from "node:assert/strict";
import {
  type CloseReason,
  NetworkError,
  type Socket,
} from "../../src/platform/socket.ts";
import type { WebTarget } from "../../src/platform/web_dialler.ts";
import { page } from "../../src/runtime/browser/page.ts";
import { platform } from "../../src/runtime/mod.ts";
import { acceptWebSocket } from "../../src/websocket/accept.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { rejection } from "../support/rejection.ts";
import type { Cleanup } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { hostOn, OPEN_PORT } from "../websocket/websocket_network.ts";

const TARGET: WebTarget = {
  host: "127.0.0.1",
  port: 80,
  path: "/",
  tls: undefined,
  timeoutMs: 20_000,
};

function dial(target: Partial<WebTarget> = {}): Promise<Socket> {
  return page.dialWeb(page.network, "", { ...TARGET, ...target });
}

/** A socket's receiver that keeps all. */
class Heard {
  readonly chunks: Uint8Array[] = [];
  readonly closes: CloseReason[] = [];
  drains = 0;

  constructor(socket: Socket) {
    socket.open({
      onData: (chunk) => void this.chunks.push(chunk.slice()),
      onDrain: () => void this.drains++,
      onClose: (reason) => void this.closes.push(reason),
    });
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.chunks.flatMap((chunk) => [...chunk]));
  }

  get length(): number {
    return this.chunks.reduce((sum, { length }) => sum + length, 0);
  }
}

/** A port of Midge's WebSockets; gives the port, and each of its ends. */
async function port(
  t: Cleanup,
  compression: boolean,
  onSocket: (socket: Socket) => void,
): Promise<number> {
  const settings = { ...OPEN_PORT, compression };
  const acceptor = { accepted: onSocket, refused: () => {} };
  const listener = await platform.network.listen(
    { host: "127.0.0.1", port: 0 },
    {},
    (socket) => acceptWebSocket(socket, settings, hostOn(), acceptor),
  );
  t.after(() => listener.close());
  return listener.address.port;
}

for (const compression of [false, true]) {
  test(`bytes cross both ways, ${compression ? "" : "not "}deflated`, async (t) => {
    const seed = freshSeed();
    console.log(`seed ${seed}`);
    const random = seededRandom(seed);
    const far: Socket[] = [];
    const to = await port(t, compression, (socket) => void far.push(socket));
    const near = await dial({ port: to });
    t.after(() => near.destroy());
    await until("the other end", () => far.length === 1);
    const [here, there] = [new Heard(near), new Heard(far[0]!)];
    const sent = new Uint8Array(300_000);
    random.fill(sent.subarray(0, 200_000));
    for (const socket of [near, far[0]!]) {
      for (let at = 0; at < sent.length;) {
        const size = 1 + Math.floor(random.next() * 70_000);
        socket.write(sent.slice(at, at + size));
        at += size;
      }
    }
    await until(
      "all bytes",
      () => here.length >= sent.length && there.length >= sent.length,
    );
    assert.deepEqual(here.bytes, sent);
    assert.deepEqual(there.bytes, sent);
    assert.deepEqual(near.remote, { host: "127.0.0.1", port: to });
    far[0]!.end();
    await until("the end", () => here.closes.length > 0);
    assert.deepEqual(here.closes, [{ kind: "ended" }]);
  });
}

test("what was written before the end arrives, and then the end", async (t) => {
  const far: Heard[] = [];
  const to = await port(t, false, (socket) => void far.push(new Heard(socket)));
  const near = await dial({ port: to });
  const here = new Heard(near);
  const bytes = new Uint8Array(200_000).fill(7);
  near.write(bytes);
  near.end();
  near.write(Uint8Array.of(1));
  await until(
    "both ends",
    () => here.closes.length > 0 && (far[0]?.closes.length ?? 0) > 0,
  );
  assert.deepEqual(here.closes, [{ kind: "closed" }]);
  assert.equal(far[0]!.length, bytes.length);
  assert.deepEqual(far[0]!.closes, [{ kind: "ended" }]);
});

/** A `WebSocket` that does what the test says. */
class HandMoved {
  static made: HandMoved[] = [];
  /** What the constructor throws. */
  static refusal: Error | undefined;
  readonly url: string;
  readonly sent: number[] = [];
  readonly closedWith: (number | undefined)[] = [];
  binaryType = "";
  bufferedAmount = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(url: string) {
    if (HandMoved.refusal !== undefined) throw HandMoved.refusal;
    this.url = url;
    HandMoved.made.push(this);
  }

  send(bytes: Uint8Array): void {
    this.sent.push(bytes.length);
    this.bufferedAmount += bytes.length;
  }

  close(code?: number): void {
    this.closedWith.push(code);
  }

  say(text: string): void {
    this.onmessage?.({ data: new TextEncoder().encode(text).buffer });
  }
}

/** Has the page dial on a `WebSocket` that the test moves. */
function handMoved(t: Cleanup): void {
  const globals = globalThis as unknown as { WebSocket: unknown };
  const before = globals.WebSocket;
  globals.WebSocket = HandMoved;
  t.after(() => {
    globals.WebSocket = before;
    HandMoved.made = [];
    HandMoved.refusal = undefined;
  });
}

async function opened(
  target: Partial<WebTarget> = {},
): Promise<{ socket: Socket; web: HandMoved; heard: Heard }> {
  const dialling = dial(target);
  const web = HandMoved.made.at(-1)!;
  web.onopen?.();
  const socket = await dialling;
  return { socket, web, heard: new Heard(socket) };
}

function texts({ chunks }: Heard): string[] {
  return chunks.map((chunk) => new TextDecoder().decode(chunk));
}

test("a URL is that of the target", async (t) => {
  handMoved(t);
  await opened({ path: "/a?b=c" });
  const tls = { role: "client", verify: true, timeoutMs: 1 } as const;
  const { socket } = await opened({ host: "::1", port: 443, tls });
  assert.deepEqual(
    HandMoved.made.map(({ url }) => url),
    ["ws://127.0.0.1:80/a?b=c", "wss://[::1]:443/"],
  );
  assert.notEqual(socket.tls, undefined);
  assert.equal(HandMoved.made[0]!.binaryType, "arraybuffer");
});

test("a large write is several messages, and waits for what has not left", async (t) => {
  handMoved(t);
  const { socket, web, heard } = await opened();
  assert.equal(socket.write(new Uint8Array(100_000)), true);
  assert.deepEqual(web.sent, [32_768, 32_768, 32_768, 1696]);
  assert.equal(socket.pendingBytes, 100_000);
  assert.equal(socket.write(new Uint8Array(200_000)), false);
  assert.equal(socket.write(new Uint8Array(1)), false);
  web.bufferedAmount = 1;
  assert.equal(heard.drains, 0);
  web.bufferedAmount = 0;
  await until("the drain", () => heard.drains > 0);
  assert.equal(socket.write(new Uint8Array(10)), true);
  assert.equal(heard.drains, 1);
});

test("what comes before it is opened, or while it is paused, is kept", async (t) => {
  handMoved(t);
  const dialling = dial();
  const web = HandMoved.made[0]!;
  web.onopen?.();
  const socket = await dialling;
  web.say("early");
  const heard = new Heard(socket);
  assert.deepEqual(texts(heard), []);
  await until("what was early", () => heard.chunks.length > 0);
  socket.pause();
  web.say("one");
  web.onmessage?.({ data: "two" });
  web.onclose?.({ code: 1000 });
  assert.deepEqual(texts(heard), ["early"]);
  assert.deepEqual(heard.closes, []);
  socket.resume();
  await until("the end", () => heard.closes.length > 0);
  assert.deepEqual(texts(heard), ["early", "one", "two"]);
  assert.deepEqual(heard.closes, [{ kind: "ended" }]);
});

test("each end has its reason, and comes once", async (t) => {
  handMoved(t);
  const reset = { kind: "reset", code: "ECONNRESET" };
  const cases: readonly [number, object][] = [
    [1000, { kind: "ended" }],
    [1008, { kind: "ended" }],
    [1006, reset],
  ];
  for (const [code, reason] of cases) {
    const { socket, web, heard } = await opened();
    web.onclose?.({ code });
    await until("the end", () => heard.closes.length > 0);
    socket.destroy();
    socket.write(Uint8Array.of(1));
    await socket.secure({ role: "client", verify: true, timeoutMs: 1 }).catch(
      () => {},
    );
    assert.deepEqual(heard.closes, [reason]);
    assert.deepEqual(web.sent, []);
  }
});

test("one that is destroyed ends at once, whatever its peer does", async (t) => {
  handMoved(t);
  const { socket, web, heard } = await opened();
  socket.destroy();
  web.say("too late");
  assert.deepEqual(heard.closes, []);
  await until("the end", () => heard.closes.length > 0);
  web.onclose?.({ code: 1006 });
  assert.deepEqual(heard.closes, [{ kind: "closed" }]);
  assert.deepEqual(heard.chunks, []);
  assert.deepEqual(web.closedWith, [1000]);
});

test("one that does not open says where, without the query", async (t) => {
  handMoved(t);
  const failing = rejection(dial({ path: "/a?secret" }));
  HandMoved.made[0]!.onclose?.({ code: 1006 });
  const slow = await rejection(dial({ timeoutMs: 1 }));
  const closed = await failing;
  HandMoved.refusal = new Error("insecure");
  const refused = await rejection(dial());
  for (const error of [slow, closed, refused]) {
    assert.ok(error instanceof NetworkError);
    assert.doesNotMatch(error.message, /secret/);
  }
  assert.match(
    String(closed),
    /open ws:\/\/127\.0\.0\.1:80\/a: .*did not open/,
  );
  assert.match(String(slow), /open ws:\/\/127\.0\.0\.1:80\/: i\/o timeout/);
  assert.match(String(refused), /open a WebSocket: insecure/);
});

test("a page listens nowhere, and dials nothing else", async () => {
  const at = { host: "127.0.0.1", port: 1 };
  for (
    const attempt of [
      page.network.listen(at, {}, () => {}),
      page.network.dial(at),
    ]
  ) {
    assert.ok(await rejection(attempt) instanceof NetworkError);
  }
  assert.deepEqual(await page.network.lookup("a.test"), ["a.test"]);
});
