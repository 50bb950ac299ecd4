/**
 * Reading the arguments of messages: which word is what in every form, and
 * what is handed on to receivers when a sender wrote its line oddly.
 */
import assert from "node:assert/strict";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import { ClosedReason } from "../../src/core/closed.ts";
import { ProtocolError } from "../../src/core/errors.ts";
import { malformed, MessageArgs } from "../../src/wire/args.ts";
import { NO_HEADERS, replyOf, subjectOf } from "../../src/wire/message.ts";
import { Words } from "../../src/wire/words.ts";
import { test } from "../support/test.ts";
import { queuesOf } from "./recorder.ts";

test("PUB and HPUB name a subject, perhaps a reply, and sizes", () => {
  assert.deepEqual(pub("foo 5"), { subject: "foo", reply: "", size: 5 });
  assert.deepEqual(pub("foo bar 5"), { subject: "foo", reply: "bar", size: 5 });
  assert.deepEqual(pub("foo 3 5", true), {
    subject: "foo",
    reply: "",
    headerSize: 3,
    size: 5,
  });
  assert.deepEqual(pub("foo bar 5 5", true), {
    subject: "foo",
    reply: "bar",
    headerSize: 5,
    size: 5,
  });
});

test("a subject may look like a size", () => {
  assert.deepEqual(pub("1 2 3"), { subject: "1", reply: "2", size: 3 });
  assert.deepEqual(pub("1 2 3", true), {
    subject: "1",
    reply: "",
    headerSize: 2,
    size: 3,
  });
});

test("sizes have up to nine digits, zeros at the front included", () => {
  assert.equal(pub("foo 0").size, 0);
  assert.equal(pub("foo 01").size, 1);
  assert.equal(pub("foo 000000001").size, 1);
  assert.equal(pub("foo 999999999").size, 999_999_999);
  assert.throws(() => pub("foo 0000000001"), isMalformed);
  assert.throws(() => pub("foo 1000000000"), isMalformed);
});

test("headers are never longer than the message", () => {
  assert.equal(pub("foo 5 5", true).headerSize, 5);
  assert.throws(() => pub("foo 6 5", true), isMalformed);
});

test("MSG and HMSG name a subject, a sid, perhaps a reply, and sizes", () => {
  assert.deepEqual(msg("foo 9 5"), {
    subject: "foo",
    sid: "9",
    reply: "",
    size: 5,
  });
  assert.deepEqual(msg("foo 9 bar 5"), {
    subject: "foo",
    sid: "9",
    reply: "bar",
    size: 5,
  });
  assert.deepEqual(msg("foo 9 bar 3 5", true), {
    subject: "foo",
    sid: "9",
    reply: "bar",
    headerSize: 3,
    size: 5,
  });
});

test("RMSG may name a reply, queue groups, or both", () => {
  const forms: [line: string, reply: string, queues: string[]][] = [
    ["$G foo 5", "", []],
    ["$G foo bar 5", "bar", []],
    ["$G foo | q1 5", "", ["q1"]],
    ["$G foo | q1 q2 q3 5", "", ["q1", "q2", "q3"]],
    ["$G foo + bar q1 5", "bar", ["q1"]],
    ["$G foo + bar q1 q2 5", "bar", ["q1", "q2"]],
    ["$G foo + bar 5", "bar", []],
    // Three words: the third is a reply, whatever it looks like.
    ["$G foo + 5", "+", []],
    ["$G foo | 5", "|", []],
    // The sign is looked for in one place only.
    ["$G foo | + 5", "", ["+"]],
    ["$G foo + | q 5", "|", ["q"]],
  ];
  for (const [line, reply, queues] of forms) {
    const plain = { account: "$G", subject: "foo", reply, queues, size: 5 };
    assert.deepEqual(routed(line), plain);
    const withHeaders = line.replace(/5$/, "3 5");
    assert.deepEqual(routed(withHeaders, true), { ...plain, headerSize: 3 });
  }
});

test("nothing of the message before is left over", () => {
  const args = new MessageArgs();
  readRouted(args, "$G foo + bar q1 q2 3 5", true);
  readRouted(args, "$G foo 5");
  assert.equal(args.message.hasReply, false);
  assert.equal(args.message.headerSize, NO_HEADERS);
  assert.deepEqual(queuesOf(args), []);
});

test("a line as receivers expect it is handed on without a copy", () => {
  for (
    const [input, withHeaders] of [
      ["foo 2\r\nhi\r\n", false],
      ["foo\t  bar 02\r\nhi\r\n", false],
      ["foo 1 2\r\nhi\r\n", true],
    ] as const
  ) {
    const { args, buffer } = completed(input, withHeaders);
    assert.equal(args.message.bodyBuffer, buffer);
  }
});

test("an odd line is handed on as receivers expect it", () => {
  const forms: [input: string, rest: string, withHeaders: boolean][] = [
    ["foo 2\nhi\r\n", "2\r\nhi\r\n", false],
    ["foo 2 \r\nhi\r\n", "2\r\nhi\r\n", false],
    ["foo 002\t \t\nhi\r\n", "002\r\nhi\r\n", false],
    ["foo 0\n\r\n", "0\r\n\r\n", false],
    ["foo 1 2\nhi\r\n", "1 2\r\nhi\r\n", true],
    ["foo 1  2\r\nhi\r\n", "1 2\r\nhi\r\n", true],
    ["foo 1\t2\r\nhi\r\n", "1 2\r\nhi\r\n", true],
    ["foo 01 \t 02 \r\nhi\r\n", "01 02\r\nhi\r\n", true],
  ];
  for (const [input, rest, withHeaders] of forms) {
    const { message } = completed(input, withHeaders).args;
    const { bodyBuffer, bodyStart, bodyEnd, payloadStart } = message;
    assert.equal(byteString(bodyBuffer, bodyStart, bodyEnd), rest);
    const payloadText = byteString(bodyBuffer, payloadStart, bodyEnd - 2);
    assert.equal(payloadText, rest.slice(rest.indexOf("\n") + 1, -2));
  }
});

test("malformed arguments close without a word and name their place in the log", () => {
  const error = malformed("RMSG");
  assert.equal(error.reason, ClosedReason.PROTOCOL_VIOLATION);
  assert.equal(error.wire, "");
  assert.equal(error.message, "Malformed arguments: RMSG");
});

interface Read {
  subject: string;
  reply: string;
  size: number;
  headerSize?: number;
}

function wordsOf(line: string): Words {
  const words = new Words();
  words.split(asciiBytes(line), 0, line.length);
  return words;
}

function pub(line: string, withHeaders = false): Read {
  const args = new MessageArgs();
  args.readPub(asciiBytes(line), wordsOf(line), withHeaders);
  return common(args);
}

function msg(line: string, withHeaders = false): Read & { sid: string } {
  const args = new MessageArgs();
  args.readMsg(asciiBytes(line), wordsOf(line), withHeaders);
  const sid = byteString(
    args.message.subjectBuffer,
    args.sidStart,
    args.sidEnd,
  );
  return { ...common(args), sid };
}

function routed(
  line: string,
  withHeaders = false,
): Read & { account: string; queues: string[] } {
  const args = new MessageArgs();
  readRouted(args, line, withHeaders);
  const account = byteString(
    args.message.subjectBuffer,
    args.accountStart,
    args.accountEnd,
  );
  return { ...common(args), account, queues: queuesOf(args) };
}

function readRouted(
  args: MessageArgs,
  line: string,
  withHeaders = false,
): void {
  args.readRoutedMsg(asciiBytes(line), wordsOf(line), withHeaders);
}

function common({ message }: MessageArgs): Read {
  const { headerSize, size } = message;
  const subject = subjectOf(message);
  const reply = replyOf(message);
  const read = { subject, reply, size };
  return headerSize === NO_HEADERS ? read : { ...read, headerSize };
}

/** The arguments of a PUB whose line and payload are all there. */
function completed(
  input: string,
  withHeaders: boolean,
): { args: MessageArgs; buffer: Uint8Array } {
  const buffer = asciiBytes(input);
  const behindLine = input.indexOf("\n") + 1;
  const lineEnd = input.search(/\r?\n/);
  const args = new MessageArgs();
  args.readPub(buffer, wordsOf(input.slice(0, lineEnd)), withHeaders);
  args.complete(buffer, behindLine, buffer.length - 2);
  return { args, buffer };
}

function isMalformed(error: unknown): boolean {
  return error instanceof ProtocolError && error.wire === "";
}
