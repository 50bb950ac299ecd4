/** Which moments a pattern means, in which zone: by the calendar, where clocks change too. */
import assert from "node:assert/strict";
import { parseSchedule } from "../../src/jetstream/schedule/schedule.ts";
import { TimeZone } from "../../src/jetstream/schedule/time_zone.ts";
import { test } from "../support/test.ts";

/** A pattern, its zone, a moment, and those that come behind it. */
type Row = readonly [string, string, string, readonly string[]];

const ROWS: readonly Row[] = [
  ["*/20 * * * * *", "UTC", "2027-01-01T00:00:00Z", [
    "2027-01-01T00:00:20Z",
    "2027-01-01T00:00:40Z",
    "2027-01-01T00:01:00Z",
  ]],
  ["59 59 23 31 12 ?", "UTC", "2027-01-01T00:00:00Z", [
    "2027-12-31T23:59:59Z",
    "2028-12-31T23:59:59Z",
  ]],
  ["0 0 0 29 2 *", "UTC", "2026-11-30T00:00:00Z", ["2028-02-29T00:00:00Z"]],
  // By date or by day of the week.
  ["0 0 12 1 * fri", "UTC", "2027-01-28T00:00:00Z", [
    "2027-01-29T12:00:00Z",
    "2027-02-01T12:00:00Z",
    "2027-02-05T12:00:00Z",
  ]],
  // By both: a star with a step is no star.
  ["0 0 12 */2 * fri", "UTC", "2027-01-28T00:00:00Z", [
    "2027-01-29T12:00:00Z",
    "2027-01-31T12:00:00Z",
    "2027-02-01T12:00:00Z",
  ]],
  ["0 0 12 * * Fri", "UTC", "2027-01-28T00:00:00Z", [
    "2027-01-29T12:00:00Z",
    "2027-02-05T12:00:00Z",
  ]],
  ["@weekly", "UTC", "2027-01-28T00:00:00Z", ["2027-01-31T00:00:00Z"]],
  ["@monthly", "UTC", "2027-01-28T00:00:00Z", ["2027-02-01T00:00:00Z"]],
  ["@hourly", "Asia/Kolkata", "2027-01-28T00:00:00Z", [
    "2027-01-28T06:00:00+05:30",
    "2027-01-28T07:00:00+05:30",
  ]],
  ["@daily", "America/New_York", "2027-01-28T00:00:00Z", [
    "2027-01-28T00:00:00-05:00",
  ]],
  // Half past two is not there, and then it is there twice.
  ["0 30 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", [
    "2027-03-29T02:30:00+02:00",
  ]],
  ["0 30 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z", [
    "2027-10-31T02:30:00+02:00",
    "2027-10-31T02:30:00+01:00",
    "2027-11-01T02:30:00+01:00",
  ]],
  ["0 0 */6 * * *", "Europe/Berlin", "2027-03-27T20:00:00Z", [
    "2027-03-28T00:00:00+01:00",
    "2027-03-28T06:00:00+02:00",
    "2027-03-28T12:00:00+02:00",
  ]],
  // Clocks are changed by half an hour here.
  ["0 45 1 * * *", "Australia/Lord_Howe", "2027-04-02T20:00:00Z", [
    "2027-04-04T01:45:00+11:00",
    "2027-04-04T01:45:00+10:30",
    "2027-04-05T01:45:00+10:30",
  ]],
  // A day begins at one o'clock here.
  ["@daily", "America/Havana", "2027-03-13T12:00:00Z", [
    "2027-03-15T00:00:00-04:00",
  ]],
];

for (const [pattern, zone, from, expected] of ROWS) {
  test(`${pattern} in ${zone} behind ${from}`, () => {
    const schedule = parseSchedule(pattern, TimeZone.named(zone))!;
    let us = Date.parse(from) * 1000;
    const moments = expected.map(() => {
      us = schedule.after(us)!;
      return schedule.text(us);
    });
    assert.deepEqual(moments, expected);
  });
}

test("each moment is behind the one before, for years, wherever clocks change", () => {
  for (const zone of ["Europe/Berlin", "America/Havana", "Africa/Casablanca"]) {
    const schedule = parseSchedule("0 30 0,1,2 * * *", TimeZone.named(zone))!;
    let us = Date.parse("2026-01-01T00:00:00Z") * 1000;
    for (let i = 0; i < 300; i++) {
      const next = schedule.after(us)!;
      assert.ok(next > us, `${zone} behind ${schedule.text(us)}`);
      assert.match(schedule.text(next), /T0[012]:30:00/);
      us = next;
    }
  }
});
