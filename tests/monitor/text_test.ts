/** Times and durations, as Go and nats-server print them. */
import assert from "node:assert/strict";
import {
  durationText,
  rttText,
  timeText,
  uptimeText,
} from "../../src/monitor/text.ts";
import { test } from "../support/test.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

test("an uptime begins with the first unit that is not 0", () => {
  const rows: [number, string][] = [
    [-5, "0s"],
    [0, "0s"],
    [999, "0s"],
    [7 * SECOND, "7s"],
    [MINUTE, "1m0s"],
    [2 * MINUTE + 5 * SECOND, "2m5s"],
    [HOUR, "1h0m0s"],
    [3 * DAY + 4 * HOUR, "3d4h0m0s"],
    [YEAR - 1, "364d23h59m59s"],
    [YEAR, "1y0d0h0m0s"],
    [
      YEAR + 2 * DAY + 3 * HOUR + 4 * MINUTE + 5 * SECOND + 6,
      "1y2d3h4m5s",
    ],
  ];
  for (const [duration, text] of rows) {
    assert.equal(uptimeText(duration), text, `${duration} ms`);
  }
});

test("a duration has Go's units and no zeros at the end", () => {
  const rows: [number, string][] = [
    [0, "0s"],
    [0.000001, "1ns"],
    [0.000999, "999ns"],
    [0.001, "1µs"],
    [0.0015, "1.5µs"],
    [0.3511, "351.1µs"],
    [1, "1ms"],
    [351.107844, "351.107844ms"],
    [999.999999, "999.999999ms"],
    [SECOND, "1s"],
    [1.5 * SECOND, "1.5s"],
    [10.01 * SECOND, "10.01s"],
    [MINUTE, "1m0s"],
    [90.5 * SECOND, "1m30.5s"],
    [HOUR, "1h0m0s"],
    [26 * HOUR + MINUTE, "26h1m0s"],
  ];
  for (const [duration, text] of rows) {
    assert.equal(durationText(duration), text, `${duration} ms`);
  }
});

test("a round-trip time under a millisecond is shown in whole microseconds", () => {
  assert.equal(rttText(0), "0s");
  assert.equal(rttText(0.000999), "999ns");
  assert.equal(rttText(0.1729), "172µs");
  assert.equal(rttText(3.204749), "3.204749ms");
});

test("a time has no zeros at the end of its fraction", () => {
  const rows: [string, string][] = [
    ["2026-11-22T22:44:54.160Z", "2026-11-22T22:44:54.16Z"],
    ["2026-11-22T22:44:54.007Z", "2026-11-22T22:44:54.007Z"],
    ["2026-11-22T22:40:50.000Z", "2026-11-22T22:40:50Z"],
    ["2000-10-10T00:00:00.000Z", "2000-10-10T00:00:00Z"],
  ];
  for (const [time, text] of rows) {
    assert.equal(timeText(Date.parse(time)), text);
  }
});
