/** Charts are whole SVG whatever is drawn, and samples become rates. */
import assert from "node:assert/strict";
import {
  barChart,
  type Drawing,
  lineChart,
  svgOf,
} from "../../src/bench/chart.ts";
import { BenchCourse } from "../../src/bench/course.ts";
import { Sampler } from "../../src/bench/sampling.ts";
import { Tally } from "../../src/bench/tally.ts";
import { test } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

/** The texts of an SVG, whose elements are closed and whose numbers are numbers. */
function textsOf(...drawings: readonly Drawing[]): string[] {
  const svg = svgOf(drawings);
  const open: string[] = [];
  for (const [, end, name, empty] of svg.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
    if (end === "/") assert.equal(open.pop(), name);
    else if (empty === "") open.push(name!);
  }
  assert.deepEqual(open, []);
  assert.ok(!/NaN|Infinity|undefined/.test(svg.replace(/>[^<]*</g, "><")));
  assert.match(svg, /prefers-color-scheme: dark/);
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) =>
    text!
  );
}

test("lines have a legend and axes of round numbers", () => {
  const texts = textsOf(lineChart({
    title: "a < b & c",
    xLabel: "seconds",
    yLabel: "messages/s",
    series: [
      { name: "pub", points: [[0, 0], [1, 1_400_000], [2.1, 700_000]] },
      { name: "sub", points: [[0, 10], [1, 20]] },
    ],
  }));
  assert.equal(texts[0], "a &lt; b &amp; c");
  for (const label of ["0", "500k", "1M", "1.5M", "2.5", "pub", "sub"]) {
    assert.ok(texts.includes(label), `${label}: ${texts}`);
  }
});

test("what has no points, or only zeros, is drawn all the same", () => {
  const none = { title: "t", xLabel: "x", yLabel: "y" };
  textsOf(lineChart({ ...none, series: [] }));
  textsOf(lineChart({ ...none, series: [{ name: "n", points: [] }] }));
  textsOf(lineChart({ ...none, series: [{ name: "n", points: [[0, 0]] }] }));
  textsOf(barChart("t", []));
  textsOf(barChart("t", [{ name: "n", value: 0, text: "0" }]));
});

test("bars have their names and texts, and what is not finite has no bar", () => {
  const bars = [
    { name: "one", value: 2, text: "2.00" },
    { name: "two", value: NaN, text: "NaN" },
    { name: "three", value: Infinity, text: "?" },
  ];
  const drawing = barChart("bars", bars, 1);
  const texts = textsOf(drawing, drawing);
  assert.deepEqual(texts.slice(0, 8), [
    ...["bars", "one", "2.00", "two", "NaN", "three", "?", "1"],
  ]);
  assert.equal(texts.length, 16);
  const widths = [...drawing.body.matchAll(/<rect[^>]*width="([\d.]+)"/g)];
  assert.deepEqual(widths.map(([, width]) => Number(width) > 0), [
    ...[true, false, false],
  ]);
});

test("samples become the rates of each role, from the first message on", async () => {
  const clock = new VirtualClock();
  const course = new BenchCourse(clock);
  const pub = new Tally("pub", 1, clock);
  const subs = [new Tally("sub", 1, clock), new Tally("sub", 2, clock)];
  const sampler = new Sampler(course, [pub, ...subs]);
  sampler.start();
  await clock.advance(1000);
  for (let tenth = 0; tenth < 5; tenth++) {
    pub.msgs += 10;
    for (const sub of subs) sub.msgs += 20;
    await clock.advance(100);
  }
  sampler.stop();
  const [first, second] = sampler.series();
  assert.deepEqual([first?.name, second?.name], ["pub", "sub"]);
  const rates = first!.points.map(([, rate]) => Math.round(rate));
  assert.equal(rates.slice(0, 5).join(" "), "100 100 100 100 100");
  assert.equal(Math.round(second!.points[0]![1]), 400);
  assert.ok(first!.points.length <= 6);
  assert.equal(clock.pendingTimers, 0);
});

test("a long run keeps a thousand samples at most", async () => {
  const clock = new VirtualClock();
  const tally = new Tally("sub", 1, clock);
  const sampler = new Sampler(new BenchCourse(clock), [tally]);
  tally.msgs = 1;
  sampler.start();
  for (let step = 0; step < 3000; step++) {
    tally.msgs += 50;
    await clock.advance(100);
  }
  sampler.stop();
  const [{ points } = { points: [] }] = sampler.series();
  assert.ok(points.length > 400 && points.length < 1000, `${points.length}`);
  assert.ok(points.at(-1)![0] > 299);
});
