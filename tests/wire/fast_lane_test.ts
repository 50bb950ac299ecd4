/** Messages whose line is the one before once more: they mean what they say, and are not read anew. */
import assert from "node:assert/strict";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import { TURN_WORK_MAX, WorkMeter } from "../../src/core/work_meter.ts";
import { MessageArgs } from "../../src/wire/args.ts";
import { subjectOf } from "../../src/wire/message.ts";
import { Op } from "../../src/wire/ops.ts";
import { Parser } from "../../src/wire/parser.ts";
import { setReply, setSubject } from "../../src/wire/rewrite.ts";
import { test } from "../support/test.ts";
import {
  CLIENT,
  FAST_CLIENT,
  FAST_ROUTE,
  Recorder,
  recordingParser,
  ROUTE,
} from "./recorder.ts";

test("an RMSG takes the fast lane from its second time on", () => {
  const { parser, recorder } = recordingParser(FAST_ROUTE);
  const plain = recordingParser(ROUTE);
  const input = [
    "RMSG $G a 1\r\n1\r\nRMSG $G a 1\r\n2\r\nRMSG $G a 1\r\n3\r\n",
    "RMSG $G a r 1\r\n4\r\nRMSG $G a r 1\r\n5\r\n",
    "PING\r\nRMSG $G a r 1\r\n6\r\n",
    "RMSG $H a r 1\r\n7\r\nRMSG $H a r 1\r\n8\r\n",
  ].join("");
  parser.parse(asciiBytes(input));
  plain.parser.parse(asciiBytes(input));
  assert.deepEqual(recorder.events, plain.recorder.events);
  assert.equal(recorder.events.length, 9);
  assert.equal(recorder.fastMessages, 5);
});

test("an RMSG that names groups is read anew each time", () => {
  const { parser, recorder } = recordingParser(FAST_ROUTE);
  parser.parse(asciiBytes("RMSG $G a | q 1\r\nx\r\n".repeat(3)));
  assert.equal(recorder.fastMessages, 0);
  assert.deepEqual(
    recorder.events,
    new Array(3).fill(
      'RMSG account=$G subject=a queues=q rest="1\\r\\nx\\r\\n"',
    ),
  );
});

for (const [dialect, verb] of [[FAST_CLIENT, "PUB"], [FAST_ROUTE, "RMSG $G"]]) {
  const name = (dialect as typeof FAST_CLIENT).name;

  test(`memory that holds other bytes at the next call is read anew: ${name}`, () => {
    const { parser, recorder } = recordingParser(dialect as typeof FAST_CLIENT);
    const chunk = asciiBytes(`${verb} a 1\r\nx\r\n`.repeat(3));
    parser.parse(chunk);
    chunk.set(asciiBytes(`PING\r\n${verb} b 1\r\ny\r\n${verb} b 1\r\nz\r\n`));
    chunk.fill(0x0d, 6 + 2 * `${verb} b 1\r\ny\r\n`.length);
    assert.throws(() => parser.parse(chunk));
    const described = recorder.events.map((event) =>
      /subject=(.).*n(.).r/.exec(event)?.slice(1).join("") ?? event
    );
    assert.deepEqual(described, ["ax", "ax", "ax", "PING", "by", "bz"]);
  });

  test(`a line may come again with another payload after one that was cut: ${name}`, () => {
    const { parser, recorder } = recordingParser(dialect as typeof FAST_CLIENT);
    const input = asciiBytes(`${verb} a 1\r\nx\r\n`.repeat(4));
    parser.parse(input.slice(0, 30));
    parser.parse(input.slice(30));
    assert.equal(recorder.events.length, 4);
    assert.equal(new Set(recorder.events).size, 1);
  });
}

test("what the server puts in place of a subject or a reply does not come again", () => {
  const pubArgs = new MessageArgs();
  const seen: string[] = [];
  const parser = new Parser({
    allowedOps: [Op.PUB],
    pubArgs: () => pubArgs,
    line: () => assert.fail("a line outside of the fast lane"),
    payload: () => assert.fail("a payload outside of the fast lane"),
    published: () => {
      const { message } = pubArgs;
      const { replyBuffer, replyStart, replyEnd } = message;
      const reply = byteString(replyBuffer, replyStart, replyEnd);
      seen.push(`${subjectOf(message)} ${reply}`);
      setSubject(message, asciiBytes("other"));
      if (seen.length > 1) setReply(message, asciiBytes("elsewhere"));
      return 0;
    },
  }, { maxControlLineBytes: 100 });
  parser.parse(asciiBytes("PUB a r 1\r\nx\r\n".repeat(3)));
  assert.deepEqual(seen, ["a r", "a r", "a r"]);
});

test("messages that stand together and differ in their payloads come at once, as many as may", () => {
  const { parser, recorder } = recordingParser(FAST_CLIENT);
  const plain = recordingParser(CLIENT);
  const payloads = [..."abcdefgh"].map((letter) => `${letter}\r\n`);
  const input = asciiBytes(
    payloads.map((payload) => `PUB a 3\r\n${payload}\r\n`).join("") +
      "PUB a 1\r\nx\r\nPUB b 1\r\nx\r\n",
  );
  recorder.mostAgain = 3;
  parser.parse(input);
  plain.parser.parse(input);
  assert.deepEqual(recorder.events, plain.recorder.events);
  assert.equal(recorder.fastMessages, 10);
  // Three behind the first one, and three behind the fifth.
  assert.equal(recorder.messagesAgain, 6);
});

test("what comes at once is work as well", () => {
  const meter = new WorkMeter();
  meter.begin();
  const recorder = new Recorder(FAST_CLIENT);
  recorder.mostAgain = Infinity;
  const parser = new Parser(recorder, { maxControlLineBytes: 100, meter });
  const input = asciiBytes("PUB a 1\r\nx\r\n".repeat(TURN_WORK_MAX));
  let at = 0;
  let turns = 0;
  for (; at < input.length; turns++) {
    meter.begin();
    at += parser.parse(input.subarray(at));
    // The meter is looked at once in a while.
    assert.ok(meter.spent < 1.1 * TURN_WORK_MAX);
  }
  assert.equal(recorder.events.length, TURN_WORK_MAX);
  assert.ok(turns > 1);
});
