/** What charts as SVG are made of: texts, and the numbers at their axes. */

/** A text at a place; `attributes` say how it is written. */
export function svgText(
  x: number,
  y: number,
  words: string,
  attributes = "",
): string {
  const how = attributes === "" ? "" : ` ${attributes}`;
  return `<text x="${svgNumber(x)}" y="${svgNumber(y)}"${how}>${
    escaped(words)
  }</text>`;
}

/** A place or a length, to a tenth of a pixel. */
export function svgNumber(value: number): string {
  return String(Number(value.toFixed(1)));
}

/** Words as they may stand in an element or an attribute. */
export function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** Round numbers from 0 to at least `max`, in about five steps and `most` at most, 5 or more. */
export function ticksTo(max: number, most: number): number[] {
  if (!(max > 0)) return [0, 1];
  const power = 10 ** Math.floor(Math.log10(max / 5));
  const step = [1, 2, 5, 10].map((factor) => factor * power)
    .find((step) => max / step <= most)!;
  const count = Math.max(1, Math.ceil(max / step - 1e-9));
  return Array.from({ length: count + 1 }, (_, at) => at * step);
}

/** `1.5M`, `20k`, `0.25`; `gap` stands before the letter. */
export function shortNumber(value: number, gap = ""): string {
  const [size, letter] = value >= 1e9
    ? [1e9, "G"] as const
    : value >= 1e6
    ? [1e6, "M"] as const
    : value >= 1e3
    ? [1e3, "k"] as const
    : [1, ""] as const;
  const digits = Number((value / size).toPrecision(3));
  return letter === "" ? String(digits) : `${digits}${gap}${letter}`;
}
