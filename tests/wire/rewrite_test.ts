/**
 * Messages whose parts are replaced: what receivers then get, and that the
 * message that came in stays as it was.
 */
import assert from "node:assert/strict";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import { Outbox } from "../../src/core/outbox.ts";
import { SlabPool } from "../../src/core/slab_pool.ts";
import { MessageArgs } from "../../src/wire/args.ts";
import { writeMsg, writeRoutedMsg } from "../../src/wire/encode.ts";
import { Message } from "../../src/wire/message.ts";
import {
  addHeader,
  copyParts,
  removeHeader,
  setReply,
  setSubject,
} from "../../src/wire/rewrite.ts";
import { Words } from "../../src/wire/words.ts";
import { test } from "../support/test.ts";

const HEADERS = "NATS/1.0\r\nA: 1\r\n\r\n";

test("subject and reply are replaced, the body is not copied", () => {
  const original = published("foo bar 2\r\nhi\r\n");
  const copy = new Message();
  copyParts(original, copy);
  setSubject(copy, asciiBytes("mapped.foo"));
  setReply(copy, asciiBytes("_R_.x"));
  assert.equal(asMsg(copy), "MSG mapped.foo 7 _R_.x 2\r\nhi\r\n");
  assert.equal(asRoutedMsg(copy), "RMSG $G mapped.foo _R_.x 2\r\nhi\r\n");
  assert.equal(copy.bodyBuffer, original.bodyBuffer);
  assert.equal(asMsg(original), "MSG foo 7 bar 2\r\nhi\r\n");
});

test("a reply is added to a message without one, and taken away", () => {
  const message = published("foo 2\r\nhi\r\n");
  setReply(message, asciiBytes("r"));
  assert.equal(message.hasReply, true);
  assert.equal(asMsg(message), "MSG foo 7 r 2\r\nhi\r\n");
  setReply(message, asciiBytes(""));
  assert.equal(message.hasReply, false);
  assert.equal(asMsg(message), "MSG foo 7 2\r\nhi\r\n");
});

test("a header is added behind those that are there", () => {
  const size = HEADERS.length;
  const message = published(`foo ${size} ${size + 2}\r\n${HEADERS}hi\r\n`);
  addHeader(message, "B", "2");
  const block = "NATS/1.0\r\nA: 1\r\nB: 2\r\n\r\n";
  assert.equal(
    asMsg(message),
    `HMSG foo 7 ${block.length} ${block.length + 2}\r\n${block}hi\r\n`,
  );
});

test("a message without headers gets a block of its own", () => {
  const message = published("foo 2\r\nhi\r\n");
  addHeader(message, "B", "2");
  addHeader(message, "B", "3");
  const block = "NATS/1.0\r\nB: 2\r\nB: 3\r\n\r\n";
  assert.equal(
    asMsg(message),
    `HMSG foo 7 ${block.length} ${block.length + 2}\r\n${block}hi\r\n`,
  );
});

test("a header block without the blank line at its end is completed", () => {
  const odd = "NATS/1.0\r\nA: 1\r\n";
  const size = odd.length;
  const message = published(`foo ${size} ${size + 2}\r\n${odd}hi\r\n`);
  addHeader(message, "B", "2");
  const block = `${odd}B: 2\r\n\r\n`;
  assert.equal(
    asMsg(message),
    `HMSG foo 7 ${block.length} ${block.length + 2}\r\n${block}hi\r\n`,
  );
});

test("a header is taken away however its lines are written, and no other one", () => {
  const kept = ["A: 1\n", "xKey: 2\r\n", "Keys: 3\r\n", "Key\r\n", "B: Key: 4"];
  const lines = [
    "key: 1\r\n",
    ...["KEY :2\n", kept[0], kept[1], " Key\t: 3\r", kept[2], kept[3]],
    ...["kEy:4\r\n", kept[4]],
  ];
  const block = `NATS/1.0\r\n${lines.join("")}\r\n\r\n`;
  const size = block.length;
  const message = published(`foo ${size} ${size + 2}\r\n${block}hi\r\n`);
  removeHeader(message, "Key");
  const rest = `NATS/1.0\r\n${kept.join("")}\r\n\r\n`;
  assert.equal(
    asMsg(message),
    `HMSG foo 7 ${rest.length} ${rest.length + 2}\r\n${rest}hi\r\n`,
  );
});

/** The message of a PUB, or with two sizes an HPUB, whose arguments and payload are `input`. */
function published(input: string): Message {
  const buffer = asciiBytes(input);
  const line = input.slice(0, input.indexOf("\r\n"));
  const words = new Words();
  words.split(buffer, 0, line.length);
  const args = new MessageArgs();
  args.readPub(buffer, words, input.includes("NATS/1.0"));
  args.complete(buffer, line.length + 2, buffer.length - 2);
  return args.message;
}

function asMsg(message: Message): string {
  return written((out) => writeMsg(out, message, asciiBytes("7"), true));
}

function asRoutedMsg(message: Message): string {
  return written((out) =>
    writeRoutedMsg(out, message, asciiBytes("$G"), [], 0)
  );
}

function written(write: (out: Outbox) => void): string {
  const sink = { pendingBytes: 0, write: () => true };
  const out = new Outbox(new SlabPool(), sink);
  write(out);
  return byteString(out.slab, 0, out.end);
}
