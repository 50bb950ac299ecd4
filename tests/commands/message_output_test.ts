/** Messages as they are printed, for people and for programs. */
import assert from "node:assert/strict";
import { jsonLine, messageText } from "../../src/commands/message_output.ts";
import { headers, type Msg, type MsgHdrs } from "../../client.ts";
import { test } from "../support/test.ts";

function message(
  subject: string,
  data: string | readonly number[],
  more: { reply?: string; headers?: MsgHdrs } = {},
): Msg {
  const bytes = typeof data === "string"
    ? new TextEncoder().encode(data)
    : Uint8Array.from(data);
  return {
    subject,
    sid: 1,
    ...more,
    data: bytes,
    respond: () => false,
    string: () => new TextDecoder().decode(bytes),
    json: () => JSON.parse(""),
  };
}

function headersWith(
  ...lines: readonly (readonly [string, string])[]
): MsgHdrs {
  const all = headers();
  for (const [name, value] of lines) all.append(name, value);
  return all;
}

const PLAIN = { subjects: true, colours: false, escapes: false };

test("a message as JSON is one line that says all of it", () => {
  assert.equal(
    jsonLine(message("a.b", "hé\nllo")),
    '{"subject":"a.b","data":"hé\\nllo"}',
  );
  const more = {
    reply: "_INBOX.x",
    headers: headersWith(["A", "1"], ["A", "2"], ["__proto__", "3"]),
  };
  assert.equal(
    jsonLine(message("a", "", more)),
    '{"subject":"a","reply":"_INBOX.x",' +
      '"headers":{"A":["1","2"],"__proto__":["3"]},"data":""}',
  );
  assert.equal(
    jsonLine(message("a", "", { headers: headers(503, "Nobody") })),
    '{"subject":"a","status":"503 Nobody","headers":{},"data":""}',
  );
});

test("data that is no UTF-8 is base64 in JSON, and marked as such", () => {
  assert.equal(
    jsonLine(message("a", [0xff, 0x00])),
    '{"subject":"a","data":"/wA=","base64":true}',
  );
  assert.equal(
    jsonLine(message("a", [0xef, 0xbb, 0xbf, 0x61])),
    '{"subject":"a","data":"\ufeffa"}',
  );
});

test("a message for people has subject, headers and payload", () => {
  assert.equal(messageText(message("a.b", "hello"), PLAIN), "a.b\nhello\n\n");
  assert.equal(messageText(message("a.b", "hello\n"), PLAIN), "a.b\nhello\n\n");
  const more = { reply: "r", headers: headersWith(["A", "1"], ["A", "2"]) };
  assert.equal(
    messageText(message("a.b", "hello", more), PLAIN),
    "a.b (reply to r)\nA: 1\nA: 2\n\nhello\n\n",
  );
});

test("an answer for people is printed without its subject", () => {
  const look = { ...PLAIN, subjects: false };
  assert.equal(messageText(message("_INBOX.1", "42"), look), "42\n");
  const more = { headers: headersWith(["A", "1"]) };
  assert.equal(
    messageText(message("_INBOX.1", "42", more), look),
    "A: 1\n\n42\n",
  );
});

test("on a terminal a payload cannot move the cursor", () => {
  const look = { ...PLAIN, escapes: true };
  const text = "one\ttwo\n\\three\x1b[2J\x07\u009b";
  assert.equal(
    messageText(message("a", text), look),
    "a\none\ttwo\n\\three\\x1b[2J\\a\\u009b\n\n",
  );
  assert.equal(messageText(message("a", text), PLAIN), `a\n${text}\n\n`);
  const more = { headers: headersWith(["A", "\x1b[31m"]) };
  assert.match(messageText(message("a", "", more), PLAIN), /^A: \\x1b\[31m$/m);
});

test("data that is no text is shown in base64", () => {
  assert.match(
    messageText(message("a", [0xff, 0x00]), PLAIN),
    /^\(2 bytes .*\) \/wA=$/m,
  );
});

test("colours come only when they are asked for", () => {
  const more = { reply: "r", headers: headersWith(["A", "1"]) };
  const text = (colours: boolean): string =>
    messageText(message("a", "x", more), { ...PLAIN, colours });
  assert.ok(text(true).startsWith("\x1b[36ma\x1b[0m"));
  assert.ok(!text(false).includes("\x1b"));
  // deno-lint-ignore no-control-regex
  assert.equal(text(true).replace(/\x1b\[\d+m/g, ""), text(false));
});
