/**
 * Two contenders, measured in turn: round after round, each case on both, in an
 * order that changes from round to round, so that what else the machine does
 * meets both alike.
 */

/** What is measured of a case. */
export interface Metric {
  readonly name: string;
  readonly unit: "messages/s" | "ms";
}

/** What both have reached; a ratio above 1 says that the first is ahead. */
export interface Comparison extends Metric {
  readonly first: number;
  readonly second: number;
  readonly ratio: number;
  /** Of each round. */
  readonly firstRounds: readonly number[];
  readonly secondRounds: readonly number[];
}

export interface RoundPlan<
  Case extends { readonly metrics: readonly Metric[] },
> {
  readonly cases: readonly Case[];
  readonly rounds: number;
  /** Measures a case on the first contender (0) or the second (1): a value for each metric. */
  measure(
    one: Case,
    contender: 0 | 1,
    round: number,
  ): Promise<readonly number[]>;
  /** Asked before each measurement: nothing more is to be measured. */
  isOver(): boolean;
}

/** Medians and ratios of the cases that were measured on both. */
export async function compare<
  Case extends { readonly metrics: readonly Metric[] },
>(
  { cases, rounds, measure, isOver }: RoundPlan<Case>,
): Promise<Comparison[]> {
  const values = cases.map(({ metrics }) =>
    metrics.map((): [number[], number[]] => [[], []])
  );
  for (let round = 0; round < rounds; round++) {
    for (const [at, one] of cases.entries()) {
      const order: readonly (0 | 1)[] = round % 2 === 0 ? [0, 1] : [1, 0];
      for (const contender of order) {
        if (isOver()) return comparisons(cases, values);
        const measured = await measure(one, contender, round);
        measured.forEach((value, metric) =>
          values[at]![metric]![contender].push(value)
        );
      }
    }
  }
  return comparisons(cases, values);
}

type Values = readonly (readonly (readonly [number[], number[]])[])[];

function comparisons(
  cases: readonly { readonly metrics: readonly Metric[] }[],
  values: Values,
): Comparison[] {
  return cases.flatMap(({ metrics }, at) =>
    metrics.map((metric, index) => {
      const [firstRounds, secondRounds] = values[at]![index]!;
      const first = medianOf(firstRounds);
      const second = medianOf(secondRounds);
      const ratio = metric.unit === "ms" ? second / first : first / second;
      return { ...metric, first, second, ratio, firstRounds, secondRounds };
    })
  ).filter(({ firstRounds, secondRounds }) =>
    firstRounds.length > 0 && secondRounds.length > 0
  );
}

/** NaN for no values. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  return Number.isInteger(middle)
    ? (sorted[middle - 1]! + sorted[middle]!) / 2
    : sorted[Math.floor(middle)]!;
}
