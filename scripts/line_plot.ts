/**
 * Curves as an SVG: a few series of points over one axis each way, linear or
 * logarithmic, with the name of each series at the end of its line. Nothing is
 * filled behind them, and all colours can be told from white and from black, so
 * that a plot looks the same on pages of either kind. It is for documents;
 * `src/bench/chart.ts` has the charts of `midge bench`, which follow the browser's
 * colours and also have bars.
 */
import {
  escaped,
  shortNumber,
  svgNumber,
  svgText,
  ticksTo,
} from "../src/bench/svg.ts";

/** One curve; a point without a finite value is left out. */
export interface PlotSeries {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface PlotAxis {
  readonly title: string;
  /** Logarithmic axes begin at a power of ten and show no zero; the others begin at 0. */
  readonly scale: "linear" | "log";
}

export interface LinePlot {
  readonly title: string;
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  readonly series: readonly PlotSeries[];
}

const WIDTH = 720;
const HEIGHT = 380;
/** Where the curves are. */
const LEFT = 70;
const RIGHT = 560;
const TOP = 46;
const BOTTOM = 322;
/** Names of series are at least this far from each other. */
const NAME_STEP = 16;
/** Steps of a linear axis, at most. */
const TICKS = 6;
const COLOURS = ["#868e96", "#e8590c", "#1c7ed6", "#2f9e44", "#ae3ec9"];
const INK = "#7d8590";

/** An axis as it is drawn. */
interface Scale {
  readonly ticks: readonly number[];
  /** The place of a value, from 0 to 1. */
  place(value: number): number;
}

/** The text of an SVG file. */
export function linePlotSvg({ title, x, y, series }: LinePlot): string {
  const drawn = series.map(({ name, points }) => ({
    name,
    points: points.filter((point) => isDrawn(point, x, y)),
  }));
  const all = drawn.flatMap(({ points }) => points);
  const across = scaleOf(x, all.map(([at]) => at));
  const up = scaleOf(y, all.map(([, at]) => at));
  const toX = (at: number): number => LEFT + across.place(at) * (RIGHT - LEFT);
  const toY = (at: number): number => BOTTOM - up.place(at) * (BOTTOM - TOP);
  const places = drawn.map(({ points }) =>
    points.map(([atX, atY]): Place => [toX(atX), toY(atY)])
  );
  const lastY = places.map((line) => line.at(-1)?.[1] ?? BOTTOM);
  const names = apart(lastY);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12" fill="${INK}">`,
    svgText(LEFT, 22, title, `font-size="15" font-weight="bold"`),
    ...up.ticks.flatMap((tick) => [
      line(LEFT, toY(tick), RIGHT, toY(tick)),
      svgText(
        LEFT - 8,
        toY(tick) + 4,
        shortNumber(tick, " "),
        `text-anchor="end"`,
      ),
    ]),
    ...across.ticks.flatMap((tick) => [
      line(toX(tick), BOTTOM, toX(tick), BOTTOM + 5),
      svgText(
        toX(tick),
        BOTTOM + 20,
        shortNumber(tick, " "),
        `text-anchor="middle"`,
      ),
    ]),
    svgText((LEFT + RIGHT) / 2, BOTTOM + 44, x.title, `text-anchor="middle"`),
    svgText(LEFT, 38, y.title),
    ...drawn.flatMap(({ name, points }, at) =>
      curve(
        name,
        points,
        places[at]!,
        names[at]!,
        COLOURS[at % COLOURS.length]!,
      )
    ),
    "</svg>",
    "",
  ].join("\n");
}

type Place = readonly [x: number, y: number];

function isDrawn(
  [atX, atY]: readonly [number, number],
  x: PlotAxis,
  y: PlotAxis,
): boolean {
  const fits = (at: number, { scale }: PlotAxis): boolean =>
    Number.isFinite(at) && (scale === "log" ? at > 0 : at >= 0);
  return fits(atX, x) && fits(atY, y);
}

function curve(
  name: string,
  points: readonly (readonly [number, number])[],
  places: readonly Place[],
  nameY: number,
  colour: string,
): string[] {
  if (places.length === 0) return [];
  const way = places.map(([x, y]) => `${svgNumber(x)},${svgNumber(y)}`).join(
    " ",
  );
  const dots = places.map(([x, y], at) =>
    `<circle cx="${svgNumber(x)}" cy="${
      svgNumber(y)
    }" r="3.5" fill="${colour}">` +
    `<title>${escaped(`${name}: ${points[at]!.join(", ")}`)}</title></circle>`
  );
  return [
    `<polyline points="${way}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...dots,
    svgText(
      places.at(-1)![0] + 10,
      nameY + 4,
      name,
      `fill="${colour}" font-weight="bold"`,
    ),
  ];
}

/** Heights close to the wanted ones, none nearer to another than a name is high. */
function apart(wanted: readonly number[]): number[] {
  const order = wanted.map((_, at) => at).sort((a, b) =>
    wanted[a]! - wanted[b]!
  );
  const heights = [...wanted];
  let last = -Infinity;
  for (const at of order) {
    last = heights[at] = Math.max(wanted[at]!, last + NAME_STEP);
  }
  // What was pushed over the lower edge pushes back.
  let next = Infinity;
  for (const at of order.toReversed()) {
    next = heights[at] = Math.min(heights[at]!, next - NAME_STEP, BOTTOM);
  }
  return heights;
}

function scaleOf({ scale }: PlotAxis, values: readonly number[]): Scale {
  const most = Math.max(1, ...values);
  if (scale === "linear") {
    const ticks = ticksTo(most, TICKS);
    return { ticks, place: (value) => value / ticks.at(-1)! };
  }
  const least = Math.min(most, ...values);
  const from = Math.floor(Math.log10(least));
  const to = Math.max(from + 1, Math.ceil(Math.log10(most)));
  const ticks = Array.from(
    { length: to - from + 1 },
    (_, at) => 10 ** (from + at),
  );
  return { ticks, place: (value) => (Math.log10(value) - from) / (to - from) };
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  const ends = [x1, y1, x2, y2].map(svgNumber);
  return `<path d="M${ends[0]} ${ends[1]}L${ends[2]} ${
    ends[3]
  }" stroke="${INK}" stroke-opacity="0.35"/>`;
}
