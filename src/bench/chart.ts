/**
 * Charts as SVG: a text that a browser shows, which reads on white and on black.
 * Lines, with axes of round numbers, and bars that lie beside their names.
 */
import { escaped, shortNumber, svgNumber, svgText, ticksTo } from "./svg.ts";

/** Where and how texts stand. */
const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #1a1a1a; }
  .title { font-size: 15px; font-weight: 600; }
  .grid { stroke: #8886; stroke-width: 1; }
  .one { stroke: #1a1a1a; stroke-width: 1.5; }
  .line { fill: none; stroke-width: 2; }
  @media (prefers-color-scheme: dark) {
    svg { background: #121212; }
    text { fill: #eeeeee; }
    .one { stroke: #eeeeee; }
  }
`;

/** They are told apart on white and on black, and by those who see no red or green. */
const COLOURS = ["#2a7fd4", "#d9730d", "#1a9c6b", "#b04fc4", "#c43d56"];

const WIDTH = 760;
const TOP = 56;
const LINE_HEIGHT = 22;
/** Steps of an axis, at most. */
const TICKS = 5;

/** A chart, as a part of a file. */
export interface Drawing {
  readonly title: string;
  readonly height: number;
  readonly body: string;
}

/** A line of a chart. */
export interface Series {
  readonly name: string;
  /** In the order of x. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
}

const PLOT = { left: 84, right: WIDTH - 24, top: TOP + 12, bottom: 340 };

/** Lines over a common x, both axes from 0 on. */
export function lineChart(
  { title, xLabel, yLabel, series }: LineChart,
): Drawing {
  const points = series.flatMap((one) => one.points);
  const xTicks = ticksTo(Math.max(0, ...points.map(([x]) => x)), TICKS);
  const yTicks = ticksTo(Math.max(0, ...points.map(([, y]) => y)), TICKS);
  const xAt = scale(xTicks.at(-1)!, PLOT.left, PLOT.right);
  const yAt = scale(yTicks.at(-1)!, PLOT.bottom, PLOT.top);
  const parts = [
    ...yTicks.map((y) => gridLine(yAt(y), shortNumber(y))),
    ...xTicks.map((x) =>
      text(xAt(x), PLOT.bottom + 18, shortNumber(x), "middle")
    ),
    text((PLOT.left + PLOT.right) / 2, PLOT.bottom + 38, xLabel, "middle"),
    text(PLOT.left, TOP - 4, yLabel, "start"),
    ...series.map(({ points }, index) =>
      `<polyline class="line" stroke="${colour(index)}" points="${
        points.map(([x, y]) => `${svgNumber(xAt(x))},${svgNumber(yAt(y))}`)
          .join(" ")
      }"/>`
    ),
    ...series.length > 1 ? legend(series.map(({ name }) => name)) : [],
  ];
  return drawing(title, PLOT.bottom + 52, parts);
}

export interface Bar {
  readonly name: string;
  /** A bar is not drawn for what is not finite. */
  readonly value: number;
  /** What stands behind the bar. */
  readonly text: string;
}

/** Bars beside their names, with a mark where the value is `mark`. */
export function barChart(
  title: string,
  bars: readonly Bar[],
  mark?: number,
): Drawing {
  const left = 250;
  const finite = bars.map(({ value }) => value).filter(Number.isFinite);
  const xAt = scale(
    Math.max(mark ?? 0, ...finite, Number.MIN_VALUE),
    left,
    WIDTH - 110,
  );
  const bottom = TOP + bars.length * LINE_HEIGHT;
  const parts = bars.flatMap(({ name, value, text: said }, index) => {
    const y = TOP + index * LINE_HEIGHT;
    const end = Number.isFinite(value) ? xAt(value) : left;
    return [
      text(left - 8, y + 15, name, "end"),
      `<rect x="${left}" y="${y + 3}" width="${
        svgNumber(end - left)
      }" height="${LINE_HEIGHT - 6}" fill="${colour(0)}"/>`,
      text(end + 6, y + 15, said, "start"),
    ];
  });
  if (mark !== undefined) {
    const x = svgNumber(xAt(mark));
    parts.push(
      `<line class="one" x1="${x}" y1="${TOP - 4}" x2="${x}" y2="${
        bottom + 4
      }"/>`,
      text(xAt(mark), bottom + 20, shortNumber(mark), "middle"),
    );
  }
  return drawing(title, bottom + 32, parts);
}

function drawing(
  title: string,
  height: number,
  parts: readonly string[],
): Drawing {
  const head = `<text class="title" x="24" y="28">${escaped(title)}</text>`;
  return { title, height, body: [head, ...parts].join("\n") };
}

/** A file with drawings under each other. */
export function svgOf(drawings: readonly Drawing[]): string {
  let height = 0;
  const groups = drawings.map((one) => {
    const group = `<g transform="translate(0 ${height})">\n${one.body}\n</g>`;
    height += one.height;
    return group;
  });
  const label = escaped(drawings.map(({ title }) => title).join("; "));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">
<style>${STYLE}</style>
${groups.join("\n")}
</svg>
`;
}

function gridLine(y: number, label: string): string {
  const at = svgNumber(y);
  return `<line class="grid" x1="${PLOT.left}" y1="${at}" x2="${PLOT.right}" y2="${at}"/>` +
    text(PLOT.left - 8, y + 4, label, "end");
}

function legend(names: readonly string[]): string[] {
  return names.map((name, index) => {
    const x = PLOT.right - 110 * (names.length - index);
    return `<rect x="${x}" y="${TOP - 14}" width="12" height="12" fill="${
      colour(index)
    }"/>` + text(x + 18, TOP - 4, name, "start");
  });
}

function text(
  x: number,
  y: number,
  said: string,
  anchor: "start" | "middle" | "end",
): string {
  return svgText(x, y, said, `text-anchor="${anchor}"`);
}

function scale(
  max: number,
  from: number,
  to: number,
): (value: number) => number {
  return (value) => from + (to - from) * (max === 0 ? 0 : value / max);
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length]!;
}
