/** The table of `scripts/bench.ts`: ratios to the better nats-server, floors and marks. */
import assert from "node:assert/strict";
import { type Load, LOADS, loadsNamed } from "../../scripts/bench_cases.ts";
import type { Figures } from "../../scripts/bench_load.ts";
import {
  BenchTable,
  type Column,
  type Rounds,
  roundsKey,
} from "../../scripts/bench_table.ts";
import { test } from "../support/test.ts";

const OLD: Column = { name: "nats-server 2.9.10" };
const NEW: Column = { name: "nats-server 2.15.3" };
const BUN: Column = { name: "midge on bun", runtime: "bun" };
const NODE: Column = { name: "midge on node", runtime: "node" };

const FLOORS = { bun: 1.5, deno: 1, node: 1 };
const FLOW: Load = {
  args: ["pubsub"],
  rows: [{ name: "1:1", field: "delivered_per_s", floors: FLOORS }],
};
const REQUEST: Load = {
  args: ["request"],
  rows: [{ name: "p50", field: "p50_us", floors: FLOORS }],
};

function rounds(
  ...all: readonly [Column, Load, readonly Partial<Figures>[]][]
): Rounds {
  return Object.fromEntries(all.map(([column, load, figures]) => [
    roundsKey(column, load),
    figures.map((one) => ({ peak_mib: 10, ...one })),
  ]));
}

function rate(...figures: readonly number[]): Partial<Figures>[] {
  return figures.map((figure) => ({ delivered_per_s: figure }));
}

function lineOf(text: string, name: string): string {
  return text.split("\n").find((line) => line.trim().startsWith(name))!;
}

test("a rate is compared with the faster nats-server, by medians", () => {
  const table = new BenchTable(
    [OLD, NEW, BUN, NODE],
    [FLOW],
    rounds(
      [OLD, FLOW, rate(1, 900, 1000)],
      [NEW, FLOW, rate(500)],
      [BUN, FLOW, rate(1350, 9999, 1)],
      [NODE, FLOW, rate(891)],
    ),
  );
  const text = table.asText();
  assert.match(lineOf(text, OLD.name), / 900 {2}1\.00/);
  assert.match(lineOf(text, NEW.name), / 500 {2}0\.56/);
  assert.match(lineOf(text, BUN.name), / 1,350 {2}1\.50 {2}floor 1\.5/);
  assert.doesNotMatch(lineOf(text, BUN.name), /MISSED/);
  assert.match(
    lineOf(text, NODE.name),
    / 891 {2}0\.99 {2}floor 1\.0.*MISSED$/,
  );
  assert.match(text, /^1 missed\n {2}midge on node: 1:1$/m);
});

test("of times the least is the best", () => {
  const p50 = (figure: number): Partial<Figures>[] => [{ p50_us: figure }];
  const table = new BenchTable(
    [OLD, NEW, BUN],
    [REQUEST],
    rounds(
      [OLD, REQUEST, p50(80)],
      [NEW, REQUEST, p50(60)],
      [BUN, REQUEST, p50(50)],
    ),
  );
  assert.match(lineOf(table.asText(), BUN.name), / 50 {2}1\.20 .*MISSED$/);
  assert.match(
    table.asMarkdown(),
    /^\| p50, µs \| 80 \| 60 \| \*\*1\.20\*\* \(1\.5\) \|$/m,
  );
});

test("the most memory of all loads is held against a ceiling", () => {
  const table = new BenchTable(
    [OLD, BUN, NODE],
    [FLOW, REQUEST],
    rounds(
      [OLD, FLOW, [{ peak_mib: 500 }]],
      [BUN, FLOW, [{ peak_mib: 60 }]],
      [BUN, REQUEST, [{ peak_mib: 121 }]],
      [NODE, FLOW, [{ peak_mib: 160 }]],
    ),
  );
  const [, most = ""] = table.asText().split("most memory for any load");
  assert.match(lineOf(most, BUN.name), /121 {2}at most 120 {2}MISSED$/);
  assert.match(lineOf(most, NODE.name), /160 {2}at most 160$/);
  assert.match(lineOf(most, OLD.name), /500$/);
});

test("without a nats-server there are figures and no ratios", () => {
  const table = new BenchTable(
    [BUN],
    [FLOW],
    rounds([BUN, FLOW, rate(1000)]),
  );
  assert.doesNotMatch(table.asText(), /NaN|Infinity|MISSED/);
  assert.match(table.asMarkdown(), /^\| 1:1, messages\/s \| 1,000 \|$/m);
});

test("every line of the table has a name of its own", () => {
  const names = LOADS.flatMap(({ rows }) => rows.map(({ name }) => name));
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(loadsNamed(undefined), LOADS);
  assert.deepEqual(
    loadsNamed(["p99", "256 KiB"]).map(({ rows }) => rows[0]!.name),
    ["1:1, 256 KiB", "request p50, one at a time"],
  );
});
