/** What a subscriber keeps of a message when the memory that it came in is gone. */
import assert from "node:assert/strict";
import { randomBelow } from "../../src/platform/clock.ts";
import { ReceivedMsg } from "../../src/client/messages/received_msg.ts";
import { MessageArgs } from "../../src/wire/args.ts";
import { Op, type OpHandler } from "../../src/wire/ops.ts";
import { Parser } from "../../src/wire/parser.ts";
import type { Words } from "../../src/wire/words.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

const PUBLISHER = { publish: () => {} };

/** Gives its chunks away when it is asked, and counts how often. */
class Giver {
  asked = 0;

  keepChunk(): boolean {
    this.asked++;
    return true;
  }
}

/** The messages of `chunk`, whose memory is used again without a `giver`. */
function read(
  chunk: Uint8Array,
  giver?: Giver,
  subject?: string,
): ReceivedMsg[] {
  const messages: ReceivedMsg[] = [];
  const args = new MessageArgs();
  const handler: OpHandler = {
    allowedOps: [Op.MSG, Op.HMSG],
    line(op: Op, buffer: Uint8Array, _start, _end, words: Words) {
      args.readMsg(buffer, words, op === Op.HMSG);
      return args.message.size;
    },
    payload(_op: Op, buffer: Uint8Array, start: number, end: number) {
      args.complete(buffer, start, end);
      const { message } = args;
      messages.push(
        new ReceivedMsg(subject, 1, message, PUBLISHER, giver),
      );
    },
  };
  new Parser(handler, { maxControlLineBytes: 1024 }).parse(chunk);
  if (giver === undefined) chunk.fill(0x21);
  return messages;
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const HEADERS = "NATS/1.0\r\nA: b\r\n\r\n";

test("subject, reply, headers and payload are read after the memory was used again", () => {
  const frames = [
    "MSG a.b 1 reply 2\r\nhi\r\n",
    `HMSG sübject 1 ${HEADERS.length} ${
      HEADERS.length + 3
    }\r\n${HEADERS}yes\r\n`,
    // Other blanks than usual, so that the line is written anew.
    "MSG  a.b\t1   reply  4 \r\nlong\r\n",
    "MSG a.b 1 0\r\n\r\n",
  ];
  const messages = read(bytes(frames.join("")));
  const texts = messages.map((message) => [
    message.subject,
    message.reply,
    message.headers?.get("A"),
    message.string(),
    message.size(),
  ]);
  assert.deepEqual(texts, [
    ["a.b", "reply", undefined, "hi", 10],
    ["sübject", undefined, "b", "yes", 11 + HEADERS.length],
    ["a.b", "reply", undefined, "long", 12],
    ["a.b", undefined, undefined, "", 3],
  ]);
});

test("a subject that is known is not kept once more", () => {
  const chunk = bytes("MSG a.b 1 reply 2\r\nhi\r\nMSG a.b 1 2\r\nho\r\n");
  const [one, other] = read(chunk, undefined, "a.b");
  assert.deepEqual([one!.subject, one!.reply, one!.string()], [
    "a.b",
    "reply",
    "hi",
  ]);
  assert.deepEqual([other!.subject, other!.string(), other!.size()], [
    "a.b",
    "ho",
    5,
  ]);
});

test("messages share blocks, and none has a byte of another", () => {
  const seed = freshSeed();
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  const payloads = Array.from(
    { length: 2000 },
    (_, n) => String.fromCharCode(97 + n % 26).repeat(randomBelow(random, 700)),
  );
  const messages = payloads.flatMap((payload) =>
    read(bytes(`MSG a 1 ${payload.length}\r\n${payload}\r\n`))
  );
  assert.deepEqual(messages.map((message) => message.string()), payloads);
  const blocks = new Set(messages.map(({ data }) => data.buffer));
  const sizes = [...blocks].map(({ byteLength }) => byteLength);
  assert.ok(blocks.size < payloads.length / 8, `${blocks.size} blocks`);
  assert.ok(Math.max(...sizes) <= 65_536, `${Math.max(...sizes)} bytes`);
  assert.ok(messages.every(({ data }) => data.byteOffset % 8 === 0));
});

test("a block that was transferred takes no other message along", () => {
  const chunk = (): Uint8Array => bytes("MSG a 1 3\r\nabc\r\n");
  const [before] = read(chunk());
  const moved = structuredClone(before!.data, {
    transfer: [before!.data.buffer as ArrayBuffer],
  });
  assert.equal(moved.length, 3);
  const [after] = read(chunk());
  assert.equal(after!.string(), "abc");
});

test("a message keeps the chunk that it is a 64th of", () => {
  const frame = (size: number): string =>
    `MSG a 1 ${size}\r\n${"x".repeat(size)}\r\n`;
  const chunk = bytes(frame(2000) + frame(100).repeat(60));
  const giver = new Giver();
  const messages = read(chunk, giver);
  assert.equal(messages.length, 61);
  assert.equal(giver.asked, 1, "one message keeps it");
  assert.equal(messages[0]!.data.buffer, chunk.buffer);
  assert.notEqual(messages[1]!.data.buffer, chunk.buffer);
  const [borrowed] = read(chunk.slice());
  assert.notEqual(borrowed!.data.buffer, chunk.buffer);
  const short = new Giver();
  const [empty] = read(bytes(frame(0)), short);
  assert.equal(empty!.data.length, 0);
});
