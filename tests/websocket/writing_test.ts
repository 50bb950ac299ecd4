/** What a server's WebSocket sends, how it ends, and how it holds back and is held back. */
import assert from "node:assert/strict";
import { ClosedReason } from "../../src/core/closed.ts";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import { platform } from "../../src/runtime/mod.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { randomBelow } from "../../src/platform/clock.ts";
import { test } from "../support/test.ts";
import { closeBody, frame, type FrameRead, framesIn } from "./frame_bytes.ts";
import { type HandPort, joinedBytes, openPort } from "./hand_socket.ts";

const [BINARY, CLOSE] = [2, 8];
const OFFER = { "Sec-WebSocket-Extensions": "permessage-deflate" };
const BROWSER = { "User-Agent": "Mozilla/5.0 (X11; Linux x86_64)" };
const SAFARI = {
  "User-Agent": "Mozilla/5.0 (Macintosh) Version/17.0 Safari/605.1.15",
};

/** What one write becomes. */
function written(port: HandPort, payload: Uint8Array): FrameRead[] {
  port.socket!.write(payload);
  return framesIn(port.below.written());
}

/** Bytes that no compression makes shorter. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  seededRandom(length).fill(bytes);
  return bytes;
}

function shapes(frames: readonly FrameRead[]): string[] {
  return frames.map(({ opcode, final, bits, payload }) =>
    `${opcode}${final ? "." : " "}${bits} ${payload.length}`
  );
}

test("a write is one binary frame, not masked, whatever its length", () => {
  for (const length of [1, 125, 126, 65_521, 65_522, 65_535, 65_536, 300_000]) {
    const port = openPort();
    const payload = noise(length);
    const [one, ...others] = written(port, payload);
    assert.deepEqual(others, []);
    assert.deepEqual(shapes([one!]), [`2.0 ${length}`]);
    assert.equal(one!.isMasked, false);
    assert.deepEqual(one!.payload, payload);
  }
});

test("a write of nothing is no frame", () => {
  const port = openPort();
  assert.equal(port.socket!.write(new Uint8Array(0)), true);
  assert.equal(port.below.written().length, 0);
});

test("browsers get frames of 4096 bytes, each a message", () => {
  for (const headers of [BROWSER, SAFARI]) {
    const port = openPort(headers);
    const payload = noise(10_000);
    const frames = written(port, payload);
    assert.deepEqual(shapes(frames), ["2.0 4096", "2.0 4096", "2.0 1808"]);
    assert.deepEqual(joinedBytes(frames.map((one) => one.payload)), payload);
    assert.deepEqual(shapes(written(port, noise(4096))), ["2.0 4096"]);
  }
});

test("what is longer than 64 bytes is compressed, for itself alone", () => {
  const port = openPort(OFFER, { compression: true });
  assert.deepEqual(shapes(written(port, asciiBytes("a".repeat(64)))), [
    "2.0 64",
  ]);
  const payload = asciiBytes("MSG a 1 5\r\nhello\r\n".repeat(100));
  for (let count = 0; count < 2; count++) {
    const [one, ...others] = written(port, payload);
    assert.deepEqual(others, []);
    assert.deepEqual([one!.opcode, one!.final, one!.bits], [BINARY, true, 4]);
    assert.ok(one!.payload.length < 200);
    assert.deepEqual(
      platform.deflate.inflate(one!.payload, payload.length),
      payload,
    );
  }
});

test("browsers get compressed messages in fragments, Safari does not", () => {
  for (const headers of [BROWSER, SAFARI]) {
    const port = openPort({ ...OFFER, ...headers }, { compression: true });
    const payload = noise(10_000);
    const frames = written(port, payload);
    const all = joinedBytes(frames.map((one) => one.payload));
    assert.deepEqual(
      shapes(frames),
      headers === SAFARI
        ? [`2.4 ${all.length}`]
        : ["2 4 4096", "0 0 4096", `0.0 ${all.length - 8192}`],
    );
    assert.deepEqual(platform.deflate.inflate(all, 10_000), payload);
  }
});

test("nothing is compressed for a client that did not ask, nor by a port that does not", () => {
  const payload = asciiBytes("a".repeat(1000));
  for (
    const port of [
      openPort({}, { compression: true }),
      openPort(OFFER, { compression: false }),
    ]
  ) {
    assert.deepEqual(shapes(written(port, payload)), ["2.0 1000"]);
  }
});

const POLICY: readonly ClosedReason[] = [
  ClosedReason.AUTHENTICATION_TIMEOUT,
  ClosedReason.AUTHENTICATION_FAILURE,
  ClosedReason.AUTHENTICATION_EXPIRED,
  ClosedReason.CREDENTIALS_REVOKED,
  ClosedReason.SLOW_CONSUMER_PENDING,
  ClosedReason.SLOW_CONSUMER_DEADLINE,
  ClosedReason.MAX_CONNECTIONS,
  ClosedReason.MAX_ACCOUNT_CONNECTIONS,
  ClosedReason.MAX_SUBSCRIPTIONS,
  ClosedReason.MAX_CONTROL_LINE,
  ClosedReason.MISSING_ACCOUNT,
];
const CODES: readonly (readonly [number, readonly ClosedReason[]])[] = [
  [1000, [ClosedReason.CLIENT_CLOSED]],
  [1001, [
    ClosedReason.WRITE_ERROR,
    ClosedReason.READ_ERROR,
    ClosedReason.STALE_CONNECTION,
    ClosedReason.SERVER_SHUTDOWN,
  ]],
  [1002, [
    ClosedReason.PARSE_ERROR,
    ClosedReason.PROTOCOL_VIOLATION,
    ClosedReason.BAD_CLIENT_PROTOCOL,
  ]],
  [1008, POLICY],
  [1009, [ClosedReason.MAX_PAYLOAD]],
  [1015, [ClosedReason.TLS_HANDSHAKE_FAILURE]],
];

/** The CLOSE at the end of what a port has sent. */
function closeOf(port: HandPort): string {
  const { opcode, payload } = framesIn(port.below.written()).at(-1)!;
  assert.equal(opcode, CLOSE);
  return `${payload[0]! << 8 | payload[1]!} ${byteString(payload.slice(2))}`;
}

test("each reason to end has its number, and says itself", () => {
  const named = new Set<ClosedReason>(CODES.flatMap(([, reasons]) => reasons));
  const others = Object.values(ClosedReason).filter((one) => !named.has(one));
  for (const [code, reasons] of [...CODES, [1011, others] as const]) {
    for (const reason of reasons) {
      const port = openPort();
      port.socket!.end(reason);
      assert.equal(closeOf(port), `${code} ${reason}`);
      assert.equal(port.below.state, "ended");
    }
  }
});

test("an end without a reason is a usual one", () => {
  const port = openPort();
  port.socket!.end();
  assert.equal(closeOf(port), "1000 ");
  assert.deepEqual(port.heard.ends, []);
  port.below.closes({ kind: "closed" });
  assert.deepEqual(port.heard.ends, [{ kind: "closed" }]);
});

test("what was written goes before the CLOSE, and nothing behind it", () => {
  const port = openPort();
  port.socket!.write(asciiBytes("-ERR 'Stale Connection'\r\n"));
  port.socket!.end(ClosedReason.STALE_CONNECTION);
  port.socket!.write(asciiBytes("never"));
  port.socket!.end();
  assert.deepEqual(
    framesIn(port.below.written()).map(({ opcode }) => opcode),
    [BINARY, CLOSE],
  );
});

test("after a destroy nothing is sent, and nothing is heard", () => {
  const port = openPort();
  port.socket!.destroy();
  assert.equal(port.below.state, "destroyed");
  assert.equal(port.below.written().length, 0);
  port.below.closes({ kind: "closed" });
  assert.deepEqual(port.heard.ends, [{ kind: "closed" }]);
});

test("pending bytes are those of payloads, to the byte", () => {
  const seed = freshSeed();
  console.log(`pending bytes seed ${seed}`);
  const random = seededRandom(seed);
  for (let round = 0; round < 200; round++) {
    const port = openPort();
    const { below, socket } = port;
    below.takesBytes = randomBelow(random, 200);
    /** Which bytes of the stream below are those of payloads. */
    const isPayload: boolean[] = [];
    for (let count = 0; count < 5; count++) {
      const length = 1 + randomBelow(random, 400);
      socket!.write(noise(length));
      const header = below.written().length - length;
      for (let at = 0; at < header; at++) isPayload.push(false);
      for (let at = 0; at < length; at++) isPayload.push(true);
    }
    const expected = (): number =>
      isPayload.slice(isPayload.length - below.pendingBytes)
        .filter(Boolean).length;
    assert.equal(socket!.pendingBytes, expected());
    while (below.pendingBytes > 0) {
      below.take(1 + randomBelow(random, 100));
      assert.equal(socket!.pendingBytes, expected());
    }
    assert.equal(socket!.pendingBytes, 0);
  }
});

test("a drain comes after a write that asked to wait, once", () => {
  const port = openPort();
  const { below, socket, heard } = port;
  assert.equal(socket!.write(asciiBytes("taken")), true);
  below.takesBytes = 3;
  assert.equal(socket!.write(asciiBytes("not taken")), false);
  below.take(5);
  assert.equal(heard.drains, 0);
  below.take(100);
  assert.equal(heard.drains, 1);
  below.hears(frame(9, "ping"));
  below.take(100);
  assert.equal(heard.drains, 1);
});

test("a receiver that pauses gets nothing more until it resumes", () => {
  const port = openPort(OFFER, { compression: true });
  const { below, socket, heard } = port;
  heard.onChunk = () => socket!.pause();
  const packed = (text: string): Uint8Array =>
    frame(BINARY, platform.deflate.deflate(asciiBytes(text)), { bits: 4 });
  below.hears(joinedBytes([
    packed("one"),
    packed("two"),
    frame(BINARY, "three"),
    frame(CLOSE, closeBody(1000)),
  ]));
  const texts = ["one", "two", "three"];
  for (let count = 1; count <= 3; count++) {
    assert.equal(heard.text, texts.slice(0, count).join(""));
    assert.equal(below.isPaused, true);
    port.turn();
    assert.equal(heard.chunks.length, count);
    socket!.resume();
    // It is not called from inside the call.
    assert.equal(heard.chunks.length, count);
    port.turn();
  }
  assert.deepEqual(heard.ends, [{ kind: "ended" }]);
});

test("a receiver that resumes at once gets the rest in a later turn", () => {
  const port = openPort(OFFER, { compression: true });
  const { below, socket, heard } = port;
  heard.onChunk = () => {
    socket!.pause();
    socket!.resume();
  };
  const packed = platform.deflate.deflate(asciiBytes("x"));
  const one = frame(BINARY, packed, { bits: 4 });
  below.hears(joinedBytes([one, one, one]));
  for (let turn = 0; turn < 3; turn++) port.turn();
  assert.equal(heard.text, "xxx");
  assert.equal(below.isPaused, false);
});

test("the end of the stream waits behind what is held back, a reset does not", () => {
  const packed = platform.deflate.deflate(asciiBytes("x"));
  const one = frame(BINARY, packed, { bits: 4 });
  for (const kind of ["ended", "reset"] as const) {
    const port = openPort(OFFER, { compression: true });
    const { below, socket, heard } = port;
    heard.onChunk = () => socket!.pause();
    below.hears(joinedBytes([one, one]));
    const reason = kind === "ended" ? { kind } : { kind, code: "ECONNRESET" };
    below.closes(reason);
    assert.deepEqual(heard.ends, kind === "ended" ? [] : [reason]);
    socket!.resume();
    port.turn();
    socket!.resume();
    port.turn();
    assert.equal(heard.text, kind === "ended" ? "xx" : "x");
    assert.deepEqual(heard.ends, [reason]);
  }
});

test("a receiver that ends in the middle of a chunk hears no more of it", () => {
  for (const how of ["end", "destroy"] as const) {
    const port = openPort(OFFER, { compression: true });
    const { below, socket, heard } = port;
    heard.onChunk = () => socket![how]();
    const packed = platform.deflate.deflate(asciiBytes("x"));
    const one = frame(BINARY, packed, { bits: 4 });
    below.hears(joinedBytes([one, one, frame(3)]));
    port.turn();
    assert.equal(heard.text, "x");
    assert.deepEqual(heard.ends, []);
    below.closes({ kind: "closed" });
    assert.deepEqual(heard.ends, [{ kind: "closed" }]);
  }
});

test("what a receiver throws ends its connection, and nobody else's", () => {
  const port = openPort();
  const error = new Error("no");
  port.heard.onChunk = () => {
    throw error;
  };
  port.below.hears(frame(BINARY, "x"));
  const code = "EWEBSOCKET";
  assert.deepEqual(port.heard.ends, [{ kind: "failed", code, cause: error }]);
  assert.equal(closeOf(port), "1011 ");
});
