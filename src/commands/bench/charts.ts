/** The charts that `-plot` writes. */
import {
  type Bar,
  barChart,
  type Drawing,
  lineChart,
  svgOf,
} from "../../bench/chart.ts";
import { type BenchReport, latencyText, sumsOf } from "../../bench/report.ts";
import type { Sampler } from "../../bench/sampling.ts";
import type { VersusResult } from "./versus_report.ts";

/** Messages in a second over the time of a run, and how long they took. */
export function runChart(report: BenchReport, sampler: Sampler): string {
  const { bench, server } = report;
  const rates = lineChart({
    title: `midge bench ${bench} at ${server.address} (${server.version})`,
    xLabel: "seconds",
    yLabel: "messages/s",
    series: sampler.series(),
  });
  return svgOf([rates, ...latencyCharts(report)]);
}

function latencyCharts(report: BenchReport): Drawing[] {
  return sumsOf(report).flatMap(({ role, latency }) => {
    if (latency === undefined) return [];
    const { p50, p90, p99, p999, max } = latency;
    const bars: Bar[] = [
      ["p50", p50] as const,
      ["p90", p90] as const,
      ["p99", p99] as const,
      ["p99.9", p999] as const,
      ["max", max] as const,
    ].map(([name, ms]) => ({ name, value: ms, text: latencyText(ms) }));
    return [barChart(`Latency, ${role}`, bars)];
  });
}

/** The ratio of each figure, beside 1. */
export function versusChart(
  { midge, other, comparisons }: VersusResult,
): string {
  const bars = comparisons.map(({ name, ratio }) => ({
    name,
    value: ratio,
    text: ratio.toFixed(2),
  }));
  const title = `Midge on ${midge.runtime} beside nats-server ` +
    `${other.version}: above 1 Midge is ahead`;
  return svgOf([barChart(title, bars, 1)]);
}
