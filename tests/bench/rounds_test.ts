/** Two contenders in turn: the order, the medians and the ratios, on a clock that stands still. */
import assert from "node:assert/strict";
import { compare, medianOf, type Metric } from "../../src/bench/rounds.ts";
import { test } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

interface Case {
  readonly key: string;
  readonly metrics: readonly Metric[];
}

const RATE: Case = {
  key: "rate",
  metrics: [{ name: "rate", unit: "messages/s" }],
};
const TIMES: Case = {
  key: "times",
  metrics: [{ name: "p50", unit: "ms" }, { name: "p99", unit: "ms" }],
};

test("rounds alternate, medians are compared, and above 1 the first is ahead", async () => {
  const clock = new VirtualClock();
  const order: string[] = [];
  const values: Readonly<Record<string, readonly number[][]>> = {
    "rate 0": [[200], [100], [900]],
    "rate 1": [[100], [50], [100]],
    "times 0": [[2, 10], [4, 20], [3, 30]],
    "times 1": [[3, 10], [3, 10], [3, 10]],
  };
  const results = await clock.run(compare<Case>({
    cases: [RATE, TIMES],
    rounds: 3,
    isOver: () => false,
    async measure({ key }, contender, round) {
      order.push(`${key} ${contender}`);
      await new Promise<void>((resolve) => clock.after(1000, resolve));
      return values[`${key} ${contender}`]![round]!;
    },
  }));
  const even = ["rate 0", "rate 1", "times 0", "times 1"];
  const odd = ["rate 1", "rate 0", "times 1", "times 0"];
  assert.deepEqual(order, [...even, ...odd, ...even]);
  assert.equal(clock.monotonic(), 12_000);
  assert.deepEqual(
    results.map(({ name, first, second, ratio }) => [
      name,
      first,
      second,
      ratio,
    ]),
    [["rate", 200, 100, 2], ["p50", 3, 3, 1], ["p99", 20, 10, 0.5]],
  );
  assert.deepEqual(results[0]?.firstRounds, [200, 100, 900]);
});

test("what was not measured on both is left out", async () => {
  let left = 3;
  const results = await compare<Case>({
    cases: [RATE, TIMES],
    rounds: 2,
    isOver: () => left-- === 0,
    measure: ({ metrics }) => Promise.resolve(metrics.map(() => 5)),
  });
  assert.deepEqual(results.map(({ name }) => name), ["rate"]);
});

test("the median of an even number is the mean of the middle two", () => {
  assert.equal(medianOf([4, 1, 3, 2]), 2.5);
  assert.equal(medianOf([9, 1, 5]), 5);
  assert.ok(Number.isNaN(medianOf([])));
});
