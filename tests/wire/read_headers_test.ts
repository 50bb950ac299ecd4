/** Which headers the server reads itself. */
import assert from "node:assert/strict";
import { asciiBytes } from "../../src/core/ascii.ts";
import { Message } from "../../src/wire/message.ts";
import { HEADERS_READ_MAX, headersIn } from "../../src/wire/read_headers.ts";
import { test } from "../support/test.ts";

function withHeaders(block: string): Message {
  const message = new Message();
  message.bodyBuffer = asciiBytes(`9 9\r\n${block}\r\n`);
  message.payloadStart = 5;
  message.headerSize = block.length;
  return message;
}

test("headers are read up to a length, and none of those that are longer", () => {
  const block = (length: number): string => {
    const [start, end] = ["NATS/1.0\r\nA: 1\r\nB: ", "\r\n\r\n"];
    return start + "x".repeat(length - start.length - end.length) + end;
  };
  assert.equal(headersIn(withHeaders(block(HEADERS_READ_MAX)))?.get("A"), "1");
  assert.equal(headersIn(withHeaders(block(HEADERS_READ_MAX + 1))), undefined);
});

test("a block that begins with something else has no headers", () => {
  assert.equal(headersIn(withHeaders("HTTP/1.0\r\nA: 1\r\n\r\n")), undefined);
  assert.equal(headersIn(new Message()), undefined);
});
