/**
 * The curves of `bench_growth.ts`: what grows, how far, and what `natsload` is
 * told at each size.
 */
import type { FigureName } from "./bench_cases.ts";

export interface Curve {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly title: string;
  readonly unit: string;
  readonly field: FigureName;
  /** The words of natsload's command line. */
  args(size: number): string[];
}

function growing(
  name: string,
  sizes: readonly number[],
  args: (size: number) => string,
  { title, unit, field }: Pick<Curve, "title" | "unit" | "field"> = {
    title: "Messages 1:1",
    unit: "messages/s",
    field: "delivered_per_s",
  },
): Curve {
  return {
    ...{ name, sizes, title, unit, field },
    args: (size) => ["pubsub", ...args(size).split(" ")],
  };
}

/** Deliveries at each number of receivers. */
const DELIVERIES = 2_000_000;

export const CURVES: readonly Curve[] = [
  growing(
    "subscriptions",
    [1000, 10_000, 100_000, 1_000_000],
    (size) => `-extra ${size} -n 1000000 -size 16`,
  ),
  growing(
    "connections",
    [100, 1000, 5000, 10_000],
    (size) => `-idle ${size} -n 1000000 -size 16`,
  ),
  growing(
    "subjects",
    [1000, 10_000, 100_000, 1_000_000],
    (size) => `-subjects ${size} -block ${size} -n 1000000 -size 32`,
  ),
  growing(
    "receivers",
    [10, 100, 1000, 10_000],
    (size) => `-subs ${size} -n ${DELIVERIES / size} -size 128`,
    {
      title: "Deliveries to all receivers",
      unit: "deliveries/s",
      field: "delivered_per_s",
    },
  ),
  growing(
    "members",
    [10, 100, 1000],
    (size) => `-subs ${size} -queue q -n 1000000 -size 100`,
    {
      title: "Messages to one queue group",
      unit: "messages/s",
      field: "delivered_per_s",
    },
  ),
];

/** What a server is given before a size is measured, so that its compiler has seen it. */
export const WARM_UP: readonly string[] = "pubsub -subs 4 -n 400000 -size 32"
  .split(" ");
