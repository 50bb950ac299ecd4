/** The client's side of the handshake, and what a client's WebSocket does differently. */
import assert from "node:assert/strict";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import { platform } from "../../src/runtime/mod.ts";
import {
  connectWebSocket,
  type WebSocketTarget,
} from "../../src/websocket/connect.ts";
import { acceptOf } from "../../src/websocket/upgrade.ts";
import type { WebSocketSocket } from "../../src/websocket/websocket_socket.ts";
import { seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { frame, framesIn } from "./frame_bytes.ts";
import { HandSocket, Heard, joinedBytes } from "./hand_socket.ts";
import { hostOn } from "./websocket_network.ts";

const TARGET: WebSocketTarget = {
  host: "midge.example:443",
  path: "/nats?x=1",
  timeoutMs: 1000,
};
const UNMASKED = { key: undefined };

/** A client that has asked, and what it waits for. */
function asking(target: Partial<WebSocketTarget> = {}) {
  const below = new HandSocket();
  const clock = new VirtualClock(0);
  const host = hostOn(clock, (run) => queueMicrotask(run), seededRandom(7));
  const done = connectWebSocket(below, { ...TARGET, ...target }, host);
  const request = below.writtenText();
  const key = /^Sec-WebSocket-Key: (.*)\r$/m.exec(request)![1]!;
  return { below, clock, done, request, accept: acceptOf(platform.sha1, key) };
}

function answer(accept: string, ...more: readonly string[]): string {
  return [
    "HTTP/1.1 101 Switching Protocols",
    "upgrade: WebSocket",
    "CONNECTION: upgrade",
    `sec-websocket-accept: ${accept}`,
    ...more,
    "\r\n",
  ].join("\r\n");
}

async function connected(
  target: Partial<WebSocketTarget> = {},
  ...more: readonly string[]
): Promise<{ below: HandSocket; socket: WebSocketSocket; heard: Heard }> {
  const { below, done, accept } = asking(target);
  below.hears(answer(accept, ...more));
  const socket = await done;
  const heard = new Heard();
  socket.open(heard);
  await Promise.resolve();
  return { below, socket, heard };
}

test("a client asks for its path at its host, with headers of its own", () => {
  const { request } = asking({ headers: [["Cookie", "a=b"]] });
  const lines = request.split("\r\n");
  const [key] = lines.splice(4, 1);
  assert.match(key!, /^Sec-WebSocket-Key: [A-Za-z0-9+/]{22}==$/);
  assert.deepEqual(lines, [
    "GET /nats?x=1 HTTP/1.1",
    "Host: midge.example:443",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Cookie: a=b",
    "",
    "",
  ]);
});

test("compression is offered where it is wanted", () => {
  const offer =
    /^Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r$/m;
  assert.match(asking({ compressedBytesMax: 1000 }).request, offer);
  assert.doesNotMatch(asking().request, /extensions/i);
});

test("frames may come with the answer, which may be cut anywhere", async () => {
  const { accept } = asking();
  const { length } = answer(accept);
  for (let at = 1; at < length + 8; at++) {
    const { below, done, accept } = asking();
    const bytes = joinedBytes([
      asciiBytes(answer(accept)),
      frame(2, "INFO", UNMASKED),
    ]);
    below.hears(bytes.subarray(0, at));
    below.hears(bytes.subarray(at));
    const socket = await done;
    const heard = new Heard();
    socket.open(heard);
    await Promise.resolve();
    assert.equal(heard.text, "INFO");
  }
});

test("a client's frames are masked, each by another key", async () => {
  const { below, socket } = await connected();
  const payload = asciiBytes("PING\r\n".repeat(100));
  const keys = new Set<string>();
  for (let count = 0; count < 200; count++) {
    socket.write(payload);
    const sent = below.written();
    keys.add(byteString(sent.subarray(4, 8)));
    const [one, ...others] = framesIn(sent);
    assert.deepEqual(others, []);
    assert.ok(one!.isMasked);
    assert.deepEqual(one!.payload, payload);
  }
  assert.equal(keys.size, 200);
  // What was given is left as it was.
  assert.deepEqual(payload, asciiBytes("PING\r\n".repeat(100)));
});

test("a client answers pings, and ends with a CLOSE, masked too", async () => {
  const { below, socket } = await connected();
  below.hears(frame(9, "?", UNMASKED));
  socket.end();
  const frames = framesIn(below.written());
  assert.deepEqual(
    frames.map(({ opcode, isMasked, payload }) => [
      opcode,
      isMasked,
      [...payload],
    ]),
    [[10, true, [63]], [8, true, [3, 232]]],
  );
});

test("a server that masks is none", async () => {
  const { below, heard } = await connected();
  below.hears(frame(2, "INFO"));
  assert.equal(heard.ends[0]?.kind, "failed");
});

test("both sides compress where both want to", async () => {
  const { below, socket, heard } = await connected(
    { compressedBytesMax: 1000 },
    "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover",
  );
  const text = "a".repeat(1000);
  const packed = platform.deflate.deflate(asciiBytes(text));
  below.hears(frame(2, packed, { ...UNMASKED, bits: 4 }));
  assert.equal(heard.text, text);
  socket.write(asciiBytes(text));
  const [one] = framesIn(below.written());
  assert.equal(one!.bits, 4);
  assert.deepEqual(
    platform.deflate.inflate(one!.payload, 1000),
    asciiBytes(text),
  );
});

test("an answer that is not the right one is refused, and says why", async () => {
  const right = (accept: string): string => answer(accept);
  const notOffered = "the server chose an extension that was not offered";
  const choosing = (extension: string) => (accept: string): string =>
    answer(accept, `Sec-WebSocket-Extensions: ${extension}`);
  const cases: readonly (readonly [string, (accept: string) => string])[] = [
    ["the answer is no HTTP", () => "INFO {}\r\n\r\n"],
    [
      "the server answered 403 Forbidden",
      () => "HTTP/1.1 403 Forbidden\r\n\r\nno",
    ],
    ["the server answered 200", () => "HTTP/1.1 200\r\n\r\n"],
    [
      "invalid value for header 'Upgrade'",
      (accept) => right(accept).replace("WebSocket", "h2c"),
    ],
    [
      "invalid value for header 'Connection'",
      (accept) =>
        right(accept).replace("CONNECTION: upgrade", "Connection: close"),
    ],
    ["invalid value for header 'Sec-WebSocket-Accept'", () => right("x")],
    [
      "the answer is too long",
      () => "HTTP/1.1 101 a\r\n" + "a: b\r\n".repeat(20_000),
    ],
    [notOffered, choosing("other")],
    [notOffered, choosing("permessage-deflate; server_no_context_takeover")],
  ];
  for (const [why, textOf] of cases) {
    const { below, done, accept } = asking();
    below.hears(textOf(accept));
    await assert.rejects(done, {
      name: "NetworkError",
      code: "EWEBSOCKET",
      message: `websocket midge.example:443: ${why}`,
    });
    assert.equal(below.state, "destroyed");
  }
});

test("compression that keeps a context was not offered", async () => {
  const { below, done, accept } = asking({ compressedBytesMax: 1000 });
  below.hears(answer(accept, "Sec-WebSocket-Extensions: permessage-deflate"));
  await assert.rejects(done, { code: "EWEBSOCKET" });
});

test("an answer that does not come is not waited for", async () => {
  const { below, clock, done } = asking();
  const rejected = assert.rejects(done, { code: "ETIMEDOUT" });
  await clock.advance(1001);
  await rejected;
  assert.equal(below.state, "destroyed");
});

test("a connection that ends before the answer says how", async () => {
  for (
    const [reason, code] of [
      [{ kind: "ended" }, "EWEBSOCKET"],
      [{ kind: "reset", code: "ECONNRESET" }, "ECONNRESET"],
    ] as const
  ) {
    const { below, done } = asking();
    below.closes(reason);
    await assert.rejects(done, { name: "NetworkError", code });
  }
});
