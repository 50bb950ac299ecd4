/** Messages of a load are found wherever what comes is cut, and all else goes on. */
import assert from "node:assert/strict";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import { LoadReader } from "../../src/bench/load_reader.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

/** What a reader found, as texts. */
class Found {
  readonly frames: string[] = [];
  rest = "";
  readonly reader: LoadReader = new LoadReader({
    onFrame: (frame) => this.frames.push(textOf(frame)),
    onRest: (bytes) => {
      this.rest += byteString(bytes);
    },
  });
}

function textOf(frame: LoadReader): string {
  const { bytes, bodyStart, headerSize, size } = frame;
  const shown = Math.min(size, 40);
  return [
    frame.sid,
    byteString(bytes, frame.subjectStart, frame.subjectEnd),
    byteString(bytes, frame.replyStart, frame.replyEnd),
    headerSize,
    size,
    byteString(bytes, bodyStart, bodyStart + shown),
  ].join("|");
}

const BIG = "x".repeat(1200);
const STREAM = 'INFO {"a":1}\r\n' +
  "MSG a.b 100000 5\r\nhello\r\n" +
  "PING\r\n" +
  "MSG own 7 3\r\nM\r\n\r\n" +
  "MSG a.b 100001 _INBOX.x.1 0\r\n\r\n" +
  `MSG big 100000 ${BIG.length}\r\n${BIG}\r\n` +
  "HMSG h 100000 _INBOX.y 16 16\r\nNATS/1.0 503\r\n\r\n\r\n" +
  `HMSG own 8 12 ${12 + BIG.length}\r\nNATS/1.0\r\n\r\n${BIG}\r\n` +
  "HMSG h 100002 12 14\r\nNATS/1.0\r\n\r\nhi\r\n" +
  "-ERR 'MSG is no error'\r\nPONG\r\n";

const FRAMES = [
  "100000|a.b||0|5|hello",
  "100001|a.b|_INBOX.x.1|0|0|",
  `100000|big||0|1200|${BIG.slice(0, 40)}`,
  "100000|h|_INBOX.y|16|16|NATS/1.0 503\r\n\r\n",
  "100002|h||12|14|NATS/1.0\r\n\r\nhi",
];

const REST = 'INFO {"a":1}\r\nPING\r\nMSG own 7 3\r\nM\r\n\r\n' +
  `HMSG own 8 12 ${12 + BIG.length}\r\nNATS/1.0\r\n\r\n${BIG}\r\n` +
  "-ERR 'MSG is no error'\r\nPONG\r\n";

function check(cuts: readonly number[], hint: string): void {
  const found = new Found();
  const bytes = asciiBytes(STREAM);
  let start = 0;
  for (const end of [...cuts, bytes.length]) {
    // A chunk is borrowed: what is behind it is gone afterwards.
    const chunk = bytes.slice(start, end);
    found.reader.read(chunk);
    chunk.fill(0x3f);
    start = end;
  }
  assert.deepEqual(found.frames, FRAMES, hint);
  assert.equal(found.rest, REST, hint);
}

test("what comes in one piece is divided", () => check([], ""));

test("what comes byte by byte is divided", () => {
  check(Array.from({ length: STREAM.length - 1 }, (_, at) => at + 1), "");
});

test("wherever it is cut once, it is divided", () => {
  for (let cut = 1; cut < STREAM.length; cut++) check([cut], `cut at ${cut}`);
});

test("however it is cut, it is divided", () => {
  const seed = freshSeed();
  const random = seededRandom(seed);
  for (let round = 0; round < 200; round++) {
    const cuts: number[] = [];
    const longest = 1 + random.next() * 800;
    for (let at = 0;;) {
      at += 1 + Math.floor(random.next() * longest);
      if (at >= STREAM.length) break;
      cuts.push(at);
    }
    check(cuts, `seed ${seed}, round ${round}`);
  }
});

test("a line without an end is refused, and one without words goes to the client", () => {
  const { reader } = new Found();
  const endless = asciiBytes(`MSG ${"a".repeat(40_000)}`);
  assert.throws(() => reader.read(endless), /a line without an end/);
  const found = new Found();
  found.reader.read(asciiBytes("MSG\r\n\r\nPING\r\n"));
  assert.equal(found.frames.length, 0);
  assert.ok(found.rest.startsWith("MSG\r\n"));
});
