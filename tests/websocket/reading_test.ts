/** What a server's WebSocket does with the frames of its peer. The texts are those of nats-server. */
import assert from "node:assert/strict";
import { platform } from "../../src/runtime/mod.ts";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import { test } from "../support/test.ts";
import { closeBody, frame, type FrameShape, framesIn } from "./frame_bytes.ts";
import { type HandPort, joinedBytes, openPort } from "./hand_socket.ts";

const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];
const UNMASKED: FrameShape = { key: undefined };
const COMPRESSED: FrameShape = { bits: 4 };
const OFFER = { "Sec-WebSocket-Extensions": "permessage-deflate" };

function compressing(maxPayloadBytes: number = 1_048_576): HandPort {
  return openPort(OFFER, { compression: true, maxPayloadBytes });
}

function deflated(text: string): Uint8Array {
  return platform.deflate.deflate(asciiBytes(text));
}

/** The CLOSE that a port has sent, as a number and a text. */
function closeOf({ below }: HandPort): string {
  const [close, ...others] = framesIn(below.written());
  assert.equal(close?.opcode, CLOSE);
  assert.deepEqual(others, []);
  const { payload } = close!;
  if (payload.length === 0) return "";
  return `${payload[0]! << 8 | payload[1]!} ${byteString(payload.slice(2))}`;
}

/** Has failed with this, and told the peer. */
function assertFailed(port: HandPort, text: string, code: number = 1002): void {
  assert.equal(closeOf(port), `${code} ${text}`);
  assert.equal(port.below.state, "ended");
  const [end, ...others] = port.heard.ends;
  assert.deepEqual(others, []);
  assert.ok(end?.kind === "failed" && end.code === "EWEBSOCKET");
  assert.equal((end.cause as Error).message, text);
}

test("messages are one stream, handed on as one piece for each chunk", () => {
  const port = openPort();
  port.below.hears(joinedBytes([
    frame(BINARY, "PI"),
    frame(TEXT, "NG\r\n\xff"),
    frame(BINARY),
    frame(BINARY, "one", { final: false }),
    frame(CONTINUATION, "two", { final: false }),
    frame(CONTINUATION, "three"),
  ]));
  assert.deepEqual(port.heard.chunks.map((chunk) => byteString(chunk)), [
    "PING\r\n\xffonetwothree",
  ]);
});

test("frames may be cut anywhere, and come a byte at a time", () => {
  const all = joinedBytes([
    frame(BINARY, "short"),
    frame(PING, "?"),
    frame(BINARY, "a".repeat(300), { final: false }),
    frame(PONG, "!"),
    frame(CONTINUATION, "b".repeat(70_000), { lengthBytes: 8 }),
    frame(TEXT, "c", { lengthBytes: 2 }),
    frame(CLOSE),
  ]);
  const sent = `short${"a".repeat(300)}${"b".repeat(70_000)}c`;
  const check = (port: HandPort): void => {
    assert.equal(port.heard.text, sent);
    assert.deepEqual(port.heard.ends, [{ kind: "ended" }]);
  };
  const near = [
    ...Array(400).keys(),
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16].map((back) =>
      all.length - back
    ),
  ];
  for (const at of near) {
    const port = openPort();
    port.below.hears(all.subarray(0, at));
    port.below.hears(all.subarray(at));
    check(port);
  }
  const port = openPort();
  for (const byte of all) port.below.hears(Uint8Array.of(byte));
  check(port);
});

test("a part of a frame is handed on when it comes", () => {
  const port = openPort();
  const bytes = frame(BINARY, "first, second");
  port.below.hears(bytes.subarray(0, 12));
  assert.equal(port.heard.text, "first,");
  port.below.hears(bytes.subarray(12));
  assert.equal(port.heard.text, "first, second");
});

test("a ping is answered with the same, a pong is not", () => {
  const port = openPort();
  port.below.hears(joinedBytes([
    frame(BINARY, "a", { final: false }),
    frame(PING, "x".repeat(125)),
    frame(PONG, "y"),
    frame(PING),
    frame(CONTINUATION, "b"),
  ]));
  const answers = framesIn(port.below.written());
  assert.deepEqual(
    answers.map(({ opcode, payload }) => [opcode, byteString(payload)]),
    [[PONG, "x".repeat(125)], [PONG, ""]],
  );
  assert.equal(port.heard.text, "ab");
});

test("of the pings of a peer that does not read the last one is answered", () => {
  const port = openPort();
  port.below.takesBytes = 0;
  for (let count = 0; count < 10_000; count++) {
    port.below.hears(frame(PING, `${count}`));
  }
  const { pendingBytes } = port.below;
  assert.ok(pendingBytes < 17_000, `${pendingBytes}`);
  assert.equal(port.socket!.pendingBytes, 0);
  port.below.written();
  port.below.takesBytes = Infinity;
  port.below.take(pendingBytes);
  const [pong, ...others] = framesIn(port.below.written());
  assert.equal(byteString(pong!.payload), "9999");
  assert.deepEqual(others, []);
  assert.equal(port.heard.drains, 0);
});

const DEFLATE_ERROR =
  "compressed frame received without negotiated permessage-deflate";
const CONTROL_ERROR =
  "control frame length bigger than maximum allowed of 125 bytes";
const NEW_MESSAGE =
  "new message started before final frame for previous message was received";

const WRONG: readonly (readonly [string, readonly Uint8Array[]])[] = [
  ["RSV2 and RSV3 must be clear", [
    frame(BINARY, "x", { bits: 2, key: undefined }),
  ]],
  ["RSV2 and RSV3 must be clear", [frame(BINARY, "x", { bits: 1 })]],
  ["RSV2 and RSV3 must be clear", [frame(3, "x", { bits: 6 })]],
  [DEFLATE_ERROR, [frame(BINARY, "x", { bits: 4, key: undefined })]],
  [DEFLATE_ERROR, [frame(3, "x", COMPRESSED)]],
  [DEFLATE_ERROR, [
    frame(BINARY, "", { final: false }),
    frame(CONTINUATION, "y", COMPRESSED),
  ]],
  ["mask bit missing", [frame(3, "", UNMASKED)]],
  ["mask bit missing", [frame(BINARY, "PING\r\n", UNMASKED)]],
  ["unknown opcode 3", [frame(3, "", { final: false })]],
  ["unknown opcode 11", [frame(11, "x".repeat(126))]],
  [CONTROL_ERROR, [frame(PING, "x".repeat(126), { final: false })]],
  ["control frame does not have final bit set", [
    frame(CLOSE, "", { final: false }),
  ]],
  [NEW_MESSAGE, [frame(BINARY, "", { final: false }), frame(TEXT, "y")]],
  ["invalid continuation frame", [frame(CONTINUATION, "x")]],
  ["invalid continuation frame", [frame(BINARY), frame(CONTINUATION)]],
  ["invalid 64-bit payload length", [frame(BINARY, "", { length: 1n << 63n })]],
  ["invalid 64-bit payload length", [frame(BINARY, "", { length: 1n << 53n })]],
  ["close frame payload cannot be 1 byte", [frame(CLOSE, "x")]],
];

test("a frame that breaks a rule ends the connection, with the rule", () => {
  for (const [text, frames] of WRONG) {
    const bytes = joinedBytes(frames);
    const port = openPort();
    port.below.hears(bytes);
    assertFailed(port, text);
    const other = openPort();
    for (const byte of bytes) other.below.hears(Uint8Array.of(byte));
    assertFailed(other, text);
  }
});

test("with compression other rules can be broken", () => {
  for (
    const [text, frames] of [
      ["control frame must not be compressed", [frame(PING, "x", COMPRESSED)]],
      ["control frame does not have final bit set", [
        frame(PING, "x", { bits: 4, final: false }),
      ]],
      ["invalid continuation frame", [
        frame(BINARY, deflated("x"), { bits: 4, final: false }),
        frame(CONTINUATION, "y", COMPRESSED),
      ]],
      ["flate: corrupt input", [frame(BINARY, "\xff\xff\xff", COMPRESSED)]],
      ["flate: corrupt input", [frame(BINARY, "", COMPRESSED)]],
    ] as const
  ) {
    const port = compressing();
    port.below.hears(joinedBytes(frames));
    assertFailed(port, text);
  }
});

test("what came before a wrong frame is handed on first", () => {
  const port = openPort();
  port.below.hears(
    joinedBytes([frame(BINARY, "good"), frame(3), frame(BINARY, "never")]),
  );
  assert.equal(port.heard.text, "good");
  assertFailed(port, "unknown opcode 3");
  port.below.hears(frame(BINARY, "never"));
  assert.equal(port.heard.text, "good");
});

test("the CLOSE of a peer is said back to it, and ends the connection", () => {
  for (const code of [1000, 1001, 1003, 1007, 1014, 3000, 4999]) {
    const port = openPort();
    port.below.hears(
      joinedBytes([
        frame(BINARY, "a"),
        frame(CLOSE, closeBody(code, "bye")),
        frame(BINARY, "b"),
      ]),
    );
    assert.equal(closeOf(port), `${code} bye`);
    assert.equal(port.below.state, "ended");
    assert.deepEqual(port.heard.ends, [{ kind: "ended" }]);
    assert.equal(port.heard.text, "a");
  }
  const silent = openPort();
  silent.below.hears(frame(CLOSE));
  assert.equal(closeOf(silent), "");
});

test("a CLOSE with a number that nobody may send is an error", () => {
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000]) {
    const port = openPort();
    port.below.hears(frame(CLOSE, closeBody(code, "why")));
    assertFailed(port, `invalid close status code ${code}`);
  }
});

test("a CLOSE whose text is no UTF-8 has an answer of its own", () => {
  const port = openPort();
  port.below.hears(frame(CLOSE, closeBody(1000, "\xff\xfe")));
  assertFailed(port, "invalid utf8 body in close frame", 1007);
});

test("compressed messages come in fragments, each for itself", () => {
  const port = compressing();
  const packed = deflated("PUB a 5\r\nhello\r\n".repeat(20));
  port.below.hears(joinedBytes([
    frame(BINARY, "plain "),
    frame(BINARY, packed.subarray(0, 3), { bits: 4, final: false }),
    frame(PING, "between"),
    frame(CONTINUATION, packed.subarray(3, 4), { final: false }),
    frame(CONTINUATION, packed.subarray(4)),
    frame(TEXT, deflated("again"), COMPRESSED),
    frame(BINARY, " plain"),
  ]));
  const sent = `plain ${"PUB a 5\r\nhello\r\n".repeat(20)}again plain`;
  assert.equal(port.heard.text, sent);
  assert.equal(framesIn(port.below.written()).length, 1);
});

test("others have their turn while many messages are inflated", () => {
  const text = "a".repeat(400_000);
  for (const [what, message] of [["empty", ""], ["large", text]] as const) {
    const port = compressing();
    const one = frame(BINARY, deflated(message), COMPRESSED);
    const all = Array.from({ length: 100 }, () => one);
    port.below.hears(joinedBytes([...all, frame(BINARY, "end")]));
    port.below.closes({ kind: "ended" });
    let turns = 0;
    while (port.heard.ends.length === 0 && turns < 1000) {
      assert.equal(port.below.isPaused, true, what);
      assert.ok(!port.heard.text.endsWith("end"), what);
      port.turn();
      turns++;
    }
    assert.equal(port.heard.text, `${message.repeat(100)}end`);
    assert.deepEqual(port.heard.ends, [{ kind: "ended" }]);
    // 32 messages at a time, or 1 MiB.
    assert.equal(turns, what === "empty" ? 3 : 33);
  }
});

test("a message that becomes too large is refused", () => {
  const port = compressing(1000);
  port.below.hears(frame(BINARY, deflated("a".repeat(1000)), COMPRESSED));
  assert.equal(port.heard.text.length, 1000);
  port.below.hears(frame(BINARY, deflated("a".repeat(1001)), COMPRESSED));
  assertFailed(port, "maximum payload exceeded");
});

test("a compressed message that is too large is refused when its length is told", () => {
  const port = compressing(1000);
  const length = 8001n;
  port.below.hears(frame(BINARY, "", { ...COMPRESSED, length }).subarray(0, 8));
  assertFailed(port, "maximum payload exceeded");
  const inParts = compressing(1000);
  inParts.below.hears(
    frame(BINARY, "x".repeat(8000), { bits: 4, final: false }),
  );
  assert.equal(inParts.below.state, "open");
  inParts.below.hears(frame(CONTINUATION, "x"));
  assertFailed(inParts, "maximum payload exceeded");
});

test("however large a message may become, 64 MiB of compressed bytes are too many", () => {
  const port = compressing(1 << 30);
  const length = 64n * 1024n * 1024n + 1n;
  port.below.hears(frame(BINARY, "", { ...COMPRESSED, length }));
  assertFailed(port, "maximum payload exceeded");
});

test("the mask may be left out where that was agreed", () => {
  const port = openPort({ "Nats-No-Masking": "true" });
  port.below.hears(joinedBytes([
    frame(BINARY, "plain ", UNMASKED),
    frame(PING, "!", UNMASKED),
    frame(BINARY, "masked"),
  ]));
  assert.equal(port.heard.text, "plain masked");
  const [pong] = framesIn(port.below.written());
  assert.deepEqual([pong!.isMasked, byteString(pong!.payload)], [false, "!"]);
});
