/**
 * Random streams of frames, right and spoilt, and random requests, each tried
 * in one call; the caller prints the seed. `fuzz_test.ts` tries some of them,
 * `scripts/fuzz_websocket.ts` as many as it is told.
 */
import assert from "node:assert/strict";
import { asciiBytes } from "../../src/core/ascii.ts";
import { type Random, randomBelow } from "../../src/platform/clock.ts";
import { platform } from "../../src/runtime/mod.ts";
import { acceptWebSocket } from "../../src/websocket/accept.ts";
import type { FrameRules } from "../../src/websocket/frame_reader.ts";
import { WebSocketSocket } from "../../src/websocket/websocket_socket.ts";
import { frame, framesIn } from "./frame_bytes.ts";
import { HandSocket, Heard, joinedBytes } from "./hand_socket.ts";
import { HANDSHAKE_CASES } from "./handshake_cases.ts";
import { type NaiveOutcome, readNaively } from "./naive_reader.ts";
import { hostOn, OPEN_PORT } from "./websocket_network.ts";

const MASKS: readonly FrameRules["masks"][] = ["needed", "allowed", "refused"];
/** What a compressed message may become; small, so that some become more. */
const BYTES_MAX = 2000;
const { deflate } = platform;
const [CLOSE, PONG] = [8, 10];
/** The longest chunks of a stream. */
const SIZES = [7, 40, 1000, 1000];
/** The longest payloads: many short ones, and those about which a length changes its form. */
const LENGTHS = [0, 1, 3, 10, 10, 30, 30, 64, 65, 125, 126, 300];

/** Turns of the event loop that come when they are asked for. */
const soon: (() => void)[] = [];
const host = hostOn(
  { now: () => 0, monotonic: () => 0, after: () => ({ cancel() {} }) },
  (run) => void soon.push(run),
);

/** A stream of frames that may be spoilt. Gives how it ends. */
export function tryStream(random: Random): string {
  const masks = pick(random, MASKS);
  const isCompressing = randomBelow(random, 8) === 0;
  let stream = randomStream(random, masks, isCompressing);
  if (randomBelow(random, 2) === 0) stream = spoilt(random, stream);
  const rules = {
    masks,
    deflate: isCompressing ? deflate : undefined,
    bytesMax: BYTES_MAX,
  };
  const expected = readNaively(stream, rules);
  const got = readInChunks(random, stream, {
    masks,
    inflation: isCompressing ? { deflate, bytesMax: BYTES_MAX } : undefined,
  });
  assertSame(got, expected);
  return typeof expected.end === "string"
    ? expected.end.replace(/\d+$/, "N")
    : expected.end === undefined
    ? "open"
    : "closed";
}

/** A request that is spoilt: where it is cut makes no difference. Gives the answer's first line. */
export function tryRequest(random: Random): string {
  const { request } = pick(random, HANDSHAKE_CASES);
  const bytes = spoilt(random, asciiBytes(request));
  const whole = answersTo([bytes]);
  const cut = answersTo(chunksOf(random, bytes));
  const line = /^[^\r\n]*/.exec(whole.said)![0];
  assert.match(line, /^(?:HTTP\/1\.[01] \d{3} .*)?$/);
  // Bytes behind a request that is granted are early, or a frame.
  if (!line.includes(" 101 ") && whole.why !== EARLY) {
    assert.equal(cut.said, whole.said);
    assert.equal(cut.state, whole.state);
    assert.equal(cut.why, whole.why);
  }
  return line;
}

/** Writes, as they come out. */
export function tryWrites(random: Random): string {
  const isCompressing = randomBelow(random, 16) === 0;
  const isClient = randomBelow(random, 2) === 0;
  const frameBytesMax = pick(random, [undefined, 50, 4096]);
  const below = new HandSocket();
  const socket = new WebSocketSocket(below, host, { masks: "allowed" }, {
    random: isClient ? random : undefined,
    deflate: isCompressing ? deflate : undefined,
    frameBytesMax,
    compressedFrameBytesMax: frameBytesMax,
  });
  below.open(socket);
  socket.open(new Heard());
  turns();
  const payloads: Uint8Array[] = [];
  for (let count = randomBelow(random, 4); count >= 0; count--) {
    if (randomBelow(random, 3) === 0) {
      below.takesBytes = randomBelow(random, 90);
    }
    const payload = randomPayload(random);
    payloads.push(payload);
    socket.write(payload);
  }
  below.take(Infinity);
  assert.equal(socket.pendingBytes, 0);
  const sent = below.written();
  const frames = framesIn(sent);
  assert.ok(frames.every(({ isMasked }) => isMasked === isClient));
  if (frameBytesMax !== undefined) {
    assert.ok(frames.every((one) => one.payload.length <= frameBytesMax));
  }
  const { data, end } = readNaively(sent, {
    masks: "allowed",
    deflate,
    bytesMax: 1_000_000,
  });
  assert.equal(end, undefined);
  assertSameBytes(data, joinedBytes(payloads));
  return `${frames.length} frames`;
}

// `deepEqual` takes milliseconds for what this does in microseconds.
function assertSame(got: NaiveOutcome, expected: NaiveOutcome): void {
  assertSameBytes(got.data, expected.data);
  assert.equal(got.pings.join(" "), expected.pings.join(" "));
  assert.equal(String(got.end), String(expected.end));
}

function assertSameBytes(got: Bytes, expected: Bytes): void {
  assert.equal(got.length, expected.length);
  for (let at = 0; at < got.length; at++) {
    if (got[at] !== expected[at]) assert.fail(`byte ${at} is another one`);
  }
}

type Bytes = ArrayLike<number>;

const EARLY = "client sent data before handshake is complete";

function answersTo(
  chunks: readonly Uint8Array[],
): { readonly said: string; readonly state: string; readonly why: string } {
  const below = new HandSocket();
  let why = "";
  acceptWebSocket(below, { ...OPEN_PORT, compression: true }, host, {
    accepted: () => {},
    refused: (text) => why = text,
  });
  for (const chunk of chunks) below.hears(chunk);
  return { said: below.writtenText(), state: below.state, why };
}

/** What a WebSocket makes of a stream whose chunks end anywhere, while its receiver pauses now and then. */
function readInChunks(
  random: Random,
  stream: Uint8Array,
  rules: FrameRules,
): NaiveOutcome {
  const below = new HandSocket();
  const heard = new Heard();
  const socket = new WebSocketSocket(below, host, rules, {});
  below.open(socket);
  socket.open(heard);
  turns();
  const pauses = randomBelow(random, 3) === 0;
  let isPaused = false;
  const setPaused = (to: boolean): void => {
    isPaused = to;
    if (to) socket.pause();
    else socket.resume();
  };
  heard.onChunk = () => {
    assert.equal(isPaused, false);
    if (pauses && randomBelow(random, 2) === 0) setPaused(true);
    if (pauses && randomBelow(random, 4) === 0) setPaused(false);
  };
  for (const chunk of chunksOf(random, stream)) {
    below.hears(chunk);
    // A socket that is paused brings nothing.
    while (below.isPaused && heard.ends.length === 0) {
      setPaused(false);
      turns();
    }
  }
  turns();
  const answers = framesIn(below.written());
  const payloadsOf = (wanted: number): number[][] =>
    answers.filter(({ opcode }) => opcode === wanted)
      .map(({ payload }) => [...payload]);
  const [end, ...others] = heard.ends;
  assert.equal(others.length, 0);
  assert.equal(below.state === "open", end === undefined);
  return {
    data: [...joinedBytes(heard.chunks)],
    pings: payloadsOf(PONG),
    end: end?.kind === "failed"
      ? (end.cause as Error).message
      : payloadsOf(CLOSE)[0],
  };
}

function turns(): void {
  for (const run of soon.splice(0)) run();
}

/** Frames that follow the rules, nearly always. */
function randomStream(
  random: Random,
  masks: FrameRules["masks"],
  isCompressing: boolean,
): Uint8Array {
  const parts: Uint8Array[] = [];
  const add = (
    opcode: number,
    payload: Uint8Array,
    final: boolean,
    bits: number = 0,
  ): void => {
    const isMasked = masks === "needed" ||
      masks === "allowed" && randomBelow(random, 2) === 0;
    const key = isMasked ? randomBytes(random, 4) : undefined;
    const lengthBytes = randomBelow(random, 8) === 0
      ? { lengthBytes: 8 as const }
      : {};
    const shape = { final, bits, key };
    parts.push(
      frame(opcode, payload, opcode < 8 ? { ...shape, ...lengthBytes } : shape),
    );
    while (randomBelow(random, 6) === 0) addControl(random, add);
  };
  for (let count = 1 + randomBelow(random, 3); count > 0; count--) {
    const isPacked = isCompressing && randomBelow(random, 2) === 0;
    let payload = randomPayload(random);
    if (isPacked) payload = deflate.deflate(payload);
    const pieces = chunksOf(random, payload);
    if (pieces.length === 0) pieces.push(payload);
    pieces.forEach((piece, at) => {
      const opcode = at > 0 ? 0 : 1 + randomBelow(random, 2);
      add(
        opcode,
        piece,
        at === pieces.length - 1,
        isPacked && at === 0 ? 4 : 0,
      );
    });
  }
  if (randomBelow(random, 10) === 0) parts.push(wrongFrame(random, masks));
  if (randomBelow(random, 4) === 0) addClose(random, add);
  return joinedBytes(parts);
}

/** A frame that breaks a rule, if it is not one that breaks it by chance. */
function wrongFrame(random: Random, masks: FrameRules["masks"]): Uint8Array {
  const bytes = randomBytes(random, 20);
  bytes[1]! &= masks === "refused" ? 0x7f : 0xff;
  bytes[1]! |= masks === "needed" ? 0x80 : 0;
  if (randomBelow(random, 4) === 0) {
    // A control frame, compressed, or in parts, or too long.
    bytes[0] = pick(random, [0xc8, 0xc9, 0xca, 0x09, 0x89]);
    if (bytes[0] === 0x89) bytes[1]! |= 0x7e;
    else bytes[1]! &= 0x83;
  }
  // Reserved bits would hide all other rules.
  if (randomBelow(random, 8) > 0) bytes[0]! &= 0xcf;
  return bytes;
}

type Add = (opcode: number, payload: Uint8Array, final: boolean) => void;

function addControl(random: Random, add: Add): void {
  const payload = randomBytes(random, pick(random, [0, 1, 5, 5, 125]));
  add(9 + randomBelow(random, 2), payload, true);
}

function addClose(random: Random, add: Add): void {
  const code = pick(random, [
    999,
    1000,
    1001,
    1005,
    1014,
    1015,
    1016,
    3000,
    5000,
  ]);
  const text = randomBelow(random, 3) === 0
    ? randomBytes(random, randomBelow(random, 8))
    : new TextEncoder().encode(pick(random, ["", "bye", "tschüß"]));
  const status = Uint8Array.of(code >> 8, code & 0xff);
  const payload = joinedBytes([status, text]);
  add(8, payload.subarray(0, pick(random, [0, 1, 200, 200])), true);
}

/** Some bytes are other ones, too many or missing. */
function spoilt(random: Random, bytes: Uint8Array): Uint8Array {
  let all: Uint8Array = bytes.slice();
  for (let count = 1 + randomBelow(random, 3); count > 0; count--) {
    const at = randomBelow(random, all.length + 1);
    const before = all.subarray(0, at);
    const kind = randomBelow(random, 5);
    if (kind === 0 && at < all.length) all[at] = randomBelow(random, 256);
    else if (kind === 1 && at < all.length) {
      all[at]! ^= 1 << randomBelow(random, 8);
    } else if (kind === 2) {
      all = joinedBytes([before, randomBytes(random, 1), all.subarray(at)]);
    } else if (kind === 3) {
      const gap = randomBelow(random, 10);
      all = joinedBytes([before, all.subarray(at + gap)]);
    } else {
      const again = all.subarray(at - Math.min(at, randomBelow(random, 20)));
      all = joinedBytes([before, again]);
    }
  }
  return all;
}

function chunksOf(random: Random, bytes: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  const most = randomBelow(random, 20) === 0 ? 1 : pick(random, SIZES);
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + randomBelow(random, most);
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}

function randomPayload(random: Random): Uint8Array {
  const length = pick(random, LENGTHS);
  const bytes = randomBytes(random, randomBelow(random, length + 1));
  return randomBelow(random, 500) === 0
    ? new Uint8Array(2 * BYTES_MAX).fill(randomBelow(random, 256))
    : bytes;
}

function randomBytes(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  random.fill(bytes);
  return bytes;
}

function pick<T>(random: Random, all: readonly T[]): T {
  return all[randomBelow(random, all.length)]!;
}
