/** Messages as receivers get them, whatever the lengths of their parts are and wherever these stand. */
import assert from "node:assert/strict";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import { Outbox } from "../../src/core/outbox.ts";
import { SlabPool } from "../../src/core/slab_pool.ts";
import { MessageArgs, NOT_SCANNED } from "../../src/wire/args.ts";
import { writeMsg, writeRoutedMsg } from "../../src/wire/encode.ts";
import type { Message } from "../../src/wire/message.ts";
import { setReply, setSubject } from "../../src/wire/rewrite.ts";
import { test } from "../support/test.ts";

/** Every length up to here is tried, and so one above that of every way to copy. */
const LENGTHS = Array.from({ length: 260 }, (_, length) => length);

/** Bytes that differ from their neighbours, none of them a blank. */
function text(length: number, seed = 0): string {
  let made = "";
  for (let i = 0; i < length; i++) {
    made += String.fromCharCode(0x21 + (seed + i * 7) % 0x5d);
  }
  return made;
}

/** The message of a PUB that stands in the middle of other bytes. */
function published(
  { subject = "a", reply = "", payload = "" },
): Message {
  const before = text(13);
  const line = `${subject} ${reply === "" ? "" : reply + " "}${payload.length}`;
  const bytes = asciiBytes(`${before}${line}\r\n${payload}\r\n${text(9)}`);
  const args = new MessageArgs();
  // A chunk is often a part of a larger piece of memory.
  const larger = new Uint8Array(bytes.length + 5);
  larger.set(bytes, 5);
  const chunk = larger.subarray(5);
  const lineEnd = args.scanPub(chunk, before.length, chunk.length);
  assert.notEqual(lineEnd, NOT_SCANNED);
  args.completeScanned(lineEnd + 1, lineEnd + 1 + payload.length);
  return args.message;
}

function written(write: (out: Outbox) => void): string {
  const sink = { pendingBytes: 0, write: () => true };
  const out = new Outbox(new SlabPool(), sink);
  out.append(asciiBytes("<"));
  write(out);
  return byteString(out.slab, 1, out.end);
}

function asMsg(message: Message): string {
  return written((out) => writeMsg(out, message, asciiBytes("12"), true));
}

function asRoutedMsg(message: Message): string {
  const queues = [asciiBytes("q")];
  return written((out) =>
    writeRoutedMsg(out, message, asciiBytes("$G"), queues, 1)
  );
}

test("payloads of all lengths arrive as they are", () => {
  for (const length of LENGTHS) {
    const payload = text(length);
    const message = published({ payload });
    const body = `${length}\r\n${payload}\r\n`;
    assert.equal(asMsg(message), `MSG a 12 ${body}`);
    assert.equal(asRoutedMsg(message), `RMSG $G a | q ${body}`);
  }
});

test("subjects and replies of all lengths arrive as they are", () => {
  for (const length of LENGTHS.slice(1)) {
    const [subject, reply] = [text(length, 1), text(length, 2)];
    const message = published({ subject, reply, payload: "hello" });
    assert.equal(asMsg(message), `MSG ${subject} 12 ${reply} 5\r\nhello\r\n`);
    assert.equal(
      asRoutedMsg(message),
      `RMSG $G ${subject} + ${reply} q 5\r\nhello\r\n`,
    );
  }
});

test("a subject and a reply that were replaced arrive, with the payload that came", () => {
  for (const length of LENGTHS.slice(1)) {
    const [subject, reply] = [text(length, 1), text(length, 2)];
    const message = published({ reply: "r", payload: "hello" });
    setSubject(message, asciiBytes(subject));
    setReply(message, asciiBytes(reply));
    assert.equal(asMsg(message), `MSG ${subject} 12 ${reply} 5\r\nhello\r\n`);
    assert.equal(
      asRoutedMsg(message),
      `RMSG $G ${subject} + ${reply} q 5\r\nhello\r\n`,
    );
  }
});

test("the next message of a connection is written from its own chunk", () => {
  const first = published({ payload: "first" });
  assert.equal(asMsg(first), "MSG a 12 5\r\nfirst\r\n");
  const next = published({ payload: "second" });
  Object.assign(first, next);
  assert.equal(asMsg(first), "MSG a 12 6\r\nsecond\r\n");
});
