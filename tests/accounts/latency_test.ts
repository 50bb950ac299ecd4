/** Measurements of services: which requests are measured, and how the times of a record follow from each other. */
import assert from "node:assert/strict";
import { latencyFields } from "../../src/accounts/latency.ts";
import { sampledHeaders } from "../../src/accounts/latency_sampling.ts";
import { asciiBytes } from "../../src/core/ascii.ts";
import { Message } from "../../src/wire/message.ts";
import { addHeader } from "../../src/wire/rewrite.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

/** An empty message with these headers. */
function messageWith(lines: readonly (readonly [string, string])[]): Message {
  const message = new Message();
  message.bodyBuffer = asciiBytes("0\r\n\r\n");
  message.bodyEnd = message.bodyBuffer.length;
  message.payloadStart = 3;
  for (const [name, value] of lines) addHeader(message, name, value);
  return message;
}

function sampledBy(
  ...lines: readonly (readonly [string, string])[]
): unknown {
  return sampledHeaders(
    { subject: "lat", sampling: "headers" },
    messageWith(lines),
    seededRandom(1),
  );
}

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";

test("headers of tracers ask for a measurement, each in its way", () => {
  const b3 = { "X-B3-Traceid": ["7"], "X-B3-Spanid": ["8"] };
  const table: [readonly (readonly [string, string])[], unknown][] = [
    [[], undefined],
    [[["Other", "1"]], undefined],
    [[["Uber-Trace-Id", "1:2:3:1"]], { "Uber-Trace-Id": ["1:2:3:1"] }],
    [
      [["uber-trace-id", "1:2:3:f"], ["uberctx-user", "x"], ["Else", "y"]],
      { "Uber-Trace-Id": ["1:2:3:f"], "Uberctx-User": ["x"] },
    ],
    [[["Uber-Trace-Id", "1:2:3:0"]], undefined],
    [[["Uber-Trace-Id", "1:2:3:2"]], undefined],
    [[["Uber-Trace-Id", "1:2:3"]], undefined],
    [[["Uber-Trace-Id", "1:2:3:zz"]], undefined],
    // One that says no in its own words is not asked in others.
    [[["Uber-Trace-Id", "1:2:3:0"], ["X-B3-Sampled", "1"]], undefined],
    [[["X-B3-Sampled", "1"]], { "X-B3-Sampled": ["1"] }],
    [[["X-B3-Sampled", "0"], ["X-B3-TraceId", "7"]], undefined],
    [[["X-B3-TraceId", "7"], ["X-B3-SpanId", "8"]], b3],
    [[["B3", "1-2-1-3"]], { B3: ["1-2-1-3"] }],
    [[["B3", "1-2-d"]], { B3: ["1-2-d"] }],
    [[["B3", "1-2"]], { B3: ["1-2"] }],
    [[["B3", "0"]], undefined],
    [[["B3", "1-2-0-3"]], undefined],
    [[["traceparent", `00-${TRACE}-01`]], {
      Traceparent: [`00-${TRACE}-01`],
    }],
    [[["Traceparent", `00-${TRACE}-03`], ["Tracestate", "a=b"]], {
      Traceparent: [`00-${TRACE}-03`],
      Tracestate: ["a=b"],
    }],
    [[["Traceparent", `00-${TRACE}-00`]], undefined],
    [[["Traceparent", "00-1-01"]], undefined],
  ];
  for (const [lines, expected] of table) {
    assert.deepEqual(sampledBy(...lines), expected, JSON.stringify(lines));
  }
});

test("a share of the requests is measured, and beside it those with headers", () => {
  const seed = freshSeed();
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  const options = { subject: "lat", sampling: 25 };
  const traced = messageWith([["B3", "1-2-1"]]);
  let measured = 0;
  for (let i = 0; i < 1000; i++) {
    if (sampledHeaders(options, messageWith([]), random)) measured++;
    assert.ok(sampledHeaders(options, traced, random));
  }
  assert.ok(measured > 150 && measured < 350, `${measured}`);
  const all = { subject: "lat", sampling: 100 };
  assert.deepEqual(sampledHeaders(all, messageWith([]), random), {});
});

test("a block of headers that is none asks for nothing", () => {
  const message = messageWith([["B3", "1-2-1"]]);
  message.bodyBuffer[message.payloadStart] = 0;
  const options = { subject: "lat", sampling: "headers" } as const;
  assert.equal(sampledHeaders(options, message, seededRandom(1)), undefined);
});

test("the time of the service is without the ways, and never negative", () => {
  const ways = { requestorRtt: 20, responderRtt: 30, own: 1 };
  assert.deepEqual(latencyFields({ elapsed: 100, ...ways }), {
    service: 70,
    system: 1,
    total: 121,
  });
  assert.equal(latencyFields({ elapsed: 10, ...ways }).service, 0);
});
