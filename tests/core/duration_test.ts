/** Durations as Go reads and prints them. */
import assert from "node:assert/strict";
import {
  durationProblem,
  formatDuration,
  parseDuration,
} from "../../src/core/duration.ts";
import { test } from "../support/test.ts";

const READ: readonly (readonly [text: string, ms: number | undefined])[] = [
  ["0", 0],
  ["2s", 2000],
  ["1m30s", 90_000],
  ["1h0m0.5s", 3_600_500],
  ["250ms", 250],
  ["1.5h", 5_400_000],
  [".5s", 500],
  ["2.s", 2000],
  ["-5s", -5000],
  ["+5s", 5000],
  ["1000us", 1],
  ["1000µs", 1],
  ["1000μs", 1],
  ["2000000ns", 2],
  ["", undefined],
  ["5", undefined],
  ["s", undefined],
  [".s", undefined],
  ["5 s", undefined],
  ["5S", undefined],
  ["5d", undefined],
  ["5s5", undefined],
  ["--5s", undefined],
  [`${"9".repeat(400)}h`, undefined],
];

for (const [text, ms] of READ) {
  test(`${JSON.stringify(text)} lasts ${ms} ms`, () => {
    const read = parseDuration(text);
    if (ms === undefined || read === undefined) assert.equal(read, ms);
    else assert(Math.abs(read - ms) < 1e-6, String(read));
  });
}

const PRINTED: readonly (readonly [ms: number, text: string])[] = [
  [0, "0s"],
  [250, "250ms"],
  [1500, "1.5s"],
  [120_000, "2m0s"],
  [90_500, "1m30.5s"],
  [3_600_000, "1h0m0s"],
  [-5000, "-5s"],
];

for (const [ms, text] of PRINTED) {
  test(`${ms} ms are printed as ${text}`, () => {
    assert.equal(formatDuration(ms), text);
    assert.equal(parseDuration(text), ms);
  });
}

test("what is wrong with a duration is told", () => {
  const tell = (text: string) => durationProblem(text).replace("time: ", "");
  assert.equal(tell("5"), 'missing unit in duration "5"');
  assert.equal(tell("1m5"), 'missing unit in duration "1m5"');
  assert.equal(tell("1h5d"), 'unknown unit "d" in duration "1h5d"');
  assert.equal(tell("5 s"), 'unknown unit " s" in duration "5 s"');
  assert.equal(tell("s"), 'invalid duration "s"');
  assert.equal(tell(""), 'invalid duration ""');
});
