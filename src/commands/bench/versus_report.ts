/** What `midge bench -versus` prints: a table of ratios, or one object. */
import { countText, latencyText } from "../../bench/report.ts";
import type { Comparison } from "../../bench/rounds.ts";

export interface VersusResult {
  readonly midge: { readonly version: string; readonly runtime: string };
  readonly other: { readonly program: string; readonly version: string };
  readonly rounds: number;
  /** For each case. */
  readonly seconds: number;
  readonly interrupted: boolean;
  readonly comparisons: readonly Comparison[];
}

export function comparisonRows(
  { comparisons }: VersusResult,
): string[][] {
  return [
    ["", "Midge", "nats-server", "ratio"],
    ...comparisons.map((comparison) => [
      comparison.name,
      valueText(comparison, comparison.first),
      valueText(comparison, comparison.second),
      comparison.ratio.toFixed(2),
    ]),
  ];
}

function valueText({ unit }: Comparison, value: number): string {
  return unit === "ms" ? latencyText(value) : `${countText(value)}/s`;
}

export function comparisonJson(
  { comparisons, ...facts }: VersusResult,
): Record<string, unknown> {
  return {
    bench: "versus",
    ...facts,
    results: comparisons.map((comparison) => ({
      case: comparison.name,
      unit: comparison.unit,
      midge: rounded(comparison.first),
      other: rounded(comparison.second),
      ratio: rounded(comparison.ratio),
      midge_rounds: comparison.firstRounds.map(rounded),
      other_rounds: comparison.secondRounds.map(rounded),
    })),
  };
}

/** JSON has no NaN. */
function rounded(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(6)) : null;
}
