/** Curves as an SVG. */
import assert from "node:assert/strict";
import { type LinePlot, linePlotSvg } from "../../scripts/line_plot.ts";
import { test } from "../support/test.ts";

const PLOT: LinePlot = {
  title: "Rate",
  x: { title: "subscriptions", scale: "log" },
  y: { title: "messages/s", scale: "linear" },
  series: [
    { name: "one", points: [[1000, 1_500_000], [1_000_000, 3_000_000]] },
    { name: "two", points: [[1000, 0], [1_000_000, 2_990_000]] },
  ],
};

function textsOf(svg: string): string[] {
  return [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, words]) =>
    words!
  );
}

/** The places of the dots, in their order. */
function dotsOf(svg: string): [number, number][] {
  const dots = svg.matchAll(/<circle cx="([\d.-]+)" cy="([\d.-]+)"/g);
  return [...dots].map(([, x, y]) => [Number(x), Number(y)]);
}

function heightOf(svg: string, name: string): number {
  return Number(new RegExp(`y="([\\d.]+)"[^>]*>${name}<`).exec(svg)?.[1]);
}

test("axes have ticks in round numbers", () => {
  const texts = textsOf(linePlotSvg(PLOT));
  for (const wanted of ["0", "1 M", "3 M", "1 k", "10 k", "100 k"]) {
    assert.ok(texts.includes(wanted), `${wanted} in ${texts}`);
  }
});

test("points lie where their values are", () => {
  const [[x1, y1], [x2, y2], [x3, y3], [x4]] = dotsOf(linePlotSvg(PLOT)) as [
    [number, number],
    [number, number],
    [number, number],
    [number, number],
  ];
  assert.deepEqual([x1, x2], [x3, x4]);
  assert.ok(x1 < x2);
  // Half as much is half as high above the zero of the second series.
  assert.ok(Math.abs((y3 - y1) * 2 - (y3 - y2)) < 0.5, `${y1} ${y2} ${y3}`);
});

test("names of curves that end close to each other do not lie on each other", () => {
  const svg = linePlotSvg({
    ...PLOT,
    series: [1, 2, 3, 4].map((n) => ({
      name: `name ${n}`,
      points: [[1000, 5000], [1_000_000, n]],
    })),
  });
  const heights = [1, 2, 3, 4].map((n) => heightOf(svg, `name ${n}`))
    .sort((a, b) => a - b);
  heights.slice(1).forEach((height, at) =>
    assert.ok(height - heights[at]! >= 16, String(heights))
  );
  assert.ok(heights.at(-1)! < 340, String(heights));
});

test("what cannot be drawn is left out, and texts are escaped", () => {
  const svg = linePlotSvg({
    title: "a < b & c",
    x: { title: "x", scale: "log" },
    y: { title: "y", scale: "log" },
    series: [
      { name: "some", points: [[0, 1], [1, NaN], [1, 0], [10, 7]] },
      { name: "none", points: [] },
    ],
  });
  assert.equal(dotsOf(svg).length, 1);
  assert.doesNotMatch(svg, /NaN|Infinity/);
  assert.match(svg, />a &lt; b &amp; c</);
});
